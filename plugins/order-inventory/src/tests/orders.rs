//! What orders reserve.

use super::{MEMORY_S, RESERVATION_S, Run, T, decision, order, outputs};
use serde_json::json;
use wasmill_sdk::{Answer, Sample};

#[test]
fn an_order_reserves_all_that_it_wants() {
    let mut run = Run::stocked(&[("P-1", 10), ("P-2", 1)]);
    let decision = run.order(1, "o-1", &[("P-1", 3), ("P-2", 1)]);
    assert_eq!(
        decision,
        json!({ "decision": "accepted", "order_id": "o-1", "restaurant_id": "r-3", "customer_id": "c-7",
                "expires": T + 1000 + RESERVATION_S * 1000 })
    );
    assert_eq!((run.pieces("P-1"), run.pieces("P-2")), ([7, 3, 0, 10], [0, 1, 0, 1]));
    assert_eq!(
        run.entry_json("o-1"),
        json!({ "state": "reserved", "until": T + 1000 + MEMORY_S * 1000, "items": [["P-1", 3], ["P-2", 1]] })
    );
}

#[test]
fn an_accepted_order_goes_on_as_it_came_but_for_its_key() {
    let mut run = Run::stocked(&[("P-1", 10)]);
    let text = r#"{ "customer_id": "c-\u0037", "order_id": "o-1",  "restaurant_id": "r-3", "gift": [null],
                    "items": [{ "sku": "P-1", "quantity": 1, "unit_price_cents": 5 }] }"#;
    let sample = Sample::new().key("r-3").value(text).timestamp(T).header("trace", "1").null_header("trace");
    let messages = run.send("orders", sample);
    assert_eq!(outputs(&messages), ["decisions", "accepted"]);
    let accepted = &messages[1];
    assert_eq!(accepted.key.as_deref(), Some(&b"c-7"[..]), "the customer, not as it was escaped");
    assert_eq!(accepted.value.as_deref(), Some(text.as_bytes()));
    assert_eq!((accepted.headers.len(), accepted.timestamp, accepted.partition), (2, Some(T), None));
    assert_eq!((messages[0].key.as_deref(), messages[0].timestamp), (Some(&b"r-3"[..]), Some(T)));
}

#[test]
fn an_order_of_which_one_item_is_short_gets_nothing() {
    let mut run = Run::stocked(&[("P-1", 10), ("P-2", 1)]);
    let decision = run.order(1, "o-1", &[("P-1", 3), ("P-2", 2), ("P-3", 1)]);
    assert_eq!(
        decision,
        json!({ "decision": "refused", "code": "short", "order_id": "o-1", "restaurant_id": "r-3", "customer_id": "c-7",
                "short": [{ "sku": "P-2", "wanted": 2, "on_hand": 1 }, { "sku": "P-3", "wanted": 1, "on_hand": 0 }] })
    );
    assert_eq!((run.pieces("P-1"), run.pieces("P-2")), ([10, 0, 0, 10], [1, 0, 0, 1]));
    assert_eq!((run.stock_json("P-3"), run.entry_json("o-1")), (json!(null), json!(null)));
}

#[test]
fn a_refused_order_goes_nowhere_and_may_come_again() {
    let mut run = Run::stocked(&[("P-1", 1)]);
    let sample = run.sample(1, order("o-1", &[("P-1", 2)]));
    assert_eq!(outputs(&run.send("orders", sample)), ["decisions"]);
    run.adjust(2, "P-1", 1);
    assert_eq!(run.order(3, "o-1", &[("P-1", 2)])["decision"], "accepted");
}

#[test]
fn the_last_piece_can_be_had_and_no_more() {
    let mut run = Run::stocked(&[("P-1", 3)]);
    assert_eq!(run.order(1, "o-1", &[("P-1", 3)])["decision"], "accepted");
    assert_eq!(run.order(2, "o-2", &[("P-1", 1)])["short"][0]["on_hand"], 0);
    assert_eq!(run.pieces("P-1"), [0, 3, 0, 3]);
}

#[test]
fn lines_of_the_same_item_are_one() {
    let mut run = Run::stocked(&[("P-1", 5), ("P-2", 5)]);
    let twice = [("P-1", 2), ("P-2", 1), ("P-1", 3)];
    assert_eq!(run.order(1, "o-1", &twice)["decision"], "accepted");
    assert_eq!(run.stock_json("P-1")["reservations"], json!([["o-1", 5, T + 1000 + RESERVATION_S * 1000]]));
    assert_eq!(run.entry_json("o-1")["items"], json!([["P-1", 5], ["P-2", 1]]));
    assert_eq!(
        run.order(2, "o-2", &[("P-2", 3), ("P-2", 2)])["short"],
        json!([{ "sku": "P-2", "wanted": 5, "on_hand": 4 }])
    );
}

#[test]
fn a_duplicate_reserves_nothing_and_is_told_how_far_its_order_is() {
    let mut run = Run::stocked(&[("P-1", 10)]);
    run.order(1, "o-1", &[("P-1", 2)]);
    let sample = run.sample(2, order("o-1", &[("P-1", 2)]));
    let messages = run.send("orders", sample);
    assert_eq!(outputs(&messages), ["decisions"]);
    assert_eq!(
        decision(&messages),
        json!({ "decision": "duplicate", "order_id": "o-1", "restaurant_id": "r-3", "customer_id": "c-7", "state": "reserved" })
    );
    assert_eq!(run.pieces("P-1"), [8, 2, 0, 10]);
    run.fulfil(3, "o-1", "confirmed");
    // Another order with its id is no other order.
    assert_eq!(run.order(4, "o-1", &[("P-9", 1)])["state"], "confirmed");
    assert_eq!(run.pieces("P-1"), [8, 0, 2, 10]);
}

#[test]
fn duplicates_in_one_call_reserve_once() {
    let mut run = Run::stocked(&[("P-1", 3)]);
    let sample = run.sample(1, order("o-1", &[("P-1", 2)]));
    let other = run.sample(1, order("o-2", &[("P-1", 1)]));
    let answers = run.batch("orders", vec![sample.clone(), sample, other]);
    let verdicts = answers.iter().map(|answer| match answer {
        Answer::Emit(messages) => decision(messages)["decision"].clone(),
        other => panic!("{other}"),
    });
    assert_eq!(verdicts.collect::<Vec<_>>(), ["accepted", "duplicate", "accepted"]);
    assert_eq!(run.pieces("P-1"), [0, 3, 0, 3]);
}

#[test]
fn an_order_is_forgotten_in_time_and_not_before() {
    let mut run = Run::stocked(&[("P-1", 10)]);
    run.order(0, "o-1", &[("P-1", 2)]);
    run.fulfil(1, "o-1", "confirmed");
    assert_eq!(run.order(MEMORY_S - 1, "o-1", &[("P-1", 2)])["decision"], "duplicate");
    assert_eq!(run.order(MEMORY_S, "o-1", &[("P-1", 2)])["decision"], "accepted");
    assert_eq!(run.pieces("P-1"), [6, 2, 2, 10]);
}

#[test]
fn what_has_expired_is_free_for_the_next() {
    let mut run = Run::stocked(&[("P-1", 2)]);
    run.order(0, "o-1", &[("P-1", 2)]);
    assert_eq!(run.order(RESERVATION_S - 1, "o-2", &[("P-1", 1)])["code"], "short");
    assert_eq!(run.pieces("P-1"), [0, 2, 0, 2]);
    assert_eq!(run.order(RESERVATION_S, "o-3", &[("P-1", 1)])["decision"], "accepted");
    assert_eq!(run.pieces("P-1"), [1, 1, 0, 2]);
}

#[test]
fn a_refused_order_still_clears_what_has_expired() {
    let mut run = Run::stocked(&[("P-1", 2)]);
    run.order(0, "o-1", &[("P-1", 2)]);
    assert_eq!(run.order(RESERVATION_S, "o-2", &[("P-1", 3)])["short"][0]["on_hand"], 2);
    assert_eq!(run.stock_json("P-1")["reservations"], json!([]));
}

#[test]
fn no_item_is_reserved_for_more_orders_than_may_be() {
    let mut run = Run::with(json!({ "max_reservations": 2, "low_stock_at": 0, "reservation_s": RESERVATION_S }));
    run.count(0, "P-1", 10);
    run.count(0, "P-2", 10);
    run.order(0, "o-1", &[("P-1", 1)]);
    run.order(10, "o-2", &[("P-1", 1)]);
    assert_eq!(
        run.order(20, "o-3", &[("P-2", 1), ("P-1", 1)]),
        json!({ "decision": "refused", "code": "too-many-reservations", "order_id": "o-3", "restaurant_id": "r-3",
                "customer_id": "c-7", "full": ["P-1"] })
    );
    assert_eq!(run.pieces("P-2"), [10, 0, 0, 10]);
    // What is short is said first, and what has expired has made room.
    assert_eq!(run.order(20, "o-3", &[("P-2", 11), ("P-1", 1)])["code"], "short");
    assert_eq!(run.order(RESERVATION_S, "o-3", &[("P-1", 1)])["decision"], "accepted");
}

#[test]
fn restaurants_do_not_share_stock_or_orders() {
    let mut run = Run::stocked(&[("P-1", 1)]);
    let mut other = order("o-1", &[("P-1", 1)]);
    other["restaurant_id"] = json!("r-4");
    let sample = Sample::new().key("r-4").json(other).timestamp(T);
    assert_eq!(decision(&run.send("orders", sample))["code"], "short");
    assert_eq!(run.order(1, "o-1", &[("P-1", 1)])["decision"], "accepted");
}

#[test]
fn everything_that_an_order_needs_is_asked_for_in_advance() {
    let mut run = Run::stocked(&[("P-1", 9), ("P-2", 9)]);
    let samples = ["o-1", "o-2", "o-3"].map(|id| run.sample(1, order(id, &[("P-1", 1), ("P-2", 1)])));
    run.batch("orders", samples.into());
    assert_eq!(run.harness().state_calls().gets, 0);
}
