//! Who runs low is reported when it happens, and not again until it happens again.

use super::{RESERVATION_S, Run, T, order, outputs, value};
use serde_json::{Value, json};
use wasmill_sdk::{Message, Sample};

fn run() -> Run {
    Run::with(json!({ "low_stock_at": 5, "reservation_s": RESERVATION_S }))
}

impl Run {
    /// The low items of the messages that an order has.
    fn low_by(&mut self, at_s: i64, id: &str, items: &[(&str, i64)]) -> Vec<Value> {
        let sample = self.sample(at_s, order(id, items));
        low(&self.send("orders", sample))
    }
}

fn low(messages: &[Message]) -> Vec<Value> {
    messages
        .iter()
        .filter(|message| message.output == "low-stock")
        .map(|message| value(message)["sku"].clone())
        .collect()
}

#[test]
fn an_item_that_becomes_low_is_reported_once() {
    let mut run = run();
    run.count(0, "P-1", 8);
    assert!(run.low_by(1, "o-1", &[("P-1", 2)]).is_empty(), "six are more than five");
    let sample = run.sample(2, order("o-2", &[("P-1", 1)])).header("correlation-id", "x");
    let messages = run.send("orders", sample);
    assert_eq!(outputs(&messages), ["decisions", "accepted", "low-stock"]);
    assert_eq!(
        value(&messages[2]),
        json!({ "restaurant_id": "r-3", "sku": "P-1", "on_hand": 5, "low_stock_at": 5, "input": "orders", "partition": 0,
                "offset": 2 })
    );
    assert_eq!((messages[2].key.as_deref(), messages[2].headers.len()), (Some(&b"r-3"[..]), 0));
    assert!(run.low_by(3, "o-3", &[("P-1", 1)]).is_empty());
    assert_eq!(run.stock_json("P-1")["low"], true);
}

#[test]
fn who_recovers_and_falls_again_is_reported_again() {
    let mut run = run();
    run.count(0, "P-1", 6);
    assert_eq!(run.low_by(1, "o-1", &[("P-1", 1)]), ["P-1"]);
    run.fulfil(2, "o-1", "cancelled");
    assert_eq!(run.low_by(3, "o-2", &[("P-1", 1)]), ["P-1"]);
    run.adjust(4, "P-1", 1);
    assert_eq!(run.stock_json("P-1")["low"], false);
    assert_eq!(run.low_by(5, "o-3", &[("P-1", 1)]), ["P-1"]);
    // Two have expired, and one is taken at once: that is five again, from seven.
    assert_eq!(run.low_by(3 + RESERVATION_S, "o-4", &[("P-1", 1)]).len(), 0);
    assert_eq!(run.pieces("P-1")[0], 5);
}

#[test]
fn stock_becomes_low_by_counts_and_losses_too() {
    let mut run = run();
    run.count(0, "P-1", 6);
    let message = json!({ "type": "adjustment", "restaurant_id": "r-3", "sku": "P-1", "delta": -1 });
    let sample = run.sample(1, message);
    assert_eq!(low(&run.send("stock", sample)), ["P-1"]);
    run.count(2, "P-1", 6);
    let message = json!({ "type": "count", "restaurant_id": "r-3", "sku": "P-1", "count": 0 });
    let sample = run.sample(3, message);
    let messages = run.send("stock", sample);
    assert_eq!(
        (outputs(&messages), value(&messages[1])["input"].clone()),
        (vec!["decisions", "low-stock"], json!("stock"))
    );
}

#[test]
fn an_item_that_was_never_more_is_no_news() {
    let mut run = run();
    let message = json!({ "type": "count", "restaurant_id": "r-3", "sku": "P-1", "count": 5 });
    assert!(low(&run.send("stock", Sample::new().key("r-3").json(message).timestamp(T))).is_empty());
    assert!(run.low_by(1, "o-1", &[("P-1", 1), ("P-1", 1)]).is_empty());
    assert!(run.low_by(2, "o-2", &[("P-9", 1)]).is_empty());
    assert_eq!(run.stock_json("P-9"), json!(null));
}

#[test]
fn an_order_reports_all_of_its_items_in_its_order() {
    let mut run = run();
    ["P-3", "P-1", "P-2"].iter().for_each(|sku| _ = run.count(0, sku, 6));
    assert_eq!(run.low_by(1, "o-1", &[("P-2", 1), ("P-3", 1), ("P-1", 1)]), ["P-2", "P-3", "P-1"]);
}

#[test]
fn an_order_that_is_refused_makes_nothing_low() {
    let mut run = run();
    run.count(0, "P-1", 6);
    assert!(run.low_by(1, "o-1", &[("P-1", 1), ("P-2", 1)]).is_empty());
    assert_eq!(run.stock_json("P-1")["low"], false);
}

#[test]
fn a_line_that_was_raised_is_crossed_by_whoever_is_looked_at_next() {
    let mut before = Run::with(json!({ "low_stock_at": 2 }));
    before.count(0, "P-1", 4);
    let stock = before.stored(|stores| stores.stock.get(("r-3", "P-1"))).unwrap();
    let mut run = run();
    run.harness = run.harness.take().map(|it| it.state(|stores| stores.stock.put(("r-3", "P-1"), &stock)));
    assert_eq!(run.low_by(1, "o-1", &[("P-1", 5)]), ["P-1"], "although nothing else has changed");
    assert!(run.low_by(2, "o-1", &[("P-1", 5)]).is_empty());
}
