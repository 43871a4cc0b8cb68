//! A configured pipeline, put together on a real cluster: the parts in order, each built once.

use crate::changelogs::Changelogs;
use crate::command::WorkerHandle;
use crate::crash::PipelineClock;
use crate::current::{Current, Listener};
use crate::failed::Failed;
use crate::handover::Handover;
use crate::plugin::BoundPlugin;
use crate::progress::Progress;
use crate::restoring::{Restore, Restoring};
use crate::settings::WorkerSettings;
use crate::shown::{Shown, ShownStores};
use crate::supervisor::{Supervisor, WorkerThread, component};
use crate::taking::{Taking, Tell};
use crate::topics::{Topics, TopicsError};
use crate::watch::{Asker, Watch};
use crate::worker::{Parts, Worker};
use crossbeam_channel::{RecvTimeoutError, Sender, bounded};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use wasmill_config::{Delivery, StateLimits};
use wasmill_kafka::{
    AtLeastOnceSink, ChangelogReader, Consumer, ConsumerSettings, Inlet, KafkaBatch, KafkaError, Probe, ProbeError,
    ProducerSettings, TransactionalSink, linger_ms,
};
use wasmill_record::{Group, Sink};
use wasmill_settle::Books;
use wasmill_state::{Database, StoreSettings, Stores};
use wasmill_telemetry::{Health, Metrics, State};

/// One look for brokers; between two of them the stop flag is looked at.
const REACH_TIMEOUT: Duration = Duration::from_secs(2);

/// Asked once, of a broker that has just answered.
const CLUSTER_ID_TIMEOUT: Duration = Duration::from_secs(5);

/// Idle wait of a fetch, at most; the commit interval when that is shorter.
const FETCH_WAIT_MAX: Duration = Duration::from_millis(100);

/// How long taking a consumer down is waited for.
const LET_GO_TIMEOUT: Duration = Duration::from_secs(3);

/// Takes that the control plane has not looked at; a rebalance makes one.
const TAKES_MAX: usize = 1024;

/// Partitions whose state nobody has begun to restore; a rebalance makes one of each that it brings.
const RESTORES_MAX: usize = 1024;

/// Starts of pipelines in this process.
static STARTS: AtomicU64 = AtomicU64::new(0);

/// Who we are among the processes of the group.
#[derive(Debug, Clone)]
pub struct Identity {
    /// Stable over restarts where there is a state directory.
    pub instance: String,
    /// Drawn at each start: 64 random bits in hex.
    pub run: String,
}

impl Identity {
    /// The run of one start of a pipeline. A worker counts its transactions from 1 on, and one that comes after it in the
    /// same process must not come upon its tokens (R1.4).
    fn next_run(&self) -> String {
        format!("{}.{}", self.run, STARTS.fetch_add(1, Ordering::Relaxed))
    }
}

/// What the pipelines of a process share.
#[derive(Clone)]
pub struct Process {
    pub identity: Identity,
    /// `None`: no pipeline keeps any.
    pub state: Option<Kept>,
    /// State goes with offsets that were not committed by its pipeline, because the operator says so.
    pub accept_offsets: bool,
    /// Where pipelines leave their stores for those who look on.
    pub shown: Shown,
    pub metrics: Metrics,
    pub health: Health,
}

/// Where keyed state is cached, and what it may take.
#[derive(Clone)]
pub struct Kept {
    pub database: Database,
    pub limits: StateLimits,
}

/// A running pipeline.
pub struct Pipeline {
    pub name: String,
    stop: Arc<AtomicBool>,
    supervisor: JoinHandle<Result<(), Failed>>,
}

/// Why a pipeline did not start.
#[derive(Debug, thiserror::Error)]
pub enum Stopped {
    #[error(transparent)]
    Kafka(#[from] KafkaError),
    #[error(transparent)]
    Topics(#[from] TopicsError),
    #[error(transparent)]
    Brokers(#[from] ProbeError),
    #[error("state can't be kept: {0}")]
    State(String),
    #[error("told to stop before a broker answered")]
    Told,
    #[error("no thread: {0}")]
    Thread(#[from] std::io::Error),
}

/// Waits for the brokers, checks the topics, starts the threads. Returns once the pipeline is ready; its partitions come
/// when the group gives them. Until it ends it runs `plugin`, whatever that is replaced with.
pub fn start(
    config: &wasmill_config::Pipeline,
    plugin: &Current,
    process: &Process,
    stop: Arc<AtomicBool>,
) -> Result<Pipeline, Stopped> {
    let Process { metrics, health, .. } = process;
    let name = component(&config.name);
    health.set(&name, State::Starting { reason: "asking the brokers".to_owned() });
    let probe = Probe::new(&config.cluster)?;
    let topics = topics_of(config, &plugin.plugin(), &probe, &name, health, &stop)?;
    let state = open_state(config, &plugin.plugin(), process, &probe, &topics)?;

    let consumer = Arc::new(Consumer::new(
        &config.cluster,
        &ConsumerSettings {
            group: config.group.clone(),
            session_timeout: config.session_timeout,
            topics: config.inputs.iter().map(|input| input.topic.clone()).collect(),
            workers: config.workers,
            fetch_wait: config.commit.interval.min(FETCH_WAIT_MAX),
        },
    )?);
    let books = Arc::new(Mutex::new(Books::default()));
    if let Some((stores, _)) = &state {
        let shown = ShownStores::new(stores.clone(), &plugin.plugin(), Some(Arc::clone(&books)));
        process.shown.add(&config.name, shown);
    }
    let (failures, failed) = bounded(config.workers + 1);
    let watch = Watch::new(topics.clone(), probe);
    let pipeline_metrics = metrics.pipeline(&config.name);
    let run = process.identity.next_run();
    let workers = plugin.start(|plugin| {
        plugin.introduce(&pipeline_metrics);
        let mut workers = Vec::with_capacity(config.workers);
        for worker in 0..config.workers {
            let asker = watch.asker();
            let failures = &failures;
            workers.push(start_worker(
                config, plugin, process, &run, &consumer, &topics, &books, asker, failures, worker,
            )?);
        }
        let listeners = workers.iter().map(|worker| listener(worker, &consumer)).collect();
        Ok::<_, Stopped>((workers, listeners))
    })?;
    let handles: Vec<WorkerHandle> = workers.iter().map(|worker| worker.handle.clone()).collect();

    let (takes, taken) = bounded(TAKES_MAX);
    let tell = Arc::new(Tell {
        group: Arc::clone(&consumer),
        books: Arc::clone(&books),
        workers: handles.clone(),
        metrics: pipeline_metrics.clone(),
    });
    let restores =
        state.map(|stores| start_restoring(config, stores, process, &topics, &tell, &failures)).transpose()?;
    let (restores, restoring) = restores.unzip();
    let taking = Taking {
        tell,
        takes: taken,
        restores,
        start: config.inputs.iter().map(|input| input.start).collect(),
        partitions: config.inputs.iter().map(|input| topics.partitions(&input.topic)).collect(),
        begun: Mutex::default(),
    };
    let taking = thread(&format!("{}/taking", config.name), move || taking.run())?;
    let (end_watch, watch_ended) = bounded(1);
    let watching = {
        let failures = failures.clone();
        thread(&format!("{}/topics", config.name), move || watch.run(failures, watch_ended))?
    };

    pipeline_metrics.pipeline_up.set(1);
    let mut supervisor = Supervisor {
        pipeline: config.name.clone(),
        consumer: Arc::clone(&consumer),
        handover: Handover {
            group: consumer,
            books,
            workers: handles,
            takes,
            inputs: u16::try_from(config.inputs.len()).unwrap_or(u16::MAX),
            metrics: pipeline_metrics.clone(),
            // Commit, then abort, each within the commit deadline, and a start that may be in its last try.
            ack_timeout: config.commit.transaction_timeout * 2,
            pipeline: config.name.clone(),
        },
        workers,
        failures: failed,
        stop: Arc::clone(&stop),
        health: health.clone(),
        metrics: pipeline_metrics,
        warned: None,
    };
    health.set(&name, State::Ready);
    let supervisor = thread(&format!("{}/poll", config.name), move || {
        let result = supervisor.run();
        let_go(move || {
            drop((end_watch, supervisor));
            for control in [taking, watching].into_iter().chain(restoring) {
                if control.join().is_err() {
                    tracing::error!("a control thread panicked");
                }
            }
        });
        result
    })?;
    Ok(Pipeline { name: config.name.clone(), stop, supervisor })
}

impl Pipeline {
    /// Asks for a graceful end: workers finish their batch and commit.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    pub fn is_finished(&self) -> bool {
        self.supervisor.is_finished()
    }

    /// Waits for the end.
    pub fn join(self) -> Result<(), Failed> {
        let panicked = |_| Err(Failed::Panic { worker: 0, message: "the poll thread panicked".to_owned() });
        self.supervisor.join().unwrap_or_else(panicked)
    }
}

/// The pipeline's part of the database, and the cluster it is of; `None`: it keeps no state.
fn open_state(
    config: &wasmill_config::Pipeline,
    plugin: &BoundPlugin,
    process: &Process,
    probe: &Probe,
    topics: &Topics,
) -> Result<Option<(Stores, String)>, Stopped> {
    if plugin.stores().is_empty() {
        return Ok(None);
    }
    let kept = process.state.as_ref().ok_or_else(|| Stopped::State("there is no state.directory".to_owned()))?;
    let cluster_id = probe.cluster_id(CLUSTER_ID_TIMEOUT)?;
    let settings = plugin.stores().iter().zip(&topics.changelogs.topics).map(|(name, changelog)| StoreSettings {
        name: name.clone(),
        topic_id: changelog.id.clone(),
        ttl: config.stores.iter().find(|store| store.name == *name).and_then(|store| store.ttl),
    });
    let stores = kept.database.stores(&cluster_id, &config.group, settings.collect());
    let stores = stores.map_err(|error| Stopped::State(error.to_string()))?;
    Ok(Some((stores, cluster_id)))
}

/// The thread that restores state, and how partitions get to it.
fn start_restoring(
    config: &wasmill_config::Pipeline,
    (stores, cluster_id): (Stores, String),
    process: &Process,
    topics: &Topics,
    tell: &Arc<Tell<Consumer>>,
    failures: &Sender<Failed>,
) -> Result<(Sender<Restore>, JoinHandle<()>), Stopped> {
    let changelogs: Vec<String> = topics.changelogs.topics.iter().map(|topic| topic.name.clone()).collect();
    let (restores, taken) = bounded(RESTORES_MAX);
    let restoring = Restoring {
        pipeline: config.name.clone(),
        group: config.group.clone(),
        source: Box::new(ChangelogReader::new(&config.cluster, &changelogs)?),
        stores,
        cluster_id,
        delete_retention: topics.changelogs.delete_retention(),
        accept_offsets: process.accept_offsets,
        restores: taken,
        tell: Arc::clone(tell),
        clock: PipelineClock,
        metrics: process.metrics.pipeline(&config.name),
        health: process.health.clone(),
        failures: failures.clone(),
        is_full: false,
    };
    let thread = thread(&format!("{}/restore", config.name), move || restoring.run())?;
    Ok((restores, thread))
}

/// Waits for as long as no broker answers, or none answers properly; a broker that refuses us and a missing topic end it.
fn topics_of(
    config: &wasmill_config::Pipeline,
    plugin: &BoundPlugin,
    probe: &Probe,
    component: &str,
    health: &Health,
    stop: &AtomicBool,
) -> Result<Topics, Stopped> {
    loop {
        let answer = match probe.reach(REACH_TIMEOUT) {
            Ok(()) => {
                Topics::ask(probe, config).and_then(|topics| topics.with_changelogs(probe, config, plugin.stores()))
            }
            Err(error) => Err(TopicsError::Probe(error)),
        };
        match answer {
            Ok(topics) => return Ok(topics),
            Err(TopicsError::Probe(error)) if error.may_pass() => {
                tracing::warn!("waiting: {error}");
                health.set(component, State::Waiting { reason: error.to_string() });
            }
            Err(error) => return Err(error.into()),
        }
        if stop.load(Ordering::Relaxed) {
            return Err(Stopped::Told);
        }
    }
}

/// Whether the brokers have what the pipeline needs; changes nothing there.
pub fn check_brokers(
    config: &wasmill_config::Pipeline,
    plugin: &BoundPlugin,
    timeout: Duration,
) -> Result<(), Stopped> {
    let probe = Probe::new(&config.cluster)?;
    probe.reach(timeout)?;
    let topics = Topics::ask(&probe, config)?;
    Changelogs::present(&probe, config, plugin.stores(), topics.input_partitions(config))?;
    Ok(())
}

#[expect(clippy::too_many_arguments, reason = "wiring: each part is named once, and only here")]
fn start_worker(
    config: &wasmill_config::Pipeline,
    bound: &BoundPlugin,
    process: &Process,
    run: &str,
    consumer: &Arc<Consumer>,
    topics: &Topics,
    books: &Arc<Mutex<Books>>,
    asker: Asker,
    failures: &Sender<Failed>,
    worker: usize,
) -> Result<WorkerThread, Stopped> {
    let Process { identity, metrics, health, .. } = process;
    let outputs = Arc::new(topics.outputs(config));
    let exactly_once = config.delivery == Delivery::ExactlyOnce;
    let producers = if config.outputs.iter().all(|output| output.partition == wasmill_config::Partitioner::Source) {
        1
    } else {
        config.workers
    };
    let partitions = outputs.outputs.iter().map(|output| usize::try_from(output.partitions).unwrap_or(0)).sum();
    let settings = ProducerSettings {
        cluster: config.cluster.clone(),
        transactional_id: exactly_once.then(|| format!("wasmill.{}.{}.{worker}", config.group, identity.instance)),
        transaction_timeout: config.commit.transaction_timeout,
        linger_ms: linger_ms(producers, partitions, exactly_once.then_some(config.commit.interval)),
        record_bytes_max: topics.record_bytes_max(),
    };
    let (handle, commands) = WorkerHandle::new(worker);
    let progress = Arc::new(Progress::new(Instant::now()));
    let worker_metrics = metrics.worker(&config.name, worker);
    let plugin = bound.instance();
    let mut worker_settings = WorkerSettings::new(config, worker, &identity.instance, run);
    if let Some(kept) = &process.state {
        worker_settings.keep(bound.stores(), &kept.limits, &topics.changelogs);
    }
    let source = Inlet::new(Arc::clone(consumer), worker);
    let thread_name = format!("{}/{worker}", config.name);
    let (books, health, failures) = (Arc::clone(books), health.clone(), failures.clone());
    let (thread_progress, thread_metrics) = (Arc::clone(&progress), worker_metrics.clone());
    macro_rules! spawn {
        ($sink:expr) => {{
            let sink = $sink;
            thread(&thread_name, move || {
                let parts = Parts {
                    source,
                    sink,
                    plugin,
                    clock: PipelineClock,
                    commands,
                    books,
                    topics: Box::new(asker),
                    progress: thread_progress,
                    metrics: thread_metrics,
                    health,
                };
                run_worker(Worker::new(worker_settings, parts), &failures);
            })?
        }};
    }
    let thread = if exactly_once {
        spawn!(TransactionalSink::new(Arc::clone(consumer), settings, outputs)?)
    } else {
        spawn!(AtLeastOnceSink::new(Arc::clone(consumer), settings, outputs)?)
    };
    Ok(WorkerThread { handle, thread, progress, metrics: worker_metrics })
}

/// How a swap reaches a worker, which does not keep the consumer from being taken down.
fn listener(worker: &WorkerThread, consumer: &Arc<Consumer>) -> Listener {
    let (number, consumer) = (worker.handle.worker, Arc::downgrade(consumer));
    let wake = move || {
        if let Some(consumer) = consumer.upgrade() {
            consumer.wake(number);
        }
    };
    Listener { handle: worker.handle.clone(), wake: Arc::new(wake) }
}

/// Takes the consumer down on a thread of its own and waits for it only so long: everything is committed by now, and the
/// client library has been seen to stay in its destroy call for as long as a broker was away.
fn let_go(take_down: impl FnOnce() + Send + 'static) {
    let (done, finished) = bounded::<()>(1);
    let spawned = thread("consumer-drop", move || {
        take_down();
        drop(done);
    });
    if spawned.is_ok() && finished.recv_timeout(LET_GO_TIMEOUT) == Err(RecvTimeoutError::Timeout) {
        tracing::warn!("the consumer is still being taken down: left to itself");
    }
}

fn run_worker<K: Sink<KafkaBatch>>(mut worker: Worker<Inlet, K, PipelineClock>, failures: &Sender<Failed>) {
    if let Err(failed) = worker.run() {
        worker.abandon();
        // Room for one failure of each worker; the first one ends the pipeline.
        let _ = failures.try_send(failed);
        worker.obey_until_stopped();
    }
}

fn thread<T: Send + 'static>(name: &str, body: impl FnOnce() -> T + Send + 'static) -> std::io::Result<JoinHandle<T>> {
    std::thread::Builder::new().name(name.to_owned()).spawn(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_start_of_a_pipeline_has_a_run_of_its_own() {
        let identity = Identity { instance: "host-1".to_owned(), run: "0123456789abcdef".to_owned() };
        let (first, second) = (identity.next_run(), identity.next_run());
        assert_ne!(first, second);
        assert!([first, second].iter().all(|run| run.starts_with("0123456789abcdef.")), "and the process's");
    }
}
