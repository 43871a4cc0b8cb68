//! The contract: what an order is, as JSON.
//!
//! ```json
//! {
//!   "order_id": "o-1", "customer_id": "c-7", "restaurant_id": "r-3", "channel": "app", "currency": "EUR",
//!   "placed_at": "2026-03-01T18:04:11.250+01:00", "due_at": "2026-03-01T18:45:00+01:00",
//!   "items": [
//!     { "sku": "P-104", "quantity": 2, "unit_price_cents": 1150,
//!       "modifiers": [{ "name": "no onions" }, { "name": "extra cheese", "price_cents": 150 }] }
//!   ],
//!   "discounts": [{ "code": "TUESDAY", "amount_cents": 300 }],
//!   "totals": { "items_cents": 2600, "discounts_cents": 300, "delivery_cents": 250, "tip_cents": 200, "total_cents": 2750 }
//! }
//! ```
//!
//! `due_at`, `modifiers`, `discounts`, `price_cents`, `discounts_cents`, `tax_cents`, `delivery_cents` and `tip_cents` may be
//! absent. Fields that the contract does not know are let through: producers add theirs before consumers hear of it. Text
//! may be escaped in any way that JSON allows; it is only copied then.

use crate::fold::{Extremes, Fold, Sum, folded};
use serde::Deserialize;
use strict_json::object;
pub(crate) use strict_json::{Text, is_id};

#[derive(Debug, Deserialize)]
pub struct Order<'r> {
    #[serde(borrow)]
    pub(crate) order_id: Text<'r>,
    #[serde(borrow)]
    pub(crate) customer_id: Text<'r>,
    #[serde(borrow)]
    pub(crate) restaurant_id: Text<'r>,
    #[serde(borrow)]
    pub(crate) channel: Text<'r>,
    #[serde(borrow)]
    pub(crate) currency: Text<'r>,
    #[serde(borrow)]
    pub(crate) placed_at: Text<'r>,
    #[serde(borrow)]
    pub(crate) due_at: Option<Text<'r>>,
    #[serde(deserialize_with = "folded")]
    pub(crate) items: Items,
    #[serde(default, deserialize_with = "folded")]
    pub(crate) discounts: Discounts,
    #[serde(deserialize_with = "object")]
    pub(crate) totals: Totals,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Totals {
    pub(crate) items_cents: i64,
    #[serde(default)]
    pub(crate) discounts_cents: i64,
    #[serde(default)]
    pub(crate) tax_cents: i64,
    #[serde(default)]
    pub(crate) delivery_cents: i64,
    #[serde(default)]
    pub(crate) tip_cents: i64,
    pub(crate) total_cents: i64,
}

/// What is kept of the items.
#[derive(Debug, Default)]
pub(crate) struct Items {
    pub(crate) count: u32,
    /// Quantity times price, modifiers included.
    pub(crate) sum: Sum,
    pub(crate) quantities: Extremes,
    pub(crate) prices: Extremes,
    /// The first whose SKU is not one.
    pub(crate) invalid_sku: Option<u32>,
    pub(crate) modifier_counts: Extremes,
    pub(crate) modifier_prices: Extremes,
    /// The first that has a modifier without a name.
    pub(crate) invalid_modifier: Option<u32>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Item<'r> {
    #[serde(borrow)]
    sku: Text<'r>,
    quantity: i64,
    unit_price_cents: i64,
    #[serde(default, deserialize_with = "folded")]
    modifiers: Modifiers,
}

impl<'r> Fold<'r> for Items {
    type Element = Item<'r>;

    const NAME: &'static str = "items";

    fn add(&mut self, Item { sku, quantity, unit_price_cents, modifiers }: Item<'r>) {
        let at = self.count;
        let piece = modifiers.sum.0.and_then(|sum| sum.checked_add(unit_price_cents));
        self.sum.add(piece.and_then(|piece| piece.checked_mul(quantity)));
        self.quantities.add(quantity, at);
        self.prices.add(unit_price_cents, at);
        if !is_id(&sku) {
            self.invalid_sku.get_or_insert(at);
        }
        if modifiers.count > 0 {
            self.modifier_counts.add(modifiers.count.into(), at);
            self.modifier_prices.add(modifiers.prices.least.number, at);
            self.modifier_prices.add(modifiers.prices.most.number, at);
        }
        if modifiers.nameless {
            self.invalid_modifier.get_or_insert(at);
        }
        self.count = at.saturating_add(1);
    }
}

#[derive(Debug, Default)]
pub(crate) struct Modifiers {
    count: u32,
    sum: Sum,
    prices: Extremes,
    nameless: bool,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Modifier<'r> {
    #[serde(borrow)]
    name: Text<'r>,
    #[serde(default)]
    price_cents: i64,
}

impl<'r> Fold<'r> for Modifiers {
    type Element = Modifier<'r>;

    const NAME: &'static str = "modifiers";

    fn add(&mut self, Modifier { name, price_cents }: Modifier<'r>) {
        self.sum.add(Some(price_cents));
        self.prices.add(price_cents, self.count);
        self.nameless |= !is_name(&name);
        self.count = self.count.saturating_add(1);
    }
}

/// What is kept of the discounts.
#[derive(Debug, Default)]
pub(crate) struct Discounts {
    pub(crate) count: u32,
    pub(crate) sum: Sum,
    pub(crate) amounts: Extremes,
    /// The first without a name.
    pub(crate) nameless: Option<u32>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Discount<'r> {
    #[serde(borrow)]
    code: Text<'r>,
    amount_cents: i64,
}

impl<'r> Fold<'r> for Discounts {
    type Element = Discount<'r>;

    const NAME: &'static str = "discounts";

    fn add(&mut self, Discount { code, amount_cents }: Discount<'r>) {
        let at = self.count;
        self.sum.add(Some(amount_cents));
        self.amounts.add(amount_cents, at);
        if !is_name(&code) {
            self.nameless.get_or_insert(at);
        }
        self.count = at.saturating_add(1);
    }
}

/// Bytes of the name of a modifier or a discount: people write these.
const NAME_BYTES_MAX: usize = 256;

fn is_name(text: &str) -> bool {
    text.len() <= NAME_BYTES_MAX && !text.trim().is_empty() && !text.chars().any(char::is_control)
}
