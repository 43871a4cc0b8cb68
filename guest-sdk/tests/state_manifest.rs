//! What a manifest says of stores, and how stores are named by hand.

// Helpers outside of `#[test]` functions are tests too: what can't be fails the test.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use serde_json::{Value, json};
use wasmill_sdk::prelude::*;
use wasmill_sdk::{AnyStore, StoreSet};
use wasmill_wire::key::KeyForm;

#[derive(Serialize, Deserialize)]
struct Item {
    on_hand: u32,
}

impl Versioned for Item {
    const VERSION: u8 = 3;
}

/// Tuples in a tuple.
type Nested = (Vec<u8>, (bool, i8), i128);

#[derive(Stores)]
struct Stores {
    accounts: Store<str, Item>,
    open_orders: Store<(String, u64), Item, Binary>,
    #[store(name = "by-2")]
    other: Store<Nested, Vec<String>>,
}

struct Shop;

impl Plugin for Shop {
    type Config = NoConfig;
    type Outputs = NoOutputs;
    type Codes = NoCodes;
    type Stores = Stores;
    type Input<'r> = ();

    fn configure(_: NoConfig) -> Result<Self, Problems> {
        Ok(Shop)
    }

    fn parse<'r>(&self, _: Record<'r>, _: &Stores) -> Result<(), Failure> {
        Ok(())
    }

    fn process(&self, (): (), _: &mut Stores, _: &Context) -> Result<Outcome, Failure> {
        Ok(Outcome::Drop)
    }
}

wasmill_sdk::export!(Shop);

fn manifest() -> Value {
    serde_json::from_str(&wasmill_exported::describe()).unwrap()
}

#[test]
fn the_manifest_says_how_keys_and_values_are_written() {
    let stores = json!([
        { "name": "accounts", "key": "string", "value": "json", "version": 1 },
        { "name": "open-orders", "key": "(string,u64)", "value": "binary", "version": 3 },
        { "name": "by-2", "key": "(bytes,(bool,i8),i128)", "value": "json", "version": 1 },
    ]);
    assert_eq!(manifest()["stores"], stores);
}

#[test]
fn the_manifest_fits_its_schema_and_tools_know_its_keys() {
    let schema: Value = serde_json::from_str(include_str!("../../wit/manifest.schema.json")).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<String> = validator.iter_errors(&manifest()).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?}");
    for store in manifest()["stores"].as_array().unwrap() {
        assert!(KeyForm::parse(store["key"].as_str().unwrap()).is_some(), "{store}");
    }
}

#[test]
fn the_code_of_stored_values_is_listed_with_stores_only() {
    let codes = manifest()["codes"].clone();
    assert_eq!(codes.as_array().unwrap().last(), Some(&"invalid-state".into()));
}

/// Wrong by hand: not as many names as stores.
struct Wrong<const NAMED: usize>(Store<str, u64>, Store<str, u64>);

impl<const NAMED: usize> StoreSet for Wrong<NAMED> {
    const NAMES: &'static [&'static str] = ["one", "two", "three"].split_at(NAMED).0;

    fn open() -> Self {
        Wrong(Store::open(), Store::open())
    }

    fn each(&mut self, visit: &mut dyn FnMut(&mut dyn AnyStore)) {
        visit(&mut self.0);
        visit(&mut self.1);
    }
}

#[test]
#[should_panic(expected = "the set visits more stores than the 1 that NAMES has")]
fn a_store_without_a_name_is_noticed() {
    wasmill_sdk::private::open_stores::<Wrong<1>>();
}

#[test]
#[should_panic(expected = "the set visits fewer stores than the 3 that NAMES has")]
fn a_name_without_a_store_is_noticed() {
    wasmill_sdk::private::open_stores::<Wrong<3>>();
}

#[test]
fn as_many_names_as_stores_are_right() {
    let mut set: Wrong<2> = wasmill_sdk::private::open_stores();
    let mut shown = Vec::new();
    set.each(&mut |_| shown.push(()));
    assert_eq!((shown.len(), format!("{:?}", set.1)), (2, r#"Store { name: "two", .. }"#.to_owned()));
}
