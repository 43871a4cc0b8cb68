//! `wasmill run`: wires the parts of every pipeline together and runs them until told to stop.
//!
//! SIGTERM or SIGINT once: pipelines finish their batch and commit, at most [`GRACE`]; while plugins are still being loaded,
//! the process ends at once. Twice: the process ends at once; what was not committed is void and will be read again. SIGHUP:
//! plugins whose file has changed are swapped.

use crate::exit::UserFault;
use crate::{cache, identity, lint};
use anyhow::{Context, anyhow};
use signal_hook::iterator::Signals;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};
use wasmill_admin::{Served, Swaps};
use wasmill_config::{Config, PluginKind, StateLimits};
use wasmill_pipeline::start::Stopped;
use wasmill_pipeline::{Current, Failed, Kept, Plugins, Process, Shown, Swapper, start};
use wasmill_state::{CacheLimits, Database};
use wasmill_telemetry::{Health, Metrics};

/// How long pipelines may take to stop.
const GRACE: Duration = Duration::from_secs(25);

/// How late a signal is noticed.
const LOOK_INTERVAL: Duration = Duration::from_millis(50);

/// Runs the pipelines of `file` until SIGTERM or SIGINT.
pub(crate) fn run(file: &Path, instance_id: Option<String>, accept_offsets: bool) -> anyhow::Result<()> {
    pipelines(lint::load(file)?, instance_id, accept_offsets, Arc::default(), |_| Ok(()))
}

/// Runs pipelines until a signal, which sets `stop`, or until somebody else sets it. `started` is called once they are on
/// their way.
pub(crate) fn pipelines(
    config: Config,
    instance_id: Option<String>,
    accept_offsets: bool,
    stop: Arc<AtomicBool>,
    started: impl FnOnce(&Arc<Swapper>) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let (identity, _lock) = identity::establish(instance_id, config.state_directory.as_deref())?;
    stop_on_signals(&stop)?;
    let (metrics, health) = (Metrics::new(), Health::new());
    let (hangups, swaps, shown) = (hangups()?, Swaps::default(), Shown::default());
    let served =
        Served { metrics: metrics.clone(), health: health.clone(), swaps: Arc::clone(&swaps), shown: shown.clone() };
    let _admin = serve_admin(&config, served)?;
    // Compiling may take a while, during which the process is alive, not ready, and can be told to stop.
    let (folder, config) = (cache::folder(config.state_directory.as_deref()), Arc::new(config));
    let load = {
        let config = Arc::clone(&config);
        move || lint::plugins(&config, folder.as_deref())
    };
    let Some((plugins, loader)) = unless_stopped(&stop, load)? else { return Ok(()) };
    warn_of_native(&config);
    let state = open_state(&config, &plugins)?;
    let process = Process { identity, state, accept_offsets, shown, metrics: metrics.clone(), health };
    let (report, ended) = sync_channel(config.pipelines.len());
    let mut running = Vec::with_capacity(config.pipelines.len());
    for pipeline in &config.pipelines {
        let plugin = plugins.of(&pipeline.name).context("a pipeline without its plugin")?.clone();
        let current = Arc::new(Current::new(plugin));
        running.push((pipeline.clone(), Arc::clone(&current)));
        start_one(pipeline.clone(), current, process.clone(), &stop, report.clone())?;
    }
    let swapper = Arc::new(Swapper::new(running, loader, metrics));
    swap_on_hangup(hangups, Arc::clone(&swapper))?;
    started(&swapper)?;
    let _ = swaps.set(swapper); // set once, here
    supervise(config.pipelines.len(), &ended, &stop)
}

/// What `work` returns; `None` when the process is told to stop before: nothing has begun, and what is left of the work ends
/// with the process.
fn unless_stopped<T: Send + 'static>(
    stop: &AtomicBool,
    work: impl FnOnce() -> anyhow::Result<T> + Send + 'static,
) -> anyhow::Result<Option<T>> {
    let (report, done) = sync_channel(1);
    let body = move || {
        // Nobody listens when the process was told to stop.
        let _ = report.send(work());
    };
    std::thread::Builder::new().name("load".to_owned()).spawn(body).context("failed to start a thread")?;
    while !stop.load(Ordering::Relaxed) {
        match done.recv_timeout(LOOK_INTERVAL) {
            Ok(result) => return result.map(Some),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => {
                return Err(anyhow!("the thread that loads plugins panicked"));
            }
        }
    }
    tracing::info!("told to stop before the plugins were loaded");
    Ok(None)
}

/// The caches of state, where any pipeline keeps some.
fn open_state(config: &Config, plugins: &Plugins) -> anyhow::Result<Option<Kept>> {
    let keeps = |pipeline: &wasmill_config::Pipeline| {
        plugins.of(&pipeline.name).is_some_and(|plugin| !plugin.stores().is_empty())
    };
    let Some(directory) = config.state_directory.as_ref().filter(|_| config.pipelines.iter().any(keeps)) else {
        return Ok(None);
    };
    match Database::open(directory, &cache_limits(&config.state)) {
        Ok(database) => Ok(Some(Kept { database, limits: config.state })),
        Err(error) => Err(UserFault(format!("{:#}", anyhow::Error::new(error))).into()),
    }
}

/// What the caches may take up.
pub(crate) fn cache_limits(limits: &StateLimits) -> CacheLimits {
    let StateLimits { cache_bytes, write_buffer_bytes, open_files_max, .. } = *limits;
    CacheLimits { cache_bytes, write_buffer_bytes, open_files_max }
}

fn warn_of_native(config: &Config) {
    for pipeline in &config.pipelines {
        if let PluginKind::Native(name) = &pipeline.plugin.kind {
            tracing::warn!(
                pipeline = pipeline.name,
                "runs the native plugin `{name}`, which is for tests and benches only"
            );
        }
    }
}

/// Why a pipeline is not running any more.
enum Ended {
    Stopped,
    NotStarted(Stopped),
    Failed(Failed),
    Panicked,
}

/// Each pipeline waits for its brokers on a thread of its own: one cluster that is down must not hold up the others.
fn start_one(
    config: wasmill_config::Pipeline,
    plugin: Arc<Current>,
    process: Process,
    stop: &Arc<AtomicBool>,
    report: SyncSender<Ended>,
) -> anyhow::Result<()> {
    let stop = Arc::clone(stop);
    let name = format!("{}/start", config.name);
    let body = move || {
        let run = || run_one(&config, &plugin, &process, &stop);
        let ended = catch_unwind(AssertUnwindSafe(run)).unwrap_or(Ended::Panicked);
        // Room for one report of each pipeline; nobody listens when the grace is over.
        let _ = report.try_send(ended);
    };
    std::thread::Builder::new().name(name).spawn(body).context("failed to start a thread")?;
    Ok(())
}

/// Runs a pipeline to its end, with a new consumer whenever that mends it.
fn run_one(config: &wasmill_config::Pipeline, plugin: &Current, process: &Process, stop: &Arc<AtomicBool>) -> Ended {
    loop {
        let pipeline = match start(config, plugin, process, Arc::clone(stop)) {
            Ok(pipeline) => pipeline,
            Err(Stopped::Told) => return Ended::Stopped,
            Err(stopped) => return Ended::NotStarted(stopped),
        };
        let plugin = plugin.plugin();
        tracing::info!(
            pipeline = pipeline.name,
            instance = process.identity.instance,
            plugin = plugin.name(),
            digest = plugin.digest(),
            "ready"
        );
        match pipeline.join() {
            Ok(()) => return Ended::Stopped,
            Err(failed) if failed.is_mended_by_restart() => {}
            Err(failed) => return Ended::Failed(failed),
        }
    }
}

/// Waits until every pipeline has ended. One that failed in a way that harms others ends them all; one that just can't go
/// on is reported by `readyz`, the others go on, and the process stays until it is told to stop.
fn supervise(mut running: usize, ended: &Receiver<Ended>, stop: &AtomicBool) -> anyhow::Result<()> {
    let mut first: Option<anyhow::Error> = None;
    let mut stopping: Option<Instant> = None;
    let mut halted = false;
    while running > 0 || (halted && !stop.load(Ordering::Relaxed)) {
        if stop.load(Ordering::Relaxed) && stopping.get_or_insert_with(Instant::now).elapsed() > GRACE {
            return Err(anyhow!("pipelines were still running {} s after the signal: ended hard", GRACE.as_secs()));
        }
        let (error, ends_process) = match ended.recv_timeout(LOOK_INTERVAL) {
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => continue,
            Ok(Ended::Stopped) => {
                running -= 1;
                continue;
            }
            Ok(Ended::NotStarted(stopped)) => (not_started(stopped), true),
            Ok(Ended::Panicked) => (anyhow!("a pipeline's thread panicked"), true),
            Ok(Ended::Failed(failed)) => (failed_error(&failed), failed.ends_process()),
        };
        running -= 1;
        first.get_or_insert(error);
        if ends_process {
            stop.store(true, Ordering::Relaxed);
        } else {
            halted = true;
        }
    }
    first.map_or(Ok(()), Err)
}

fn not_started(stopped: Stopped) -> anyhow::Error {
    match stopped {
        Stopped::Thread(error) => anyhow::Error::new(error).context("failed to start a thread"),
        other => UserFault(other.to_string()).into(),
    }
}

fn failed_error(failed: &Failed) -> anyhow::Error {
    if failed.is_users() { UserFault(failed.to_string()).into() } else { anyhow!("{failed}") }
}

fn stop_on_signals(stop: &Arc<AtomicBool>) -> anyhow::Result<()> {
    use signal_hook::consts::{SIGINT, SIGTERM};
    for signal in [SIGTERM, SIGINT] {
        // The order matters: the second signal finds the flag set and ends the process, the first one sets it.
        signal_hook::flag::register_conditional_shutdown(signal, 1, Arc::clone(stop))
            .and_then(|_| signal_hook::flag::register(signal, Arc::clone(stop)))
            .context("failed to listen for signals")?;
    }
    Ok(())
}

/// From now on SIGHUP does not end the process.
fn hangups() -> anyhow::Result<Signals> {
    Signals::new([signal_hook::consts::SIGHUP]).context("failed to listen for SIGHUP")
}

/// Swaps for as long as the process lives.
fn swap_on_hangup(mut hangups: Signals, swapper: Arc<Swapper>) -> anyhow::Result<()> {
    let body = move || {
        for _ in hangups.forever() {
            // No name is given, so none is unknown; the swapper logs what comes of it.
            let _ = swapper.swap(&[]);
        }
    };
    std::thread::Builder::new().name("swap".to_owned()).spawn(body).context("failed to start a thread")?;
    Ok(())
}

/// The control plane: one small runtime. Dropping it ends the server, and waits for nothing: a swap may be compiling.
struct ControlPlane(Option<tokio::runtime::Runtime>);

impl Drop for ControlPlane {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

fn serve_admin(config: &Config, served: Served) -> anyhow::Result<ControlPlane> {
    let Some(admin) = &config.admin else { return Ok(ControlPlane(None)) };
    let listener = wasmill_admin::bind(admin.listen).map_err(|error| UserFault(error.to_string()))?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name("control")
        .enable_all()
        .build()
        .context("failed to start the control plane")?;
    runtime.spawn(async move {
        if let Err(error) = wasmill_admin::serve(listener, served, std::future::pending()).await {
            tracing::error!("health and metrics are not served any more: {error}");
        }
    });
    tracing::info!("health and metrics on http://{}", admin.listen);
    Ok(ControlPlane(Some(runtime)))
}
