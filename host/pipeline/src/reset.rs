//! Taking the state of a pipeline back to nothing, while nobody runs it (docs/decisions/0014-resetting-state.md).
//!
//! In order, and each step only after the one before it:
//!
//! 1. nobody is in the group; offsets are stable; the changelogs are copied, and what has keys is counted: the [`ResetPlan`].
//! 2. the group is joined, alone, so that whoever starts now waits as for any owner of the partitions, and what we commit is
//!    fenced by the group's generation. Offsets and tokens are still those of the plan.
//! 3. one transaction commits the offsets that are wanted *without a token*: from here on no pipeline starts on these
//!    partitions, and a crash leaves something that can only be carried to its end.
//! 4. for each partition, deletions in transactions of a bounded size, each with the same offsets; the last of them brings
//!    the token back, a new one. So offsets have a token only when no key is left.
//!
//! A reset that was cut off is run again: its producer has one fixed id, which settles what the former one left open, and
//! keys that are deleted already are not found any more.

mod copy;
mod deleting;
mod plan;
mod tenure;

pub use plan::{InputPlan, PartitionPlan, ResetPlan, StorePlan, Target};

use crate::changelogs::Changelogs;
use crate::plugin::BoundPlugin;
use crate::topics::{Topics, TopicsError};
use copy::Copy;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tenure::Tenure;
use wasmill_config::Start;
use wasmill_kafka::{ChangelogReader, Consumer, ConsumerSettings, KafkaError, Probe, ProbeError};
use wasmill_record::{Class, Clock, CommitOffset, Committed, Group, InputPartition, SystemClock};
use wasmill_state::{CacheError, CacheLimits, Database, OpenError, StoreSettings};

const REACH_TIMEOUT: Duration = Duration::from_secs(10);
const ASK_TIMEOUT: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(50);

/// A copy of changelogs for counting and deleting: small, whatever the pipeline's cache may have.
const COPY_LIMITS: CacheLimits =
    CacheLimits { cache_bytes: 32 << 20, write_buffer_bytes: 32 << 20, open_files_max: 128 };

/// Why there was no reset, or none to its end.
#[derive(Debug, thiserror::Error)]
pub enum ResetError {
    #[error("its plugin keeps no state")]
    NoState,
    #[error(
        "group `{group}` is in use by {members}: stop its processes. One that was killed is in the group until its session \
         times out, after {seconds} s"
    )]
    InUse { group: String, members: String, seconds: u64 },
    #[error("there is no partition {partition}: the input has {count}")]
    NoSuchPartition { partition: i32, count: i32 },
    #[error("the offsets of group `{group}` can't be read: {message}")]
    Offsets { group: String, message: String },
    #[error("the offsets of group `{group}` have moved since they were looked at: a process has run meanwhile")]
    Moved { group: String },
    #[error("another process is in the group `{group}` by now, and has or wants its partitions")]
    Joined { group: String },
    #[error("the changelog of `{store}` [{partition}] can't be read: {message}")]
    Changelog { store: String, partition: i32, message: String },
    #[error("{message}")]
    Transaction { message: String },
    #[error(transparent)]
    Brokers(#[from] ProbeError),
    #[error(transparent)]
    Kafka(#[from] KafkaError),
    #[error("{0}")]
    Topics(String),
    #[error("the copy of the changelogs failed: {0}")]
    Copy(#[from] CacheError),
    #[error("there is no place for a copy of the changelogs")]
    NoCopy(#[from] OpenError),
}

impl From<TopicsError> for ResetError {
    fn from(error: TopicsError) -> Self {
        ResetError::Topics(error.to_string())
    }
}

/// What is to be reset.
#[derive(Debug, Clone, Default)]
pub struct Wish {
    /// Empty: all.
    pub partitions: Vec<i32>,
    pub target: Target,
}

/// A reset that is planned, and can be carried out.
pub struct Reset {
    config: wasmill_config::Pipeline,
    topics: Topics,
    consumer: Arc<Consumer>,
    copy: Copy,
    plan: ResetPlan,
    /// What was committed when the plan was made, by input and partition.
    found: Vec<(InputPartition, Option<Committed>)>,
    begun: bool,
}

impl Reset {
    /// Looks at group and changelogs and changes nothing. `scratch` is an empty folder for a copy of the changelogs.
    ///
    /// # Errors
    /// Somebody is in the group; brokers or topics are not as they have to be.
    pub fn prepare(
        config: &wasmill_config::Pipeline,
        plugin: &BoundPlugin,
        wish: &Wish,
        scratch: &Path,
    ) -> Result<Reset, ResetError> {
        if plugin.stores().is_empty() {
            return Err(ResetError::NoState);
        }
        let probe = Probe::new(&config.cluster)?;
        probe.reach(REACH_TIMEOUT)?;
        nobody_runs(&probe, config)?;
        let mut topics = Topics::ask(&probe, config)?;
        let count = topics.input_partitions(config);
        let partitions = wanted(&wish.partitions, count)?;
        let (stores, changelogs) = Changelogs::present(&probe, config, plugin.stores(), count)?;
        let names: Vec<String> = changelogs.topics.iter().map(|topic| topic.name.clone()).collect();
        let settings = stores.iter().zip(&changelogs.topics).map(|(name, topic)| StoreSettings {
            name: name.clone(),
            topic_id: topic.id.clone(),
            ttl: None,
        });
        let database = Database::open(scratch, &COPY_LIMITS)?;
        let cluster_id = probe.cluster_id(ASK_TIMEOUT)?;
        let kept = database.stores(&cluster_id, &config.group, settings.collect())?;
        let mut copy = Copy {
            source: ChangelogReader::new(&config.cluster, &names)?,
            stores: kept,
            // Twice what a transaction of a killed process can hold a changelog back.
            patience: config.commit.transaction_timeout * 2 + ASK_TIMEOUT,
        };
        topics.changelogs = changelogs;
        let consumer = Arc::new(Consumer::new(
            &config.cluster,
            &ConsumerSettings {
                group: config.group.clone(),
                session_timeout: config.session_timeout,
                topics: config.inputs.iter().map(|input| input.topic.clone()).collect(),
                workers: 1,
                fetch_wait: PAUSE,
            },
        )?);
        let found = offsets(&consumer, config, &partitions)?;
        let mut planned = Vec::with_capacity(partitions.len());
        for partition in partitions {
            copy.read(partition)?;
            let keys = copy.keys(partition)?;
            let stores = stores.iter().zip(keys).map(|(name, keys)| StorePlan { name: name.clone(), keys });
            let mut inputs = Vec::with_capacity(config.inputs.len());
            for (of, committed) in found.iter().filter(|(of, _)| of.partition == partition) {
                inputs.push(InputPlan {
                    topic: config.inputs.get(usize::from(of.input)).map_or("", |input| &input.topic).to_owned(),
                    from: committed.as_ref().map(|committed| committed.at.next()),
                    to: target(&consumer, config, *of, committed.as_ref(), wish.target)?,
                });
            }
            planned.push(PartitionPlan { partition, stores: stores.collect(), inputs });
        }
        let plan = ResetPlan { group: config.group.clone(), partitions: planned };
        Ok(Reset { config: config.clone(), topics, consumer, copy, plan, found, begun: false })
    }

    pub fn plan(&self) -> &ResetPlan {
        &self.plan
    }

    /// Whether a failure has left something that has to be carried to its end.
    pub fn has_begun(&self) -> bool {
        self.begun
    }

    /// `run` is in the tokens: no two resets may have the same.
    ///
    /// # Errors
    /// See [`Reset::has_begun`].
    pub fn carry_out(&mut self, run: &str) -> Result<(), ResetError> {
        let partitions: Vec<i32> = self.plan.partitions.iter().map(|it| it.partition).collect();
        let tenure =
            Tenure::join(Arc::clone(&self.consumer), &self.config, self.topics.input_partitions(&self.config))?;
        if offsets(&self.consumer, &self.config, &partitions)? != self.found {
            return Err(ResetError::Moved { group: self.config.group.clone() });
        }
        for partition in partitions {
            // What a process that was killed had under way, and is committed by now.
            self.copy.read(partition)?;
        }
        deleting::delete(&self.config, &self.topics, &tenure, &self.copy, &self.plan, run, &mut self.begun)
    }

    /// Empties what this process's cache has of the partitions. Not needed for anything but the next start's time: it would
    /// read the deletions.
    ///
    /// # Errors
    /// The database fails.
    pub fn clear(&self, database: &Database) -> Result<(), CacheError> {
        let settings = |number: u16| self.copy.stores.settings(number).cloned();
        let count = u16::try_from(self.copy.stores.len()).unwrap_or(u16::MAX);
        let stores = database.stores("", &self.config.group, (0..count).filter_map(settings).collect())?;
        for PartitionPlan { partition, .. } in &self.plan.partitions {
            let partition = stores.partition(*partition)?;
            (0..count).try_for_each(|number| partition.clear(number))?;
        }
        Ok(())
    }
}

fn nobody_runs(probe: &Probe, config: &wasmill_config::Pipeline) -> Result<(), ResetError> {
    let members = probe.members(&config.group, ASK_TIMEOUT)?;
    if members.is_empty() {
        return Ok(());
    }
    let members: Vec<String> = members.iter().map(|it| format!("`{}` on {}", it.client_id, it.host)).collect();
    let (group, members) = (config.group.clone(), members.join(", "));
    Err(ResetError::InUse { group, members, seconds: config.session_timeout.as_secs() })
}

fn wanted(named: &[i32], count: i32) -> Result<Vec<i32>, ResetError> {
    if let Some(partition) = named.iter().copied().find(|it| !(0..count).contains(it)) {
        return Err(ResetError::NoSuchPartition { partition, count });
    }
    let mut wanted = if named.is_empty() { (0..count).collect() } else { named.to_vec() };
    wanted.sort_unstable();
    wanted.dedup();
    Ok(wanted)
}

/// Stable offsets of all inputs. A transaction that a killed process has left open is waited for.
fn offsets(
    consumer: &Consumer,
    config: &wasmill_config::Pipeline,
    partitions: &[i32],
) -> Result<Vec<(InputPartition, Option<Committed>)>, ResetError> {
    let inputs = u16::try_from(config.inputs.len()).unwrap_or(u16::MAX);
    let of = partitions.iter().flat_map(|partition| (0..inputs).map(|input| InputPartition::new(input, *partition)));
    let of: Vec<InputPartition> = of.collect();
    let deadline = Instant::now() + config.commit.transaction_timeout * 2 + ASK_TIMEOUT;
    loop {
        match consumer.stable_offsets(&of, ASK_TIMEOUT) {
            Ok(found) => return Ok(of.into_iter().zip(found).collect()),
            Err(failure) if failure.class == Class::Retriable && Instant::now() < deadline => {
                tracing::info!(group = config.group, "waiting for stable offsets: {failure}");
                SystemClock.rest(PAUSE);
            }
            Err(failure) => {
                return Err(ResetError::Offsets { group: config.group.clone(), message: failure.message });
            }
        }
    }
}

/// Where a partition is to go on.
fn target(
    consumer: &Consumer,
    config: &wasmill_config::Pipeline,
    of: InputPartition,
    committed: Option<&Committed>,
    target: Target,
) -> Result<i64, ResetError> {
    let policy = config.inputs.get(usize::from(of.input)).map_or(Start::Earliest, |input| input.start);
    let bounds = || {
        let bounds: Result<(CommitOffset, CommitOffset), _> = consumer.watermarks(of, ASK_TIMEOUT);
        bounds.map_err(|failure| ResetError::Offsets { group: config.group.clone(), message: failure.message })
    };
    Ok(match (target, committed) {
        (Target::Kept, Some(committed)) => committed.at.next(),
        (Target::Earliest, _) => bounds()?.0.next(),
        (Target::Latest, _) => bounds()?.1.next(),
        (Target::Kept, None) if policy == Start::Earliest => bounds()?.0.next(),
        (Target::Kept, None) => bounds()?.1.next(),
    })
}
