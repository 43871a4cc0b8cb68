//! What the stream promises: the same for a seed, in order, as often as it was stated.

// clippy.toml exempts test functions only, not the functions that they share.
#![allow(clippy::unwrap_used)]

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use wasmill_orders::{Baskets, Intent, Made, Plan, Rates, Stream, Topic};

const DATA: &str = include_str!("../../../examples/data/orders.jsonl");
const PLAN: Plan = Plan {
    seed: 1,
    orders: 5_000,
    start_ms: 1_700_000_000_000,
    step_ms: 1_000,
    reservation_ms: 900_000,
    rates: Rates {
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
    },
};

fn made(plan: Plan) -> Vec<Made> {
    let baskets = Baskets::read(DATA).unwrap();
    Stream::new(&baskets, plan).collect()
}

fn counts(made: &[Made]) -> BTreeMap<Intent, u64> {
    let mut counts = BTreeMap::new();
    for made in made {
        *counts.entry(made.intent).or_default() += 1;
    }
    counts
}

fn json(made: &Made) -> Value {
    serde_json::from_str(&made.value).unwrap_or_else(|error| panic!("{error}: {made:?}"))
}

#[test]
fn a_seed_makes_one_stream() {
    let plan = Plan { orders: 500, ..PLAN };
    assert_eq!(made(plan), made(plan));
    assert_ne!(made(plan), made(Plan { seed: 2, ..plan }));
}

#[test]
fn times_never_go_back_and_begin_where_they_should() {
    let made = made(PLAN);
    assert!(made.is_sorted_by_key(|made| made.timestamp_ms));
    assert!(made[0].timestamp_ms >= PLAN.start_ms);
    let orders: Vec<i64> =
        made.iter().filter(|made| made.intent == Intent::Order).map(|made| made.timestamp_ms).collect();
    let step = (orders[orders.len() - 1] - orders[0]) / (orders.len() as i64 - 1);
    assert!((900..1100).contains(&step), "{step} ms from order to order");
}

#[test]
fn there_are_as_many_orders_as_were_wanted_each_with_an_id_of_its_own() {
    let made = made(PLAN);
    let orders: Vec<&Made> = made.iter().filter(|made| made.intent == Intent::Order).collect();
    let ids: BTreeSet<String> = orders.iter().map(|made| json(made)["order_id"].to_string()).collect();
    assert_eq!((orders.len(), ids.len()), (5_000, 5_000));
    for made in orders {
        assert_eq!(json(made)["customer_id"], made.key);
    }
}

#[test]
fn everything_happens_as_often_as_was_stated() {
    let made = made(PLAN);
    let counts = counts(&made);
    // 1,982 of 2,300 baskets are valid.
    let valid = 5_000.0 * 1_982.0 / 2_300.0;
    let fulfilled = valid * 0.97;
    let adjustments = valid * (0.1 + 0.01 + 0.03 + 0.15 + 0.03);
    for (intent, expected) in [
        (Intent::DuplicateOrder, valid * 0.03),
        (Intent::Confirmation, valid * 0.86),
        (Intent::Cancellation, valid * 0.08),
        (Intent::LateConfirmation, valid * 0.03),
        (Intent::DuplicateFulfilment, fulfilled * 0.03),
        (Intent::UnknownFulfilment, fulfilled * 0.005),
        (Intent::Refund, valid * 0.1),
        (Intent::ExcessRefund, valid * 0.01),
        (Intent::Correction, valid * 0.03),
        (Intent::Spend, valid * 0.15),
        (Intent::Overspend, valid * 0.03),
        (Intent::DuplicateAdjustment, adjustments * 0.05),
        (Intent::Malformed, valid * 0.005 * 3.0),
    ] {
        let found = counts[&intent] as f64;
        // Four standard deviations of a count.
        let off = 4.0 * f64::sqrt(expected * 3.0);
        assert!((found - expected).abs() < off, "{intent:?}: {found}, {expected} were stated");
    }
    for intent in [Intent::Count, Intent::Delivery, Intent::Recount, Intent::Loss] {
        assert!(counts[&intent] > 50, "{intent:?}: {}", counts[&intent]);
    }
}

#[test]
fn a_rate_of_nothing_is_never() {
    let rates = Rates {
        duplicate_orders: 0,
        short_items: 0,
        recounts: 0,
        losses: 0,
        cancelled: 0,
        forgotten: 0,
        late: 0,
        duplicate_fulfilments: 0,
        unknown_fulfilments: 0,
        refunds: 0,
        excess_refunds: 0,
        corrections: 0,
        spends: 0,
        overspends: 0,
        duplicate_adjustments: 0,
        malformed: 0,
    };
    let counts = counts(&made(Plan { rates, orders: 2_300, ..PLAN }));
    let intents: Vec<Intent> = counts.keys().copied().collect();
    assert_eq!(intents, [Intent::Order, Intent::Count, Intent::Delivery, Intent::Confirmation]);
    assert_eq!((counts[&Intent::Order], counts[&Intent::Confirmation]), (2_300, 1_982));
}

/// As order-validation says with the configuration of its example.
fn is_valid(order: &Value) -> bool {
    let items = order["items"].as_array().unwrap();
    let quantities = items.iter().all(|item| (1..=100).contains(&item["quantity"].as_i64().unwrap()));
    quantities && items.len() <= 50 && order["totals"]["total_cents"].as_i64() >= Some(1)
}

#[test]
fn what_a_valid_order_wants_is_there_before_it() {
    let rates = Rates { short_items: 0, recounts: 0, losses: 0, ..PLAN.rates };
    let mut left = BTreeMap::<(String, String), i64>::new();
    let mut valid = 0;
    for made in made(Plan { rates, ..PLAN }).iter().filter(|made| made.intent != Intent::Malformed) {
        let message = json(made);
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let place = |sku: &Value| (text(&message["restaurant_id"]), text(sku));
        match made.intent {
            Intent::Count => {
                let counted = left.insert(place(&message["sku"]), message["count"].as_i64().unwrap());
                assert_eq!(counted, None, "an item is counted once");
            }
            Intent::Delivery => *left.get_mut(&place(&message["sku"])).unwrap() += message["delta"].as_i64().unwrap(),
            Intent::Order if is_valid(&message) => {
                for item in message["items"].as_array().unwrap() {
                    let left = left.get_mut(&place(&item["sku"])).unwrap();
                    *left -= item["quantity"].as_i64().unwrap();
                    assert!(*left >= 0, "{message}");
                }
                valid += 1;
            }
            _ => {}
        }
    }
    assert!((4_200..4_400).contains(&valid), "{valid}");
}

#[test]
fn records_are_keyed_by_whom_they_are_about() {
    for made in made(Plan { orders: 1_000, ..PLAN }).iter().filter(|made| made.intent != Intent::Malformed) {
        let whose = match made.topic {
            Topic::Orders | Topic::Adjustments => "customer_id",
            Topic::Stock | Topic::Fulfilment => "restaurant_id",
        };
        assert_eq!(json(made)[whose], made.key);
    }
}
