//! `sentiment.texts_per_s`: real feedback through the plugin `sentiment`, in the sandbox, on one core.

use std::fs;

use anyhow::{Context, Result, anyhow, ensure};
use serde_json::json;
use wasmill_record::{Batch, Invoke, Outcome, Reply};
use wasmill_sandbox::Instance;

use super::Scale;
use crate::cpu;
use crate::figures::Figures;
use crate::guest::{Guest, SOURCE, bound};
use crate::numbers::median;
use crate::orders::Orders;

/// Records in one call.
const BATCH: usize = 256;
/// Passes over all texts that make a turn: about a third of a second.
const PASSES: usize = 16;
const TURNS_PER_ROUND: usize = 3;

pub(super) fn measure(scale: Scale, figures: &mut Figures) -> Result<()> {
    let file = wasmill_artifacts::root().join("examples/data/feedback.jsonl");
    let text = fs::read_to_string(&file).with_context(|| format!("failed to read {}", file.display()))?;
    let texts = Orders::of(text.lines().map(|line| line.as_bytes().to_vec()));
    let config = json!({ "text": "/text", "ids": { "review": "/review", "sentence": "/sentence" } });
    let plugin = Guest::shipped("sentiment")?.load(&config)?;
    let mut instance = bound(&plugin, "rows")?;
    pass(&mut instance, &texts)?; // grows what is reused
    let mut rates = Vec::new();
    for _ in 0..scale.rounds as usize * TURNS_PER_ROUND {
        let taken = cpu::of(|| (0..PASSES).try_for_each(|_| pass(&mut instance, &texts)))?;
        rates.push((PASSES * texts.len()) as f64 / taken.as_secs_f64());
    }
    figures.remarks.push(format!(
        "sentiment: CPU time of the thread for {} texts of examples/data in calls of {BATCH}, packing and check of the \
         reply included, deadline on; median of {} turns",
        texts.len(),
        rates.len()
    ));
    figures.add("sentiment.texts_per_s", median(rates), "texts/s");
    Ok(())
}

/// All texts once; each has to become a row.
fn pass(instance: &mut Instance, texts: &Orders) -> Result<()> {
    let mut reply = Reply::default();
    for from in (0..texts.len()).step_by(BATCH) {
        reply.clear();
        let answered = instance.invoke(texts, from, BATCH.min(texts.len() - from), &SOURCE, &mut reply);
        answered.map_err(|error| anyhow!("a call failed: {error:?}"))?;
        ensure!(reply.outcomes.iter().all(|it| matches!(it, Outcome::Emit { .. })), "a text became no row");
    }
    Ok(())
}
