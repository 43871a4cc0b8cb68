//! A week of real baskets with everything that belongs to them: what the events say is what the accounts have.

use super::{T, value};
use crate::{Account, DUPLICATE_ADJUSTMENTS, DUPLICATE_ORDERS, Loyalty};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use wasmill_orders::{Baskets, Intent, Made, Plan, Rates, Stream, Topic};
use wasmill_sdk::{Answer, Harness, Message, Sample};

const DATA: &str = include_str!("../../../../examples/data/orders.jsonl");
/// Records that are answered together: the inputs overtake each other by as much.
const TOGETHER: usize = 100;

fn records() -> Vec<Made> {
    let plan = Plan {
        seed: 5,
        orders: 700,
        start_ms: T,
        step_ms: 60_000,
        reservation_ms: 900_000,
        rates: Rates {
            duplicate_orders: 100,
            refunds: 300,
            spends: 300,
            corrections: 100,
            malformed: 20,
            excess_refunds: 100,
            ..Rates::default()
        },
    };
    // A few customers, so that each has much to do with.
    let few: Vec<String> = DATA.lines().enumerate().map(|(at, line)| renamed(line, at % 40)).collect();
    let baskets = Baskets::read(&few.join("\n")).unwrap();
    Stream::new(&baskets, plan).filter(|made| matches!(made.topic, Topic::Orders | Topic::Adjustments)).collect()
}

fn renamed(line: &str, customer: usize) -> String {
    let mut order: Value = serde_json::from_str(line).unwrap();
    order["customer_id"] = format!("c-{customer}").into();
    order.to_string()
}

#[test]
fn every_balance_is_what_its_events_come_to() {
    let records = records();
    let mut harness = Harness::<Loyalty>::new(json!({ "daily_cap": 60, "order_window": 8, "tiers": [
        { "name": "base", "from": 0, "multiplier_bp": 10_000 }, { "name": "silver", "from": 100, "multiplier_bp": 12_500 },
    ] }));
    let mut ledgers = BTreeMap::<String, Ledger>::new();
    let (mut dropped, mut unreadable) = (0, 0);
    for together in records.chunks(TOGETHER) {
        for (input, topic) in [("adjustments", Topic::Adjustments), ("orders", Topic::Orders)] {
            let mine: Vec<&Made> = together.iter().filter(|made| made.topic == topic).collect();
            let sample = |made: &&Made| Sample::new().key(&made.key).value(&made.value).timestamp(made.timestamp_ms);
            harness = harness.input(input).batch(mine.iter().map(sample));
            for (made, answer) in mine.iter().zip(harness.answers()) {
                match answer {
                    Answer::Emit(messages) => ledgers.entry(made.key.clone()).or_default().enter(made, messages),
                    Answer::Drop => dropped += 1,
                    Answer::Reject { .. } if made.intent == Intent::Malformed => unreadable += 1,
                    other => panic!("{made:?}: {other}"),
                }
            }
        }
    }
    let events: u64 = ledgers.values().map(|ledger| ledger.seq as u64).sum();
    assert_eq!(events + dropped + unreadable, records.len() as u64, "one answer to each record");
    assert_eq!(harness.counted(DUPLICATE_ORDERS) + harness.counted(DUPLICATE_ADJUSTMENTS), dropped);
    assert!(dropped > 20 && unreadable > 3, "{dropped} {unreadable}");
    let mut kinds = BTreeMap::<String, u64>::new();
    for (customer, ledger) in ledgers {
        let account = harness.stored(|stores| stores.accounts.get(&customer)).unwrap();
        ledger.check(&account);
        ledger.kinds.into_iter().for_each(|(kind, count)| *kinds.entry(kind).or_default() += count);
    }
    for kind in [
        "earned",
        "capped",
        "refunded",
        "corrected",
        "spent",
        "tier",
        "unknown-order",
        "refund-too-large",
        "insufficient-points",
    ] {
        assert!(kinds.get(kind).is_some_and(|count| *count > 3), "{kind}: {kinds:?}");
    }
}

/// What events and balances say about one customer.
#[derive(Debug, Default)]
struct Ledger {
    seq: i64,
    balance: i64,
    lifetime: i64,
    by_day: BTreeMap<i64, i64>,
    kinds: BTreeMap<String, u64>,
}

impl Ledger {
    fn enter(&mut self, made: &Made, messages: &[Message]) {
        self.seq += 1;
        for message in messages {
            let message = value(message);
            assert_eq!((message["seq"].as_i64(), message["customer_id"].as_str()), (Some(self.seq), Some(&*made.key)));
            match message["type"].as_str() {
                None => assert_eq!(
                    (message["balance"].as_i64(), message["lifetime"].as_i64()),
                    (Some(self.balance), Some(self.lifetime)),
                    "{made:?}"
                ),
                Some(kind) => self.event(kind, &message, made),
            }
        }
    }

    fn event(&mut self, kind: &str, event: &Value, made: &Made) {
        let points = event["points"].as_i64().unwrap_or_default();
        match kind {
            "earned" => {
                (self.balance, self.lifetime) = (self.balance + points, self.lifetime + points);
                *self.by_day.entry(made.timestamp_ms / 86_400_000).or_default() += points;
                if event["capped"].as_i64() > Some(0) {
                    *self.kinds.entry("capped".into()).or_default() += 1;
                }
            }
            "refunded" => (self.balance, self.lifetime) = (self.balance - points, self.lifetime - points),
            "corrected" => self.balance += points,
            "spent" => {
                self.balance -= points;
                assert!(self.balance >= 0, "{made:?}");
            }
            _ => {}
        }
        *self.kinds.entry(event["code"].as_str().unwrap_or(kind).to_owned()).or_default() += 1;
    }

    fn check(&self, account: &Account) {
        assert_eq!((account.seq, account.balance, account.lifetime), (self.seq, self.balance, self.lifetime));
        assert!(account.adds_up() && self.lifetime >= 0, "{account:?}");
        assert!(account.orders.len() <= 8 && account.adjustments.len() <= 16, "{account:?}");
        assert!(self.by_day.values().all(|points| *points <= 60), "{self:?}");
    }
}
