//! Messages as they are written: types are right, and nothing else is known of them.

use serde::Deserialize;
use strict_json::{Object, Text, present};

#[derive(Debug, Deserialize)]
pub(super) struct Order<'r> {
    #[serde(borrow)]
    pub(super) order_id: Text<'r>,
    #[serde(borrow)]
    pub(super) customer_id: Text<'r>,
    #[serde(borrow)]
    pub(super) restaurant_id: Text<'r>,
    #[serde(borrow)]
    pub(super) items: Vec<Object<Line<'r>>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Line<'r> {
    #[serde(borrow)]
    pub(super) sku: Text<'r>,
    pub(super) quantity: i64,
}

#[derive(Debug, Deserialize)]
pub(super) struct Stock<'r> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Text<'r>,
    #[serde(borrow)]
    pub(super) restaurant_id: Text<'r>,
    #[serde(borrow)]
    pub(super) sku: Text<'r>,
    /// In a count.
    #[serde(default, deserialize_with = "present")]
    pub(super) count: Option<i64>,
    /// In an adjustment.
    #[serde(default, deserialize_with = "present")]
    pub(super) delta: Option<i64>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Fulfilment<'r> {
    #[serde(borrow)]
    pub(super) order_id: Text<'r>,
    #[serde(borrow)]
    pub(super) restaurant_id: Text<'r>,
    #[serde(borrow)]
    pub(super) status: Text<'r>,
}
