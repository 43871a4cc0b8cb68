//! Where committed state is read: in the process that runs the pipelines, or in the folder that it has left.

use crate::exit::UserFault;
use crate::run::cache_limits;
use crate::{cache, lint};
use anyhow::{Context, bail};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;
use wasmill_config::Config;
use wasmill_pipeline::shown::{Page, Question, ShownStores, StoreFacts};
use wasmill_state::{Database, StoreSettings};

/// The process cuts a request off after 10 s.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(15);

/// A page has a bound of 1 MiB or one key with its value, in base64.
const ANSWER_BYTES_MAX: u64 = 64 << 20;

pub(super) enum Source {
    Running { base: String, agent: ureq::Agent },
    Offline { pipelines: BTreeMap<String, ShownStores> },
}

impl Source {
    /// What runs `file`, or the folder that it has left.
    pub(super) fn open(file: &Path, config: &Config, offline: bool) -> anyhow::Result<Source> {
        if offline {
            return Ok(Source::Offline { pipelines: open_folder(file, config)? });
        }
        let Some(admin) = &config.admin else {
            let missing = "has no `admin.listen`, so its process can't be asked; stop it and look with --offline";
            return Err(UserFault(format!("{}: {missing}", file.display())).into());
        };
        let agent = ureq::Agent::config_builder()
            .timeout_global(Some(ANSWER_TIMEOUT))
            .http_status_as_error(false)
            .build()
            .into();
        Ok(Source::Running { base: format!("http://{}/state", admin.listen), agent })
    }

    /// The stores of each pipeline.
    pub(super) fn list(&self) -> anyhow::Result<BTreeMap<String, Vec<StoreFacts>>> {
        match self {
            Source::Running { .. } => self.ask(""),
            Source::Offline { pipelines } => {
                pipelines.iter().map(|(name, stores)| Ok((name.clone(), stores.facts()?))).collect()
            }
        }
    }

    pub(super) fn get(&self, pipeline: &str, store: &str, key: &[u8]) -> anyhow::Result<Page> {
        match self {
            Source::Running { .. } => self.ask(&format!("/{pipeline}/{store}?key={}", URL_SAFE_NO_PAD.encode(key))),
            Source::Offline { pipelines } => known(pipelines, pipeline)?.get(store, key)?.context("no such store"),
        }
    }

    pub(super) fn scan(&self, pipeline: &str, store: &str, question: &Question) -> anyhow::Result<Page> {
        match self {
            Source::Running { .. } => self.ask(&format!("/{pipeline}/{store}?{}", query(question))),
            Source::Offline { pipelines } => {
                known(pipelines, pipeline)?.scan(store, question)?.context("no such store")
            }
        }
    }

    fn ask<T: DeserializeOwned>(&self, path: &str) -> anyhow::Result<T> {
        let Source::Running { base, agent } = self else { bail!("nobody is asked offline") };
        let answer = agent.get(format!("{base}{path}")).call();
        let mut answer = answer.map_err(|error| {
            UserFault(format!(
                "no process answers at {base} (`admin.listen`): {error}; is it running on this machine? If it has ended, \
                 look with --offline"
            ))
        })?;
        let status = answer.status().as_u16();
        let body = answer.body_mut().with_config().limit(ANSWER_BYTES_MAX).read_to_string();
        let body = body.context("the answer broke off")?;
        match status {
            200 => serde_json::from_str(&body).context("not an answer of this version of wasmill"),
            400 | 403 | 404 => Err(UserFault(body.trim_end().to_owned()).into()),
            _ => bail!("the process answered {status}: {}", body.trim_end()),
        }
    }
}

fn query(question: &Question) -> String {
    let Question { prefix, after, partition, limit } = question;
    let mut query = format!("limit={limit}&prefix={}", URL_SAFE_NO_PAD.encode(prefix));
    if let Some((key, last)) = after {
        query += &format!("&after={}&after_partition={last}", URL_SAFE_NO_PAD.encode(key));
    }
    if let Some(partition) = partition {
        query += &format!("&partition={partition}");
    }
    query
}

fn known<'a>(pipelines: &'a BTreeMap<String, ShownStores>, pipeline: &str) -> anyhow::Result<&'a ShownStores> {
    pipelines.get(pipeline).with_context(|| format!("pipeline {pipeline} keeps no state"))
}

/// The stores of every pipeline that keeps any, as they lie on the disk. A folder that is in use is refused with its
/// holder.
fn open_folder(file: &Path, config: &Config) -> anyhow::Result<BTreeMap<String, ShownStores>> {
    let Some(directory) = &config.state_directory else {
        return Err(UserFault(format!("{}: has no `state.directory`", file.display())).into());
    };
    // Opening makes what is not there, and this is for looking only.
    if !Database::exists(directory) {
        return Err(UserFault(format!("no state is cached under {}", directory.display())).into());
    }
    let database = Database::open(directory, &cache_limits(&config.state)).map_err(|error| {
        let error = anyhow::Error::new(error);
        UserFault(format!("{error:#}; ask the process without --offline, or stop it"))
    })?;
    let (plugins, _) = lint::plugins(config, cache::folder(Some(directory)).as_deref())?;
    let mut shown = BTreeMap::new();
    for pipeline in &config.pipelines {
        let plugin = plugins.of(&pipeline.name).context("a pipeline without its plugin")?;
        if plugin.stores().is_empty() {
            continue;
        }
        let settings = plugin.stores().iter().map(|name| StoreSettings {
            name: name.clone(),
            // Of interest to who goes on from here.
            topic_id: String::new(),
            ttl: pipeline.stores.iter().find(|store| store.name == *name).and_then(|store| store.ttl),
        });
        let stores = database.stores("", &pipeline.group, settings.collect())?;
        shown.insert(pipeline.name.clone(), ShownStores::new(stores, plugin, None));
    }
    Ok(shown)
}
