//! What the workloads do with a record.

use serde::Deserialize;
use std::borrow::Cow;

/// An order; what it borrows is borrowed from the record.
#[derive(Debug, Deserialize)]
#[allow(dead_code, reason = "read because an order has it")]
pub struct Order<'r> {
    #[serde(borrow)]
    order_id: Cow<'r, str>,
    #[serde(borrow)]
    customer_id: Cow<'r, str>,
    created_at: u64,
    #[serde(borrow)]
    status: Cow<'r, str>,
    #[serde(borrow)]
    currency: Cow<'r, str>,
    total: f64,
    #[serde(borrow)]
    items: Vec<Item<'r>>,
    #[serde(borrow)]
    ship_to: Address<'r>,
}

#[derive(Debug, Deserialize)]
struct Item<'r> {
    #[serde(borrow)]
    sku: Cow<'r, str>,
    qty: u32,
    price: f64,
}

#[derive(Debug, Deserialize)]
#[allow(dead_code, reason = "read because an address has it")]
struct Address<'r> {
    #[serde(borrow)]
    name: Cow<'r, str>,
    #[serde(borrow)]
    city: Cow<'r, str>,
    #[serde(borrow)]
    zip: Cow<'r, str>,
    #[serde(borrow)]
    country: Cow<'r, str>,
}

/// Why an order is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Problem {
    Currency,
    Address,
    Items,
    Total,
}

impl Problem {
    pub fn message(self) -> &'static str {
        match self {
            Problem::Currency => "the currency must have 3 letters",
            Problem::Address => "the address must have a name, a zip, and a country of 2 letters",
            Problem::Items => "there must be items, each with a SKU",
            Problem::Total => "the total is not the sum of the items",
        }
    }
}

/// `key-filter`.
#[inline]
pub fn is_kept(key: Option<&[u8]>, prefix: &[u8]) -> bool {
    !key.is_some_and(|key| key.starts_with(prefix))
}

/// `json-validate`, after the order was read.
pub fn problem(order: &Order<'_>) -> Option<Problem> {
    if order.currency.len() != 3 {
        return Some(Problem::Currency);
    }
    let address = &order.ship_to;
    if address.country.len() != 2 || address.name.is_empty() || address.zip.is_empty() {
        return Some(Problem::Address);
    }
    if order.items.is_empty() || order.items.iter().any(|item| item.sku.is_empty()) {
        return Some(Problem::Items);
    }
    let sum: f64 = order.items.iter().map(|item| f64::from(item.qty) * item.price).sum();
    ((sum - order.total).abs() > 0.005).then_some(Problem::Total)
}
