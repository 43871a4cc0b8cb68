//! Who rises and falls.

use super::{Run, order, outputs, sample, value};
use serde_json::{Value, json};
use wasmill_sdk::Message;

fn run() -> Run {
    Run::with(json!({ "daily_cap": 1_000_000, "tiers": [
        { "name": "base", "from": 0, "multiplier_bp": 10_000 },
        { "name": "silver", "from": 100, "multiplier_bp": 12_500 },
        { "name": "gold", "from": 200, "multiplier_bp": 20_000 },
    ] }))
}

/// From and to of the event about tiers, which comes last.
fn change(messages: &[Message]) -> Option<(Value, Value, Value)> {
    let event = value(messages.last()?);
    (event["type"] == "tier").then(|| (event["from"].clone(), event["to"].clone(), event["lifetime"].clone()))
}

#[test]
fn a_tier_begins_with_its_first_point() {
    let mut run = run();
    assert_eq!(change(&run.send("orders", sample(0, order("o-1", 9_900)))), None);
    let messages = run.send("orders", sample(0, order("o-2", 100)));
    assert_eq!(outputs(&messages), ["events", "balances", "events"]);
    assert_eq!(change(&messages), Some((json!("base"), json!("silver"), json!(100))));
    assert_eq!((value(&messages[1])["tier"].clone(), value(&messages[2])["seq"].clone()), (json!("silver"), json!(2)));
    assert_eq!(run.account().tier, "silver");
}

#[test]
fn an_order_earns_by_the_tier_that_it_finds() {
    let mut run = run();
    assert_eq!(run.order(0, "o-1", 15_000)["points"], 150, "not the tier that it leads to");
    assert_eq!(run.order(0, "o-2", 1_000)["points"], 12, "12.5, and the half is nothing");
    assert_eq!(run.order(0, "o-3", 4_000)["points"], 50);
    assert_eq!(run.order(0, "o-4", 1_000)["points"], 20);
}

#[test]
fn rounding_is_done_once() {
    // 1.25 x 159 cents are 1.9875 points, and not 1.25 of one point.
    let mut run = run();
    run.order(0, "o-1", 10_000);
    assert_eq!(run.order(0, "o-2", 159)["points"], 1);
    assert_eq!(run.order(0, "o-3", 160)["points"], 2);
}

#[test]
fn a_tier_can_be_skipped() {
    let mut run = run();
    let messages = run.send("orders", sample(0, order("o-1", 25_000)));
    assert_eq!(change(&messages), Some((json!("base"), json!("gold"), json!(250))));
}

#[test]
fn a_refund_may_take_a_tier_back() {
    let mut run = run();
    run.order(0, "o-1", 10_000);
    let message = json!({ "type": "refund", "adjustment_id": "a-1", "order_id": "o-1", "amount_cents": 1 });
    let messages = run.send("adjustments", super::adjustment(message));
    assert_eq!(change(&messages), None, "a hundredth of a point is nothing yet");
    let message = json!({ "type": "refund", "adjustment_id": "a-2", "order_id": "o-1", "amount_cents": 99 });
    let messages = run.send("adjustments", super::adjustment(message));
    assert_eq!(change(&messages), Some((json!("silver"), json!("base"), json!(99))));
}

#[test]
fn spending_and_corrections_leave_the_tier_alone() {
    let mut run = run();
    run.order(0, "o-1", 10_000);
    run.spend("a-1", 100);
    run.correct("a-2", -100);
    assert_eq!(run.account().tier, "silver");
    assert_eq!(run.order(0, "o-2", 1_000)["points"], 12, "and what it earns");
}

#[test]
fn tiers_that_were_renamed_are_told_with_the_next_balance() {
    let mut old = run();
    old.order(0, "o-1", 15_000);
    let mut run = Run::with(json!({ "tiers": [
        { "name": "guest", "from": 0, "multiplier_bp": 10_000 }, { "name": "friend", "from": 150, "multiplier_bp": 30_000 },
    ] }))
    .beginning_with(&old.account());
    let refused = json!({ "type": "spend", "adjustment_id": "a-1", "points": 10_000 });
    assert_eq!(run.send("adjustments", super::adjustment(refused)).len(), 1, "a refusal is no balance");
    let messages = run.send("orders", sample(0, order("o-2", 100)));
    assert_eq!(value(&messages[0])["points"], 3, "the configuration of today");
    assert_eq!(change(&messages), Some((json!("silver"), json!("friend"), json!(153))));
}
