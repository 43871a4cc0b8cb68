//! What is done with a record, and how the plugin is told.

use serde_json::{Value, json};

/// Keys are customers' numbers: every tenth begins so.
pub(super) const PREFIX: &str = "cust-0000000";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Workload {
    Identity,
    KeyFilter,
    JsonValidate,
    Emit,
}

impl Workload {
    pub(super) const ALL: [Workload; 4] =
        [Workload::Identity, Workload::KeyFilter, Workload::JsonValidate, Workload::Emit];

    pub(super) fn name(self) -> &'static str {
        match self {
            Workload::Identity => "identity",
            Workload::KeyFilter => "key-filter",
            Workload::JsonValidate => "json-validate",
            Workload::Emit => "emit",
        }
    }

    /// The plugin's; `whole`: with records crossing as a whole.
    pub(super) fn config(self, whole: bool) -> Value {
        json!({ "kind": self.name(), "prefix": PREFIX, "whole": whole })
    }
}
