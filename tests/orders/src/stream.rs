//! The stream: order after order, and around each what belongs to it.

use crate::basket::{Basket, Baskets};
use crate::day::{Day, afterwards, in_time, too_late};
use crate::queue::Queue;
use crate::random::Random;
use crate::rates::Rates;
use crate::supply::Supply;
use crate::{Intent, Made, Topic};
use serde_json::{Value, json};

/// What is to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// The same seed gives the same stream.
    pub seed: u64,
    /// Orders, duplicates not counted.
    pub orders: u64,
    /// The time before the first order, ms since the Unix epoch. Kafka deletes what is older than a topic's retention.
    pub start_ms: i64,
    /// The time from one order to the next, on average.
    pub step_ms: i64,
    /// How long a reservation lives: `reservation_s` of the inventory. Confirmations and all that follows go by it: items are
    /// there a quarter of it before their order, and the first confirmations come a twentieth after. Whoever sends faster than
    /// time passes should leave the pipelines before the inventory that long, or most of them are of unknown orders.
    pub reservation_ms: i64,
    /// How often things go otherwise.
    pub rates: Rates,
}

/// Records in the order of their times.
#[derive(Debug)]
pub struct Stream<'a> {
    baskets: &'a Baskets,
    plan: Plan,
    random: Random,
    supply: Supply,
    queue: Queue,
    /// Number and time of the next order; the time of the last one that was planned once there is none left.
    next: u64,
    next_ms: i64,
    adjustments: u64,
}

impl<'a> Stream<'a> {
    /// A stream from its beginning.
    pub fn new(baskets: &'a Baskets, plan: Plan) -> Stream<'a> {
        let mut random = Random::new(plan.seed);
        let next_ms = plan.start_ms + lead_ms(&plan) + random.between(0, 2 * plan.step_ms);
        Stream {
            baskets,
            plan,
            random,
            supply: Supply::default(),
            queue: Queue::default(),
            next: 0,
            next_ms,
            adjustments: 0,
        }
    }

    fn order(&mut self) -> Option<()> {
        let (basket, id) = self.baskets.get(self.next)?;
        let Plan { rates, reservation_ms, .. } = self.plan;
        let random = &mut self.random;
        let day =
            &mut Day { queue: &mut self.queue, at_ms: self.next_ms, lead_ms: lead_ms(&self.plan), reservation_ms };
        let (customer, value) = (basket.customer(), basket.with_id(&id));
        let correlation = Some(format!("order-{id}"));
        if basket.is_valid() {
            self.supply.deliver(basket, &rates, random, day);
        }
        day.now(Topic::Orders, Intent::Order, customer, value.clone(), correlation.clone());
        if basket.is_valid() {
            if random.chance(rates.duplicate_orders) {
                // Before the confirmation, or after it.
                let when = random.between(1, 90);
                day.later(when, Topic::Orders, Intent::DuplicateOrder, customer, value, correlation);
            }
            fulfilment(basket, &id, &rates, random, day);
            let from = self.adjustments;
            self.adjustments += adjustments(basket, &id, (self.plan.seed, from), &rates, random, day);
            malformed(basket, &id, &rates, random, day);
        }
        self.next += 1;
        self.next_ms += self.random.between(0, 2 * self.plan.step_ms);
        Some(())
    }
}

impl Iterator for Stream<'_> {
    type Item = Made;

    fn next(&mut self) -> Option<Made> {
        // Whatever an order brings with it comes at its lead or later: what is due before that is due now.
        while self.next < self.plan.orders
            && self.queue.due().is_none_or(|due| due >= self.next_ms - lead_ms(&self.plan))
        {
            self.order()?;
        }
        self.queue.take()
    }
}

/// How long before an order its items are there.
fn lead_ms(plan: &Plan) -> i64 {
    plan.reservation_ms / 4
}

fn fulfilment(basket: &Basket, id: &str, rates: &Rates, random: &mut Random, day: &mut Day<'_>) {
    let restaurant = basket.restaurant();
    let message = |order_id: &str, status| {
        json!({ "order_id": order_id, "restaurant_id": restaurant, "status": status }).to_string()
    };
    let kind = random.below(1000);
    let (late, forgotten) = (rates.cancelled + rates.late, rates.cancelled + rates.late + rates.forgotten);
    let (intent, status, when) = match kind {
        kind if kind < rates.cancelled => (Intent::Cancellation, "cancelled", in_time(random)),
        kind if kind < late => (Intent::LateConfirmation, "confirmed", too_late(random)),
        kind if kind < forgotten => return,
        _ => (Intent::Confirmation, "confirmed", in_time(random)),
    };
    let correlation = Some(format!("fulfilment-{id}"));
    day.later(when, Topic::Fulfilment, intent, restaurant, message(id, status), correlation.clone());
    if random.chance(rates.duplicate_fulfilments) {
        let again = when + random.between(0, 20);
        let intent = Intent::DuplicateFulfilment;
        day.later(again, Topic::Fulfilment, intent, restaurant, message(id, status), correlation);
    }
    if random.chance(rates.unknown_fulfilments) {
        let (intent, value) = (Intent::UnknownFulfilment, message(&format!("nobody-{id}"), "confirmed"));
        day.later(in_time(random), Topic::Fulfilment, intent, restaurant, value, None);
    }
}

/// Adjustments that the order brings with it; `from`: seed, and how many there have been. How many there are.
fn adjustments(
    basket: &Basket,
    id: &str,
    (seed, from): (u64, u64),
    rates: &Rates,
    random: &mut Random,
    day: &mut Day<'_>,
) -> u64 {
    let (customer, total) = (basket.customer(), basket.total_cents());
    let mut planned: Vec<(Intent, Value)> = Vec::new();
    if random.chance(rates.refunds) {
        // Every other one gets back all of it.
        let amount = if random.chance(500) { total } else { random.between(1, total) };
        planned.push((Intent::Refund, json!({ "type": "refund", "order_id": id, "amount_cents": amount })));
    }
    if random.chance(rates.excess_refunds) {
        let amount = total + random.between(1, 1000);
        planned.push((Intent::ExcessRefund, json!({ "type": "refund", "order_id": id, "amount_cents": amount })));
    }
    if random.chance(rates.corrections) {
        let points = random.between(1, 50) * if random.chance(500) { 1 } else { -1 };
        planned.push((Intent::Correction, json!({ "type": "correction", "points": points, "reason": "by hand" })));
    }
    if random.chance(rates.spends) {
        planned.push((Intent::Spend, json!({ "type": "spend", "points": random.between(1, 30) })));
    }
    if random.chance(rates.overspends) {
        planned.push((Intent::Overspend, json!({ "type": "spend", "points": random.between(100_000, 1_000_000) })));
    }
    let mut number = from;
    for (intent, mut message) in planned {
        number += 1;
        let adjustment_id = format!("a-{seed}-{number}");
        message["adjustment_id"] = adjustment_id.as_str().into();
        message["customer_id"] = customer.into();
        let (value, when) = (message.to_string(), afterwards(random));
        day.later(when, Topic::Adjustments, intent, customer, value.clone(), Some(adjustment_id.clone()));
        if random.chance(rates.duplicate_adjustments) {
            let again = when + random.between(0, 20);
            let intent = Intent::DuplicateAdjustment;
            day.later(again, Topic::Adjustments, intent, customer, value, Some(adjustment_id));
        }
    }
    number - from
}

/// One that ends too early, one under another's key, one that does not say what is to be done.
fn malformed(basket: &Basket, id: &str, rates: &Rates, random: &mut Random, day: &mut Day<'_>) {
    if !random.chance(rates.malformed) {
        return;
    }
    let (restaurant, customer) = (basket.restaurant(), basket.customer());
    let (intent, cut) = (Intent::Malformed, format!(r#"{{"type":"count","restaurant_id":"{restaurant}","sku":"#));
    day.now(Topic::Stock, intent, restaurant, cut, None);
    let value = json!({ "order_id": id, "restaurant_id": restaurant, "status": "confirmed" }).to_string();
    day.now(Topic::Fulfilment, intent, &format!("not-{restaurant}"), value, None);
    let value = json!({ "type": "gift", "adjustment_id": id, "customer_id": customer, "points": 1 }).to_string();
    day.now(Topic::Adjustments, intent, customer, value, None);
}
