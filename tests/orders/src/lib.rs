//! What a chain of restaurants sends: orders, stock, fulfilment, adjustments of points; as many as are wanted, the same ones for
//! a seed.
//!
//! Orders are the baskets of `examples/data`, again and again with ids of their own. Everything else is derived from them: what
//! they want is delivered first, most are confirmed, some are cancelled, forgotten, refunded, or sent twice. How often is
//! stated ([`Rates`]), and each record says what it is meant to be ([`Intent`]), so that a run can be asked whether it had
//! enough of everything. Record times advance; no record depends on a clock.
//!
//! It knows the messages of `docs/decisions/0011-orders-stock-and-points.md` and none of the code that reads them, and it
//! promises nothing about outcomes: an order may be overtaken by its confirmation. Tests, the demo and the chaos run send it.

mod basket;
mod day;
mod queue;
mod random;
mod rates;
mod stream;
mod supply;

pub use basket::Baskets;
pub use random::Random;
pub use rates::Rates;
pub use stream::{Plan, Stream};

/// The topics that people and tills write; the rest of the flow is the pipelines' own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Topic {
    /// Orders as they are placed, by customer.
    Orders,
    /// Counts and deliveries, by restaurant.
    Stock,
    /// Confirmations and cancellations, by restaurant.
    Fulfilment,
    /// Refunds, corrections and points spent, by customer.
    Adjustments,
}

/// What a record is meant to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Intent {
    /// An order of a real basket.
    Order,
    /// The same order once more.
    DuplicateOrder,
    /// The first count of an item.
    Count,
    /// More of an item.
    Delivery,
    /// A count of an item that was counted before.
    Recount,
    /// Less of an item.
    Loss,
    /// An order was handed over.
    Confirmation,
    /// An order was not wanted any more.
    Cancellation,
    /// A confirmation after the reservation is over.
    LateConfirmation,
    /// The same fulfilment once more.
    DuplicateFulfilment,
    /// A fulfilment of an order that nobody placed.
    UnknownFulfilment,
    /// Money back, of an order that earned points.
    Refund,
    /// More money back than the order came to.
    ExcessRefund,
    /// Points put right.
    Correction,
    /// Points spent, not many.
    Spend,
    /// More points spent than anybody has.
    Overspend,
    /// The same adjustment once more.
    DuplicateAdjustment,
    /// Nothing that could be read, or under another's key.
    Malformed,
}

/// A record to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// Where to.
    pub topic: Topic,
    /// What it is meant to be.
    pub intent: Intent,
    /// Its key.
    pub key: String,
    /// Its value: JSON, unless it is malformed.
    pub value: String,
    /// Its time, ms since the Unix epoch.
    pub timestamp_ms: i64,
    /// Its header `correlation-id`; what somebody waits for has one.
    pub correlation: Option<String>,
}
