//! The product's pipeline, run in this process against a real broker.
//!
//! A [`Setup`] is a configuration under construction, checked as a file would be; started, it becomes a [`Running`] one
//! that is stopped when it is dropped. Nothing here judges records: that is each test's own.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use rdkafka::message::OwnedMessage;
use wasmill_config::Checks;
use wasmill_pipeline::{
    BoundPlugin, Current, Failed, Identity, Kept, Loader, Pipeline, Plugins, Process, Shown, Stopped,
};
use wasmill_state::{CacheLimits, Database, OpenError};
use wasmill_telemetry::{Health, Metrics, PipelineMetrics, WorkerMetrics};

use crate::client::{Isolation, create_topic, read_all, unique, wait_until, wait_until_settled};

/// A pipeline's configuration: every name new, settings as a test wants them. The group is the pipeline's name, and so is
/// the `client.id` of all its clients, for the proxy's rules.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Where the pipeline's own clients connect.
    pub bootstrap: String,
    pub name: String,
    /// Who we are among the processes of the group.
    pub instance: String,
    pub client_id: String,
    pub input: String,
    /// Topics of further inputs; none by default.
    pub followers: Vec<String>,
    pub output: String,
    pub dead_letters: String,
    pub plugin: &'static str,
    pub start: &'static str,
    pub partition: &'static str,
    pub delivery: &'static str,
    pub workers: usize,
    pub batch_records_max: usize,
    pub session_timeout_ms: u32,
    pub interval_ms: u32,
    pub transaction_timeout_ms: u32,
    pub refresh_interval_ms: u32,
    /// Properties of librdkafka.
    pub properties: Vec<(&'static str, String)>,
    pub token_file: Option<PathBuf>,
    /// Where it caches state; the folder of one process at a time.
    pub state: Option<PathBuf>,
    /// As the option of the same name.
    pub accept_offsets: bool,
}

/// The caches of a process, once a pipeline that was stopped before has let go of them.
fn database(folder: &Path) -> Database {
    let mut database = None;
    wait_until("the cache of state is free", || match Database::open(folder, &CacheLimits::default()) {
        Ok(opened) => database.replace(opened).is_none(),
        Err(OpenError::Locked { .. }) => false,
        Err(error) => panic!("no cache of state: {error}"),
    });
    database.expect("it was opened")
}

impl Setup {
    /// One worker, identity, exactly once, from the earliest record to the same partition, committed every 50 ms.
    pub fn new(what: &str, bootstrap: &str) -> Setup {
        let name = unique(what);
        Setup {
            bootstrap: bootstrap.to_owned(),
            instance: format!("{name}-a"),
            client_id: name.clone(),
            input: format!("{name}.in"),
            followers: vec![],
            output: format!("{name}.out"),
            dead_letters: format!("{name}.dlq"),
            name,
            plugin: "identity",
            start: "earliest",
            partition: "source",
            delivery: "exactly_once",
            workers: 1,
            batch_records_max: 256,
            session_timeout_ms: 6000,
            interval_ms: 50,
            transaction_timeout_ms: 10_000,
            refresh_interval_ms: 3_600_000,
            properties: vec![],
            token_file: None,
            state: None,
            accept_offsets: false,
        }
    }

    /// Counts the records of each key, with its cache in this folder.
    pub fn counting(mut self, folder: &Path) -> Self {
        (self.plugin, self.state) = ("count", Some(folder.to_owned()));
        self
    }

    /// The topic of the counts.
    pub fn changelog(&self) -> String {
        format!("wasmill.{}.counts.changelog", self.name)
    }

    /// Adds a property of librdkafka.
    pub fn property(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.properties.push((name, value.into()));
        self
    }

    /// Gives it a second input.
    pub fn with_follower(mut self) -> Self {
        self.followers.push(format!("{}.in{}", self.name, self.followers.len() + 1));
        self
    }

    /// Creates the topics on `bootstrap`, with these settings of inputs and output.
    #[track_caller]
    pub fn topics(&self, bootstrap: &str, partitions: i32, input: &[(&str, &str)], output: &[(&str, &str)]) {
        for topic in [&self.input].into_iter().chain(&self.followers) {
            create_topic(bootstrap, topic, partitions, input);
        }
        create_topic(bootstrap, &self.output, partitions, output);
        create_topic(bootstrap, &self.dead_letters, partitions, input);
    }

    /// The configuration file.
    pub fn yaml(&self) -> String {
        let Setup { bootstrap, name, client_id, input, output, dead_letters, .. } = self;
        let mut text = format!(
            "version: 1\nclusters:\n  main:\n    bootstrap_servers: \"{bootstrap}\"\n    properties:\n      client.id: {client_id}\n"
        );
        for (name, value) in &self.properties {
            let _ = writeln!(text, "      {name}: \"{value}\"");
        }
        if let Some(file) = &self.token_file {
            let _ = writeln!(text, "    oauthbearer: {{ token_file: \"{}\" }}", file.display());
        }
        let start = self.start;
        let inputs: Vec<String> = [input]
            .into_iter()
            .chain(&self.followers)
            .enumerate()
            .map(|(number, topic)| format!("in{number}: {{ topic: {topic}, start: {start} }}"))
            .collect();
        let _ = write!(
            text,
            "pipelines:
  {name}:
    session_timeout_ms: {session}
    delivery: {delivery}
    workers: {workers}
    inputs: {{ {inputs} }}
    plugin: {{ native: {plugin} }}
    outputs: {{ out: {{ topic: {output}, partition: {partition} }} }}
    dead_letters: {{ topic: {dead_letters} }}
    batch: {{ records_max: {records_max} }}
    commit: {{ interval_ms: {interval}, transaction_timeout_ms: {transaction}, refresh_interval_ms: {refresh} }}
",
            session = self.session_timeout_ms,
            delivery = self.delivery,
            workers = self.workers,
            inputs = inputs.join(", "),
            plugin = self.plugin,
            partition = self.partition,
            records_max = self.batch_records_max,
            interval = self.interval_ms,
            transaction = self.transaction_timeout_ms,
            refresh = self.refresh_interval_ms,
        );
        if let Some(folder) = &self.state {
            let _ = writeln!(text, "state: {{ directory: \"{}\" }}", folder.display());
        }
        text
    }

    /// As `wasmill run` would load it.
    ///
    /// # Panics
    /// It has mistakes.
    #[track_caller]
    pub fn config(&self) -> wasmill_config::Config {
        let checks = Checks {
            property: &wasmill_kafka::check_property,
            env: &|_| None,
            cores: 2,
            native_plugins: wasmill_pipeline::NATIVE_PLUGINS,
        };
        match wasmill_config::load_str("test.yaml", &self.yaml(), Path::new("/"), &checks) {
            Ok(config) => config,
            Err(problems) => panic!("the test's configuration is wrong: {problems:#?}\n{}", self.yaml()),
        }
    }

    /// Its plugin.
    ///
    /// # Panics
    /// It does not load.
    pub fn plugin(&self) -> BoundPlugin {
        let loader = Loader::new(None).expect("an engine");
        let plugins = Plugins::load(&self.config(), &loader).expect("its plugin loads");
        plugins.of(&self.name).expect("the plugin of the pipeline").clone()
    }

    /// Starts it and waits until it is ready, which says nothing about its partitions.
    ///
    /// # Panics
    /// It does not start.
    #[track_caller]
    pub fn run(&self) -> Running {
        let starting = self.start();
        match starting.wait() {
            Ok(running) => running,
            Err(stopped) => panic!("the pipeline did not start: {stopped}"),
        }
    }

    /// Starts it on a thread of its own: it may wait for brokers.
    pub fn start(&self) -> Starting {
        let (config, metrics, health) = (self.config(), Metrics::new(), Health::new());
        let identity = Identity { instance: self.instance.clone(), run: unique("run") };
        let stop = Arc::new(AtomicBool::new(false));
        let (folder, accept_offsets) = (self.state.clone(), self.accept_offsets);
        let thread = {
            let (metrics, health, stop) = (metrics.clone(), health.clone(), Arc::clone(&stop));
            std::thread::spawn(move || {
                let loader = Loader::new(None).expect("an engine");
                let plugins = Plugins::load(&config, &loader).expect("its plugin loads");
                let [pipeline] = config.pipelines.as_slice() else { panic!("one pipeline") };
                let plugin = Current::new(plugins.of(&pipeline.name).expect("the plugin of each pipeline").clone());
                let limits = config.state;
                let kept = |folder: &Path| Kept { database: database(folder), limits };
                let state = folder.as_deref().map(kept);
                let shown = Shown::default();
                let process = Process { identity, state, accept_offsets, shown, metrics, health };
                wasmill_pipeline::start(pipeline, &plugin, &process, stop)
            })
        };
        Starting { thread: Some(thread), stop, health, metrics, name: self.name.clone() }
    }

    /// All committed records of the output, once no transaction on it is open.
    #[track_caller]
    pub fn written(&self, bootstrap: &str, partitions: i32) -> Vec<OwnedMessage> {
        settled(bootstrap, &self.output, partitions)
    }

    /// All committed dead letters, once no transaction on them is open.
    #[track_caller]
    pub fn set_aside(&self, bootstrap: &str, partitions: i32) -> Vec<OwnedMessage> {
        settled(bootstrap, &self.dead_letters, partitions)
    }
}

#[track_caller]
fn settled(bootstrap: &str, topic: &str, partitions: i32) -> Vec<OwnedMessage> {
    (0..partitions).for_each(|partition| wait_until_settled(bootstrap, topic, partition));
    read_all(bootstrap, topic, partitions, Isolation::ReadCommitted)
}

/// A pipeline on its way up.
pub struct Starting {
    thread: Option<JoinHandle<Result<Pipeline, Stopped>>>,
    stop: Arc<AtomicBool>,
    pub health: Health,
    metrics: Metrics,
    name: String,
}

impl Starting {
    /// Waits until it is up, or why it is not.
    #[track_caller]
    pub fn wait(mut self) -> Result<Running, Stopped> {
        let thread = self.thread.take().expect("waited for once");
        wait_until("the start of the pipeline", || thread.is_finished());
        let pipeline = thread.join().expect("the start does not panic")?;
        let (health, metrics, name) = (self.health.clone(), self.metrics.clone(), self.name.clone());
        Ok(Running { pipeline: Some(pipeline), health, metrics, name })
    }
}

impl Drop for Starting {
    fn drop(&mut self) {
        if self.thread.is_some() {
            self.stop.store(true, Ordering::Relaxed);
        }
    }
}

/// A running pipeline; dropping it stops it.
pub struct Running {
    pipeline: Option<Pipeline>,
    pub health: Health,
    metrics: Metrics,
    name: String,
}

impl Running {
    /// Stops it gracefully; why it had failed, if it had.
    #[track_caller]
    pub fn stop(mut self) -> Result<(), Failed> {
        self.pipeline.as_ref().expect("running").stop();
        self.join()
    }

    /// Waits until it has ended by itself.
    #[track_caller]
    pub fn end(mut self) -> Result<(), Failed> {
        self.join()
    }

    #[track_caller]
    fn join(&mut self) -> Result<(), Failed> {
        let pipeline = self.pipeline.take().expect("running");
        wait_until("the end of the pipeline", || pipeline.is_finished());
        pipeline.join()
    }

    pub fn is_finished(&self) -> bool {
        self.pipeline.as_ref().is_none_or(Pipeline::is_finished)
    }

    /// What `readyz` would say; empty when ready.
    pub fn reasons(&self) -> Vec<String> {
        self.health.ready().err().unwrap_or_default()
    }

    /// What its control plane counts.
    pub fn control(&self) -> PipelineMetrics {
        self.metrics.pipeline(&self.name)
    }

    /// What worker `worker` has counted.
    pub fn metrics(&self, worker: usize) -> WorkerMetrics {
        self.metrics.worker(&self.name, worker)
    }

    /// What the pipeline has counted beside its workers.
    pub fn pipeline_metrics(&self) -> PipelineMetrics {
        self.metrics.pipeline(&self.name)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(pipeline) = self.pipeline.take() {
            pipeline.stop();
            // A failed test waits for no pipeline that hangs.
            if !std::thread::panicking() {
                let _ = pipeline.join();
            }
        }
    }
}
