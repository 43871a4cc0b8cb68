//! Orders that look odd and are valid.

use super::{answers, order, refusal};
use serde_json::json;

#[track_caller]
fn accepted(config: serde_json::Value, cases: &[(&str, String)]) {
    let answers = answers(config, cases.iter().map(|(_, value)| value));
    for ((what, value), answer) in cases.iter().zip(&answers) {
        assert_eq!(refusal(answer), None, "{what}: {value}");
    }
}

#[test]
fn what_json_allows_is_no_reason_to_refuse() {
    accepted(
        json!({}),
        &[
            ("escapes in an id", order("\"o-1\"", r#""o\u002d\u0031\/\\""#)),
            ("escapes in a member's name", order("\"order_id\"", r#""order\u005fid""#)),
            ("escapes where the code looks", order("\"app\"", r#""\u0061pp""#)),
            ("an escaped currency", order("\"EUR\"", r#""\u0045UR""#)),
            ("an escaped timestamp", order("22:00:00Z", r"22\u003a00:00Z")),
            ("an escaped `due_at`", order("23:30:00+01:00", r"23:30:00\u002b01:00")),
            ("a surrogate pair", order("extra cheese", r"extra \ud83e\uddc0")),
            ("what the pair stands for", order("extra cheese", "extra \u{1f9c0}")),
            ("an escaped quote in a name", order("extra cheese", r#"\"extra\" cheese"#)),
            ("an id in another script", order("c-7", "顧客-7")),
            ("no space anywhere", super::ORDER.split_whitespace().collect::<Vec<_>>().join("")),
            ("space around it", format!("\r\n\t {} \n", super::ORDER)),
            ("an exponent in a field that nobody knows", order("{", "{\"weight\": 1.5e-3,")),
        ],
    );
}

#[test]
fn fields_that_nobody_knows_are_let_through() {
    let deep = |levels: usize| format!("{{\"extra\": {}{},", "[".repeat(levels), "]".repeat(levels));
    accepted(
        json!({}),
        &[
            ("at the top", order("{", "{\"loyalty\": {\"tier\": null, \"points\": [1, 2.5, true]},")),
            ("twice", order("{", "{\"loyalty\": 1, \"loyalty\": 2,")),
            ("in an item", order("\"quantity\": 2", "\"quantity\": 2, \"station\": \"grill\"")),
            ("in a modifier", order("\"no onions\"", "\"no onions\", \"by\": \"guest\"")),
            ("in a discount", order("\"TUESDAY\"", "\"TUESDAY\", \"campaign\": 7")),
            ("in the totals", order("\"tip_cents\"", "\"rounding\": 0.004, \"tip_cents\"")),
            ("nested 10,000 deep", order("{", &deep(10_000))),
            ("a number that no float holds", order("{", "{\"big\": 1e999,")),
        ],
    );
}

#[test]
fn what_may_be_absent_may_be_absent() {
    let bare = r#"{"order_id":"1","customer_id":"2","restaurant_id":"3","channel":"web","currency":"JPY",
        "placed_at":"2023-11-14T22:13:20Z","items":[{"sku":"4","quantity":1,"unit_price_cents":5}],
        "totals":{"items_cents":5,"total_cents":5}}"#;
    accepted(
        json!({}),
        &[
            ("only what must be there", bare.into()),
            (
                "empty lists",
                bare.replace("\"totals\"", "\"discounts\":[],\"totals\"").replace(":5}]", ":5,\"modifiers\":[]}]"),
            ),
            ("no due time, said so", bare.replace("\"channel\"", "\"due_at\":null,\"channel\"")),
            (
                "a member order of its own",
                format!(
                    "{{\"totals\":{{\"total_cents\":5,\"items_cents\":5}},{}",
                    &bare[1..].replace(",\n        \"totals\":{\"items_cents\":5,\"total_cents\":5}", "")
                ),
            ),
        ],
    );
}

#[test]
fn what_is_at_its_limit_is_within_it() {
    let id = "x".repeat(64);
    accepted(
        json!({
            "max_items": 2, "max_quantity": 2, "max_unit_price_cents": 1150, "max_modifiers": 2, "max_discounts": 1,
            "min_total_cents": 3280, "max_total_cents": 3280, "currencies": ["EUR"], "channels": ["app"],
            "max_ahead_s": 5, "max_age_days": 1,
        }),
        &[
            ("all of it", super::ORDER.into()),
            ("an id of 64 bytes", order("o-1", &id)),
            ("as far ahead as clocks differ", order("22:00:00Z", "22:13:25Z")),
            ("as old as may be", order("2023-11-14T22:00:00Z", "2023-11-13T22:13:20Z")),
            ("due when it was placed", order("23:30:00+01:00", "23:00:00+01:00")),
        ],
    );
    let free =
        order("\"unit_price_cents\": 320", "\"unit_price_cents\": 0").replace("2920", "2600").replace("3280", "2960");
    accepted(json!({ "max_bytes": free.len() }), &[("a price of nothing, and as long as may be", free)]);
}

#[test]
fn sums_are_exact_where_floats_are_not() {
    let large = "9007199254740993"; // 2^53 + 1
    let order = order("\"unit_price_cents\": 320", &format!("\"unit_price_cents\": {large}"))
        .replace("2920", "9007199254743593")
        .replace("3280", "9007199254743953");
    let config = json!({ "max_unit_price_cents": i64::MAX, "max_total_cents": i64::MAX });
    accepted(config, &[("beyond 2^53", order)]);
}

#[test]
fn a_leap_second_is_a_time_of_day() {
    let order = order("2023-11-14T22:00:00Z", "2016-12-31T23:59:60Z");
    accepted(json!({}), &[("as it was", order.clone()), ("elsewhere", order.replace("23:59:60Z", "18:59:60-05:00"))]);
}
