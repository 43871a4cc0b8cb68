//! A worker with everything around it in memory.

use crate::plugin::{Behaviour, Plugin};
use crate::world::{Call, Fault, When, World};
use crate::{Answer, Each, Entry, ManualClock, MemoryBatch, MemorySink, MemorySource, MemoryTopics};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tempfile::TempDir;
use wasmill_pipeline::worker::Parts;
use wasmill_pipeline::{Command, Failed, Worker, WorkerHandle, WorkerSettings, progress::Progress};
use wasmill_record::{BatchLimits, Clock, InputPartition, Invoke};
use wasmill_settle::{Backoff, Policy};
use wasmill_state::{CacheLimits, Database, StoreSettings};
use wasmill_telemetry::{Health, Metrics};

pub const DEAD_LETTERS: &str = "dead";
pub const OUTPUT_PREFIX: &str = "out";

/// Partition `number` of the first input.
pub fn partition(number: i32) -> InputPartition {
    InputPartition::new(0, number)
}

/// Partition `number` of the second input.
pub fn follower(number: i32) -> InputPartition {
    InputPartition::new(1, number)
}

/// A worker that has not run yet. The partitions are taken from their first record, before the first poll.
pub struct Rig {
    pub settings: WorkerSettings,
    pub health: Health,
    /// The worker counts for the pipeline `flow`.
    pub metrics: Metrics,
    world: Arc<Mutex<World>>,
    commands: crossbeam_channel::Receiver<Command>,
    /// Of the caches.
    folder: Option<TempDir>,
}

/// What a run left behind.
pub struct Ran {
    pub result: Result<(), Failed>,
    pub health: Health,
    metrics: Metrics,
    world: World,
    _folder: Option<TempDir>,
}

impl Ran {
    pub fn world(&self) -> &World {
        &self.world
    }

    /// The value of the series with exactly this name and these labels; 0 where there is none.
    pub fn metric(&self, series: &str) -> f64 {
        let page = self.metrics.encode().expect("a page");
        let value = page.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' ').map(str::to_owned));
        value.map_or(0.0, |value| value.parse().expect("a number"))
    }

    /// Fails the test unless the worker ended well and every call was legal.
    pub fn good(self) -> Ran {
        assert_eq!(self.result, Ok(()));
        self.legal()
    }

    pub fn legal(self) -> Ran {
        assert_eq!(self.world().violations, Vec::<String>::new());
        self
    }
}

impl Rig {
    /// Partitions 0.. of one input are assigned, started and empty.
    pub fn new(partitions: i32) -> Rig {
        Rig::with_inputs(partitions, 1)
    }

    /// The same of so many inputs, whose topics are `in`, `in1`, `in2` ...
    pub fn with_inputs(partitions: i32, inputs: u16) -> Rig {
        let (handle, commands) = WorkerHandle::new(0);
        let world = Arc::new(Mutex::new(World {
            clock: ManualClock::default(),
            books: Arc::default(),
            handle,
            input_count: inputs,
            inputs: BTreeMap::new(),
            outputs: BTreeMap::new(),
            positions: BTreeMap::new(),
            stores: None,
            calls: Vec::new(),
            batches: Vec::new(),
            starts: Vec::new(),
            tokens: Vec::new(),
            violations: Vec::new(),
            script: VecDeque::new(),
            faults: BTreeMap::new(),
            partition_errors: VecDeque::new(),
            deliver_early: 0,
            stalled: BTreeSet::new(),
            membership: (1, true),
            changed: None,
            outlet: crate::outlet::Outlet::default(),
            flowing: BTreeMap::new(),
            unstarted: BTreeSet::new(),
            stuck: BTreeSet::new(),
            records_read: 0,
            empty_polls: 0,
        }));
        let (health, metrics) = (Health::new(), Metrics::new());
        let mut settings = settings();
        settings.topics.extend((1..inputs).map(|input| format!("in{input}")));
        let rig = Rig { settings, health, metrics, world, commands, folder: None };
        for number in 0..partitions {
            rig.world().take(partition(number));
        }
        rig
    }

    /// The same for a pipeline that keeps state in these stores, before its partitions are taken.
    pub fn keeping(partitions: i32, inputs: u16, stores: &[&str]) -> (Rig, Database) {
        let mut rig = Rig::with_inputs(0, inputs);
        let folder = tempfile::tempdir().expect("a folder");
        let database = Database::open(folder.path(), &CacheLimits::default()).expect("a database");
        let setting = |name: &&str| StoreSettings { name: (*name).to_owned(), topic_id: "id".to_owned(), ttl: None };
        let opened = database.stores("cluster", "flow-group", stores.iter().map(setting).collect());
        rig.settings.stores = stores.iter().map(|name| (*name).to_owned()).collect();
        rig.world().stores = Some(opened.expect("stores"));
        rig.folder = Some(folder);
        for number in 0..partitions {
            rig.world().take(partition(number));
        }
        (rig, database)
    }

    pub fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `count` records `<partition>-<offset>` for the partition.
    pub fn feed(self, number: i32, count: usize) -> Rig {
        for offset in 0..count {
            self.world().feed(partition(number), Entry::text(&format!("{number}-{offset}")));
        }
        self
    }

    pub fn fault(self, call: Call, fault: Fault) -> Rig {
        self.world().fault(call, fault);
        self
    }

    /// The next step of the script.
    pub fn then(self, when: When, mut step: impl FnMut(&mut World) + Send + 'static) -> Rig {
        let step = Box::new(move |world: &mut World| {
            step(world);
            true
        });
        self.world().script.push_back((when, step));
        self
    }

    /// A step that is tried at every poll until it says that it is done.
    pub fn until(self, step: impl FnMut(&mut World) -> bool + Send + 'static) -> Rig {
        self.world().script.push_back((When::Poll, Box::new(step)));
        self
    }

    pub fn forwarding(self) -> Ran {
        self.run(Each(|_: &str, _| Answer::Forward))
    }

    /// Runs the worker on this thread until the script is through.
    pub fn run(self, behaviour: impl Behaviour + 'static) -> Ran {
        let plugin = Plugin { world: Arc::clone(&self.world), behaviour: Box::new(behaviour) };
        self.invoking(Box::new(plugin))
    }

    /// The same with any plugin. It must not keep the world alive.
    pub fn invoking(self, plugin: Box<dyn Invoke<MemoryBatch>>) -> Ran {
        let (clock, books) = {
            let world = self.world();
            (world.clock.clone(), Arc::clone(&world.books))
        };
        let parts = Parts {
            source: MemorySource::new(Arc::clone(&self.world)),
            sink: MemorySink::new(Arc::clone(&self.world)),
            plugin,
            clock: clock.clone(),
            commands: self.commands,
            books,
            topics: Box::new(MemoryTopics::new(Arc::clone(&self.world))),
            progress: Arc::new(Progress::new(clock.now())),
            metrics: self.metrics.worker("flow", 0),
            health: self.health.clone(),
        };
        let result = Worker::new(self.settings, parts).run();
        let world = Arc::into_inner(self.world).expect("the worker is gone, and its parts with it");
        let world = world.into_inner().unwrap_or_else(PoisonError::into_inner);
        Ran { result, metrics: self.metrics, health: self.health, world, _folder: self.folder }
    }
}

/// Batches of 3, commits every 100 ms, transactions of 9 s: budget 3 s, commit deadline 4.5 s.
pub fn settings() -> WorkerSettings {
    WorkerSettings {
        worker: 0,
        workers: 1,
        pipeline: "flow".to_owned(),
        group: "flow-group".to_owned(),
        topics: vec!["in".to_owned()],
        outputs: vec!["first".to_owned(), "second".to_owned()],
        dead_letter_topic: DEAD_LETTERS.to_owned(),
        stores: Vec::new(),
        changelogs: String::new(),
        state_overlay_bytes_max: 1 << 20,
        state_key_bytes_max: 1 << 10,
        state_value_bytes_max: 1 << 10,
        config_digest: "sha256:config".to_owned(),
        instance: "instance".to_owned(),
        run: "0123456789abcdef".to_owned(),
        batch: BatchLimits { records_max: 3, bytes_max: 1 << 20 },
        policy: Policy {
            attempts_max: 3,
            backoff: Backoff { initial: Duration::from_millis(1000), max: Duration::from_secs(60) },
            outputs: 2,
        },
        commit_interval: Duration::from_millis(100),
        commit_records_max: 1_000_000,
        commit_bytes_max: 1 << 30,
        transaction_timeout: Duration::from_secs(9),
        refresh_interval: Duration::from_secs(3600),
        start_deadline: Duration::ZERO,
    }
}
