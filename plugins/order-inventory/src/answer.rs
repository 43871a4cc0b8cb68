//! What comes out: decisions, and messages about items that run low.

use crate::entry::State;
use serde::Serialize;

/// What was decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Verdict {
    /// The stock of an order is reserved.
    Accepted,
    /// Nothing was done.
    Refused,
    /// The order is known already: nothing was done.
    Duplicate,
    /// The stock of an order went out.
    Confirmed,
    /// The stock of an order is free again.
    Cancelled,
    /// A confirmation or a cancellation of what is not reserved.
    Late,
    /// A count or an adjustment holds.
    Stocked,
}

/// Why something was refused or late. A contract with whoever waits for an answer: one may be added, none is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Code {
    /// Of one item at least there is less on hand than the order wants.
    Short,
    /// One item at least is reserved for as many orders as may be.
    TooManyReservations,
    /// Fewer were counted than are reserved.
    BelowReserved,
    /// More were lost than are on hand.
    BelowZero,
    /// Never accepted, or so long ago that nobody remembers.
    UnknownOrder,
    AlreadyConfirmed,
    AlreadyCancelled,
    /// The stock is free again, or was.
    ReservationExpired,
}

/// Where the record is that was decided about: with it the order of all inputs' records can be read off the decisions.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Source {
    pub(crate) input: &'static str,
    pub(crate) partition: u32,
    pub(crate) offset: i64,
}

/// One decision. Fields that do not belong to it are absent.
#[derive(Debug, Serialize)]
pub(crate) struct Decision<'a> {
    pub(crate) decision: Verdict,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) code: Option<Code>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) order_id: Option<&'a str>,
    pub(crate) restaurant_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) customer_id: Option<&'a str>,
    #[serde(flatten)]
    pub(crate) detail: Detail<'a>,
}

/// What a decision says beyond the names.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Detail<'a> {
    Nothing {},
    Reserved { expires: i64 },
    Short { short: Vec<Short<'a>> },
    Full { full: Vec<&'a str> },
    Known { state: State },
    Stock { sku: &'a str, on_hand: i64, reserved: i64, sold: i64, delivered: i64 },
}

/// An item of which there is not enough.
#[derive(Debug, Serialize)]
pub(crate) struct Short<'a> {
    pub(crate) sku: &'a str,
    pub(crate) wanted: i64,
    pub(crate) on_hand: i64,
}

/// A decision, and where its record is.
#[derive(Debug, Serialize)]
pub(crate) struct Sourced<T> {
    #[serde(flatten)]
    pub(crate) message: T,
    #[serde(flatten)]
    pub(crate) source: Source,
}

/// An item has just become low.
#[derive(Debug, Serialize)]
pub(crate) struct LowStock<'a> {
    pub(crate) restaurant_id: &'a str,
    pub(crate) sku: &'a str,
    pub(crate) on_hand: i64,
    pub(crate) low_stock_at: i64,
}
