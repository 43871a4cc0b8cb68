//! `handover.*`: how long giving partitions up takes, while a second process comes and goes under load.

use std::time::Duration;

use anyhow::Result;

use super::{RATE, Scale};
use crate::contestant::{Contestant, Delivery, Task};
use crate::figures::Figures;
use crate::load::Stream;
use crate::metrics::Histogram;
use crate::setting::Setting;

const INTERVAL: Duration = Duration::from_millis(100);
/// A visit takes a second or two; the load outlasts them all.
const VISITS: usize = 8;
const LOAD_MAX: Duration = Duration::from_secs(120);
const METRIC: &str = "wasmill_handover_duration_seconds";

pub(super) fn measure(setting: &Setting, _: Scale, figures: &mut Figures) -> Result<()> {
    let (group, input, output) = (setting.name("hand"), setting.topic("hand-in")?, setting.topic("hand-out")?);
    let task = Task { group: &group, input: &input, output: &output, interval: INTERVAL };
    let contestant = Contestant::Wasm(Delivery::ExactlyOnce);
    let mut first = contestant.start(setting, &task)?;
    first.wait_assigned(8.0)?;
    let stream = Stream::start(&setting.bootstrap, &input, RATE, LOAD_MAX)?;
    for _ in 0..VISITS {
        let mut second = contestant.start(setting, &task)?;
        second.wait_assigned(4.0)?;
        second.process.terminate()?;
        first.wait_assigned(8.0)?;
    }
    let handovers = Histogram::read(&first.metrics()?, METRIC);
    stream.stop()?;
    drop(first);
    setting.remove(&[&input, &output])?;

    figures.remarks.push(format!(
        "handover: of the {} times that one process gave partitions up to another at {RATE} records/s; interpolated within \
         the buckets of {METRIC}, and of so few that p99 is the longest",
        handovers.count()
    ));
    let percentiles = [("p50", handovers.percentile(0.5) * 1e3), ("p99", handovers.percentile(0.99) * 1e3)];
    figures.add_percentiles("handover", &percentiles);
    Ok(())
}
