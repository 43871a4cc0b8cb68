//! The contract: what comes in, as JSON, and what must hold for each message by itself.
//!
//! ```json
//! { "order_id": "o-1", "customer_id": "c-7", "currency": "USD", "totals": { "total_cents": 2750 } }
//! { "type": "refund", "adjustment_id": "a-1", "customer_id": "c-7", "order_id": "o-1", "amount_cents": 500 }
//! { "type": "correction", "adjustment_id": "a-2", "customer_id": "c-7", "points": -20 }
//! { "type": "spend", "adjustment_id": "a-3", "customer_id": "c-7", "points": 100 }
//! ```
//!
//! Of orders only what is needed here: order-validation has seen to the rest. Fields that nobody knows are let through.

mod check;
mod raw;

use crate::config::Config;
use crate::refusal::{Refusal, unreadable};
use serde::Deserialize;
use strict_json::Text;
use wasmill_sdk::{Codes, Failure, Record};

/// An order, as far as points are concerned.
#[derive(Debug)]
pub(crate) struct Order<'r> {
    pub(crate) order_id: Text<'r>,
    pub(crate) customer_id: Text<'r>,
    pub(crate) total_cents: i64,
}

/// What somebody wants to be done to an account.
#[derive(Debug)]
pub(crate) struct Adjustment<'r> {
    pub(crate) adjustment_id: Text<'r>,
    pub(crate) customer_id: Text<'r>,
    pub(crate) change: Change<'r>,
}

#[derive(Debug)]
pub(crate) enum Change<'r> {
    Refund { order_id: Text<'r>, amount_cents: i64 },
    Correction { points: i64 },
    Spend { points: i64 },
}

impl<'r> Order<'r> {
    pub(crate) fn read(key: &str, value: Option<&'r [u8]>, config: &Config) -> Result<Order<'r>, Failure> {
        read::<raw::Order<'r>>(value, config)?.checked(key, config)
    }
}

impl<'r> Adjustment<'r> {
    pub(crate) fn read(key: &str, value: Option<&'r [u8]>, config: &Config) -> Result<Adjustment<'r>, Failure> {
        read::<raw::Adjustment<'r>>(value, config)?.checked(key)
    }
}

/// The record's own time.
pub(crate) fn time(record: &Record<'_>) -> Result<i64, Failure> {
    let time = record.timestamp().filter(|time| *time >= 0);
    time.ok_or_else(|| Refusal::NoTimestamp.reject("the record has no timestamp"))
}

fn read<'r, T: Deserialize<'r>>(value: Option<&'r [u8]>, config: &Config) -> Result<T, Failure> {
    let value = value.ok_or_else(|| Refusal::NullValue.reject("the record is a tombstone"))?;
    if value.len() > config.max_bytes {
        let (length, limit) = (value.len(), config.max_bytes);
        return Err(Refusal::MessageTooLarge.reject(format!("{length} bytes, at most {limit}")));
    }
    strict_json::read(value).map_err(unreadable)
}
