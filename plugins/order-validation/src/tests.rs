mod accepted;
mod data;
mod refused;

use super::{OrderValidation, Output, Refusal};
use serde_json::{Value, json};
use wasmill_sdk::{Answer, Harness, Sample};

/// An order that says everything an order can say. The harness's clock is at 22:13:20 of that day.
const ORDER: &str = r#"{
    "order_id": "o-1", "customer_id": "c-7", "restaurant_id": "r-3", "channel": "app", "currency": "EUR",
    "placed_at": "2023-11-14T22:00:00Z", "due_at": "2023-11-14T23:30:00+01:00",
    "items": [
        { "sku": "P-104", "quantity": 2, "unit_price_cents": 1150,
          "modifiers": [{ "name": "no onions" }, { "name": "extra cheese", "price_cents": 150 }] },
        { "sku": "D-2", "quantity": 1, "unit_price_cents": 320 }
    ],
    "discounts": [{ "code": "TUESDAY", "amount_cents": 300 }],
    "totals": { "items_cents": 2920, "discounts_cents": 300, "tax_cents": 210, "delivery_cents": 250,
                "tip_cents": 200, "total_cents": 3280 }
}"#;

/// The order with one part replaced, which must be there.
fn order(part: &str, by: &str) -> String {
    assert!(ORDER.contains(part), "the order has no {part}");
    ORDER.replacen(part, by, 1)
}

fn harness(config: Value) -> Harness<OrderValidation> {
    Harness::new(config)
}

/// The answers to values, in one batch.
fn answers(config: Value, values: impl IntoIterator<Item = impl AsRef<[u8]>>) -> Vec<Answer> {
    harness(config).batch(values.into_iter().map(|value| Sample::new().value(value))).answers().to_vec()
}

/// The code of a refusal, and what it says; `None`: forwarded.
fn refusal(answer: &Answer) -> Option<(&str, &str)> {
    match answer {
        Answer::Forward(_) => None,
        Answer::Reject { code, message } => Some((code, message)),
        other => panic!("neither forwarded nor refused: {other}"),
    }
}

#[test]
fn a_valid_order_comes_out_byte_for_byte() {
    let sample = Sample::new().key("c-7").value(ORDER).header("trace", "1").null_header("empty").timestamp(5);
    harness(json!({})).record(sample).expect_message(Output::Valid, |message| {
        assert_eq!((message.key.as_deref(), message.value.as_deref()), (Some(&b"c-7"[..]), Some(ORDER.as_bytes())));
        assert_eq!((message.headers.len(), message.timestamp), (2, Some(5)));
    });
}

#[test]
fn a_valid_order_also_goes_to_its_restaurant_where_that_is_wanted() {
    let escaped = order("r-3", "r-\\u0033");
    harness(json!({ "by_restaurant": true }))
        .batch([ORDER, &escaped].map(|value| Sample::new().key("c-7").value(value).header("trace", "1").timestamp(5)))
        .expect_message(Output::Valid, |message| assert_eq!(message.key.as_deref(), Some(&b"c-7"[..])))
        .expect_message(Output::ByRestaurant, |message| {
            assert_eq!((message.key.as_deref(), message.value.as_deref()), (Some(&b"r-3"[..]), Some(ORDER.as_bytes())));
            assert_eq!((message.headers.len(), message.timestamp), (1, Some(5)));
        })
        .expect_message(Output::Valid, |message| assert_eq!(message.value.as_deref(), Some(escaped.as_bytes())))
        .expect_message(Output::ByRestaurant, |message| assert_eq!(message.key.as_deref(), Some(&b"r-3"[..])));
}

#[test]
fn a_refused_order_goes_to_no_restaurant() {
    harness(json!({ "by_restaurant": true }))
        .record(Sample::new().value(order("\"app\"", "\"fax\"")))
        .expect_reject(Refusal::UnknownChannel);
}

#[test]
fn keys_do_not_matter() {
    harness(json!({}))
        .batch([Sample::new().value(ORDER), Sample::new().key([0xff]).value(ORDER)])
        .expect_message(Output::Valid, |message| assert_eq!(message.key, None))
        .expect_message(Output::Valid, |message| assert_eq!(message.key.as_deref(), Some(&[0xff][..])));
}

/// The harness fails on a panic, and on a code that is not in the manifest.
#[test]
fn whatever_byte_is_wrong_there_is_an_answer() {
    let spoilt = (0..ORDER.len()).flat_map(|at| {
        [0, b'"', b'{', b'\\', b'9', b'-', b' ', 0xff].map(|by| {
            let mut value = ORDER.as_bytes().to_vec();
            value[at] = by;
            value
        })
    });
    let cut = (0..ORDER.len()).map(|at| ORDER.as_bytes()[..at].to_vec());
    assert!(answers(json!({}), cut).iter().all(|answer| refusal(answer).is_some()), "half an order is no order");
    let answers = answers(json!({}), spoilt);
    let refused = answers.iter().filter_map(refusal).count();
    assert!(refused > answers.len() / 2 && refused < answers.len(), "{refused} of {}", answers.len());
}

#[test]
fn every_mistake_in_a_configuration_is_named_at_once() {
    let Err(problems) = Harness::<OrderValidation>::configure(json!({
        "max_bytes": 0, "channels": [], "currencies": ["EUR", "EURO", "XXX"], "max_items": 0, "max_quantity": 0,
        "max_unit_price_cents": -1, "min_total_cents": 200, "max_total_cents": 100, "max_ahead_s": -1,
    })) else {
        panic!("the configuration is taken");
    };
    let paths: Vec<String> = problems.into_iter().map(|problem| problem.path).collect();
    assert_eq!(
        paths,
        [
            "/max_bytes",
            "/channels",
            "/currencies/1",
            "/currencies/2",
            "/max_items",
            "/max_quantity",
            "/max_unit_price_cents",
            "/max_ahead_s",
            "/max_total_cents",
        ]
    );
}

#[test]
fn a_key_that_is_misspelt_is_refused() {
    assert!(Harness::<OrderValidation>::configure(json!({ "max_item": 5 })).is_err());
}
