//! The parts of the bench, in order; each begins where its figures' names do.

mod commit;
mod handover;
mod latency;
mod start;
mod throughput;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use wasmill_artifacts::Flavour;

use crate::contestant::{Contestant, Delivery};
use crate::figures::Figures;
use crate::load;
use crate::setting::Setting;

/// How much is measured.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scale {
    pub(crate) rounds: u32,
    pub(crate) records: u64,
}

type Part = fn(&Setting, Scale, &mut Figures) -> Result<()>;

/// With the prefix that all figures of the part have.
const PARTS: [(&str, Part); 6] = [
    ("loop", throughput::measure),
    ("commit.pause", commit::measure),
    ("handover", handover::measure),
    ("start", start::ready),
    ("rss", start::idle),
    ("latency", latency::measure),
];

/// The rate of everything that is not about speed, records per second.
pub(crate) const RATE: u64 = 20_000;
/// What happens before is not measured: connections, the broker's just-in-time compiler, the first rebalance.
pub(crate) const WARM_UP: Duration = Duration::from_secs(5);

const WARM_UP_RECORDS: u64 = 400_000;

/// Runs the parts that have figures whose names begin with `only`.
pub(crate) fn run(only: &str, scale: Scale, binary: Option<PathBuf>) -> Result<Figures> {
    let chosen: Vec<_> = PARTS.iter().filter(|(name, _)| name.starts_with(only) || only.starts_with(name)).collect();
    let names = PARTS.map(|(name, _)| name).join(", ");
    ensure!(!chosen.is_empty(), "no figure begins with `{only}`; there are {names}");
    let binary = binary.map_or_else(|| wasmill_artifacts::binary(Flavour::Bench), Ok)?;
    let setting = Setting::new(binary)?;
    let mut figures = Figures::default();
    figures.remarks.push(format!("load average before: {}", load_average()));
    warm_up(&setting)?;
    for (name, part) in chosen {
        let began = Instant::now();
        part(&setting, scale, &mut figures).with_context(|| format!("part `{name}`"))?;
        say(&format!("{name}: done in {:.0} s", began.elapsed().as_secs_f64()));
    }
    figures.remarks.push(format!("load average after: {}", load_average()));
    figures.keep(only);
    Ok(figures)
}

/// A broker is slow until it has compiled what it does.
fn warm_up(setting: &Setting) -> Result<()> {
    let input = setting.topic("warm-in")?;
    load::backlog(&setting.bootstrap, &input, WARM_UP_RECORDS)?;
    for delivery in [Delivery::AtLeastOnce, Delivery::ExactlyOnce] {
        throughput::run(setting, Contestant::Raw(delivery), &input, WARM_UP_RECORDS)?;
    }
    say("the broker is warm");
    setting.remove(&[&input])
}

/// For whoever waits.
fn say(words: &str) {
    eprintln!("bench: {words}");
}

fn load_average() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split_whitespace().take(3).collect::<Vec<_>>().join(" ")
}
