//! The contract: what comes in, as JSON, and what must hold for each message by itself.
//!
//! ```json
//! { "order_id": "o-1", "customer_id": "c-7", "restaurant_id": "r-3", "items": [{ "sku": "P-1", "quantity": 2 }] }
//! { "type": "count", "restaurant_id": "r-3", "sku": "P-1", "count": 20 }
//! { "type": "adjustment", "restaurant_id": "r-3", "sku": "P-1", "delta": -2 }
//! { "order_id": "o-1", "restaurant_id": "r-3", "status": "confirmed" }
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

/// An order, as far as stock is concerned.
#[derive(Debug)]
pub(crate) struct Order<'r> {
    pub(crate) order_id: Text<'r>,
    pub(crate) customer_id: Text<'r>,
    pub(crate) restaurant_id: Text<'r>,
    /// Each SKU once, in the order of the first lines.
    pub(crate) wanted: Vec<Wanted<'r>>,
}

#[derive(Debug)]
pub(crate) struct Wanted<'r> {
    pub(crate) sku: Text<'r>,
    pub(crate) pieces: i64,
}

/// Somebody has counted, or moved something.
#[derive(Debug)]
pub(crate) struct StockMessage<'r> {
    pub(crate) restaurant_id: Text<'r>,
    pub(crate) sku: Text<'r>,
    pub(crate) change: Change,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    /// Pieces in the house, those that are reserved included.
    Count(i64),
    Adjustment(i64),
}

/// What became of an order.
#[derive(Debug)]
pub(crate) struct Fulfilment<'r> {
    pub(crate) order_id: Text<'r>,
    pub(crate) restaurant_id: Text<'r>,
    pub(crate) status: Status,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    /// Handed over.
    Confirmed,
    Cancelled,
}

impl<'r> Order<'r> {
    pub(crate) fn read(record: &Record<'r>, config: &Config) -> Result<Order<'r>, Failure> {
        let key = record.key_str()?;
        read::<raw::Order<'r>>(record, config)?.checked(key, config)
    }
}

impl<'r> StockMessage<'r> {
    pub(crate) fn read(record: &Record<'r>, config: &Config) -> Result<StockMessage<'r>, Failure> {
        let key = record.key_str()?;
        read::<raw::Stock<'r>>(record, config)?.checked(key)
    }
}

impl<'r> Fulfilment<'r> {
    pub(crate) fn read(record: &Record<'r>, config: &Config) -> Result<Fulfilment<'r>, Failure> {
        let key = record.key_str()?;
        read::<raw::Fulfilment<'r>>(record, config)?.checked(key)
    }
}

/// The record's own time.
pub(crate) fn time(record: &Record<'_>) -> Result<i64, Failure> {
    let time = record.timestamp().filter(|time| *time >= 0);
    time.ok_or_else(|| Refusal::NoTimestamp.reject("the record has no timestamp"))
}

fn read<'r, T: Deserialize<'r>>(record: &Record<'r>, config: &Config) -> Result<T, Failure> {
    let value = record.value().ok_or_else(|| Refusal::NullValue.reject("the record is a tombstone"))?;
    if value.len() > config.max_bytes {
        let (length, limit) = (value.len(), config.max_bytes);
        return Err(Refusal::MessageTooLarge.reject(format!("{length} bytes, at most {limit}")));
    }
    strict_json::read(value).map_err(unreadable)
}
