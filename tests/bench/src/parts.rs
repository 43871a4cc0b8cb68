//! The parts of the bench, in order; each begins where its figures' names do.

mod boundary;
mod commit;
mod devbroker;
mod handover;
mod latency;
mod sandbox;
mod sentiment;
mod start;
mod state;
mod swap;
mod throughput;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
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

#[derive(Clone, Copy)]
enum Part {
    /// In this process.
    Alone(fn(Scale, &mut Figures) -> Result<()>),
    /// Contestants on a cluster.
    Cluster(fn(&Setting, Scale, &mut Figures) -> Result<()>),
}

/// With the prefix that all figures of the part have. What needs no cluster comes before there is one to disturb it.
const PARTS: [(&str, Part); 14] = [
    ("boundary", Part::Alone(boundary::measure)),
    ("sandbox", Part::Alone(sandbox::measure)),
    ("sentiment", Part::Alone(sentiment::measure)),
    ("devbroker", Part::Alone(devbroker::measure)),
    ("state.native", Part::Alone(state::native::measure)),
    ("loop", Part::Cluster(throughput::measure)),
    ("loop.order-validation", Part::Cluster(throughput::orders)),
    ("state.loyalty", Part::Cluster(state::measure)),
    ("commit.pause", Part::Cluster(commit::measure)),
    ("handover", Part::Cluster(handover::measure)),
    ("swap", Part::Cluster(swap::measure)),
    ("start", Part::Cluster(start::ready)),
    ("rss", Part::Cluster(start::idle)),
    ("latency", Part::Cluster(latency::measure)),
];

/// The rate of everything that is not about speed, records per second.
pub(crate) const RATE: u64 = 20_000;
/// What happens before is not measured: connections, the broker's just-in-time compiler, the first rebalance.
pub(crate) const WARM_UP: Duration = Duration::from_secs(5);

const WARM_UP_RECORDS: u64 = 400_000;

/// Runs the parts that have figures whose names begin with `only`.
pub(crate) fn run(only: &str, scale: Scale, binary: Option<PathBuf>, embedded: bool) -> Result<Figures> {
    let is_one = PARTS.iter().any(|(name, _)| *name == only);
    let is_wanted = |name: &str| if is_one { name == only } else { name.starts_with(only) || only.starts_with(name) };
    let chosen: Vec<_> = PARTS.iter().filter(|(name, _)| is_wanted(name)).collect();
    let names = PARTS.map(|(name, _)| name).join(", ");
    ensure!(!chosen.is_empty(), "no figure begins with `{only}`; there are {names}");
    let mut figures = Figures::default();
    figures.remarks.push(format!("load average before: {}", load_average()));
    // A whole part has figures of other names, too: `restore` and `restart` come with `state.loyalty`.
    let is_whole = chosen.iter().all(|(name, _)| name.starts_with(only));
    let mut setting = None;
    for (name, part) in chosen {
        if matches!(part, Part::Cluster(_)) && setting.is_none() {
            setting = Some(start(binary.clone(), embedded)?);
        }
        let began = Instant::now();
        let measured = match (part, &setting) {
            (Part::Alone(measure), _) => measure(scale, &mut figures),
            (Part::Cluster(measure), Some(setting)) => measure(setting, scale, &mut figures),
            (Part::Cluster(_), None) => bail!("no cluster"),
        };
        measured.with_context(|| format!("part `{name}`"))?;
        say(&format!("{name}: done in {:.0} s", began.elapsed().as_secs_f64()));
    }
    figures.remarks.push(format!("load average after: {}", load_average()));
    if !is_whole {
        figures.keep(only);
    }
    Ok(figures)
}

/// A warm cluster, and the product.
fn start(binary: Option<PathBuf>, embedded: bool) -> Result<Setting> {
    let binary = binary.map_or_else(|| wasmill_artifacts::binary(Flavour::Bench), Ok)?;
    let setting = Setting::new(binary, embedded)?;
    warm_up(&setting)?;
    Ok(setting)
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
