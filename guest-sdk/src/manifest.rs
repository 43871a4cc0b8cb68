//! What a plugin says about itself: the JSON of `describe` (`wit/manifest.schema.json`).

use crate::failure::{INVALID_STATE, OWN_CODES};
use crate::stores::{Declaration, declarations};
use crate::{Codes, Outputs, Plugin, Reads, StoreSet};
use serde_json::{Map, Value, json};

/// What `export!` takes from the author's Cargo.toml.
#[derive(Debug, Clone, Copy)]
pub struct Identity {
    /// The package's name.
    pub name: &'static str,
    /// The package's version.
    pub version: &'static str,
    /// The package's description, perhaps empty.
    pub doc: &'static str,
}

/// The manifest as text.
pub fn describe<P: Plugin>(identity: Identity) -> String {
    let mut manifest = Map::new();
    let mut set = |key: &str, value: Value| manifest.insert(key.to_owned(), value);
    set("name", identity.name.into());
    set("version", identity.version.into());
    set("sdk", concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_PKG_VERSION")).into());
    if !identity.doc.is_empty() {
        set("doc", identity.doc.into());
    }
    set("config-schema", schemars::schema_for!(P::Config).to_value());
    if !P::INPUTS.is_empty() {
        set("inputs", P::INPUTS.into());
    }
    let output = |it: &crate::OutputName| json!({ "name": it.name, "optional": it.optional });
    set("outputs", P::Outputs::NAMES.iter().map(output).collect());
    let stores = declarations::<P::Stores>();
    if !stores.is_empty() {
        set("stores", stores.iter().map(store).collect());
    }
    if !P::COUNTERS.is_empty() {
        set("counters", P::COUNTERS.iter().map(|counter| counter.name()).collect());
    }
    set("codes", all_codes::<P>().into());
    set("reads", reads(P::READS));
    if let Some(batch_max) = P::BATCH_MAX {
        set("batch-max", batch_max.into());
    }
    Value::Object(manifest).to_string()
}

/// The author's codes, then the SDK's that are not among them.
pub(crate) fn all_codes<P: Plugin>() -> Vec<&'static str> {
    let of_stores: &[&str] = if P::Stores::NAMES.is_empty() { &[] } else { &[INVALID_STATE] };
    let own = OWN_CODES.iter().chain(of_stores).filter(|code| !P::Codes::NAMES.contains(code));
    P::Codes::NAMES.iter().chain(own).copied().collect()
}

fn store(store: &Declaration) -> Value {
    json!({ "name": store.name, "key": store.key, "value": store.value, "version": store.version })
}

/// What the configured plugin says differently from the manifest.
#[cfg_attr(not(target_family = "wasm"), allow(dead_code, reason = "asked for by the component only"))]
pub(crate) fn overrides<P: Plugin>(plugin: &P) -> Option<String> {
    let mut overrides = Map::new();
    let (configured, unused) = (plugin.reads(), plugin.unused_stores());
    if configured != P::READS {
        overrides.insert("reads".to_owned(), reads(configured));
    }
    if !unused.is_empty() {
        overrides.insert("unused-stores".to_owned(), unused.into());
    }
    (!overrides.is_empty()).then(|| Value::Object(overrides).to_string())
}

fn reads(reads: Reads) -> Value {
    let parts = [("key", reads.key), ("value", reads.value), ("headers", reads.headers)];
    parts.into_iter().filter(|(_, read)| *read).map(|(name, _)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::overrides;
    use crate::prelude::*;

    #[derive(Stores)]
    struct Kept {
        seen: Store<str, u64>,
        last_seen: Store<str, u64>,
    }

    struct Configured {
        reads: Reads,
        unused: Vec<&'static str>,
    }

    impl Plugin for Configured {
        type Config = NoConfig;
        type Outputs = NoOutputs;
        type Codes = NoCodes;
        type Stores = Kept;
        type Input<'r> = ();

        fn configure(_: NoConfig) -> Result<Self, Problems> {
            Ok(Configured { reads: Self::READS, unused: Vec::new() })
        }

        fn reads(&self) -> Reads {
            self.reads
        }

        fn unused_stores(&self) -> Vec<&'static str> {
            self.unused.clone()
        }

        fn parse<'r>(&self, _: Record<'r>, _: &Kept) -> Result<(), Failure> {
            Ok(())
        }

        fn process(&self, (): (), _: &mut Kept, _: &Context) -> Result<Outcome, Failure> {
            Ok(Outcome::Drop)
        }
    }

    #[test]
    fn what_the_configuration_does_not_use_is_overridden() {
        let of = |reads, unused| overrides(&Configured { reads, unused });
        assert_eq!(of(Reads::ALL, Vec::new()), None);
        assert_eq!(of(Reads::KEY, Vec::new()).as_deref(), Some(r#"{"reads":["key"]}"#));
        let both = of(Reads::KEY, vec!["last-seen"]);
        assert_eq!(both.as_deref(), Some(r#"{"reads":["key"],"unused-stores":["last-seen"]}"#));
    }
}
