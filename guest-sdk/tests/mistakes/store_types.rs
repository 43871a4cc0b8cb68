use wasmill_sdk::prelude::*;

struct NotSerialize;

#[derive(Serialize, Deserialize)]
struct NotVersioned;

#[derive(Stores)]
struct Stores {
    no_store: std::collections::BTreeMap<String, u64>,
    no_key: Store<f64, u64>,
    no_value: Store<str, NotSerialize>,
    no_version: Store<str, NotVersioned, Binary>,
}

fn main() {}
