//! What becomes of reservations.

use super::{MEMORY_S, RESERVATION_S, Run};
use serde_json::{Value, json};

/// An order for three of one item and one of another, of ten each.
fn reserved() -> Run {
    let mut run = Run::stocked(&[("P-1", 10), ("P-2", 10)]);
    run.order(0, "o-1", &[("P-1", 3), ("P-2", 1)]);
    run
}

fn late(code: &str) -> Value {
    json!({ "decision": "late", "code": code, "order_id": "o-1", "restaurant_id": "r-3" })
}

#[test]
fn a_confirmation_sells_what_was_reserved() {
    let mut run = reserved();
    assert_eq!(
        run.fulfil(1, "o-1", "confirmed"),
        json!({ "decision": "confirmed", "order_id": "o-1", "restaurant_id": "r-3" })
    );
    assert_eq!((run.pieces("P-1"), run.pieces("P-2")), ([7, 0, 3, 10], [9, 0, 1, 10]));
    let entry = run.entry_json("o-1");
    assert_eq!((&entry["state"], &entry["items"]), (&json!("confirmed"), &json!([])));
}

#[test]
fn a_cancellation_frees_what_was_reserved() {
    let mut run = reserved();
    assert_eq!(
        run.fulfil(1, "o-1", "cancelled"),
        json!({ "decision": "cancelled", "order_id": "o-1", "restaurant_id": "r-3" })
    );
    assert_eq!((run.pieces("P-1"), run.pieces("P-2")), ([10, 0, 0, 10], [10, 0, 0, 10]));
    assert_eq!(run.entry_json("o-1")["state"], "cancelled");
    assert_eq!(run.order(2, "o-2", &[("P-1", 10)])["decision"], "accepted");
}

#[test]
fn only_the_order_that_is_meant_is_fulfilled() {
    let mut run = reserved();
    run.order(0, "o-2", &[("P-1", 2)]);
    run.fulfil(1, "o-2", "confirmed");
    assert_eq!(run.pieces("P-1"), [5, 3, 2, 10]);
    run.fulfil(1, "o-1", "cancelled");
    assert_eq!(run.pieces("P-1"), [8, 0, 2, 10]);
}

#[test]
fn nothing_is_fulfilled_twice() {
    for (first, code) in [("confirmed", "already-confirmed"), ("cancelled", "already-cancelled")] {
        for second in ["confirmed", "cancelled"] {
            let mut run = reserved();
            run.fulfil(1, "o-1", first);
            let before = (run.stock_json("P-1"), run.stock_json("P-2"), run.entry_json("o-1"));
            assert_eq!(run.fulfil(2, "o-1", second), late(code));
            assert_eq!((run.stock_json("P-1"), run.stock_json("P-2"), run.entry_json("o-1")), before);
        }
    }
}

#[test]
fn what_nobody_ordered_is_late() {
    let mut run = reserved();
    assert_eq!(run.fulfil(1, "o-2", "confirmed")["code"], "unknown-order");
    // Refused, so nothing was reserved.
    run.order(1, "o-2", &[("P-1", 100)]);
    assert_eq!(run.fulfil(2, "o-2", "cancelled")["code"], "unknown-order");
    assert_eq!(run.pieces("P-1"), [7, 3, 0, 10]);
}

#[test]
fn a_reservation_can_be_confirmed_until_it_expires() {
    let mut run = reserved();
    assert_eq!(run.fulfil(RESERVATION_S - 1, "o-1", "confirmed")["decision"], "confirmed");
    for status in ["confirmed", "cancelled"] {
        let mut run = reserved();
        assert_eq!(run.fulfil(RESERVATION_S, "o-1", status), late("reservation-expired"));
        assert_eq!((run.pieces("P-1"), run.pieces("P-2")), ([10, 0, 0, 10], [10, 0, 0, 10]));
        let entry = run.entry_json("o-1");
        assert_eq!((&entry["state"], &entry["items"]), (&json!("expired"), &json!([])));
        assert_eq!(run.fulfil(RESERVATION_S, "o-1", status), late("reservation-expired"));
    }
}

/// Records are late, too: another one of a later time has looked at one of the items, and freed it.
#[test]
fn half_a_reservation_is_none() {
    for status in ["confirmed", "cancelled"] {
        let mut run = reserved();
        run.count(RESERVATION_S, "P-1", 10);
        assert_eq!((run.pieces("P-1"), run.pieces("P-2")), ([10, 0, 0, 10], [9, 1, 0, 10]));
        assert_eq!(run.fulfil(1, "o-1", status), late("reservation-expired"));
        assert_eq!((run.pieces("P-1"), run.pieces("P-2")), ([10, 0, 0, 10], [10, 0, 0, 10]));
        assert_eq!(run.entry_json("o-1")["state"], "expired");
    }
}

#[test]
fn what_is_forgotten_is_unknown() {
    let mut run = reserved();
    run.fulfil(1, "o-1", "confirmed");
    assert_eq!(run.fulfil(MEMORY_S - 1, "o-1", "confirmed"), late("already-confirmed"));
    assert_eq!(run.fulfil(MEMORY_S, "o-1", "confirmed"), late("unknown-order"));
}

#[test]
fn an_order_is_remembered_from_its_own_time_however_long_its_fulfilment_takes() {
    let mut run = reserved();
    run.fulfil(RESERVATION_S - 1, "o-1", "confirmed");
    assert_eq!(run.entry_json("o-1")["until"], super::T + MEMORY_S * 1000);
}

mod correlation {
    use super::super::{Run, T, order};
    use serde_json::json;
    use wasmill_sdk::{Message, Sample};

    fn headers(message: &Message) -> Vec<(&str, Option<&[u8]>)> {
        message.headers.iter().map(|(name, value)| (name.as_str(), value.as_deref())).collect()
    }

    fn sample(value: serde_json::Value) -> Sample {
        Sample::new().key("r-3").json(value).timestamp(T)
    }

    #[test]
    fn a_decision_has_the_correlation_of_its_request_and_no_other_header() {
        let mut run = Run::stocked(&[("P-1", 5)]);
        let request = sample(order("o-1", &[("P-1", 1)])).header("trace", "1").header("correlation-id", [0xff, 1]);
        let messages = run.send("orders", request);
        assert_eq!(headers(&messages[0]), [("correlation-id", Some(&[0xff, 1][..]))]);
        assert_eq!(messages[1].headers.len(), 2);
        let request = sample(json!({ "order_id": "o-1", "restaurant_id": "r-3", "status": "confirmed" }));
        let messages =
            run.send("fulfilment", request.clone().header("correlation-id", "a").header("correlation-id", "b"));
        assert_eq!(headers(&messages[0]), [("correlation-id", Some(&b"b"[..]))], "the last one counts");
        assert!(headers(&run.send("fulfilment", request.clone().header("Correlation-Id", "a"))[0]).is_empty());
        assert_eq!(
            headers(&run.send("fulfilment", request.null_header("correlation-id"))[0]),
            [("correlation-id", None)]
        );
    }

    #[test]
    fn what_the_header_is_called_is_for_the_configuration_to_say() {
        let mut run = Run::with(json!({ "correlation_header": "request" }));
        let count = json!({ "type": "count", "restaurant_id": "r-3", "sku": "P-1", "count": 1 });
        let messages = run.send("stock", sample(count).header("request", "7").header("correlation-id", "8"));
        assert_eq!(headers(&messages[0]), [("request", Some(&b"7"[..]))]);
    }
}
