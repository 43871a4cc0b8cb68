//! What comes out: balances, and what happened to them.

use crate::account::Account;
use serde::Serialize;

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Kind {
    Earned,
    Refunded,
    Corrected,
    Spent,
    /// Nothing: the account says no.
    Refused,
    /// The customer has risen, or fallen.
    Tier,
}

/// Why an adjustment was refused. A contract with whoever waits for an answer: one may be added, none is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Code {
    /// Never seen, or longer ago than the window goes: there is nothing that could be taken back.
    UnknownOrder,
    /// More than is left of the order.
    RefundTooLarge,
    /// More points than the customer has.
    InsufficientPoints,
}

/// Where the record is that something happened by: with it the order of all inputs' records can be read off the events.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Source {
    pub(crate) input: &'static str,
    pub(crate) partition: u32,
    pub(crate) offset: i64,
}

/// Something happened to an account. Fields that do not belong to it are absent.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Event<'a> {
    #[serde(rename = "type")]
    pub(crate) kind: Kind,
    pub(crate) customer_id: &'a str,
    pub(crate) seq: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) adjustment_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) order_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) code: Option<Code>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) points: Option<i64>,
    /// What the daily cap kept back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) capped: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) from: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) to: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) lifetime: Option<i64>,
    pub(crate) input: &'static str,
    pub(crate) partition: u32,
    pub(crate) offset: i64,
}

impl<'a> Event<'a> {
    /// An event that says nothing yet but whose and which it is.
    pub(crate) fn new(kind: Kind, customer_id: &'a str, seq: i64, source: Source) -> Event<'a> {
        let Source { input, partition, offset } = source;
        Event {
            kind,
            customer_id,
            seq,
            adjustment_id: None,
            order_id: None,
            code: None,
            points: None,
            capped: None,
            from: None,
            to: None,
            lifetime: None,
            input,
            partition,
            offset,
        }
    }
}

impl<'a> Event<'a> {
    /// The customer is not in the tier of before any more.
    pub(crate) fn tier(account: &'a Account, customer_id: &'a str, source: Source, before: &'a str) -> Event<'a> {
        let (from, to, lifetime) = (Some(before), Some(&*account.tier), Some(account.lifetime));
        Event { from, to, lifetime, ..Event::new(Kind::Tier, customer_id, account.seq, source) }
    }
}

/// What a customer has now: the last one of each customer is what a compacted topic keeps.
#[derive(Debug, Serialize)]
pub(crate) struct Balance<'a> {
    customer_id: &'a str,
    seq: i64,
    balance: i64,
    lifetime: i64,
    tier: &'a str,
    input: &'static str,
    partition: u32,
    offset: i64,
}

impl<'a> Balance<'a> {
    pub(crate) fn of(account: &'a Account, customer_id: &'a str, source: Source) -> Balance<'a> {
        let Source { input, partition, offset } = source;
        Balance {
            customer_id,
            seq: account.seq,
            balance: account.balance,
            lifetime: account.lifetime,
            tier: &account.tier,
            input,
            partition,
            offset,
        }
    }
}
