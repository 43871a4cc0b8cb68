//! The plugin's section of the pipeline file.

use std::collections::BTreeSet;

use crate::currency;
use wasmill_sdk::Problems;
use wasmill_sdk::prelude::{Deserialize, JsonSchema, Serialize};

/// What a shop accepts. Every key has a default; amounts are in minor units of the order's currency, called cents here.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The longest order, in bytes.
    #[schemars(range(min = 1))]
    pub max_bytes: usize,
    /// Where orders may come from.
    pub channels: BTreeSet<String>,
    /// The currencies that are accepted, by their codes in ISO 4217. Empty: all.
    pub currencies: BTreeSet<String>,
    /// The most lines of an order.
    #[schemars(range(min = 1))]
    pub max_items: u32,
    /// The most of one item.
    #[schemars(range(min = 1))]
    pub max_quantity: i64,
    /// The most that one piece costs, modifiers not counted; each modifier for itself may cost as much.
    #[schemars(range(min = 0))]
    pub max_unit_price_cents: i64,
    /// The most modifiers of one item.
    pub max_modifiers: u32,
    /// The most discounts of an order.
    pub max_discounts: u32,
    /// The least that an order may come to.
    #[schemars(range(min = 0))]
    pub min_total_cents: i64,
    /// The most that an order may come to.
    #[schemars(range(min = 0))]
    pub max_total_cents: i64,
    /// How far ahead of the host's clock an order may have been placed, in seconds: as much as clocks differ.
    #[schemars(range(min = 0))]
    pub max_ahead_s: i64,
    /// How long ago an order may have been placed, in days. Absent: any time, which is what redriving old orders needs.
    #[schemars(range(min = 0))]
    pub max_age_days: Option<u32>,
    /// Whether each valid order is also written to the output `by-restaurant`, with the restaurant's id as its key.
    pub by_restaurant: bool,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            max_bytes: 64 << 10,
            channels: ["app", "in-store", "partner", "phone", "web"].map(str::to_owned).into(),
            currencies: BTreeSet::new(),
            max_items: 100,
            max_quantity: 100,
            max_unit_price_cents: 1_000_000,
            max_modifiers: 20,
            max_discounts: 20,
            min_total_cents: 0,
            max_total_cents: 10_000_000,
            max_ahead_s: 300,
            max_age_days: None,
            by_restaurant: false,
        }
    }
}

impl Config {
    /// What is wrong although the schema has nothing against it.
    pub(crate) fn problems(&self) -> Problems {
        let mut problems = Problems::default();
        if self.max_bytes == 0 {
            problems.add("/max_bytes", "must be at least 1: every order would be too large");
        }
        if self.channels.is_empty() {
            problems.add("/channels", "must have one channel at least: every order comes from somewhere");
        }
        for (at, code) in self.currencies.iter().enumerate() {
            if !currency::is_money(code) {
                problems.add(format!("/currencies/{at}"), format!("{code:?} is not a currency of ISO 4217"));
            }
        }
        if self.max_items == 0 {
            problems.add("/max_items", "must be at least 1: an order without items is refused");
        }
        if self.max_quantity < 1 {
            problems.add("/max_quantity", "must be at least 1: every item would be refused");
        }
        for (path, least) in [
            ("/max_unit_price_cents", self.max_unit_price_cents),
            ("/min_total_cents", self.min_total_cents),
            ("/max_ahead_s", self.max_ahead_s),
        ] {
            if least < 0 {
                problems.add(path, format!("must be at least 0, it is {least}"));
            }
        }
        if self.max_total_cents < self.min_total_cents {
            let (least, most) = (self.min_total_cents, self.max_total_cents);
            problems.add("/max_total_cents", format!("{most} is less than `min_total_cents`, {least}"));
        }
        problems
    }
}
