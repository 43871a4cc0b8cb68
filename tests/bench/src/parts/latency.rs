//! `latency.*`: from the moment a record should have been sent to the moment a reader of committed records has it.
//!
//! The load keeps its schedule whatever happens, so a stall counts for every record that it holds up. Nothing is taken
//! away for the way to the input and from the output.

use std::time::Duration;

use anyhow::{Result, ensure};

use super::{RATE, Scale, WARM_UP, say};
use crate::contestant::{Contestant, Delivery, Task};
use crate::figures::Figures;
use crate::load::Stream;
use crate::numbers::{median, percentile};
use crate::reader::Reader;
use crate::setting::Setting;
use crate::wait;

const MEASURED: Duration = Duration::from_secs(10);
/// Of exactly once: the shorter, the sooner records are seen. At least once needs no commit to be seen.
const INTERVAL_EXACTLY_ONCE: Duration = Duration::from_millis(20);
const INTERVAL_AT_LEAST_ONCE: Duration = Duration::from_millis(100);

const PERCENTILES: [(&str, f64); 3] = [("p50", 0.5), ("p99", 0.99), ("p99_9", 0.999)];

/// The raw loop comes before the contestant that is compared with it.
const CONTESTANTS: [(&str, Contestant); 4] = [
    ("raw-at-least-once", Contestant::Raw(Delivery::AtLeastOnce)),
    ("at_least_once", Contestant::Wasm(Delivery::AtLeastOnce)),
    ("raw-exactly-once", Contestant::Raw(Delivery::ExactlyOnce)),
    ("exactly_once", Contestant::Wasm(Delivery::ExactlyOnce)),
];

pub(super) fn measure(setting: &Setting, scale: Scale, figures: &mut Figures) -> Result<()> {
    let mut turns: [Vec<[f64; 3]>; 4] = Default::default();
    for round in 1..=scale.rounds {
        for ((name, contestant), turns) in CONTESTANTS.iter().zip(&mut turns) {
            let sorted_ms = run(setting, *contestant)?;
            let turn = PERCENTILES.map(|(_, share)| percentile(&sorted_ms, share));
            say(&format!("latency {round} {name}: p50 {:.1}, p99 {:.1}, p99.9 {:.1} ms", turn[0], turn[1], turn[2]));
            turns.push(turn);
        }
    }
    figures.remarks.push(format!(
        "latency: open loop at {RATE} records/s, exact values of {} s after {} s; commits every {} ms (exactly once) or {} \
         ms; medians of {} rounds",
        MEASURED.as_secs(),
        WARM_UP.as_secs(),
        INTERVAL_EXACTLY_ONCE.as_millis(),
        INTERVAL_AT_LEAST_ONCE.as_millis(),
        scale.rounds
    ));
    for ((name, _), turns) in CONTESTANTS.iter().zip(&turns) {
        let column = |at: usize| median(turns.iter().map(|turn| turn[at]));
        let percentiles: Vec<_> = PERCENTILES.iter().enumerate().map(|(at, (name, _))| (*name, column(at))).collect();
        figures.add_percentiles(&format!("latency.{name}.{RATE}"), &percentiles);
    }
    let [raw_least, least, raw_once, once] = &turns;
    for (name, turns, raw) in [("at_least_once", least, raw_least), ("exactly_once", once, raw_once)] {
        let ratio = median(turns.iter().zip(raw).map(|(turn, raw)| turn[1] / raw[1]));
        figures.add(format!("latency.{name}.{RATE}.p99_ratio"), ratio, "");
    }
    Ok(())
}

/// The latencies of one turn in ms, ascending.
fn run(setting: &Setting, contestant: Contestant) -> Result<Vec<f64>> {
    let (group, input, output) = (setting.name("late"), setting.topic("late-in")?, setting.topic("late-out")?);
    let interval = match contestant.delivery() {
        Delivery::ExactlyOnce => INTERVAL_EXACTLY_ONCE,
        Delivery::AtLeastOnce => INTERVAL_AT_LEAST_ONCE,
    };
    let task = Task { group: &group, input: &input, output: &output, interval };
    let mut running = contestant.start(setting, &task)?;
    running.wait_ready(Duration::from_millis(5))?;
    let stream = Stream::start(&setting.bootstrap, &input, RATE, WARM_UP + MEASURED)?;
    let reader = Reader::start(&setting.bootstrap, &output, stream.base)?;
    let longest = (WARM_UP + MEASURED) * 3;
    wait::until("the end of the load", longest, Duration::from_millis(100), || {
        running.process.check()?;
        Ok(stream.is_finished().then_some(()))
    })?;
    let seen = reader.finish(stream.stop()?)?;
    drop(running);
    setting.remove(&[&input, &output])?;
    let measured = seen.iter().filter(|seen| seen.intended >= WARM_UP);
    let mut latencies_ms: Vec<f64> = measured.map(|seen| seen.latency.as_secs_f64() * 1e3).collect();
    ensure!(!latencies_ms.is_empty(), "nothing was measured");
    latencies_ms.sort_by(f64::total_cmp);
    Ok(latencies_ms)
}
