//! How often things happen that are no good order of a good customer.

/// Of a thousand. Those of orders are of orders that order-validation lets through; the rest of them is confirmed in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rates {
    /// Orders that are sent once more, a little later.
    pub duplicate_orders: u64,
    /// Items that run out and are not delivered in time for the order that wants them.
    pub short_items: u64,
    /// Items that are counted again before an order: anything may come of it.
    pub recounts: u64,
    /// Items some of which are lost before an order.
    pub losses: u64,
    /// Orders that are cancelled.
    pub cancelled: u64,
    /// Orders that nobody confirms or cancels.
    pub forgotten: u64,
    /// Orders that are confirmed after their reservation is over.
    pub late: u64,
    /// Fulfilments that are sent once more.
    pub duplicate_fulfilments: u64,
    /// Orders beside which an order that does not exist is confirmed.
    pub unknown_fulfilments: u64,
    /// Orders of which money is given back, all or a part.
    pub refunds: u64,
    /// Orders of which more money is to be given back than they came to.
    pub excess_refunds: u64,
    /// Orders after which somebody corrects the customer's points.
    pub corrections: u64,
    /// Orders after which the customer spends points.
    pub spends: u64,
    /// Orders after which the customer spends more points than anybody has.
    pub overspends: u64,
    /// Adjustments that are sent once more.
    pub duplicate_adjustments: u64,
    /// Orders beside which something is sent to each of the other topics that nobody can read.
    pub malformed: u64,
}

impl Default for Rates {
    fn default() -> Rates {
        Rates {
            duplicate_orders: 30,
            short_items: 5,
            recounts: 5,
            losses: 5,
            cancelled: 80,
            forgotten: 30,
            late: 30,
            duplicate_fulfilments: 30,
            unknown_fulfilments: 5,
            refunds: 100,
            excess_refunds: 10,
            corrections: 30,
            spends: 150,
            overspends: 30,
            duplicate_adjustments: 50,
            malformed: 5,
        }
    }
}
