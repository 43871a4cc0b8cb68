//! What must hold for a message that could be read. The first rule that does not hold names the code.

use super::{Adjustment, Change, Order, raw};
use crate::config::Config;
use crate::refusal::Refusal;
use strict_json::is_id;
use wasmill_sdk::{Codes, Failure};

/// Cents of one order or refund.
const CENTS_MAX: i64 = 1_000_000_000_000;
/// Points of one adjustment.
const POINTS_MAX: i64 = 1_000_000_000;
/// Characters of a message that a refusal repeats.
const SHOWN_CHARS: usize = 64;

impl<'r> raw::Order<'r> {
    pub(super) fn checked(self, key: &str, config: &Config) -> Result<Order<'r>, Failure> {
        let raw::Order { order_id, customer_id, currency, totals } = self;
        id("order_id", &order_id)?;
        id("customer_id", &customer_id)?;
        about(&customer_id, key)?;
        if *currency != *config.currency {
            let message = format!("{} is not {}", shown(&currency), shown(&config.currency));
            return Err(Refusal::WrongCurrency.reject(message));
        }
        in_range("totals/total_cents", totals.total_cents, 0, CENTS_MAX)?;
        Ok(Order { order_id, customer_id, total_cents: totals.total_cents })
    }
}

impl<'r> raw::Adjustment<'r> {
    pub(super) fn checked(self, key: &str) -> Result<Adjustment<'r>, Failure> {
        let raw::Adjustment { kind, adjustment_id, customer_id, order_id, amount_cents, points } = self;
        let change = match &*kind {
            "refund" => Change::Refund {
                order_id: there(order_id, "order_id")?,
                amount_cents: there(amount_cents, "amount_cents")?,
            },
            "correction" => Change::Correction { points: there(points, "points")? },
            "spend" => Change::Spend { points: there(points, "points")? },
            other => return Err(Refusal::UnknownType.reject(format!("`type`: {} is no type", shown(other)))),
        };
        id("adjustment_id", &adjustment_id)?;
        id("customer_id", &customer_id)?;
        if let Change::Refund { order_id, .. } = &change {
            id("order_id", order_id)?;
        }
        about(&customer_id, key)?;
        match change {
            Change::Refund { amount_cents, .. } => in_range("amount_cents", amount_cents, 1, CENTS_MAX)?,
            Change::Spend { points } => in_range("points", points, 1, POINTS_MAX)?,
            Change::Correction { points: 0 } => {
                return Err(Refusal::OutOfRange.reject("`points`: 0 corrects nothing"));
            }
            Change::Correction { points } => in_range("points", points, -POINTS_MAX, POINTS_MAX)?,
        }
        Ok(Adjustment { adjustment_id, customer_id, change })
    }
}

fn there<T>(field: Option<T>, name: &str) -> Result<T, Failure> {
    field.ok_or_else(|| Refusal::MissingField.reject(format!("missing field `{name}`")))
}

fn id(name: &str, id: &str) -> Result<(), Failure> {
    if is_id(id) {
        return Ok(());
    }
    Err(Refusal::InvalidId.reject(format!("`{name}`: {} is not 1 to 64 bytes without spaces", shown(id))))
}

/// A message under another key would change an account that another partition keeps.
fn about(customer: &str, key: &str) -> Result<(), Failure> {
    if customer == key {
        return Ok(());
    }
    Err(Refusal::WrongKey.reject(format!("the key is {}, the message is about {}", shown(key), shown(customer))))
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
