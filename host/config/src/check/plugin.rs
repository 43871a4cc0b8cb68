//! Plugins: their files are there, their names are known, and somebody uses them.
//!
//! Does not look into a file; that is the sandbox's, and what it finds gets its place by [`ConfigPlaces`].

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Context, limits};
use crate::checked::{Pipeline, Plugin, PluginKind, WasmPlugin};
use crate::digest::PluginPart;
use crate::nearest::nearest;
use crate::place::ConfigPlaces;
use crate::problem::Problem;
use crate::raw::{self, DEFINE_AND_NAME};
use crate::reader::{Field, Item};
use crate::scalar::FilePath;
use crate::tree::{At, Node, Scalar};

/// Every plugin of the file.
pub(super) struct Plugins(Vec<Defined>);

struct Defined {
    name: String,
    at: At,
    /// `None`: it has problems of its own.
    plugin: Option<Arc<WasmPlugin>>,
}

impl Plugins {
    pub(super) fn read(raw: Field<raw::Plugins>, context: &Context<'_>) -> Plugins {
        let items = raw.value().map(|plugins| plugins.items).unwrap_or_default();
        let define = |item: Item<raw::WasmPlugin>| Defined {
            name: item.name.clone(),
            at: item.at.clone(),
            plugin: plugin(item, context).map(Arc::new),
        };
        Plugins(items.into_iter().map(define).collect())
    }

    /// The plugin that a pipeline names at `at`.
    pub(super) fn resolve(&self, raw: &raw::Plugin, at: &At, context: &Context<'_>) -> Option<Plugin> {
        let kind = match raw {
            raw::Plugin::Named(name) => PluginKind::Wasm(self.named(name, at, context)?),
            raw::Plugin::Native(name) => {
                let (name, at) = name.given()?;
                PluginKind::Native(native(&name.0, at, context)?)
            }
        };
        Some(Plugin { kind, place: context.problems.place(at) })
    }

    fn named(&self, name: &Scalar, at: &At, context: &Context<'_>) -> Option<Arc<WasmPlugin>> {
        if let Some(defined) = self.0.iter().find(|defined| defined.name == name.text) {
            return defined.plugin.clone();
        }
        let names: Vec<&str> = self.0.iter().map(|defined| defined.name.as_str()).collect();
        let hint = if names.is_empty() { DEFINE_AND_NAME.to_owned() } else { meant(name, &names) };
        context.problems.push(at, format!("there is no plugin {} in `plugins`", name.shown()), Some(hint));
        None
    }

    /// A warning for each plugin that none of `pipelines` uses.
    pub(super) fn unused(&self, pipelines: &[Pipeline], context: &Context<'_>) -> Vec<Problem> {
        let is_used = |defined: &&Defined| {
            let is_it = |pipeline: &Pipeline| matches!(&pipeline.plugin.kind, PluginKind::Wasm(used) if used.name == defined.name);
            pipelines.iter().any(is_it)
        };
        let warn = |defined: &Defined| {
            let hint = format!("remove it, or write `plugin: {}` in a pipeline", defined.name);
            context.problems.place(&defined.at).problem("no pipeline uses this plugin", Some(hint))
        };
        self.0.iter().filter(|defined| !is_used(defined)).map(warn).collect()
    }

    pub(super) fn into_checked(self) -> Vec<Arc<WasmPlugin>> {
        self.0.into_iter().filter_map(|defined| defined.plugin).collect()
    }
}

/// What of the plugin goes into its pipeline's digest.
pub(super) fn part<'a>(plugin: &'a Plugin, context: &Context<'a>) -> Option<PluginPart<'a>> {
    let PluginKind::Wasm(plugin) = &plugin.kind else { return None };
    let section = context.tree.get("plugins").and_then(|plugins| plugins.get(&plugin.name));
    Some(PluginPart { config: &plugin.config, limits: section.and_then(|section| section.get("limits")) })
}

fn plugin(item: Item<raw::WasmPlugin>, context: &Context<'_>) -> Option<WasmPlugin> {
    let raw = item.value?;
    let file = raw.file.required(context.problems, "file: plugins/x.wasm");
    let file = file.and_then(|(file, at)| Some((find(&file, &at, context)?, at)));
    let limits = limits::limits(raw.limits, context);
    let (config, node) = match raw.config {
        Field::Given(config, _) => (config.json, config.node),
        Field::Absent(at) => (serde_json::json!({}), Node::empty(at)),
        Field::Wrong => return None,
    };
    let (file, file_at) = file?;
    let place = context.problems.place(&file_at);
    let places = ConfigPlaces::new(&place.file, node);
    Some(WasmPlugin { name: item.name, file, config, limits, place, places })
}

/// The plugin's file, if there is one.
fn find(file: &FilePath, at: &At, context: &Context<'_>) -> Option<PathBuf> {
    let path = context.folder.join(&file.0);
    let shown = path.display();
    let (message, hint) = match std::fs::metadata(&path) {
        Ok(found) if found.is_file() => return Some(path),
        Ok(_) => (format!("{shown} is not a file"), None),
        Err(error) => (format!("cannot find the plugin {shown}: {error}"), beside(&path).or_else(|| relative(file))),
    };
    context.problems.push(at, message, hint);
    None
}

/// The file of the same folder that was probably meant: cargo writes `order_validation.wasm` for `order-validation`.
fn beside(path: &Path) -> Option<String> {
    const NAMES_MAX: usize = 1000;
    let entries = std::fs::read_dir(path.parent()?).ok()?.take(NAMES_MAX);
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let names: Vec<String> = names.filter(|name| name.ends_with(".wasm")).collect();
    let known: Vec<&str> = names.iter().map(String::as_str).collect();
    let meant = nearest(path.file_name()?.to_str()?, &known)?;
    Some(format!("did you mean `{meant}` in the same folder?"))
}

fn relative(file: &FilePath) -> Option<String> {
    file.0.is_relative().then(|| "build it first; the path is relative to the folder of this file".to_owned())
}

fn native(name: &Scalar, at: &At, context: &Context<'_>) -> Option<String> {
    let natives = context.checks.native_plugins;
    if natives.contains(&name.text.as_str()) {
        return Some(name.text.clone());
    }
    let (message, hint) = match natives {
        [] => ("this build of wasmill has no native plugins".to_owned(), DEFINE_AND_NAME.to_owned()),
        natives => (format!("{} is not a native plugin", name.shown()), meant(name, natives)),
    };
    context.problems.push(at, message, Some(hint));
    None
}

/// The one of `known` that `name` is near to, or all of them.
fn meant(name: &Scalar, known: &[&str]) -> String {
    match if name.substituted() { None } else { nearest(&name.text, known) } {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!("there are: {}", known.join(", ")),
    }
}
