//! `sandbox.instance_kib`: what a process has more of for one more instance that has worked.

use std::fs;

use anyhow::{Context, Result, anyhow};
use serde_json::json;
use wasmill_record::{Invoke, Reply};
use wasmill_sandbox::{Instance, Plugin};

use super::BATCH;
use crate::figures::Figures;
use crate::guest::{Guest, SOURCE, instance};
use crate::orders::Orders;

const INSTANCES: usize = 64;
/// Before the first reading: what all instances share is there then.
const FIRST: usize = 4;

pub(super) fn measure(guest: &Guest, figures: &mut Figures) -> Result<()> {
    let plugin = guest.load(&json!({ "kind": "identity", "whole": true }))?;
    let orders = Orders::new(BATCH);
    let mut reply = Reply::default();
    let mut live = Vec::with_capacity(FIRST + INSTANCES);
    for _ in 0..FIRST {
        live.push(worked(&plugin, &orders, &mut reply)?);
    }
    let before_kib = private_kib()?;
    for _ in 0..INSTANCES {
        live.push(worked(&plugin, &orders, &mut reply)?);
    }
    let more_kib = private_kib()? - before_kib;
    drop(live);
    figures.remarks.push(format!(
        "sandbox.instance_kib: private memory of this process for {INSTANCES} more instances after one batch of {BATCH} \
         each, the host's buffers for them included"
    ));
    figures.add("sandbox.instance_kib", more_kib / INSTANCES as f64, "KiB");
    Ok(())
}

fn worked(plugin: &Plugin, orders: &Orders, reply: &mut Reply) -> Result<Instance> {
    let mut instance = instance(plugin)?;
    reply.clear();
    let answered = instance.invoke(orders, 0, BATCH, &SOURCE, reply);
    answered.map_err(|error| anyhow!("a call failed: {error:?}"))?;
    Ok(instance)
}

/// Resident pages that no other mapping has.
fn private_kib() -> Result<f64> {
    let text = fs::read_to_string("/proc/self/smaps_rollup").context("the kernel does not tell a process's memory")?;
    private(&text).context("no private memory in /proc/self/smaps_rollup")
}

fn private(text: &str) -> Option<f64> {
    let of = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name))?;
        line.trim().trim_end_matches("kB").trim().parse::<f64>().ok()
    };
    Some(of("Private_Clean:")? + of("Private_Dirty:")?)
}

#[cfg(test)]
mod tests {
    use super::private;

    #[test]
    fn clean_and_dirty_pages_are_private() {
        let text = "Rss:  900 kB\nShared_Clean: 5 kB\nPrivate_Clean:       12 kB\nPrivate_Dirty:      300 kB\n";
        assert_eq!(private(text), Some(312.0));
        assert_eq!(private("Rss: 900 kB\n"), None);
    }
}
