//! Whether every balance and every stock count is right: the oracle's judgement of what is in the topics.
//!
//! The oracle (`tests/verify/oracle`, in Python) shares no code with the plugins and the host. It is told here which topics
//! there are and how many records were sent, and gets a copy of what is committed in them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use serde::Deserialize;
use wasmill_verify::oracle::{self, Config, Dump, Pipeline, Plugin, Report, Unproven};

/// All that was open has been waited for.
const STABLE_DEADLINE: Duration = Duration::from_secs(5);

/// What is said about stock and points.
#[derive(Debug)]
pub(crate) struct Verdict {
    pub(crate) text: String,
    pub(crate) is_good: bool,
}

/// The two pipelines with state, as `examples/restaurant.yaml` has them; what it configures is the oracle's default.
/// `sent`: records of each topic that is fed. `valid`: orders that order-validation has let through.
pub(crate) fn config(sent: &BTreeMap<&'static str, u64>, valid: u64) -> Config {
    let expected = |inputs: &[(&str, &str)]| {
        let count = |(name, topic): &(&str, &str)| Some(((*name).to_owned(), *sent.get(topic)?));
        inputs.iter().filter_map(count).collect::<BTreeMap<String, u64>>()
    };
    let inputs = [("orders", "orders.by-restaurant"), ("stock", "stock"), ("fulfilment", "fulfilment")];
    let outputs =
        [("decisions", "inventory.decisions"), ("accepted", "orders.accepted"), ("low-stock", "inventory.low-stock")];
    let mut inventory = Pipeline::new(Plugin::OrderInventory, "order-inventory", &inputs, &outputs, "inventory.dlq");
    inventory.expected = expected(&inputs);
    inventory.expected.insert("orders".to_owned(), valid);
    inventory.ttl = vec!["orders".to_owned()];
    inventory.require = ["outcome/stocked", "outcome/confirmed", "outcome/cancelled"].map(str::to_owned).to_vec();

    let inputs = [("orders", "orders.accepted"), ("adjustments", "loyalty.adjustments")];
    let outputs = [("balances", "loyalty.balances"), ("events", "loyalty.events")];
    let mut loyalty = Pipeline::new(Plugin::Loyalty, "loyalty", &inputs, &outputs, "loyalty.dlq");
    loyalty.expected = expected(&inputs);
    loyalty.require = ["outcome/earned", "outcome/spent"].map(str::to_owned).to_vec();
    Config { pipelines: vec![inventory, loyalty] }
}

/// Copies what is committed into a folder, which must be there; how many records each topic has.
pub(crate) fn dump(bootstrap: &str, config: &Config, folder: &Path) -> Result<BTreeMap<String, u64>> {
    #[derive(Deserialize)]
    struct Manifest {
        topics: BTreeMap<String, Vec<u64>>,
    }
    oracle::dump(&Dump { bootstrap, config, stable_deadline: STABLE_DEADLINE }, folder)?;
    let file = folder.join("dump.json");
    let text = fs::read(&file).with_context(|| format!("failed to read {}", file.display()))?;
    let manifest: Manifest = serde_json::from_slice(&text).with_context(|| file.display().to_string())?;
    Ok(manifest.topics.into_iter().map(|(topic, counts)| (topic, counts.iter().sum())).collect())
}

/// Has the dump judged. `dropped`: how many records loyalty seems to have dropped.
pub(crate) fn verdict(folder: &Path, config: &Config, dropped: u64) -> Verdict {
    match oracle::judge(folder, config) {
        Ok(report) if report.checked("dropped") == dropped => Verdict { text: checked(&report), is_good: true },
        Ok(report) => {
            let known = report.checked("dropped");
            let text = format!(
                "STOCK AND POINTS ARE WRONG: loyalty dropped {dropped} records; {known} of them are duplicates.\n"
            );
            Verdict { text, is_good: false }
        }
        Err(Unproven::Found(report)) => Verdict {
            text: format!("STOCK AND POINTS ARE WRONG, the oracle says:\n{}", findings(&report)),
            is_good: false,
        },
        Err(Unproven::NotJudged(reason)) => Verdict {
            text: format!("STOCK AND POINTS WERE NOT JUDGED, so nobody knows whether they are right:\n  {reason}\n"),
            is_good: false,
        },
    }
}

fn checked(report: &Report) -> String {
    let [decisions, accepted, stock, changes] =
        ["decisions", "accepted", "stock.final", "stock.changelog"].map(|what| report.checked(what));
    let [events, balances, accounts, account_changes] =
        ["events", "balances", "accounts.final", "accounts.changelog"].map(|what| report.checked(what));
    let (dropped, orders) = (report.checked("dropped"), report.checked("orders.final"));
    format!(
        "Every balance and every stock count checked, by a program that shares no code with wasmill\n\
         (tests/verify/oracle, in Python) and works them out anew from what went in:\n\
         \x20 stock: {stock} counts of an item in a restaurant, {changes} on the way there,\n\
         \x20   {decisions} decisions, {orders} orders remembered, {accepted} of them passed on\n\
         \x20 points: {accounts} customers' balances, {account_changes} accounts on the way there,\n\
         \x20   {balances} balances sent, {events} events, {dropped} duplicates dropped\n",
    )
}

/// What was found, without what was not.
fn findings(report: &Report) -> String {
    let mut text = String::new();
    for finding in &report.findings {
        text.push_str(&format!("  {} {}\n", finding.count, finding.kind));
        text.extend(finding.listed.iter().map(|listed| format!("    {listed}\n")));
    }
    text
}

#[cfg(test)]
mod tests;
