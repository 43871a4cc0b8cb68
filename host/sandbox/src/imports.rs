//! What a component imports, sorted before any of its code runs: ours, inert, or refused.

use wasmtime::Engine;
use wasmtime::component::Component;
use wasmtime::component::types::ComponentItem;

/// Names of imported interfaces, each list in the component's order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Imports {
    /// Of the plugin contract.
    pub contract: Vec<String>,
    /// Linked to something that grants nothing.
    pub inert: Vec<String>,
    /// What wasmill does not offer to plugins.
    pub refused: Vec<String>,
}

const CONTRACT: &[&str] = &["wasmill:plugin/state", "wasmill:plugin/telemetry", "wasmill:plugin/types"];
const CONTRACT_VERSION: &str = "0.1.";

/// Always linked, because the languages' standard libraries import them whether they are used or not.
const INERT: &[&str] = &["wasi:cli/", "wasi:clocks/", "wasi:filesystem/", "wasi:io/", "wasi:random/", "wasi:sockets/"];
const INERT_VERSION: &str = "0.2.";

impl Imports {
    pub(crate) fn of(engine: &Engine, component: &Component) -> Imports {
        let component = component.component_type();
        let mut imports = Imports::default();
        for (name, item) in component.imports(engine) {
            // Types that the contract's functions use, not something to be called.
            if !matches!(item.ty, ComponentItem::Type(_)) {
                imports.sort(name);
            }
        }
        imports
    }

    fn sort(&mut self, name: &str) {
        let (interface, version) = name.split_once('@').unwrap_or((name, ""));
        let list = if CONTRACT.contains(&interface) && version.starts_with(CONTRACT_VERSION) {
            &mut self.contract
        } else if INERT.iter().any(|package| interface.starts_with(package)) && version.starts_with(INERT_VERSION) {
            &mut self.inert
        } else {
            &mut self.refused
        };
        list.push(name.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_contract_and_the_inert_part_of_wasi_are_taken() {
        let mut imports = Imports::default();
        let contract = ["wasmill:plugin/state@0.1.0", "wasmill:plugin/types@0.1.3"];
        let inert = ["wasi:cli/stdout@0.2.6", "wasi:sockets/tcp@0.2.0"];
        let refused = [
            "wasi:http/outgoing-handler@0.2.3",
            "wasi:cli/stdout@0.3.0",
            "wasmill:plugin/state@0.2.0",
            "wasmill:plugin/secrets@0.1.0",
            "wasi:cli-extra/x@0.2.0",
            "wasi:cli/stdout",
            "log",
        ];
        contract.iter().chain(&inert).chain(&refused).for_each(|name| imports.sort(name));
        assert_eq!(
            (imports.contract, imports.inert, imports.refused),
            (contract.map(String::from).into(), inert.map(String::from).into(), refused.map(String::from).into())
        );
    }
}
