//! One record: what is decided about it, and which items are in its hands meanwhile.
//!
//! Items are not written here: they are put back when the decision stands (`lib.rs`), all of them, whatever it was. Entries of
//! orders are.

use crate::Config;
use crate::answer::{Code, Decision, Detail, Short, Verdict};
use crate::entry::{Entry, Item, State};
use crate::message::{Change, Fulfilment, Order, Status, StockMessage, Wanted};
use crate::refusal::Refusal;
use crate::shelf::Shelf;
use crate::stock::NotSo;
use crate::stores::Stores;
use std::borrow::Cow;
use wasmill_sdk::{Codes, Failure};

/// A decision, and the items that were looked at for it.
pub(crate) struct Decided<'a> {
    pub(crate) decision: Decision<'a>,
    pub(crate) shelves: Vec<Shelf<'a>>,
}

/// Reserves all that an order wants, or nothing of it.
pub(crate) fn order<'a>(
    order: &'a Order<'_>,
    t: i64,
    stores: &mut Stores,
    config: &Config,
) -> Result<Decided<'a>, Failure> {
    let Order { order_id, customer_id, restaurant_id, wanted } = order;
    let decided = |decision, code, detail, shelves| Decided {
        decision: Decision {
            decision,
            code,
            order_id: Some(order_id),
            restaurant_id,
            customer_id: Some(customer_id),
            detail,
        },
        shelves,
    };
    if let Some(entry) = Entry::at(stores.orders.get((&**restaurant_id, &**order_id))?, t) {
        return Ok(decided(Verdict::Duplicate, None, Detail::Known { state: entry.state }, Vec::new()));
    }
    let touched = wanted.iter().map(|Wanted { sku, .. }| Shelf::touch(stores, restaurant_id, Cow::Borrowed(sku), t));
    let mut shelves: Vec<Shelf<'_>> = touched.collect::<Result<_, _>>()?;
    let lacking = wanted.iter().zip(&shelves).filter(|(wanted, shelf)| wanted.pieces > shelf.stock().on_hand);
    let short: Vec<Short<'_>> = lacking
        .map(|(Wanted { sku, pieces }, shelf)| Short { sku, wanted: *pieces, on_hand: shelf.stock().on_hand })
        .collect();
    if !short.is_empty() {
        return Ok(decided(Verdict::Refused, Some(Code::Short), Detail::Short { short }, shelves));
    }
    let is_full = |shelf: &Shelf<'_>| shelf.stock().reservations.len() >= config.max_reservations;
    let full = wanted.iter().zip(&shelves).filter(|(_, shelf)| is_full(shelf));
    let full: Vec<&str> = full.map(|(Wanted { sku, .. }, _)| &**sku).collect();
    if !full.is_empty() {
        return Ok(decided(Verdict::Refused, Some(Code::TooManyReservations), Detail::Full { full }, shelves));
    }
    let expires = later(t, config.reservation_s)?;
    for (Wanted { pieces, .. }, shelf) in wanted.iter().zip(&mut shelves) {
        shelf.reserve(order_id, *pieces, expires);
    }
    let items = wanted.iter().map(|Wanted { sku, pieces }| Item(sku.to_string(), *pieces)).collect();
    let entry = Entry { state: State::Reserved, until: later(t, config.order_memory_s)?, items };
    stores.orders.put((&**restaurant_id, &**order_id), &entry)?;
    Ok(decided(Verdict::Accepted, None, Detail::Reserved { expires }, shelves))
}

/// Sells or releases what an order has reserved, if it is still there.
pub(crate) fn fulfilment<'a>(
    fulfilment: &'a Fulfilment<'_>,
    t: i64,
    stores: &mut Stores,
) -> Result<Decided<'a>, Failure> {
    let Fulfilment { order_id, restaurant_id, status } = fulfilment;
    let decided = |decision, code, shelves| Decided {
        decision: Decision {
            decision,
            code,
            order_id: Some(order_id),
            restaurant_id,
            customer_id: None,
            detail: Detail::Nothing {},
        },
        shelves,
    };
    let key = (&**restaurant_id, &**order_id);
    let Some(mut entry) = Entry::at(stores.orders.get(key)?, t) else {
        return Ok(decided(Verdict::Late, Some(Code::UnknownOrder), Vec::new()));
    };
    let too_late = match entry.state {
        State::Reserved => None,
        State::Confirmed => Some(Code::AlreadyConfirmed),
        State::Cancelled => Some(Code::AlreadyCancelled),
        State::Expired => Some(Code::ReservationExpired),
    };
    if too_late.is_some() {
        return Ok(decided(Verdict::Late, too_late, Vec::new()));
    }
    let touched = std::mem::take(&mut entry.items).into_iter().map(|Item(sku, _)| sku);
    let touched = touched.map(|sku| Shelf::touch(stores, restaurant_id, Cow::Owned(sku), t));
    let mut shelves: Vec<Shelf<'_>> = touched.collect::<Result<_, _>>()?;
    // Records come late, too: one item may have been looked at by a later record than this, and another not.
    let whole = shelves.iter().all(|shelf| shelf.stock().has_reserved(order_id));
    let (state, verdict, code) = match status {
        _ if !whole => (State::Expired, Verdict::Late, Some(Code::ReservationExpired)),
        Status::Confirmed => (State::Confirmed, Verdict::Confirmed, None),
        Status::Cancelled => (State::Cancelled, Verdict::Cancelled, None),
    };
    for shelf in &mut shelves {
        match state {
            State::Confirmed => shelf.sell(order_id),
            _ => shelf.release(order_id),
        }
    }
    entry.state = state;
    stores.orders.put(key, &entry)?;
    Ok(decided(verdict, code, shelves))
}

/// Takes in a count, a delivery or a loss.
pub(crate) fn stock<'a>(message: &'a StockMessage<'_>, t: i64, stores: &mut Stores) -> Result<Decided<'a>, Failure> {
    let StockMessage { restaurant_id, sku, change } = message;
    let mut shelf = Shelf::touch(stores, restaurant_id, Cow::Borrowed(sku), t)?;
    let (done, code) = match *change {
        Change::Count(pieces) => (shelf.count(pieces), Code::BelowReserved),
        Change::Adjustment(delta) => (shelf.adjust(delta), Code::BelowZero),
    };
    let (decision, code) = match done {
        Ok(()) => (Verdict::Stocked, None),
        Err(NotSo::Negative) => (Verdict::Refused, Some(code)),
        Err(NotSo::Overflow) => return Err(overflow()),
    };
    let stock = shelf.stock();
    let detail = Detail::Stock {
        sku,
        on_hand: stock.on_hand,
        reserved: stock.reserved(),
        sold: stock.sold,
        delivered: stock.delivered,
    };
    let decision = Decision { decision, code, order_id: None, restaurant_id, customer_id: None, detail };
    Ok(Decided { decision, shelves: vec![shelf] })
}

/// So many seconds after a record's time, ms.
fn later(t: i64, seconds: i64) -> Result<i64, Failure> {
    seconds.checked_mul(1000).and_then(|ms| t.checked_add(ms)).ok_or_else(overflow)
}

fn overflow() -> Failure {
    Refusal::AmountOverflow.reject("a result is beyond 64 bits")
}
