//! Keeps the stock of restaurants.
//!
//! Orders reserve what they want or are refused as a whole; confirmations sell it, cancellations release it, and what nobody
//! confirms in time is free again. `docs/decisions/0011-orders-stock-and-points.md` has every message and rule;
//! `stock.rs` is what can happen to an item, `handle.rs` what a record does.
//!
//! A restaurant has all of its stock in one partition, so its records come one after the other, each with the state that the
//! one before it has left. Between the inputs there is no order that one could rely on: a confirmation may overtake its order
//! and is late then, and the decisions tell in which order things were seen.

mod answer;
mod config;
mod entry;
mod handle;
mod message;
mod refusal;
mod shelf;
mod stock;
mod stores;

pub use config::Config;
pub use entry::Entry;
pub use refusal::Refusal;
pub use stock::Stock;
pub use stores::Stores;

use answer::{LowStock, Source, Sourced, Verdict};
use handle::Decided;
use message::{Fulfilment, Order, StockMessage};
use wasmill_sdk::prelude::*;

/// Where messages go.
#[derive(Debug, Clone, Copy, Outputs)]
pub enum Output {
    /// What was decided about each record, by restaurant.
    Decisions,
    /// Orders whose stock is reserved, unchanged, by customer.
    Accepted,
    /// Items that have just become low, by restaurant.
    LowStock,
}

/// The plugin.
#[derive(Debug)]
pub struct OrderInventory {
    config: Config,
}

/// A record that could be read.
#[derive(Debug)]
pub struct Input<'r> {
    message: Message<'r>,
    time: i64,
    source: Source,
    /// The header that its decision gets, too, if there is one.
    correlation: Option<Option<&'r [u8]>>,
}

#[derive(Debug)]
enum Message<'r> {
    Order(Order<'r>),
    Stock(StockMessage<'r>),
    Fulfilment(Fulfilment<'r>),
}

impl Plugin for OrderInventory {
    type Config = Config;
    type Outputs = Output;
    type Codes = Refusal;
    type Stores = Stores;
    type Input<'r> = Input<'r>;

    const INPUTS: &'static [&'static str] = &["orders", "stock", "fulfilment"];

    fn configure(config: Config) -> Result<OrderInventory, Problems> {
        let problems = config.problems();
        problems.or(OrderInventory { config })
    }

    fn parse<'r>(&self, record: Record<'r>, stores: &Stores) -> Result<Input<'r>, Failure> {
        let (message, input) = match record.input() {
            0 => (Message::Order(Order::read(&record, &self.config)?), "orders"),
            1 => (Message::Stock(StockMessage::read(&record, &self.config)?), "stock"),
            _ => (Message::Fulfilment(Fulfilment::read(&record, &self.config)?), "fulfilment"),
        };
        let time = message::time(&record)?;
        message.want(stores);
        let source = Source { input, partition: 0, offset: record.offset() };
        Ok(Input { message, time, source, correlation: record.header(&self.config.correlation_header) })
    }

    fn process(&self, input: Input<'_>, stores: &mut Stores, context: &Context) -> Result<Outcome, Failure> {
        let Input { message, time, source, correlation } = input;
        let source = Source { partition: context.partition(), ..source };
        let Decided { decision, mut shelves } = match &message {
            Message::Order(order) => handle::order(order, time, stores, &self.config)?,
            Message::Stock(stock) => handle::stock(stock, time, stores)?,
            Message::Fulfilment(fulfilment) => handle::fulfilment(fulfilment, time, stores)?,
        };
        let (verdict, restaurant, customer) = (decision.decision, decision.restaurant_id, decision.customer_id);
        let decided = Output::Decisions.emit().without_headers().json(&Sourced { message: &decision, source })?;
        let decided = match correlation {
            None => decided,
            Some(None) => decided.null_header(&self.config.correlation_header),
            Some(Some(id)) => decided.header(&self.config.correlation_header, id),
        };
        let mut messages = vec![decided.key(restaurant)];
        if verdict == Verdict::Accepted {
            messages.extend(customer.map(|customer| Output::Accepted.emit().key(customer)));
        }
        let low_stock_at = self.config.low_stock_at;
        for shelf in &mut shelves {
            if shelf.close(stores, restaurant, low_stock_at)? {
                let (sku, on_hand) = (&*shelf.sku, shelf.stock().on_hand);
                let message = LowStock { restaurant_id: restaurant, sku, on_hand, low_stock_at };
                let low = Output::LowStock.emit().without_headers().json(&Sourced { message, source })?;
                messages.push(low.key(restaurant));
            }
        }
        Ok(messages.into())
    }
}

impl Message<'_> {
    /// All that is known to be needed: of a fulfilment the items stand in the state.
    fn want(&self, stores: &Stores) {
        match self {
            Message::Order(Order { order_id, restaurant_id, wanted, .. }) => {
                stores.orders.want((&**restaurant_id, &**order_id));
                wanted.iter().for_each(|wanted| stores.stock.want((&**restaurant_id, &*wanted.sku)));
            }
            Message::Stock(StockMessage { restaurant_id, sku, .. }) => stores.stock.want((&**restaurant_id, &**sku)),
            Message::Fulfilment(Fulfilment { order_id, restaurant_id, .. }) => {
                stores.orders.want((&**restaurant_id, &**order_id));
            }
        }
    }
}

wasmill_sdk::export!(OrderInventory);

#[cfg(test)]
mod tests;
