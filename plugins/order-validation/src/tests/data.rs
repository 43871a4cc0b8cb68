//! The baskets of `examples/data`: each is forwarded or ends with its code.

use super::{answers, refusal};
use serde_json::json;
use std::collections::BTreeMap;

const ORDERS: &str = include_str!("../../../../examples/data/orders.jsonl");

/// With the configuration of `examples/order-validation.yaml`. Why real baskets are refused stands in the data's README.
#[test]
fn every_basket_of_the_data_is_forwarded_or_ends_with_its_code() {
    let answers = answers(json!({ "max_items": 50, "currencies": ["USD"], "min_total_cents": 1 }), ORDERS.lines());
    let mut counts = BTreeMap::<&str, u32>::new();
    for answer in &answers {
        *counts.entry(refusal(answer).map_or("forwarded", |(code, _)| code)).or_default() += 1;
    }
    let expected = [
        ("forwarded", 1982),
        ("invalid-quantity", 84),
        ("quantity-too-large", 166),
        ("too-many-items", 66),
        ("total-too-small", 2),
    ];
    assert_eq!(counts, expected.into());
    assert_eq!(answers.len(), ORDERS.lines().count());
}
