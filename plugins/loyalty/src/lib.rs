//! Keeps customers' points.
//!
//! Orders earn them, by tier and up to a daily cap; refunds take back what their order has earned; corrections are people's;
//! spending needs a balance. `docs/decisions/0011-orders-stock-and-points.md` has every message and rule; `account.rs` is
//! what can happen to an account, `handle.rs` what a record does.
//!
//! Kafka does not deliver twice here, but producers may send twice: an order or an adjustment that an account remembers is
//! dropped and counted.
//!
//! An order of 350 bytes took 1.2 us natively for a new customer and 2.1 us for one with 16 orders, without boundary and store, on
//! a machine with other work to do; `examples/speed.rs` measures it.

mod account;
mod answer;
mod config;
mod handle;
mod message;
mod refusal;
mod tiers;
mod window;

pub use account::Account;
pub use config::Config;
pub use refusal::Refusal;
pub use tiers::Tier;

use answer::{Balance, Event, Kind, Source};
use message::{Adjustment, Order};
use tiers::Tiers;
use wasmill_sdk::prelude::*;
use wasmill_sdk::telemetry::Counter;
use wasmill_sdk::{Store, Stores};

/// Where messages go.
#[derive(Debug, Clone, Copy, Outputs)]
pub enum Output {
    /// What each customer has, by customer: for a compacted topic.
    Balances,
    /// What happened, by customer.
    Events,
}

/// What is kept.
#[derive(Debug, Stores)]
pub struct Stores {
    /// By customer.
    pub accounts: Store<str, Account>,
}

/// Orders that came once more.
pub const DUPLICATE_ORDERS: Counter = Counter::new(0, "duplicate-orders");
/// Adjustments that came once more.
pub const DUPLICATE_ADJUSTMENTS: Counter = Counter::new(1, "duplicate-adjustments");

/// The plugin.
#[derive(Debug)]
pub struct Loyalty {
    config: Config,
    tiers: Tiers,
}

/// What came of an order.
#[derive(Debug)]
pub struct Done {
    /// The account as it is then.
    pub account: Account,
    /// Event, balance, and the event about the tier if there is one, as JSON.
    pub said: Vec<Vec<u8>>,
}

/// A record that could be read.
#[derive(Debug)]
pub struct Input<'r> {
    message: Message<'r>,
    time: i64,
    offset: i64,
    /// The header that its events get, too, if there is one.
    correlation: Option<Option<&'r [u8]>>,
}

#[derive(Debug)]
enum Message<'r> {
    Order(Order<'r>),
    Adjustment(Adjustment<'r>),
}

impl Plugin for Loyalty {
    type Config = Config;
    type Outputs = Output;
    type Codes = Refusal;
    type Stores = Stores;
    type Input<'r> = Input<'r>;

    const INPUTS: &'static [&'static str] = &["orders", "adjustments"];
    const COUNTERS: &'static [Counter] = &[DUPLICATE_ORDERS, DUPLICATE_ADJUSTMENTS];

    fn configure(config: Config) -> Result<Loyalty, Problems> {
        let problems = config.problems();
        match Tiers::new(config.tiers.clone()) {
            Some(tiers) => problems.or(Loyalty { config, tiers }),
            None => Err(problems),
        }
    }

    fn parse<'r>(&self, record: Record<'r>, stores: &Stores) -> Result<Input<'r>, Failure> {
        let (key, value) = (record.key_str()?, record.value());
        let message = match record.input() {
            0 => Message::Order(Order::read(key, value, &self.config)?),
            _ => Message::Adjustment(Adjustment::read(key, value, &self.config)?),
        };
        let time = message::time(&record)?;
        stores.accounts.want(message.customer());
        let correlation = record.header(&self.config.correlation_header);
        Ok(Input { message, time, offset: record.offset(), correlation })
    }

    fn process(&self, input: Input<'_>, stores: &mut Stores, context: &Context) -> Result<Outcome, Failure> {
        let Input { message, time, offset, correlation } = input;
        let customer = message.customer();
        let mut account = self.account(customer, stores.accounts.get(customer)?);
        let source = |input| Source { input, partition: context.partition(), offset };
        let (event, source) = match &message {
            Message::Order(order) => {
                let source = source("orders");
                (self.earn(order, time, source, &mut account)?, source)
            }
            Message::Adjustment(adjustment) => {
                let source = source("adjustments");
                (self.adjust(adjustment, source, &mut account)?, source)
            }
        };
        let Some(event) = event else { return Ok(Outcome::Drop) };
        let messages = self.messages(event, customer, source, &mut account, correlation)?;
        stores.accounts.put(customer, &account)?;
        Ok(messages.into())
    }
}

impl Loyalty {
    /// What an order of one customer does, for whoever has no record and keeps accounts elsewhere. `None`: nothing, it is a
    /// duplicate.
    ///
    /// # Errors
    /// The order can't be read.
    pub fn order(
        &self,
        customer: &str,
        value: &[u8],
        t: i64,
        account: Option<Account>,
    ) -> Result<Option<Done>, Failure> {
        let order = Order::read(customer, Some(value), &self.config)?;
        let mut account = self.account(customer, account);
        let source = Source { input: "orders", partition: 0, offset: 0 };
        let Some(event) = self.earn(&order, t, source, &mut account)? else { return Ok(None) };
        let before = self.rise(&mut account);
        let mut said = vec![json(&event), json(&Balance::of(&account, customer, source))];
        said.extend(before.map(|before| json(&Event::tier(&account, customer, source, &before))));
        Ok(Some(Done { account, said }))
    }

    /// # Panics
    /// When what is stored does not add up. No message can do that, so the state is broken, and nobody is paid from it.
    fn account(&self, customer: &str, stored: Option<Account>) -> Account {
        let account = stored.unwrap_or_else(|| Account::new(&self.tiers.first().name));
        assert!(account.adds_up(), "the account of {customer:?} does not add up: {account:?}");
        account
    }

    /// Sets the tier. What it was before, if that is another.
    fn rise(&self, account: &mut Account) -> Option<String> {
        let tier = &self.tiers.of(account.lifetime).name;
        (*tier != account.tier).then(|| std::mem::replace(&mut account.tier, tier.clone()))
    }

    /// The event, the balance if it may have changed, and whether the customer has risen or fallen. Keys are the record's.
    fn messages(
        &self,
        event: Event<'_>,
        customer: &str,
        source: Source,
        account: &mut Account,
        correlation: Option<Option<&[u8]>>,
    ) -> Result<Vec<Emission>, Failure> {
        let emitted = |event: &Event<'_>| {
            let message = Output::Events.emit().without_headers().json(event)?;
            Ok::<Emission, Failure>(match correlation {
                None => message,
                Some(None) => message.null_header(&self.config.correlation_header),
                Some(Some(id)) => message.header(&self.config.correlation_header, id),
            })
        };
        let mut messages = vec![emitted(&event)?];
        if event.kind == Kind::Refused {
            return Ok(messages);
        }
        let before = self.rise(account);
        let balance = Balance::of(account, customer, source);
        messages.push(Output::Balances.emit().without_headers().json(&balance)?);
        if let Some(before) = before {
            messages.push(emitted(&Event::tier(account, customer, source, &before))?);
        }
        Ok(messages)
    }
}

/// What is said is text and numbers, so there is no error.
fn json(said: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(said).unwrap_or_default()
}

impl Message<'_> {
    fn customer(&self) -> &str {
        match self {
            Message::Order(order) => &order.customer_id,
            Message::Adjustment(adjustment) => &adjustment.customer_id,
        }
    }
}

wasmill_sdk::export!(Loyalty);

#[cfg(test)]
mod tests;
