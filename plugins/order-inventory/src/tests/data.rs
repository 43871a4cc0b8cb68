//! A week of real baskets with everything that belongs to them: nothing is lost, and nothing appears.

use super::{OrderInventory, decision, value};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use wasmill_orders::{Baskets, Intent, Made, Plan, Rates, Stream, Topic};
use wasmill_sdk::{Answer, Harness, Sample};

const DATA: &str = include_str!("../../../../examples/data/orders.jsonl");
/// Records that are answered together: the inputs overtake each other by as much.
const TOGETHER: usize = 400;

/// The input, the record, and what it is meant to be. Orders come as order-validation sends them: the valid ones, by
/// restaurant.
fn records(plan: Plan) -> Vec<(&'static str, Sample, Made)> {
    let baskets = Baskets::read(DATA).unwrap();
    let record = |made: Made| {
        let (input, key) = match made.topic {
            Topic::Orders => ("orders", restaurant_of_valid(&made.value)?),
            Topic::Stock => ("stock", made.key.clone()),
            Topic::Fulfilment => ("fulfilment", made.key.clone()),
            Topic::Adjustments => return None,
        };
        let sample = Sample::new().key(key).value(&made.value).timestamp(made.timestamp_ms);
        Some((input, sample, made))
    };
    Stream::new(&baskets, plan).filter_map(record).collect()
}

fn restaurant_of_valid(value: &str) -> Option<String> {
    let order: Value = serde_json::from_str(value).ok()?;
    let items = order["items"].as_array()?;
    let valid =
        items.len() <= 50 && items.iter().all(|item| (1..=100).contains(&item["quantity"].as_i64().unwrap_or(0)));
    valid.then(|| order["restaurant_id"].as_str().map(str::to_owned)).flatten()
}

#[test]
fn no_piece_is_lost_and_none_appears() {
    let plan = Plan {
        seed: 11,
        orders: 250,
        start_ms: 1_700_000_000_000,
        step_ms: 20_000,
        reservation_ms: 900_000,
        rates: Rates {
            late: 100,
            forgotten: 100,
            duplicate_orders: 100,
            recounts: 300,
            losses: 300,
            malformed: 50,
            ..Rates::default()
        },
    };
    let records = records(plan);
    let mut harness = Harness::<OrderInventory>::new(json!({ "low_stock_at": 3 }));
    let mut decisions = Vec::new();
    let mut unreadable = 0;
    for together in records.chunks(TOGETHER) {
        for input in ["stock", "orders", "fulfilment"] {
            let mine = together.iter().filter(|(of, ..)| *of == input);
            let (samples, made): (Vec<_>, Vec<_>) = mine.map(|(_, sample, made)| (sample.clone(), made)).unzip();
            harness = harness.input(input).batch(samples);
            for (made, answer) in made.into_iter().zip(harness.answers()) {
                match answer {
                    Answer::Emit(messages) => decisions.push((made.clone(), decision(messages), value(&messages[0]))),
                    Answer::Reject { .. } if made.intent == Intent::Malformed => unreadable += 1,
                    other => panic!("{made:?}: {other}"),
                }
            }
        }
    }
    assert_eq!(decisions.len() + unreadable, records.len(), "one answer to each record");
    assert!(unreadable > 0);
    check_verdicts(&decisions);
    let pieces = pieces(&decisions);
    assert!(pieces.len() > 1_000);
    for ((restaurant, sku), expected) in pieces {
        let stock = harness.stored(|stores| stores.stock.get((&restaurant, &sku))).unwrap_or_default();
        assert!(stock.adds_up(), "{restaurant} {sku}: {stock:?}");
        assert_eq!([stock.sold, stock.delivered], expected, "{restaurant} {sku}: {stock:?}");
    }
}

/// Everything happened that can happen.
fn check_verdicts(decisions: &[(Made, Value, Value)]) {
    let mut verdicts = BTreeMap::<(String, String), u64>::new();
    for (_, decision, _) in decisions {
        let text = |field: &str| decision[field].as_str().unwrap_or_default().to_owned();
        *verdicts.entry((text("decision"), text("code"))).or_default() += 1;
    }
    for (verdict, code) in [
        ("accepted", ""),
        ("refused", "short"),
        ("duplicate", ""),
        ("confirmed", ""),
        ("cancelled", ""),
        ("late", "already-confirmed"),
        ("late", "reservation-expired"),
        ("late", "unknown-order"),
        ("stocked", ""),
        ("refused", "below-zero"),
    ] {
        let count = verdicts.get(&(verdict.to_owned(), code.to_owned())).copied().unwrap_or_default();
        assert!(count > 0, "no decision is {verdict} {code}: {verdicts:?}");
    }
}

/// What was sold and delivered of each item, by what the decisions say: sold are the items of orders that were confirmed, and
/// what was delivered the last decision about stock has said.
fn pieces(decisions: &[(Made, Value, Value)]) -> BTreeMap<(String, String), [i64; 2]> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut pieces = BTreeMap::<(String, String), [i64; 2]>::new();
    let mut wanted = BTreeMap::new();
    for (made, decision, _) in decisions {
        let restaurant = text(&decision["restaurant_id"]);
        let order = (restaurant.clone(), text(&decision["order_id"]));
        match decision["decision"].as_str() {
            Some("accepted") => {
                let order_json: Value = serde_json::from_str(&made.value).unwrap();
                wanted.insert(order, order_json["items"].clone());
            }
            Some("confirmed") => {
                for item in wanted.remove(&order).unwrap().as_array().unwrap() {
                    let place = (restaurant.clone(), text(&item["sku"]));
                    pieces.entry(place).or_default()[0] += item["quantity"].as_i64().unwrap();
                }
            }
            Some("stocked") => {
                let place = (restaurant, text(&decision["sku"]));
                pieces.entry(place).or_default()[1] = decision["delivered"].as_i64().unwrap();
            }
            _ => {}
        }
    }
    pieces
}
