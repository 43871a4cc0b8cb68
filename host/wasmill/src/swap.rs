//! `wasmill pipeline swap`: asks the process that runs a configuration to take the new files of its plugins.
//!
//! Talks to `admin.listen` over HTTP. The work is done by `wasmill_pipeline::Swapper` in the other process.

use crate::exit::{Said, UserFault};
use crate::{lint, output};
use anyhow::{Context, bail};
use serde::Deserialize;
use std::path::Path;
use std::time::Duration;

/// A process answers within 8 s; a swap that takes longer is asked for again.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(15);

/// Answers "still under way" that are taken: 8 s each, together more than the longest compile deadline of 600 s.
const ASKS_MAX: usize = 90;

/// What the process says of one pipeline.
#[derive(Debug, Deserialize)]
struct Swapped {
    pipeline: String,
    plugin: String,
    verdict: String,
    #[serde(default)]
    digest: String,
    #[serde(default)]
    workers: usize,
    #[serde(default)]
    late: usize,
    #[serde(default)]
    pause_ms: f64,
    #[serde(default)]
    problems: Vec<String>,
}

/// Swaps the named pipelines of the process that runs `file`, or all of them, and says what became of each.
pub(crate) fn swap(file: &Path, pipelines: &[String]) -> anyhow::Result<()> {
    let config = lint::load(file)?;
    let Some(admin) = &config.admin else {
        let missing = "has no `admin.listen`, so its process can't be asked: add it, or send the process SIGHUP";
        return Err(UserFault(format!("{}: {missing}", file.display())).into());
    };
    let base = format!("http://{}", admin.listen);
    let paths: Vec<String> = match pipelines {
        [] => vec!["/swap".to_owned()],
        names => names.iter().map(|name| format!("/pipelines/{name}/swap")).collect(),
    };
    if let Some(name) = pipelines.iter().find(|name| !config.pipelines.iter().any(|it| it.name == **name)) {
        return Err(UserFault(format!("{}: has no pipeline `{name}`", file.display())).into());
    }
    let mut refused = false;
    for path in paths {
        for swapped in ask(&base, &path)? {
            refused |= swapped.verdict == "refused";
            say(&swapped)?;
        }
    }
    if refused { Err(Said.into()) } else { Ok(()) }
}

fn ask(base: &str, path: &str) -> anyhow::Result<Vec<Swapped>> {
    let agent: ureq::Agent =
        ureq::Agent::config_builder().timeout_global(Some(ANSWER_TIMEOUT)).http_status_as_error(false).build().into();
    for _ in 0..ASKS_MAX {
        let answer = agent.post(format!("{base}{path}")).send_empty();
        let mut answer = answer.map_err(|error| {
            UserFault(format!("no process answers at {base} (`admin.listen`): {error}; is it running on this machine?"))
        })?;
        let status = answer.status().as_u16();
        let body = answer.body_mut().read_to_string().context("the answer broke off")?;
        match status {
            200 | 422 => return serde_json::from_str(&body).context("not an answer of this version of wasmill"),
            202 | 503 => output::complain(&body),
            403 | 404 => return Err(UserFault(body.trim_end().to_owned()).into()),
            _ => bail!("the process answered {status}: {}", body.trim_end()),
        }
        if status == 503 {
            return Err(UserFault("the process is not ready yet: ask again when `readyz` says ok".to_owned()).into());
        }
    }
    bail!("still under way after {ASKS_MAX} answers: see the log of the process")
}

fn say(swapped: &Swapped) -> anyhow::Result<()> {
    let Swapped { pipeline, plugin, verdict, digest, workers, late, pause_ms, problems } = swapped;
    let head = format!("{pipeline}: plugin {plugin}");
    let text = match verdict.as_str() {
        "swapped" if *late > 0 => {
            format!("{head}: {digest} runs in {workers} workers, {late} have not got there: see the log\n")
        }
        "swapped" => format!("{head}: {digest} runs in {workers} workers, which paused for {pause_ms:.1} ms at most\n"),
        "same" => format!("{head}: not swapped, {digest} runs already\n"),
        "native" => format!("{head}: not swapped, it is a native plugin\n"),
        _ => {
            for problem in problems {
                output::complain(&format!("{head}: not swapped, the last good version goes on: {problem}\n"));
            }
            return Ok(());
        }
    };
    output::data(&text)
}
