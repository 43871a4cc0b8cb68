//! Messages as they are written: types are right, and nothing else is known of them.

use serde::Deserialize;
use strict_json::{Text, object, present};

#[derive(Debug, Deserialize)]
pub(super) struct Order<'r> {
    #[serde(borrow)]
    pub(super) order_id: Text<'r>,
    #[serde(borrow)]
    pub(super) customer_id: Text<'r>,
    #[serde(borrow)]
    pub(super) currency: Text<'r>,
    #[serde(deserialize_with = "object")]
    pub(super) totals: Totals,
}

#[derive(Debug, Deserialize)]
pub(super) struct Totals {
    pub(super) total_cents: i64,
}

#[derive(Debug, Deserialize)]
pub(super) struct Adjustment<'r> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Text<'r>,
    #[serde(borrow)]
    pub(super) adjustment_id: Text<'r>,
    #[serde(borrow)]
    pub(super) customer_id: Text<'r>,
    /// Of a refund.
    #[serde(borrow, default, deserialize_with = "present")]
    pub(super) order_id: Option<Text<'r>>,
    /// Of a refund.
    #[serde(default, deserialize_with = "present")]
    pub(super) amount_cents: Option<i64>,
    /// Of a correction and of spending.
    #[serde(default, deserialize_with = "present")]
    pub(super) points: Option<i64>,
}
