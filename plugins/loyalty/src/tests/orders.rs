//! What orders earn.

use super::{DAY_S, Run, T, assert_code, event, order, outputs, sample, value};
use crate::{Account, DUPLICATE_ORDERS};
use serde_json::json;
use wasmill_sdk::{Answer, Sample};

#[test]
fn an_order_earns_points_and_the_rest_of_a_point_is_nothing() {
    let mut run = Run::new();
    assert_eq!(run.order(0, "o-1", 2_750), json!({ "type": "earned", "order_id": "o-1", "points": 27, "capped": 0 }));
    assert_eq!(run.order(1, "o-2", 99)["points"], 0);
    assert_eq!(run.order(2, "o-3", 100)["points"], 1);
    assert_eq!(run.order(3, "o-4", 0)["points"], 0);
    assert_eq!(run.points(), [28, 28, 0, 0]);
    assert_eq!(run.account().seq, 4);
}

#[test]
fn every_order_has_its_event_and_its_balance() {
    let mut run = Run::new().beginning_with(&Account { seq: 8, balance: 10, lifetime: 10, ..Account::new("base") });
    let messages = run.send("orders", sample(0, order("o-1", 2_750)));
    assert_eq!(outputs(&messages), ["events", "balances"]);
    assert_eq!(
        value(&messages[1]),
        json!({ "customer_id": "c-7", "seq": 9, "balance": 37, "lifetime": 37, "tier": "base", "input": "orders",
                "partition": 0, "offset": 0 })
    );
    assert_eq!(value(&messages[0])["seq"], 9);
}

#[test]
fn a_rate_is_points_for_a_hundred_cents() {
    let mut run = Run::with(json!({ "points_per_dollar": 3, "daily_cap": 1_000_000 }));
    assert_eq!(run.order(0, "o-1", 133)["points"], 3);
    assert_eq!(run.order(0, "o-2", 134)["points"], 4);
    let mut run = Run::with(json!({ "points_per_dollar": 0 }));
    assert_eq!(run.order(0, "o-1", 100_000), json!({ "type": "earned", "order_id": "o-1", "points": 0, "capped": 0 }));
}

#[test]
fn a_day_has_room_for_so_many_points() {
    let mut run = Run::with(json!({ "daily_cap": 50 }));
    assert_eq!(run.order(0, "o-1", 4_900)["points"], 49);
    assert_eq!(run.order(1, "o-2", 300), json!({ "type": "earned", "order_id": "o-2", "points": 1, "capped": 2 }));
    assert_eq!(run.order(2, "o-3", 300), json!({ "type": "earned", "order_id": "o-3", "points": 0, "capped": 3 }));
    assert_eq!((run.points(), run.account().day_points), ([50, 50, 0, 0], 50));
}

#[test]
fn a_day_begins_at_midnight_in_greenwich() {
    let mut run = Run::with(json!({ "daily_cap": 10 }));
    let midnight_s = (T / 1000 / DAY_S + 1) * DAY_S - T / 1000;
    assert_eq!(run.order(midnight_s - 1, "o-1", 1_000)["points"], 10);
    assert_eq!(run.order(midnight_s, "o-2", 700)["points"], 7);
    assert_eq!((run.account().day, run.account().day_points), (T / 1000 / DAY_S + 1, 7));
    // To the millisecond.
    let mut run = Run::with(json!({ "daily_cap": 10 }));
    let at = |ms: i64, id: &str| sample(0, order(id, 1_000)).timestamp(T + midnight_s * 1000 + ms);
    assert_eq!(event(&run.send("orders", at(-1, "o-1")))["points"], 10);
    assert_eq!(event(&run.send("orders", at(-1, "o-2")))["points"], 0);
    assert_eq!(event(&run.send("orders", at(0, "o-3")))["points"], 10);
}

#[test]
fn a_late_order_counts_for_the_day_that_is() {
    let mut run = Run::with(json!({ "daily_cap": 10 }));
    run.order(DAY_S, "o-1", 800);
    assert_eq!(run.order(0, "o-2", 800), json!({ "type": "earned", "order_id": "o-2", "points": 2, "capped": 6 }));
    assert_eq!(run.account().day, T / 1000 / DAY_S + 1);
    assert_eq!(run.order(3 * DAY_S, "o-3", 800)["points"], 8);
}

#[test]
fn a_cap_that_was_lowered_leaves_no_room_and_takes_nothing() {
    let day = T / 1000 / DAY_S;
    let rich = Account { balance: 90, lifetime: 90, day, day_points: 90, ..Account::new("base") };
    let mut run = Run::with(json!({ "daily_cap": 50 })).beginning_with(&rich);
    assert_eq!(run.order(0, "o-1", 500), json!({ "type": "earned", "order_id": "o-1", "points": 0, "capped": 5 }));
    assert_eq!((run.points(), run.account().day_points), ([90, 90, 0, 0], 90));
}

#[test]
fn a_duplicate_is_dropped_and_counted() {
    let mut run = Run::new();
    run.order(0, "o-1", 2_750);
    let before = run.account();
    // Another order with its id is no other order.
    for cents in [2_750, 1] {
        assert!(matches!(run.batch("orders", vec![sample(9, order("o-1", cents))])[0], Answer::Drop));
    }
    assert_eq!(run.account(), before);
    assert_eq!(run.harness().counted(DUPLICATE_ORDERS), 2);
    assert_eq!(run.order(1, "o-2", 100)["points"], 1);
    // Nor is one whose id is a part of that, or a number beside it.
    assert_eq!(
        (run.order(1, "o-", 100)["points"].clone(), run.order(1, "2750", 100)["points"].clone()),
        (json!(1), json!(1))
    );
}

#[test]
fn a_duplicate_in_the_same_call_is_one() {
    let mut run = Run::new();
    let answers = run.batch("orders", vec![sample(0, order("o-1", 100)), sample(0, order("o-1", 100))]);
    assert!(matches!(&answers[..], [Answer::Emit(_), Answer::Drop]), "{answers:?}");
    assert_eq!(run.points(), [1, 1, 0, 0]);
}

#[test]
fn so_many_orders_are_remembered_and_no_more() {
    let mut run = Run::with(json!({ "order_window": 3 }));
    ["o-1", "o-2", "o-3"].iter().for_each(|id| _ = run.order(0, id, 100));
    assert!(matches!(run.batch("orders", vec![sample(0, order("o-1", 100))])[0], Answer::Drop));
    run.order(0, "o-4", 100);
    assert_eq!(run.orders(), ["o-2", "o-3", "o-4"]);
    assert_eq!(run.order(0, "o-1", 100)["points"], 1, "forgotten");
    assert!(matches!(run.batch("orders", vec![sample(0, order("o-3", 100))])[0], Answer::Drop));
}

#[test]
fn a_window_that_was_made_smaller_forgets_the_oldest() {
    let mut run = Run::with(json!({ "order_window": 10 }));
    ["o-1", "o-2", "o-3", "o-4"].iter().for_each(|id| _ = run.order(0, id, 100));
    let mut smaller = Run::with(json!({ "order_window": 2 })).beginning_with(&run.account());
    smaller.order(0, "o-5", 100);
    assert_eq!(smaller.orders(), ["o-4", "o-5"]);
}

#[test]
fn customers_do_not_share_accounts_or_orders() {
    let mut run = Run::new();
    run.order(0, "o-1", 500);
    let mut other = order("o-1", 300);
    other["customer_id"] = json!("c-8");
    let messages = run.send("orders", Sample::new().key("c-8").json(other).timestamp(T));
    assert_eq!(value(&messages[1])["balance"], 3);
    assert_eq!(run.points(), [5, 5, 0, 0]);
}

#[test]
fn sums_beyond_64_bits_are_refused_and_change_nothing() {
    let spent = i64::MAX - 10;
    let full = Account { balance: 10, lifetime: i64::MAX, spent, ..Account::new("gold") };
    let mut run = Run::with(json!({ "daily_cap": 1_000 })).beginning_with(&full);
    assert_code(&run.batch("orders", vec![sample(0, order("o-1", 100))])[0], "amount-overflow");
    let message = json!({ "type": "spend", "adjustment_id": "a-1", "points": 10 });
    assert_eq!(event(&run.send("adjustments", super::adjustment(message)))["type"], "spent");
    let owed = Account { balance: i64::MIN + 5, corrected: i64::MIN + 5, ..Account::new("base") };
    let mut run = Run::new().beginning_with(&owed);
    let message = json!({ "type": "correction", "adjustment_id": "a-1", "points": -6 });
    assert_code(&run.batch("adjustments", vec![super::adjustment(message)])[0], "amount-overflow");
    assert_eq!(run.account(), owed);
}

#[test]
fn points_of_the_largest_order_are_counted_without_overflow() {
    let config = json!({
        "points_per_dollar": 1_000, "daily_cap": 1_000_000_000,
        "tiers": [{ "name": "all", "from": 0, "multiplier_bp": 1_000_000 }],
    });
    let cents = 1_000_000_000_000_i64;
    assert_eq!(
        Run::with(config).order(0, "o-1", cents),
        json!({ "type": "earned", "order_id": "o-1", "points": 1_000_000_000, "capped": 1_000_000_000_000_000_i64 - 1_000_000_000 })
    );
}
