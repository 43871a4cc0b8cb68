//! `start.ready_ms` and `rss.idle_mib`: what it takes to be there.

use std::time::{Duration, Instant};

use anyhow::Result;

use super::Scale;
use crate::contestant::{Contestant, Delivery, Task};
use crate::figures::Figures;
use crate::numbers::median;
use crate::setting::Setting;
use crate::wait;

const INTERVAL: Duration = Duration::from_millis(100);
const LOOK_INTERVAL: Duration = Duration::from_millis(1);
const STARTS: usize = 5;
/// After the assignment: buffers and connections have settled.
const IDLE: Duration = Duration::from_secs(5);

pub(super) fn ready(setting: &Setting, _: Scale, figures: &mut Figures) -> Result<()> {
    let (input, output) = (setting.topic("start-in")?, setting.topic("start-out")?);
    let mut taken_ms = Vec::with_capacity(STARTS);
    // The first one compiles the plugin.
    for start in 0..=STARTS {
        let group = setting.name("start");
        let task = Task { group: &group, input: &input, output: &output, interval: INTERVAL };
        let began = Instant::now();
        let mut running = Contestant::Wasm(Delivery::ExactlyOnce).start(setting, &task)?;
        running.wait_ready(LOOK_INTERVAL)?;
        if start > 0 {
            taken_ms.push(began.elapsed().as_secs_f64() * 1e3);
        }
    }
    setting.remove(&[&input, &output])?;
    figures.remarks.push(format!(
        "start: from spawn to a 200 of /readyz, brokers and topics there, the plugin's code cached; median of {STARTS}"
    ));
    figures.add("start.ready_ms", median(taken_ms), "ms");
    Ok(())
}

pub(super) fn idle(setting: &Setting, _: Scale, figures: &mut Figures) -> Result<()> {
    let (group, input, output) = (setting.name("idle"), setting.topic("idle-in")?, setting.topic("idle-out")?);
    let task = Task { group: &group, input: &input, output: &output, interval: INTERVAL };
    let mut running = Contestant::Wasm(Delivery::ExactlyOnce).start(setting, &task)?;
    running.wait_assigned(8.0)?;
    wait::pass(IDLE);
    running.process.check()?;
    // The peak: some kernels take pages away from a process that idles.
    let resident_mib = running.process.peak_mib()?;
    drop(running);
    setting.remove(&[&input, &output])?;
    figures.remarks.push(format!("rss: the most until {} s after the assignment, no records", IDLE.as_secs()));
    figures.add("rss.idle_mib", resident_mib, "MiB");
    Ok(())
}
