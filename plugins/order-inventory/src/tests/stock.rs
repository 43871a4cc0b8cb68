//! Counts, deliveries and losses.

use super::{RESERVATION_S, Run, T, assert_code};
use crate::stock::{Reservation, Stock};
use serde_json::json;

#[test]
fn what_is_counted_is_there() {
    let mut run = Run::new();
    assert_eq!(
        run.count(0, "P-1", 20),
        json!({ "decision": "stocked", "restaurant_id": "r-3", "sku": "P-1", "on_hand": 20, "reserved": 0, "sold": 0,
                "delivered": 20 })
    );
    assert_eq!(run.count(1, "P-1", 7)["delivered"], 7);
    assert_eq!(run.pieces("P-1"), [7, 0, 0, 7]);
    assert_eq!(run.count(2, "P-1", 0)["on_hand"], 0);
}

#[test]
fn a_count_has_what_is_reserved_in_it_and_what_is_sold_not() {
    let mut run = Run::stocked(&[("P-1", 10)]);
    run.order(0, "o-1", &[("P-1", 3)]);
    run.fulfil(0, "o-1", "confirmed");
    run.order(0, "o-2", &[("P-1", 2)]);
    assert_eq!(
        run.count(1, "P-1", 9),
        json!({ "decision": "stocked", "restaurant_id": "r-3", "sku": "P-1", "on_hand": 7, "reserved": 2, "sold": 3,
                "delivered": 12 })
    );
    assert_eq!(run.count(2, "P-1", 2)["on_hand"], 0);
}

#[test]
fn what_is_reserved_can_not_be_counted_away() {
    let mut run = Run::stocked(&[("P-1", 10)]);
    run.order(0, "o-1", &[("P-1", 3)]);
    assert_eq!(
        run.count(1, "P-1", 2),
        json!({ "decision": "refused", "code": "below-reserved", "restaurant_id": "r-3", "sku": "P-1", "on_hand": 7,
                "reserved": 3, "sold": 0, "delivered": 10 })
    );
    assert_eq!(run.pieces("P-1"), [7, 3, 0, 10]);
    // It is reserved no longer.
    assert_eq!(run.count(RESERVATION_S, "P-1", 2)["decision"], "stocked");
    assert_eq!(run.pieces("P-1"), [2, 0, 0, 2]);
}

#[test]
fn deliveries_and_losses_are_added_up() {
    let mut run = Run::new();
    assert_eq!(run.adjust(0, "P-1", 5)["on_hand"], 5);
    assert_eq!(run.adjust(0, "P-1", -5)["on_hand"], 0);
    assert_eq!(run.adjust(0, "P-1", 12)["delivered"], 12);
    assert_eq!(run.adjust(0, "P-1", 0)["decision"], "stocked");
    assert_eq!(run.pieces("P-1"), [12, 0, 0, 12]);
}

#[test]
fn no_more_can_be_lost_than_is_on_hand() {
    let mut run = Run::stocked(&[("P-1", 3)]);
    run.order(0, "o-1", &[("P-1", 1)]);
    assert_eq!(
        run.adjust(1, "P-1", -3),
        json!({ "decision": "refused", "code": "below-zero", "restaurant_id": "r-3", "sku": "P-1", "on_hand": 2,
                "reserved": 1, "sold": 0, "delivered": 3 })
    );
    assert_eq!(run.pieces("P-1"), [2, 1, 0, 3]);
}

#[test]
fn a_refused_count_still_clears_what_has_expired() {
    let mut run = Run::stocked(&[("P-1", 3)]);
    run.order(0, "o-1", &[("P-1", 1)]);
    run.order(100, "o-2", &[("P-1", 2)]);
    assert_eq!(run.count(RESERVATION_S, "P-1", 1)["code"], "below-reserved");
    assert_eq!(run.pieces("P-1"), [1, 2, 0, 3]);
}

#[test]
fn sums_beyond_64_bits_are_refused_and_change_nothing() {
    let full = Stock { on_hand: 5, delivered: i64::MAX, sold: i64::MAX - 5, low: false, reservations: Vec::new() };
    let mut run = Run::new();
    let harness = run.harness.take().unwrap().state(|stores| stores.stock.put(("r-3", "P-1"), &full));
    run.harness = Some(harness);
    for message in [
        json!({ "type": "adjustment", "restaurant_id": "r-3", "sku": "P-1", "delta": 1 }),
        json!({ "type": "count", "restaurant_id": "r-3", "sku": "P-1", "count": 6 }),
    ] {
        let sample = run.sample(0, message);
        assert_code(&run.batch("stock", vec![sample])[0], "amount-overflow");
    }
    assert_eq!(run.stock_json("P-1"), json!(full));
    assert_eq!(run.adjust(0, "P-1", -5)["delivered"], i64::MAX - 5);
    // And a time so far away that a reservation would end after all time.
    let sample = run.sample(0, super::order("o-1", &[("P-2", 1)])).timestamp(i64::MAX);
    run.count(0, "P-2", 1);
    assert_code(&run.batch("orders", vec![sample])[0], "amount-overflow");
    assert_eq!((run.pieces("P-2"), run.entry_json("o-1")), ([1, 0, 0, 1], json!(null)));
}

#[test]
#[should_panic(expected = "does not add up")]
fn nothing_is_sold_from_stock_that_does_not_add_up() {
    let broken = Stock { on_hand: 5, delivered: 4, sold: 0, low: false, reservations: Vec::new() };
    let mut run = Run::new();
    run.harness = run.harness.take().map(|it| it.state(|stores| stores.stock.put(("r-3", "P-1"), &broken)));
    run.order(0, "o-1", &[("P-1", 1)]);
}

#[test]
fn stock_that_does_not_add_up_is_told_from_stock_that_does() {
    let reservations = |pieces: &[i64]| pieces.iter().map(|it| Reservation("o".into(), *it, T)).collect();
    let stock = |[on_hand, sold, delivered]: [i64; 3], pieces: &[i64]| Stock {
        on_hand,
        delivered,
        sold,
        low: false,
        reservations: reservations(pieces),
    };
    assert!(stock([3, 2, 8], &[1, 2]).adds_up());
    assert!(stock([i64::MAX, 0, i64::MAX], &[]).adds_up());
    for broken in [
        stock([3, 2, 8], &[1, 1]),
        stock([-1, 2, 1], &[]),
        stock([2, -1, 1], &[]),
        stock([2, 1, 2], &[-1]),
        stock([i64::MAX, i64::MAX, -2], &[]),
    ] {
        assert!(!broken.adds_up(), "{broken:?}");
    }
}

#[test]
fn what_is_stored_and_no_stock_stops_the_record_and_stays() {
    let mut run = Run::new();
    run.harness = run.harness.take().map(|it| it.state_bytes("stock", "r-3\0\u{1}P-1\0\u{1}", "{}"));
    let sample = run.sample(0, super::order("o-1", &[("P-1", 1)]));
    assert_code(&run.batch("orders", vec![sample])[0], "invalid-state");
}
