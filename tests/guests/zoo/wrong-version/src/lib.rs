//! Was built for a contract that this host has never heard of.

wit_bindgen::generate!({ path: "wit", world: "plugin" });

use exports::wasmill::plugin::{batch, lifecycle};

struct Tomorrow;

impl lifecycle::Guest for Tomorrow {
    fn describe() -> String {
        "{}".to_owned()
    }
}

impl batch::Guest for Tomorrow {
    fn process(records: Vec<String>) -> Vec<String> {
        records
    }
}

export!(Tomorrow);
