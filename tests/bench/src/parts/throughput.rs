//! `loop.*`: CPU time and speed of working off the same backlog.
//!
//! CPU: of the whole process, from the moment it is ready to join its group (nothing was read) to the moment its last
//! record is committed; joining, assignment and the first producers are in it, the start of the process is not. Speed: from
//! the first commit that is seen to the last.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use order_validation::samples;

use super::{Scale, say};
use crate::contestant::{Contestant, Delivery, Task};
use crate::figures::Figures;
use crate::load;
use crate::numbers::median;
use crate::progress::{self, Progress};
use crate::setting::Setting;
use crate::wait;

const INTERVAL: Duration = Duration::from_millis(100);
const LOOK_INTERVAL: Duration = Duration::from_millis(10);
const READY_LOOK_INTERVAL: Duration = Duration::from_millis(2);
const TURN_DEADLINE: Duration = Duration::from_secs(120);
/// Different ones, again and again.
const ORDERS: u64 = 10_000;

/// The raw loop stands beside those that are compared with it.
const CONTESTANTS: [Contestant; 6] = [
    Contestant::Raw(Delivery::ExactlyOnce),
    Contestant::Native(Delivery::ExactlyOnce),
    Contestant::Wasm(Delivery::ExactlyOnce),
    Contestant::Raw(Delivery::AtLeastOnce),
    Contestant::Native(Delivery::AtLeastOnce),
    Contestant::Wasm(Delivery::AtLeastOnce),
];

/// One turn of one contestant.
pub(super) struct Turn {
    pub(super) cpu_us: f64,
    pub(super) records_per_s: f64,
    rss_mib: f64,
}

pub(super) fn measure(setting: &Setting, scale: Scale, figures: &mut Figures) -> Result<()> {
    let input = setting.topic("loop-in")?;
    load::backlog(&setting.bootstrap, &input, scale.records)?;
    let mut turns: [Vec<Turn>; 6] = Default::default();
    for round in 1..=scale.rounds {
        for (contestant, turns) in CONTESTANTS.iter().zip(&mut turns) {
            let turn = run(setting, *contestant, &input, scale.records)?;
            let Turn { cpu_us, records_per_s, rss_mib } = turn;
            say(&format!("loop {round} {contestant:?}: {cpu_us:.3} us, {records_per_s:.0}/s, {rss_mib:.0} MiB"));
            turns.push(turn);
        }
    }
    setting.remove(&[&input])?;

    figures.remarks.push(format!(
        "loop: {} records of 300 bytes with one header, 8 partitions, 2 workers, commit every 100 ms; CPU from ready to \
         the last commit; rss is the peak; medians of {} rounds; ratios within a round, to the raw loop of the same delivery",
        scale.records, scale.rounds
    ));
    let [raw_once, native_once, wasm_once, raw_least, native_least, wasm_least] = &turns;
    for (name, turns) in [("loop.raw", raw_once), ("loop.raw-at-least-once", raw_least)] {
        speed(figures, name, turns);
    }
    for (plugin, delivery, turns, raw) in [
        ("native-identity", Delivery::ExactlyOnce, native_once, raw_once),
        ("native-identity", Delivery::AtLeastOnce, native_least, raw_least),
        ("identity", Delivery::ExactlyOnce, wasm_once, raw_once),
        ("identity", Delivery::AtLeastOnce, wasm_least, raw_least),
    ] {
        let name = format!("loop.{plugin}.{delivery}");
        speed(figures, &name, turns);
        figures.add(format!("{name}.rss_mib"), median(turns.iter().map(|turn| turn.rss_mib)), "MiB");
        figures.add(format!("{name}.cpu_ratio"), cpu_ratio(turns, raw), "");
    }
    for (plugin, once, least) in [("native-identity", native_once, native_least), ("identity", wasm_once, wasm_least)] {
        figures.add(format!("loop.{plugin}.exactly_to_at_least_once.cpu_ratio"), cpu_ratio(once, least), "");
    }
    Ok(())
}

/// `loop.order-validation.*`: a plugin that does a job, on orders of some 300 bytes without headers.
pub(super) fn orders(setting: &Setting, scale: Scale, figures: &mut Figures) -> Result<()> {
    let input = setting.topic("orders-in")?;
    load::backlog_of(&setting.bootstrap, &input, scale.records, &samples::orders(ORDERS))?;
    let contestants = [Contestant::Orders(Delivery::ExactlyOnce), Contestant::Orders(Delivery::AtLeastOnce)];
    let mut turns: [Vec<Turn>; 2] = Default::default();
    for round in 1..=scale.rounds {
        for (contestant, turns) in contestants.iter().zip(&mut turns) {
            let turn = run(setting, *contestant, &input, scale.records)?;
            let Turn { cpu_us, records_per_s, .. } = turn;
            say(&format!("loop {round} {contestant:?}: {cpu_us:.3} us, {records_per_s:.0}/s"));
            turns.push(turn);
        }
    }
    setting.remove(&[&input])?;
    figures.remarks.push(format!("loop.order-validation: {} valid orders, all of them forwarded", scale.records));
    for (contestant, turns) in contestants.iter().zip(&turns) {
        speed(figures, &format!("loop.order-validation.{}", contestant.delivery()), turns);
    }
    Ok(())
}

fn speed(figures: &mut Figures, name: &str, turns: &[Turn]) {
    figures.add(format!("{name}.cpu_us"), median(turns.iter().map(|turn| turn.cpu_us)), "us");
    figures.add(format!("{name}.records_per_s"), median(turns.iter().map(|turn| turn.records_per_s)), "1/s");
}

fn cpu_ratio(turns: &[Turn], base: &[Turn]) -> f64 {
    median(turns.iter().zip(base).map(|(turn, base)| turn.cpu_us / base.cpu_us))
}

/// Lets one contestant work off `records` records with a group and an output of its own.
pub(super) fn run(setting: &Setting, contestant: Contestant, input: &str, records: u64) -> Result<Turn> {
    let (group, output) = (setting.name("loop"), setting.topic("loop-out")?);
    let progress = Progress::new(&setting.bootstrap, &group, input)?;
    let task = Task { group: &group, input, output: &output, interval: INTERVAL };
    let mut running = contestant.start(setting, &task)?;
    running.wait_ready(READY_LOOK_INTERVAL)?;
    let cpu_before = running.process.cpu()?;
    let mut first = None;
    let (cpu, last) = wait::until("a contestant to be done", TURN_DEADLINE, LOOK_INTERVAL, || {
        running.process.check()?;
        let Some(committed) = progress.committed()? else { return Ok(None) };
        let (now, cpu) = (Instant::now(), running.process.cpu()?);
        if committed > 0 {
            first.get_or_insert((now, committed));
        }
        Ok((committed >= records).then_some((cpu, now)))
    })?;
    let rss_mib = running.process.peak_mib()?;
    drop(running);
    let written = progress::end(&setting.bootstrap, &output)?;
    ensure!(written >= records, "{contestant:?} wrote {written} of {records} records");
    setting.remove(&[&output])?;
    let (began, committed) = first.unwrap_or((last, 0));
    Ok(Turn {
        cpu_us: (cpu - cpu_before).as_secs_f64() * 1e6 / records as f64,
        records_per_s: (records - committed) as f64 / (last - began).as_secs_f64(),
        rss_mib,
    })
}
