//! A whole demo, from the build to the report, in order.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use wasmill_artifacts::Flavour;
use wasmill_chaos::metrics;

use crate::board::{Board, Tally, now_ms};
use crate::feed::Feed;
use crate::interruption::{self, Interruption};
use crate::kafka::Kafka;
use crate::pipelines::ALL;
use crate::reader::Reader;
use crate::records::Records;
use crate::report::{Shown, report};
use crate::screen::Screen;
use crate::settling;
use crate::table::Entry;
use crate::worker::{Setting, Worker};

/// The pipeline whose worker is killed: the orders'.
const KILLED: usize = 0;
/// It is killed when this share of its records has been sent, in hundredths.
const KILL_AT: u64 = 40;
/// How long orders may stay away after it was started again.
const OUTAGE_MAX: Duration = Duration::from_secs(60);
/// Between two looks at the workers, and two drawings.
const LOOK_INTERVAL: Duration = Duration::from_millis(200);

/// How much of a demo.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    /// To each pipeline.
    pub records: [u64; 2],
    /// For how long they are sent.
    pub seconds: u64,
}

/// Builds, runs, and returns what is to be said about it.
///
/// # Errors
/// It could not be made: nothing is known about the product. The workers' logs are kept.
pub fn run(apache: bool, flavour: Flavour, size: Size) -> Result<Shown> {
    let mut screen = Screen::new();
    screen.say("building the plugins and wasmill (minutes, the first time)");
    let plugins = wasmill_artifacts::plugins()?.canonicalize()?;
    let binary = wasmill_artifacts::binary(flavour)?;
    let folder = tempfile::Builder::new().prefix("wasmill-demo-").tempdir()?;
    let shown = within(&mut screen, apache, size, &plugins, binary, folder.path());
    if !shown.as_ref().is_ok_and(|shown| shown.is_good) {
        screen.say(&format!("the workers' logs: {}", folder.keep().display()));
    }
    shown
}

fn within(
    screen: &mut Screen,
    apache: bool,
    size: Size,
    plugins: &Path,
    binary: PathBuf,
    folder: &Path,
) -> Result<Shown> {
    let kafka = Kafka::start(apache)?;
    let bootstrap = kafka.bootstrap();
    screen.say(&format!("{} listens on {bootstrap}", kafka.name()));
    for pipeline in &ALL {
        kafka.make_topics(pipeline)?;
    }
    let board = Arc::new(Board::default());
    let settings = [0, 1].map(|number| setting(number, plugins, &binary, folder, &bootstrap));
    let [orders, texts] = settings;
    let settings = [orders?, texts?];
    let mut workers = [Worker::start(&settings[0], 1)?, Worker::start(&settings[1], 1)?];
    for worker in &mut workers {
        worker.wait_ready(&board)?;
    }
    screen.say("both pipelines are running; sending orders and texts");

    let readers = [0, 1].map(|number| Reader::start(&bootstrap, number, Arc::clone(&board)));
    let [one, other] = readers;
    let _readers = [one?, other?];
    let time = Duration::from_secs(size.seconds);
    let mut feeds = Vec::new();
    for (number, pipeline) in ALL.iter().enumerate() {
        let records = Records::read(pipeline, size.records[number])?;
        feeds.push(Feed::start(&bootstrap, number, records, time, Arc::clone(&board))?);
    }

    let kill_at = size.records[KILLED] * KILL_AT / 100;
    watch(screen, &board, &mut workers, |tallies| tallies[KILLED].sent >= kill_at)?;
    let [killed, other] = workers;
    let uncommitted = interruption::kill(killed, &settings[KILLED], &ALL[KILLED], &board, screen)?;
    let (dead_since, killed_at_ms) = (Instant::now(), now_ms());
    let mut workers = [Worker::start(&settings[KILLED], 2)?, other];
    screen.say("started it again, with the same instance id");
    // What the killed one had committed may come late: only what was sent after its end is of the new one.
    let came = |tallies: &[Tally; 2]| tallies[KILLED].youngest_ms > killed_at_ms;
    watch(screen, &board, &mut workers, |tallies| came(tallies) || dead_since.elapsed() > OUTAGE_MAX)?;
    ensure!(board.read(came), "no order came out within {OUTAGE_MAX:?} of the kill");
    let interruption = Interruption { uncommitted, outage: dead_since.elapsed() };
    screen.say(&format!("orders come out again, {:.1} s after the kill", interruption.outage.as_secs_f64()));

    watch(screen, &board, &mut workers, |_| feeds.iter().all(Feed::is_finished))?;
    let sent = feeds.into_iter().map(Feed::finish).collect::<Result<Vec<_>>>()?;
    settling::wait_committed(&bootstrap, &board, || look(screen, &board, &mut workers))?;
    screen.say("everything is committed; counting");
    let accounts = ALL.iter().zip(sent).map(|(pipeline, sent)| settling::account(&bootstrap, pipeline, sent));
    let ledgers = accounts.collect::<Result<Vec<_>>>()?;
    settling::wait_seen(&board, &ledgers)?;
    for worker in workers {
        worker.terminate(&board)?;
    }

    let tallies = board.read(Clone::clone);
    let entries = ALL.iter().zip(&ledgers).zip(&tallies).map(|((pipeline, ledger), tally)| Entry {
        name: pipeline.name,
        ledger,
        records_per_s: records_per_s(tally),
        latencies_ms: &tally.latencies_ms,
    });
    let (text, is_good) = report(kafka.name(), &entries.collect::<Vec<_>>(), &interruption, &binary);
    Ok(Shown { text, is_good, ledgers })
}

/// Writes a pipeline's configuration, for a worker with a port of its own.
fn setting(number: usize, plugins: &Path, binary: &Path, folder: &Path, bootstrap: &str) -> Result<Setting> {
    let pipeline = &ALL[number];
    let example = wasmill_artifacts::root().join(pipeline.example);
    let example = fs::read_to_string(&example).with_context(|| format!("failed to read {}", example.display()))?;
    let admin_port = metrics::free_port()?;
    let configuration = folder.join(format!("{}.yaml", pipeline.name));
    fs::write(&configuration, pipeline.configuration(&example, plugins, admin_port)?)?;
    Ok(Setting {
        pipeline: pipeline.name,
        binary: binary.to_owned(),
        configuration,
        instance: "demo".to_owned(),
        bootstrap: bootstrap.to_owned(),
        admin_port,
    })
}

/// Shows how it goes until it is so.
fn watch(
    screen: &mut Screen,
    board: &Board,
    workers: &mut [Worker; 2],
    is_so: impl Fn(&[Tally; 2]) -> bool,
) -> Result<()> {
    while !board.wait(LOOK_INTERVAL, &is_so) {
        look(screen, board, workers)?;
    }
    Ok(())
}

fn look(screen: &mut Screen, board: &Board, workers: &mut [Worker; 2]) -> Result<()> {
    for worker in workers {
        worker.check_alive()?;
    }
    board.read(|tallies| screen.show(tallies));
    Ok(())
}

/// From the first that was sent to the last that was seen.
fn records_per_s(tally: &Tally) -> f64 {
    let (Some(began), Some(ended)) = (tally.began, tally.last_arrival) else { return 0.0 };
    tally.arrived() as f64 / (ended - began).as_secs_f64()
}
