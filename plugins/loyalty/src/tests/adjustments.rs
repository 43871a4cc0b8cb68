//! Refunds, corrections, and points that are spent.

use super::{Run, adjustment, outputs, value};
use crate::DUPLICATE_ADJUSTMENTS;
use serde_json::json;
use wasmill_sdk::Answer;

/// Somebody with one order of 27.50.
fn earned() -> Run {
    let mut run = Run::new();
    run.order(0, "o-1", 2_750);
    run
}

#[test]
fn a_whole_refund_takes_back_all_that_the_order_earned() {
    let mut run = earned();
    assert_eq!(
        run.refund("a-1", "o-1", 2_750),
        json!({ "type": "refunded", "adjustment_id": "a-1", "order_id": "o-1", "points": 27 })
    );
    assert_eq!(run.points(), [0, 0, 0, 0]);
}

#[test]
fn refunds_in_parts_take_as_much_as_one() {
    let mut run = earned();
    // 27 x 1000 / 2750 is 9.8, 27 x 2000 / 2750 is 19.6.
    let taken = [1_000, 1_000, 749, 1]
        .iter()
        .enumerate()
        .map(|(at, cents)| run.refund(&format!("a-{at}"), "o-1", *cents)["points"].clone());
    assert_eq!(taken.collect::<Vec<_>>(), [9, 10, 7, 1]);
    assert_eq!(run.points(), [0, 0, 0, 0]);
    assert_eq!(run.refund("a-9", "o-1", 1)["code"], "refund-too-large");
}

#[test]
fn no_more_is_refunded_than_the_order_came_to() {
    let mut run = earned();
    assert_eq!(
        run.refund("a-1", "o-1", 2_751),
        json!({ "type": "refused", "adjustment_id": "a-1", "code": "refund-too-large" })
    );
    run.refund("a-2", "o-1", 750);
    assert_eq!(run.refund("a-3", "o-1", 2_001)["code"], "refund-too-large");
    assert_eq!(run.refund("a-4", "o-1", 2_000)["points"], 20);
    run.order(0, "o-2", 0);
    assert_eq!(run.refund("a-5", "o-2", 1)["code"], "refund-too-large");
}

#[test]
fn a_refund_takes_what_was_earned_and_not_what_was_worth() {
    let mut run = Run::with(json!({ "daily_cap": 10 }));
    run.order(0, "o-1", 4_000);
    assert_eq!(run.refund("a-1", "o-1", 2_000)["points"], 5);
    assert_eq!(run.account().day_points, 10, "and makes no room for others");
}

#[test]
fn an_order_that_nobody_remembers_is_not_refunded() {
    let mut run = Run::with(json!({ "order_window": 1 }));
    run.order(0, "o-1", 2_750);
    run.order(0, "o-2", 2_750);
    for (id, order) in [("a-1", "o-1"), ("a-2", "o-9")] {
        assert_eq!(
            run.refund(id, order, 1),
            json!({ "type": "refused", "adjustment_id": id, "code": "unknown-order" })
        );
    }
    assert_eq!(run.refund("a-3", "o-2", 2_750)["points"], 27);
}

#[test]
fn who_has_spent_points_of_a_refunded_order_owes_them() {
    let mut run = earned();
    run.spend("a-1", 20);
    run.refund("a-2", "o-1", 2_750);
    assert_eq!(run.points(), [-20, 0, 0, 20]);
    assert_eq!(run.spend("a-3", 1)["code"], "insufficient-points");
    run.order(0, "o-2", 2_100);
    assert_eq!(run.spend("a-4", 1)["type"], "spent");
    assert_eq!(run.points(), [0, 21, 0, 21]);
}

#[test]
fn points_are_spent_by_those_who_have_them() {
    let mut run = earned();
    assert_eq!(run.spend("a-1", 27), json!({ "type": "spent", "adjustment_id": "a-1", "points": 27 }));
    assert_eq!(run.points(), [0, 27, 0, 27]);
    let mut run = earned();
    assert_eq!(
        run.spend("a-1", 28),
        json!({ "type": "refused", "adjustment_id": "a-1", "code": "insufficient-points" })
    );
    assert_eq!(run.points(), [27, 27, 0, 0]);
}

#[test]
fn a_refusal_is_an_event_and_no_balance() {
    let mut run = earned();
    let message = json!({ "type": "spend", "adjustment_id": "a-1", "points": 28 });
    let messages = run.send("adjustments", adjustment(message));
    assert_eq!(outputs(&messages), ["events"]);
    assert_eq!((value(&messages[0])["seq"].clone(), run.account().seq), (json!(2), 2));
}

#[test]
fn whoever_has_nothing_can_be_told_so() {
    let mut run = Run::new();
    assert_eq!(run.spend("a-1", 1)["code"], "insufficient-points");
    assert_eq!(json!(run.account().adjustments), "a-1");
}

#[test]
fn corrections_go_up_and_down_and_leave_the_lifetime_alone() {
    let mut run = earned();
    assert_eq!(run.correct("a-1", 600), json!({ "type": "corrected", "adjustment_id": "a-1", "points": 600 }));
    assert_eq!(run.correct("a-2", -700)["points"], -700);
    assert_eq!(run.points(), [-73, 27, -100, 0]);
    assert_eq!(run.account().tier, "base");
}

#[test]
fn a_duplicate_is_dropped_and_counted_whatever_it_says() {
    let mut run = earned();
    run.correct("a-1", 5);
    let before = run.account();
    for message in [
        json!({ "type": "correction", "adjustment_id": "a-1", "points": 5 }),
        json!({ "type": "spend", "adjustment_id": "a-1", "points": 1 }),
        json!({ "type": "refund", "adjustment_id": "a-1", "order_id": "o-1", "amount_cents": 1 }),
    ] {
        assert!(matches!(run.batch("adjustments", vec![adjustment(message)])[0], Answer::Drop));
    }
    assert_eq!(run.account(), before);
    assert_eq!(run.harness().counted(DUPLICATE_ADJUSTMENTS), 3);
}

#[test]
fn what_was_refused_once_is_not_done_when_it_comes_again() {
    let mut run = earned();
    run.spend("a-1", 28);
    run.order(0, "o-2", 100);
    let message = json!({ "type": "spend", "adjustment_id": "a-1", "points": 28 });
    assert!(matches!(run.batch("adjustments", vec![adjustment(message)])[0], Answer::Drop));
    assert_eq!(run.spend("a-2", 28)["type"], "spent");
}

#[test]
fn so_many_adjustments_are_remembered_and_no_more() {
    let mut run = Run::with(json!({ "adjustment_window": 2 }));
    run.correct("a-1", 1);
    run.spend("a-2", 100);
    run.correct("a-3", 1);
    assert_eq!(json!(run.account().adjustments), "a-2 a-3");
    assert_eq!(run.correct("a-1", 1)["type"], "corrected", "forgotten");
}

#[test]
fn an_order_and_an_adjustment_may_have_the_same_id() {
    let mut run = earned();
    assert_eq!(run.correct("o-1", 1)["type"], "corrected");
    run.correct("o-2", 1);
    assert_eq!(run.order(0, "o-2", 100)["points"], 1);
}

#[test]
fn the_time_of_an_adjustment_does_not_matter() {
    let mut run = earned();
    let before = (run.account().day, run.account().day_points);
    let message = json!({ "type": "correction", "adjustment_id": "a-1", "points": 1 });
    run.send("adjustments", adjustment(message).timestamp(super::T * 2));
    assert_eq!((run.account().day, run.account().day_points), before);
}
