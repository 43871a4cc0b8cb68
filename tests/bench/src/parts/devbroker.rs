//! `devbroker.*`: the embedded broker itself. Its start, what idle partitions cost, and how fast a raw loop gets through it.

use std::fs;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, Result, anyhow};
use wasmill_devbroker::{Broker, Options};

use super::{Scale, say, throughput};
use crate::contestant::{Contestant, Delivery};
use crate::figures::Figures;
use crate::load;
use crate::numbers::median;
use crate::setting::Setting;

const STARTS: usize = 15;
const TOPICS: i32 = 100;
const PARTITIONS_OF_EACH: i32 = 100;

pub(super) fn measure(scale: Scale, figures: &mut Figures) -> Result<()> {
    // Memory first: nothing has been freed yet that could be used again.
    figures.add("devbroker.rss_10k_partitions_mib", idle()?, "MiB");
    figures.add("devbroker.start_ms", median(starts()?), "ms");

    // The raw loop needs no product.
    let setting = Setting::new(PathBuf::new(), true)?;
    let input = setting.topic("dev-in")?;
    load::backlog(&setting.bootstrap, &input, scale.records)?;
    for delivery in [Delivery::ExactlyOnce, Delivery::AtLeastOnce] {
        let mut rates = Vec::new();
        for round in 1..=scale.rounds {
            let turn = throughput::run(&setting, Contestant::Raw(delivery), &input, scale.records)?;
            say(&format!("devbroker {round} {delivery}: {:.0}/s", turn.records_per_s));
            rates.push(turn.records_per_s);
        }
        figures.add(format!("devbroker.{delivery}.records_per_s"), median(rates), "1/s");
    }
    figures.remarks.push(format!(
        "devbroker: a raw loop with 2 workers over {} records of 300 bytes with one header, broker and loop on the same \
         cores; start is until clients can connect, median of {STARTS}; rss is what {TOPICS} topics of {PARTITIONS_OF_EACH} \
         partitions add",
        scale.records
    ));
    setting.remove(&[&input])
}

/// Milliseconds of each.
fn starts() -> Result<Vec<f64>> {
    let one = || {
        let began = Instant::now();
        let broker = Broker::start(Options::default())?;
        let took = began.elapsed().as_secs_f64() * 1e3;
        drop(broker);
        Ok(took)
    };
    (0..STARTS).map(|_| one()).collect()
}

/// What ten thousand partitions without records add to this process, MiB.
fn idle() -> Result<f64> {
    let broker = Broker::start(Options::default())?;
    let before = resident_mib()?;
    for topic in 0..TOPICS {
        let made = broker.create_topic(&format!("idle-{topic}"), PARTITIONS_OF_EACH, &[]);
        made.map_err(|error| anyhow!("failed to make a topic: {error:?}"))?;
    }
    Ok(resident_mib()? - before)
}

fn resident_mib() -> Result<f64> {
    let status = fs::read_to_string("/proc/self/status").context("no process status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no size in it")?;
    Ok(line.trim().trim_end_matches("kB").trim().parse::<f64>()? / 1024.0)
}
