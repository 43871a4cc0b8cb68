//! `commit.pause.*`: how long a worker stands still for a commit, at a steady rate.

use std::time::Duration;

use anyhow::Result;

use super::{RATE, Scale, WARM_UP};
use crate::contestant::{Contestant, Delivery, Task};
use crate::figures::Figures;
use crate::load::Stream;
use crate::metrics::Histogram;
use crate::setting::Setting;
use crate::wait;

const INTERVAL: Duration = Duration::from_millis(100);
const MEASURED: Duration = Duration::from_secs(15);
const METRIC: &str = "wasmill_commit_duration_seconds";

pub(super) fn measure(setting: &Setting, _: Scale, figures: &mut Figures) -> Result<()> {
    let (group, input, output) = (setting.name("commit"), setting.topic("commit-in")?, setting.topic("commit-out")?);
    let task = Task { group: &group, input: &input, output: &output, interval: INTERVAL };
    let mut running = Contestant::Wasm(Delivery::ExactlyOnce).start(setting, &task)?;
    running.wait_assigned(8.0)?;
    let stream = Stream::start(&setting.bootstrap, &input, RATE, WARM_UP + MEASURED)?;
    wait::pass(WARM_UP);
    let before = Histogram::read(&running.metrics()?, METRIC);
    wait::pass(MEASURED);
    let pauses = Histogram::read(&running.metrics()?, METRIC).since(&before);
    stream.stop()?;
    running.process.check()?;
    drop(running);
    setting.remove(&[&input, &output])?;

    figures.remarks.push(format!(
        "commit.pause: of {} commits at {RATE} records/s every 100 ms; interpolated within the buckets of {METRIC}",
        pauses.count()
    ));
    let percentiles = [("p50", pauses.percentile(0.5) * 1e3), ("p99", pauses.percentile(0.99) * 1e3)];
    figures.add_percentiles("commit.pause", &percentiles);
    Ok(())
}
