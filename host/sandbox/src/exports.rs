//! Where a component keeps the functions of the contract.

use wasmtime::component::types::ComponentItem;
use wasmtime::component::{Component, ComponentExportIndex};

const LIFECYCLE: &str = "wasmill:plugin/lifecycle@0.1.0";
const BATCH: &str = "wasmill:plugin/batch@0.1.0";
const TYPED: &str = "wasmill:plugin/typed@0.1.0";

/// Which of the two ways a plugin is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum World {
    /// Flat numbers: `wasmill:plugin/batch`.
    Fast,
    /// Plain types: `wasmill:plugin/typed`.
    Typed,
}

impl World {
    /// As `wasmill plugin inspect` prints it.
    pub fn label(self) -> &'static str {
        match self {
            World::Fast => "fast",
            World::Typed => "typed",
        }
    }
}

/// Looked up once, when the plugin is loaded.
#[derive(Clone, Copy)]
pub(crate) struct Exports {
    pub(crate) world: World,
    pub(crate) describe: ComponentExportIndex,
    pub(crate) configure: ComponentExportIndex,
    pub(crate) process: ComponentExportIndex,
}

impl Exports {
    /// # Errors
    /// What is missing, in words that follow the plugin's name.
    pub(crate) fn find(component: &Component) -> Result<Exports, String> {
        let function = |interface: &str, function: &str| {
            let (_, instance) = component.get_export(None, interface)?;
            match component.get_export(Some(&instance), function)? {
                (ComponentItem::ComponentFunc(_), index) => Some(index),
                _ => None,
            }
        };
        // One that has both is an SDK's with bindings beside it.
        let (world, process) = match (function(BATCH, "process"), function(TYPED, "process")) {
            (Some(process), _) => (World::Fast, process),
            (None, Some(process)) => (World::Typed, process),
            (None, None) => return Err(missing(component, &format!("{BATCH} or {TYPED}"))),
        };
        let lifecycle = |name| function(LIFECYCLE, name).ok_or_else(|| missing(component, LIFECYCLE));
        Ok(Exports { world, process, describe: lifecycle("describe")?, configure: lifecycle("configure")? })
    }
}

/// Names what of the contract is there instead: most likely another version.
fn missing(component: &Component, what: &str) -> String {
    let exports = component.component_type();
    let engine = component.engine();
    let of_contract = |(name, _): (&str, _)| name.starts_with("wasmill:plugin/").then(|| name.to_owned());
    let found: Vec<String> = exports.exports(engine).filter_map(of_contract).collect();
    match found.is_empty() {
        true => format!("exports no {what}"),
        false => format!("exports no {what}, but {}", found.join(", ")),
    }
}
