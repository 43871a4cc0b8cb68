//! A whole demo, from the build to the report, in order.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use wasmill_artifacts::Flavour;
use wasmill_chaos::metrics;

use crate::account::Account;
use crate::board::{Board, Tallies, Tally, now_ms};
use crate::clock::Clock;
use crate::feed::Feed;
use crate::flow::{self, Flow};
use crate::interruption::{self, Interruption};
use crate::kafka::Kafka;
use crate::pipelines::{
    ALL, Example, FEEDBACK, LOYALTY, ORDER_INVENTORY, ORDER_VALIDATION, RESTAURANT, SENTIMENT, examples,
};
use crate::reader::Reader;
use crate::records;
use crate::report::{Ended, Shown, report};
use crate::screen::Screen;
use crate::settling;
use crate::table::Entry;
use crate::verdict;
use crate::worker::{Setting, Worker};

/// The restaurants' process is killed when this share of the orders has been placed, in hundredths: refunds have begun by then.
const KILL_AT: u64 = 60;
/// How long points may stay away after it was started again.
const OUTAGE_MAX: Duration = Duration::from_secs(60);
/// Between two looks at the processes, and two drawings.
const LOOK_INTERVAL: Duration = Duration::from_millis(200);

/// How much of a demo.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    /// Placed; what belongs to them comes on top.
    pub orders: u64,
    pub texts: u64,
    /// For how long they are sent.
    pub seconds: u64,
}

/// Builds, runs, and returns what is to be said about it.
///
/// # Errors
/// It could not be made: nothing is known about the product. The processes' logs are kept.
pub fn run(apache: bool, flavour: Flavour, size: Size) -> Result<Shown> {
    let mut screen = Screen::new();
    screen.say("building the plugins and wasmill (minutes, the first time)");
    let plugins = wasmill_artifacts::plugins()?.canonicalize()?;
    let binary = wasmill_artifacts::binary(flavour)?;
    let folder = tempfile::Builder::new().prefix("wasmill-demo-").tempdir()?;
    let shown = within(&mut screen, apache, size, &plugins, binary, folder.path());
    if !shown.as_ref().is_ok_and(|shown| shown.is_good) {
        screen.say(&format!("logs, state, and what the oracle read: {}", folder.keep().display()));
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
    let Flow { load: restaurants, sent, malformed } = flow::flow(size.orders, size.seconds)?;
    let kafka = Kafka::start(apache)?;
    let bootstrap = kafka.bootstrap();
    screen.say(&format!("{} listens on {bootstrap}", kafka.name()));
    kafka.make_topics(&ALL)?;
    let board = Arc::new(Board::default());
    let settings = examples().map(|example| setting(example, plugins, &binary, folder, &bootstrap));
    let [restaurant, feedback] = settings;
    let settings = [restaurant?, feedback?];
    let mut workers = [Worker::start(&settings[RESTAURANT], 1)?, Worker::start(&settings[FEEDBACK], 1)?];
    for worker in &mut workers {
        worker.wait_ready(&board)?;
    }
    screen.say("four pipelines are running in two processes; sending orders, stock, texts, ...");

    let texts = records::texts(size.texts, size.seconds)?;
    let clocks = [&restaurants, &texts].map(|load| Arc::new(Clock::start(&load.phases)));
    let began = Instant::now();
    (0..ALL.len()).for_each(|number| board.change(number, |tally| tally.began = Some(began)));
    let clock = |number| Arc::clone(&clocks[if number == SENTIMENT { FEEDBACK } else { RESTAURANT }]);
    let reader = |number| Reader::start(&bootstrap, number, clock(number), Arc::clone(&board));
    let _readers = (0..ALL.len()).map(reader).collect::<Result<Vec<_>>>()?;
    let feed = |records, topic, number| Feed::start(&bootstrap, records, topic, clock(number), Arc::clone(&board));
    let feeds = [feed(restaurants.records, "orders", ORDER_VALIDATION)?, feed(texts.records, "feedback", SENTIMENT)?];

    let kill_at = size.orders * KILL_AT / 100;
    watch(screen, &board, &mut workers, |tallies| tallies[ORDER_VALIDATION].inputs >= kill_at)?;
    let [killed, other] = workers;
    let open = interruption::kill(killed, &settings[RESTAURANT], &board, screen)?;
    let (dead_since, killed_at_ms) = (Instant::now(), now_ms());
    let mut workers = [Worker::start(&settings[RESTAURANT], 2)?, other];
    screen.say("started it again, with the same instance id and the same state directory");
    // What the killed one had committed may come late: only what was sent after its end is of the new one.
    let came = |tallies: &Tallies| tallies[LOYALTY].youngest_ms > killed_at_ms;
    watch(screen, &board, &mut workers, |tallies| came(tallies) || dead_since.elapsed() > OUTAGE_MAX)?;
    ensure!(board.read(came), "no order got its points within {OUTAGE_MAX:?} of the kill");
    let interruption = Interruption { open, outage: dead_since.elapsed() };
    screen.say(&format!("orders get their points again, {:.1} s after the kill", interruption.outage.as_secs_f64()));

    watch(screen, &board, &mut workers, |_| feeds.iter().all(Feed::is_finished))?;
    let [orders, texts] = feeds.map(Feed::finish);
    let (orders, texts) = (orders?, texts?);
    settling::wait_committed(&bootstrap, &board, || look(screen, &board, &mut workers))?;
    screen.say("everything is committed; looking for every record");
    let orders = settling::ledgers(&bootstrap, &ALL[ORDER_VALIDATION], &orders)?;
    let texts = settling::ledgers(&bootstrap, &ALL[SENTIMENT], &texts)?;
    let valid = orders.first().map_or(0, |(_, ledger)| ledger.outputs);
    let config = verdict::config(&sent, valid);
    let dumped = folder.join("topics");
    fs::create_dir(&dumped).with_context(|| format!("failed to make {}", dumped.display()))?;
    let topics = verdict::dump(&bootstrap, &config, &dumped)?;
    let account = |number: usize| {
        let malformed = malformed.get(&number).copied().unwrap_or_default();
        settling::account(&bootstrap, &ALL[number], &topics, malformed)
    };
    let (inventory, loyalty) = (account(ORDER_INVENTORY)?, account(LOYALTY)?);
    let example = orders.first().and_then(|(_, ledger)| ledger.example.clone());
    let accounts = vec![Account::of_ledgers(&orders), inventory, loyalty, Account::of_ledgers(&texts)];
    settling::wait_seen(&board, &accounts)?;
    for worker in workers {
        worker.terminate(&board)?;
    }
    screen.say("checking every balance and every stock count");
    let verdict = verdict::verdict(&dumped, &config, accounts[LOYALTY].dropped);

    let tallies = board.read(Clone::clone);
    let entries = ALL.iter().zip(&accounts).zip(&tallies).map(|((pipeline, account), tally)| Entry {
        name: pipeline.name,
        account,
        records_per_s: records_per_s(tally),
        latencies_ms: &tally.latencies_ms,
    });
    let entries = entries.collect::<Vec<_>>();
    let ended = Ended { kafka: kafka.name(), entries: &entries, interruption: &interruption, verdict, example };
    let (text, is_good) = report(&ended, &binary);
    Ok(Shown { text, is_good, accounts })
}

/// Writes an example's configuration, for a process with a port and a state directory of its own.
fn setting(example: Example, plugins: &Path, binary: &Path, folder: &Path, bootstrap: &str) -> Result<Setting> {
    let file = wasmill_artifacts::root().join(example.file);
    let text = fs::read_to_string(&file).with_context(|| format!("failed to read {}", file.display()))?;
    let admin_port = metrics::free_port()?;
    let configuration = folder.join(format!("{}.yaml", example.name));
    fs::write(&configuration, example.configuration(&text, plugins, admin_port)?)?;
    Ok(Setting {
        example,
        binary: binary.to_owned(),
        configuration,
        state: folder.join(format!("{}.state", example.name)),
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
    is_so: impl Fn(&Tallies) -> bool,
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
