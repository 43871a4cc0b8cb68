//! What must hold for a message that could be read. The first rule that does not hold names the code.

use super::raw::{self, Line};
use super::{Change, Fulfilment, Order, Status, StockMessage, Wanted};
use crate::config::Config;
use crate::refusal::Refusal;
use strict_json::{Object, is_id};
use wasmill_sdk::{Codes, Failure};

/// Pieces in one message about stock.
const PIECES_MAX: i64 = 1_000_000_000;
/// Pieces in one line of an order.
const QUANTITY_MAX: i64 = 1_000_000;
/// Characters of a message that a refusal repeats.
const SHOWN_CHARS: usize = 64;

impl<'r> raw::Order<'r> {
    pub(super) fn checked(self, key: &str, config: &Config) -> Result<Order<'r>, Failure> {
        let raw::Order { order_id, customer_id, restaurant_id, items } = self;
        let named: [(&str, &str); 3] =
            [("order_id", &order_id), ("customer_id", &customer_id), ("restaurant_id", &restaurant_id)];
        ids(named)?;
        ids(items.iter().map(|Object(line)| ("sku", &*line.sku)))?;
        about(&restaurant_id, key)?;
        match items.len() {
            0 => return Err(Refusal::NoItems.reject("`items` is empty")),
            count if count > config.max_items => {
                return Err(Refusal::TooManyItems.reject(format!("{count} items, at most {}", config.max_items)));
            }
            _ => {}
        }
        let mut wanted: Vec<Wanted<'r>> = Vec::with_capacity(items.len());
        for Object(Line { sku, quantity }) in items {
            in_range("quantity", quantity, 1, QUANTITY_MAX)?;
            // At most a thousand lines of a million each: the sum holds, and a list is faster than a map.
            match wanted.iter_mut().find(|other| other.sku == sku) {
                Some(same) => same.pieces += quantity,
                None => wanted.push(Wanted { sku, pieces: quantity }),
            }
        }
        Ok(Order { order_id, customer_id, restaurant_id, wanted })
    }
}

impl<'r> raw::Stock<'r> {
    pub(super) fn checked(self, key: &str) -> Result<StockMessage<'r>, Failure> {
        let raw::Stock { kind, restaurant_id, sku, count, delta } = self;
        let there = |number: Option<i64>, name| {
            number.ok_or_else(|| Refusal::MissingField.reject(format!("missing field `{name}`")))
        };
        let change = match &*kind {
            "count" => Change::Count(there(count, "count")?),
            "adjustment" => Change::Adjustment(there(delta, "delta")?),
            other => return Err(Refusal::UnknownType.reject(format!("`type`: {} is no type", shown(other)))),
        };
        let named: [(&str, &str); 2] = [("restaurant_id", &restaurant_id), ("sku", &sku)];
        ids(named)?;
        about(&restaurant_id, key)?;
        match change {
            Change::Count(count) => in_range("count", count, 0, PIECES_MAX)?,
            Change::Adjustment(delta) => in_range("delta", delta, -PIECES_MAX, PIECES_MAX)?,
        }
        Ok(StockMessage { restaurant_id, sku, change })
    }
}

impl<'r> raw::Fulfilment<'r> {
    pub(super) fn checked(self, key: &str) -> Result<Fulfilment<'r>, Failure> {
        let raw::Fulfilment { order_id, restaurant_id, status } = self;
        let status = match &*status {
            "confirmed" => Status::Confirmed,
            "cancelled" => Status::Cancelled,
            other => return Err(Refusal::UnknownType.reject(format!("`status`: {} is no status", shown(other)))),
        };
        let named: [(&str, &str); 2] = [("order_id", &order_id), ("restaurant_id", &restaurant_id)];
        ids(named)?;
        about(&restaurant_id, key)?;
        Ok(Fulfilment { order_id, restaurant_id, status })
    }
}

fn ids<'a>(ids: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<(), Failure> {
    match ids.into_iter().find(|(_, id)| !is_id(id)) {
        None => Ok(()),
        Some((name, id)) => {
            Err(Refusal::InvalidId.reject(format!("`{name}`: {} is not 1 to 64 bytes without spaces", shown(id))))
        }
    }
}

/// A message under another key would change stock that another partition keeps.
fn about(restaurant: &str, key: &str) -> Result<(), Failure> {
    if restaurant == key {
        return Ok(());
    }
    Err(Refusal::WrongKey.reject(format!("the key is {}, the message is about {}", shown(key), shown(restaurant))))
}

fn in_range(name: &str, number: i64, least: i64, most: i64) -> Result<(), Failure> {
    if (least..=most).contains(&number) {
        return Ok(());
    }
    Err(Refusal::OutOfRange.reject(format!("`{name}`: {number} is not from {least} to {most}")))
}

/// The beginning of a text, quoted.
fn shown(text: &str) -> String {
    format!("{:?}", text.chars().take(SHOWN_CHARS).collect::<String>())
}
