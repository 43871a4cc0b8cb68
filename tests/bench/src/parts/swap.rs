//! `swap.pause.*`: how long a worker stands still while its plugin is swapped, at a steady rate.
//!
//! As the product measures it: between two batches, until the worker has the new plugin. What the swapping thread does
//! meanwhile, reading and compiling, costs processors but no worker's time; the new instance starts with the first call,
//! which `sandbox.*` measures.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::{RATE, Scale, WARM_UP};
use crate::contestant::{Contestant, Delivery, Task};
use crate::figures::Figures;
use crate::load::Stream;
use crate::numbers::percentile;
use crate::setting::{PARTITIONS, Setting};
use crate::wait;

const INTERVAL: Duration = Duration::from_millis(100);
const SWAPS: usize = 40;
/// Between two of them: workers are at work again, in another phase of their commits each time.
const BETWEEN: Duration = Duration::from_millis(130);
/// A swap takes as long as a compilation at first; the load outlasts them all.
const LOAD_MAX: Duration = Duration::from_secs(120);

pub(super) fn measure(setting: &Setting, _: Scale, figures: &mut Figures) -> Result<()> {
    let (group, input, output) = (setting.name("swap"), setting.topic("swap-in")?, setting.topic("swap-out")?);
    let task = Task { group: &group, input: &input, output: &output, interval: INTERVAL };
    let versions = Versions::of(setting)?;
    versions.install(0)?;
    let mut running = Contestant::Swapped(Delivery::ExactlyOnce).start(setting, &task)?;
    running.wait_assigned(f64::from(PARTITIONS))?;
    let stream = Stream::start(&setting.bootstrap, &input, RATE, LOAD_MAX)?;
    wait::pass(WARM_UP);
    let mut pauses_ms = Vec::with_capacity(SWAPS);
    for swap in 1..=SWAPS {
        versions.install(swap)?;
        pauses_ms.push(pause_ms(&running.swap()?)?);
        running.process.check()?;
        wait::pass(BETWEEN);
    }
    stream.stop()?;
    drop(running);
    setting.remove(&[&input, &output])?;

    pauses_ms.sort_by(f64::total_cmp);
    figures.remarks.push(format!(
        "swap.pause: of {SWAPS} swaps at {RATE} records/s, each the longer one of 2 workers, between two batches and as \
         /pipelines/NAME/swap says it; the start of the new instance is in `sandbox`"
    ));
    let percentiles = [("p50", percentile(&pauses_ms, 0.5)), ("max", percentile(&pauses_ms, 1.0))];
    figures.add_percentiles("swap.pause", &percentiles);
    Ok(())
}

/// Two files with different digests, the identity plugin both.
struct Versions {
    file: PathBuf,
    contents: [Vec<u8>; 2],
}

impl Versions {
    fn of(setting: &Setting) -> Result<Versions> {
        let built = setting.plugins.join("identity.wasm");
        let built = fs::read(&built).with_context(|| format!("no plugin {}", built.display()))?;
        // A custom section of one byte's name, which every reader of components skips.
        let other = [&built[..], &[0, 2, 1, b'v']].concat();
        Ok(Versions { file: setting.swapped(), contents: [built, other] })
    }

    /// Never half a file under its name.
    fn install(&self, number: usize) -> Result<()> {
        let new: &Path = &self.file.with_extension("new");
        fs::write(new, &self.contents[number % self.contents.len()])?;
        fs::rename(new, &self.file).with_context(|| format!("failed to write {}", self.file.display()))
    }
}

/// Of the only pipeline, whose workers have all taken it.
fn pause_ms(answer: &str) -> Result<f64> {
    let answer: Value = serde_json::from_str(answer).with_context(|| format!("no JSON: {answer}"))?;
    let swapped = &answer[0];
    ensure!(swapped["verdict"] == "swapped" && swapped["late"] == 0, "not swapped: {answer}");
    swapped["pause_ms"].as_f64().with_context(|| format!("no pause: {answer}"))
}

#[cfg(test)]
mod tests {
    use super::pause_ms;

    #[test]
    fn a_swap_that_did_not_happen_is_no_figure() {
        assert_eq!(pause_ms(r#"[{"verdict":"swapped","late":0,"pause_ms":0.25}]"#).unwrap(), 0.25);
        assert!(pause_ms(r#"[{"verdict":"same"}]"#).is_err());
        assert!(pause_ms(r#"[{"verdict":"swapped","late":1,"pause_ms":0.25}]"#).is_err());
        assert!(pause_ms("[]").is_err());
    }
}
