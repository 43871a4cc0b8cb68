//! `wasmill state`: what is committed in the stores of a configuration's pipelines, and taking them back to nothing.
//!
//! Looking on asks the process that runs the configuration, at its `admin.listen`, or with `--offline` the folder of a
//! process that has ended. Keys and values are shown by what the plugin's manifest says of them.

mod form;
mod reset;
mod source;

pub(crate) use reset::reset;

use crate::cli::{LookedAt, StateLsOutput};
use crate::exit::UserFault;
use crate::{lint, output};
use form::{key_bytes, prefix_bytes};
use serde_json::json;
use source::Source;
use std::fmt::Write;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};
use wasmill_config::Config;
use wasmill_pipeline::shown::{Page, Question, StoreFacts};

/// Keys that one question of `export` asks for; a page of the process has no more.
const EXPORT_PAGE: usize = 1000;

/// `wasmill state ls`.
pub(crate) fn ls(file: &Path, offline: bool, form: StateLsOutput) -> anyhow::Result<()> {
    let config = lint::load(file)?;
    let pipelines = Source::open(file, &config, offline)?.list()?;
    match form {
        StateLsOutput::Json => output::data(&format!("{:#}\n", json!(pipelines))),
        StateLsOutput::Table if pipelines.is_empty() => {
            output::complain("no pipeline with state has been started\n");
            Ok(())
        }
        StateLsOutput::Table => {
            let mut text = String::new();
            for (pipeline, stores) in &pipelines {
                for store in stores {
                    table(pipeline, store, now_ms(), &mut text);
                }
            }
            output::data(&text)
        }
    }
}

/// `wasmill state get`.
pub(crate) fn get(looked_at: &LookedAt, key: &str) -> anyhow::Result<()> {
    let store = Store::open(looked_at)?;
    let key = key_bytes(&store.facts.key, key).map_err(UserFault)?;
    let page = store.source.get(&store.pipeline, &store.facts.name, &key)?;
    if page.entries.is_empty() {
        let text = format!("no partition that is held here has this key in the store `{}`", store.facts.name);
        return Err(UserFault(text).into());
    }
    print(&page)
}

/// `wasmill state scan`.
pub(crate) fn scan(
    looked_at: &LookedAt,
    prefix: Option<&str>,
    after: Option<&str>,
    partition: Option<i32>,
    limit: usize,
) -> anyhow::Result<()> {
    let store = Store::open(looked_at)?;
    let form = &store.facts.key;
    let prefix = prefix.map_or(Ok(Vec::new()), |prefix| prefix_bytes(form, prefix)).map_err(UserFault)?;
    let after = after.map(|after| key_bytes(form, after)).transpose().map_err(UserFault)?;
    let mut question = Question { prefix, after: after.map(|key| (key, i32::MAX)), partition, limit };
    loop {
        let page = store.source.scan(&store.pipeline, &store.facts.name, &question)?;
        print(&page)?;
        question.limit = question.limit.saturating_sub(page.entries.len());
        match page.entries.last() {
            Some(last) if page.more && question.limit > 0 => question.after = Some((last.key.clone(), last.partition)),
            Some(_) if page.more => {
                output::complain("there are more keys: go on with --after, or take more with --limit\n");
                return Ok(());
            }
            _ => return Ok(()),
        }
    }
}

/// `wasmill state export`.
pub(crate) fn export(looked_at: &LookedAt) -> anyhow::Result<()> {
    let store = Store::open(looked_at)?;
    let held = store.facts.partitions.iter().filter(|partition| partition.held);
    for partition in held.map(|facts| facts.partition) {
        let mut question = Question { partition: Some(partition), limit: EXPORT_PAGE, ..Question::default() };
        loop {
            let page = store.source.scan(&store.pipeline, &store.facts.name, &question)?;
            print(&page)?;
            match page.entries.last() {
                Some(last) if page.more => question.after = Some((last.key.clone(), last.partition)),
                _ => break,
            }
        }
    }
    Ok(())
}

/// The store that a verb is about, and where to ask for it.
struct Store {
    source: Source,
    pipeline: String,
    facts: StoreFacts,
}

impl Store {
    fn open(LookedAt { file, pipeline, store, offline }: &LookedAt) -> anyhow::Result<Store> {
        let config = lint::load(file)?;
        let pipeline = pipeline_name(file, &config, pipeline.as_deref())?;
        let source = Source::open(file, &config, *offline)?;
        let mut pipelines = source.list()?;
        let stores = pipelines.remove(&pipeline).unwrap_or_default();
        let known: Vec<String> = stores.iter().map(|store| store.name.clone()).collect();
        let Some(facts) = stores.into_iter().find(|facts| facts.name == *store) else {
            let known = if known.is_empty() { "it has none yet".to_owned() } else { known.join(", ") };
            return Err(UserFault(format!("pipeline {pipeline} has no store `{store}`; there are: {known}")).into());
        };
        Ok(Store { source, pipeline, facts })
    }
}

/// The one that is named, or the only one there is.
fn pipeline_name(file: &Path, config: &Config, named: Option<&str>) -> anyhow::Result<String> {
    let names: Vec<&str> = config.pipelines.iter().map(|pipeline| pipeline.name.as_str()).collect();
    let name = match (named, names.as_slice()) {
        (Some(named), names) if names.contains(&named) => named,
        (None, [only]) => only,
        (Some(named), names) => {
            let text = format!("{}: has no pipeline `{named}`; there are: {}", file.display(), names.join(", "));
            return Err(UserFault(text).into());
        }
        (None, names) => {
            let text = format!("{}: say which with --pipeline; there are: {}", file.display(), names.join(", "));
            return Err(UserFault(text).into());
        }
    };
    Ok(name.to_owned())
}

fn print(page: &Page) -> anyhow::Result<()> {
    let mut text = String::new();
    for entry in &page.entries {
        // Writing to a String does not fail.
        let _ = writeln!(text, "{}", form::line(&page.key, &page.value, entry));
    }
    if text.is_empty() { Ok(()) } else { output::data(&text) }
}

fn table(pipeline: &str, store: &StoreFacts, now_ms: i64, text: &mut String) {
    let StoreFacts { name, key, value, keys_approx, bytes, partitions } = store;
    // Writing to a String does not fail.
    let _ = writeln!(text, "{pipeline}/{name}: {key} to {value}, about {keys_approx} keys, {bytes} bytes on disk");
    let _ = writeln!(text, "  {:<9} {:<6} {:>12} {:>8}  TOKEN", "PARTITION", "HELD", "POSITION", "AGE");
    for it in partitions {
        let held = if it.held { "yes" } else { "no" };
        let age = age(now_ms.saturating_sub(it.applied_ms));
        let token = it.token.as_deref().unwrap_or("none: being restored");
        let _ = writeln!(text, "  {:<9} {held:<6} {:>12} {age:>8}  {token}", it.partition, it.position);
    }
}

/// With one unit: the rest interests nobody.
fn age(ms: i64) -> String {
    match ms / 1000 {
        seconds if seconds < 120 => format!("{} s", seconds.max(0)),
        seconds if seconds < 7200 => format!("{} min", seconds / 60),
        seconds if seconds < 48 * 3600 => format!("{} h", seconds / 3600),
        seconds => format!("{} d", seconds / 86_400),
    }
}

fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_has_one_unit() {
        let ages = [-5, 999, 119_000, 120_000, 7_200_000, 172_800_000].map(age);
        assert_eq!(ages, ["0 s", "0 s", "119 s", "2 min", "2 h", "2 d"]);
    }
}
