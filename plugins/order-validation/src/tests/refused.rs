//! What is refused, and with which code.

use super::{ORDER, answers, harness, order, refusal};
use crate::Refusal;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use wasmill_sdk::{Codes, Sample};

/// Limits that the order of these tests is just within.
fn tight() -> Value {
    json!({
        "max_bytes": 2000, "max_items": 2, "max_quantity": 2, "max_unit_price_cents": 1150, "max_modifiers": 2,
        "max_discounts": 1, "min_total_cents": 3280, "max_total_cents": 3280, "currencies": ["EUR", "JPY"],
        "max_ahead_s": 5, "max_age_days": 1,
    })
}

/// What an order says, without the names.
const LIST: &str = r#"["o-1", "c-7", "r-3", "app", "EUR", "2023-11-14T22:00:00Z", null, [{ "sku": "P", "quantity": 1,
    "unit_price_cents": 3280 }], [], { "items_cents": 3280, "total_cents": 3280 }]"#;

/// Every code once at least: what is wrong, the value, the code.
fn cases() -> Vec<(&'static str, String, Refusal)> {
    use Refusal::*;
    let without = |part: &str| order(part, "");
    let many = |part: &str, count: usize| vec![part; count].join(",");
    let item = r#"{ "sku": "D-2", "quantity": 1, "unit_price_cents": 320 }"#;
    vec![
        ("too long", format!("{ORDER}{}", " ".repeat(2000)), OrderTooLarge),
        ("nothing", String::new(), InvalidJson),
        ("half of it", ORDER[..300].into(), InvalidJson),
        ("more behind it", format!("{ORDER}x"), InvalidJson),
        ("two of them", format!("{ORDER}{ORDER}"), InvalidJson),
        ("a comma too many", order("}\n}", "},\n}"), InvalidJson),
        ("a lone surrogate in a field that is read", order("o-1", r"o\ud800"), InvalidJson),
        ("a control character in text", order("o-1", "o\n1"), InvalidJson),
        ("single quotes", "{'order_id': 1}".into(), InvalidJson),
        ("not a number", order("\"quantity\": 2", "\"quantity\": NaN"), InvalidJson),
        ("a leading zero", order("\"quantity\": 2", "\"quantity\": 02"), InvalidJson),
        ("a byte order mark", format!("\u{feff}{ORDER}"), InvalidJson),
        ("no id", without("\"order_id\": \"o-1\","), MissingField),
        ("no items", order("\"items\"", "\"itemz\""), MissingField),
        ("no price", without(", \"unit_price_cents\": 320"), MissingField),
        ("no total", without(", \"total_cents\": 3280"), MissingField),
        ("no totals", order("\"totals\"", "\"Totals\""), MissingField),
        ("a modifier without a name", order("\"name\": \"no onions\"", ""), MissingField),
        ("nothing in it", "{}".into(), MissingField),
        ("an id twice", order("{", "{\"order_id\": \"o-1\","), DuplicateField),
        ("a quantity twice", order("\"quantity\": 2", "\"quantity\": 2, \"quantity\": 200"), DuplicateField),
        (
            "a total twice, one escaped",
            order("\"total_cents\"", r#""total\u005fcents": 1, "total_cents""#),
            DuplicateField,
        ),
        ("a list", "[]".into(), WrongType),
        ("a list of what an order has", LIST.into(), WrongType),
        ("a list of what an item has", order(item, "[\"D-2\", 1, 320, []]"), WrongType),
        (
            "a list of totals",
            order("\"totals\": {", "\"totals\": [2920, 300, 210, 250, 200, 3280], \"other\": {"),
            WrongType,
        ),
        ("a text", "\"o-1\"".into(), WrongType),
        ("null", "null".into(), WrongType),
        ("a number for an id", order("\"o-1\"", "1"), WrongType),
        ("null for an id", order("\"c-7\"", "null"), WrongType),
        ("text for a number", order("\"quantity\": 2", "\"quantity\": \"2\""), WrongType),
        ("a whole number as a float", order("\"quantity\": 2", "\"quantity\": 2.0"), WrongType),
        ("a whole number with an exponent", order("\"quantity\": 2", "\"quantity\": 2e0"), WrongType),
        ("minus nothing, which only floats have", order("\"tip_cents\": 200", "\"tip_cents\": -0"), WrongType),
        ("half a cent", order("320", "320.5"), WrongType),
        ("more cents than 64 bits", order("320", "18446744073709551616"), WrongType),
        ("more cents than 63 bits", order("320", "9223372036854775808"), WrongType),
        ("true for a number", order("\"quantity\": 2", "\"quantity\": true"), WrongType),
        ("an object for the items", order("\"items\": [", "\"items\": {}, \"other\": ["), WrongType),
        ("items nested deep", order("\"items\": [", &format!("\"items\": {}", "[".repeat(100))), WrongType),
        ("no discounts, said so", order("\"discounts\": [", "\"discounts\": null, \"other\": ["), WrongType),
        ("an empty id", order("o-1", ""), InvalidOrderId),
        ("an id of 65 bytes", order("o-1", &"x".repeat(65)), InvalidOrderId),
        ("an id with a space", order("o-1", "o 1"), InvalidOrderId),
        ("an id with a NUL", order("o-1", "o\\u0000"), InvalidOrderId),
        ("an empty customer", order("c-7", ""), InvalidCustomerId),
        ("a restaurant with a line break", order("r-3", "r\\n3"), InvalidRestaurantId),
        ("a channel that is not in the list", order("\"app\"", "\"fax\""), UnknownChannel),
        ("a channel in other letters", order("\"app\"", "\"App\""), UnknownChannel),
        ("no such currency", order("EUR", "EUX"), UnknownCurrency),
        ("small letters", order("EUR", "eur"), UnknownCurrency),
        ("a symbol", order("EUR", "\u{20ac}"), UnknownCurrency),
        ("the code for no currency", order("EUR", "XXX"), UnknownCurrency),
        ("a currency that is not accepted", order("EUR", "USD"), CurrencyNotAccepted),
        ("no time of day", order("2023-11-14T22:00:00Z", "2023-11-14"), InvalidTimestamp),
        ("no zone", order("22:00:00Z", "22:00:00"), InvalidTimestamp),
        ("no such day", order("2023-11-14T22:00:00Z", "2023-02-29T22:00:00Z"), InvalidTimestamp),
        ("a leap second at noon", order("22:00:00Z", "12:00:60Z"), InvalidTimestamp),
        ("due at no time", order("2023-11-14T23:30:00+01:00", "soon"), InvalidTimestamp),
        ("ahead of the clock", order("22:00:00Z", "22:13:26Z"), PlacedInFuture),
        ("ahead by its zone", order("22:00:00Z", "22:00:00-01:00"), PlacedInFuture),
        ("long ago", order("2023-11-14T22:00:00Z", "2023-11-13T22:13:19Z"), PlacedTooLongAgo),
        ("due before it was placed", order("23:30:00+01:00", "22:59:59+01:00"), DueBeforePlaced),
        ("an empty list of items", order("\"items\": [", "\"items\": [], \"other\": ["), NoItems),
        ("three items of two", order(item, &many(item, 2)), TooManyItems),
        ("a SKU of nothing", order("D-2", ""), InvalidSku),
        ("a SKU with a tab", order("D-2", "D\\t2"), InvalidSku),
        ("none of it", order("\"quantity\": 1", "\"quantity\": 0"), InvalidQuantity),
        ("less than none of it", order("\"quantity\": 1", "\"quantity\": -1"), InvalidQuantity),
        ("more than there may be", order("\"quantity\": 2", "\"quantity\": 3"), QuantityTooLarge),
        ("a price below nothing", order("320", "-1"), InvalidPrice),
        ("a price beyond the limit", order("1150", "1151"), PriceTooLarge),
        ("a modifier beyond the limit", order("150 }]", "1151 }]"), PriceTooLarge),
        (
            "three modifiers of two",
            order("{ \"name\": \"no onions\" }", &many("{ \"name\": \"a\" }", 2)),
            TooManyModifiers,
        ),
        ("a modifier of spaces", order("no onions", "  "), InvalidModifier),
        ("a modifier below nothing", order("150 }]", "-150 }]"), InvalidModifier),
        (
            "two discounts of one",
            order("\"discounts\": [", "\"discounts\": [{\"code\": \"A\", \"amount_cents\": 0},"),
            TooManyDiscounts,
        ),
        ("a discount without a name", order("TUESDAY", ""), InvalidDiscount),
        ("a discount below nothing", order("\"amount_cents\": 300", "\"amount_cents\": -300"), InvalidDiscount),
        ("a tip below nothing", order("\"tip_cents\": 200", "\"tip_cents\": -200"), InvalidCharge),
        ("items that do not add up", order("2920", "2919"), ItemsMismatch),
        (
            "discounts that do not add up",
            order("\"discounts_cents\": 300", "\"discounts_cents\": 301"),
            DiscountsMismatch,
        ),
        ("discounts that nobody states", order("\"discounts_cents\": 300, ", ""), DiscountsMismatch),
        (
            "more off than there is",
            order("\"amount_cents\": 300", "\"amount_cents\": 2921")
                .replace("\"discounts_cents\": 300", "\"discounts_cents\": 2921"),
            DiscountTooLarge,
        ),
        ("a total that does not add up", order("\"total_cents\": 3280", "\"total_cents\": 3281"), TotalMismatch),
        ("a total that leaves the tip out", order("\"total_cents\": 3280", "\"total_cents\": 3080"), TotalMismatch),
        (
            "less than the least",
            order("\"tip_cents\": 200", "\"tip_cents\": 199").replace("3280", "3279"),
            TotalTooSmall,
        ),
        (
            "more than the most",
            order("\"tip_cents\": 200", "\"tip_cents\": 201").replace("3280", "3281"),
            TotalTooLarge,
        ),
    ]
}

#[test]
fn each_mistake_has_its_code() {
    let cases = cases();
    for ((what, value, code), answer) in cases.iter().zip(answers(tight(), cases.iter().map(|(_, value, _)| value))) {
        assert_eq!(refusal(&answer).map(|(code, _)| code), Some(code.code()), "{what}: {answer}\n{value}");
    }
}

#[test]
fn every_code_is_reached() {
    let mut reached: BTreeSet<&str> = cases().into_iter().map(|(_, _, code)| code.code()).collect();
    reached.extend([Refusal::NullValue, Refusal::AmountOverflow].map(Codes::code)); // below
    assert_eq!(reached, Refusal::NAMES.iter().copied().collect());
}

#[test]
fn a_tombstone_and_bytes_that_are_no_text_are_refused() {
    let (before, after) = ORDER.split_once("c-7").unwrap();
    let latin_1 = [before.as_bytes(), b"Jos\xe9", after.as_bytes()].concat();
    harness(json!({}))
        .batch([Sample::new().key("c-7"), Sample::new().value(latin_1), Sample::new().value([0xff, 0xfe, b'{'])])
        .expect_reject(Refusal::NullValue)
        .expect_reject(Refusal::InvalidJson)
        .expect_reject(Refusal::InvalidJson);
}

#[test]
fn sums_beyond_64_bits_are_refused_wherever_they_happen() {
    let max = i64::MAX.to_string();
    let config = json!({
        "max_quantity": i64::MAX, "max_unit_price_cents": i64::MAX, "max_total_cents": i64::MAX
    });
    let cases = [
        ("quantity times price", order("\"quantity\": 2", &format!("\"quantity\": {max}"))),
        ("price and modifier", order("1150", &max)),
        ("two modifiers", order("\"no onions\"", &format!("\"no onions\", \"price_cents\": {max}"))),
        ("two items", order("320", &max)),
        ("two discounts", order("[{ \"code\"", &format!("[{{\"code\":\"A\",\"amount_cents\":{max}}},{{ \"code\""))),
        ("charges", order("\"tip_cents\": 200", &format!("\"tip_cents\": {max}"))),
    ];
    for ((what, value), answer) in cases.iter().zip(answers(config, cases.iter().map(|(_, value)| value))) {
        assert_eq!(refusal(&answer).map(|(code, _)| code), Some("amount-overflow"), "{what}: {value}");
    }
}

#[test]
fn a_message_says_where_and_how_much() {
    let messages = [
        (order("320", "-1"), "`items/1/unit_price_cents`: -1 is less than 0"),
        (order("\"quantity\": 1", "\"quantity\": 101"), "`items/1/quantity`: 101 is more than 100"),
        (
            order("\"quantity\": 1", "\"quantity\": 101").replace("\"quantity\": 2", "\"quantity\": 101"),
            "`items/0/quantity`: 101 is more than 100",
        ),
        (order("2920", "2919"), "`totals/items_cents` is 2919, the order comes to 2920"),
        (order("EUR", &"\u{20ac}".repeat(65)), &format!("\"{}\" is not a currency of ISO 4217", "\u{20ac}".repeat(64))),
        (order("\"channel\": \"app\",", ""), "missing field `channel` at line 12 column 1"),
        (
            order("\"quantity\": 2", "\"quantity\": 2.0"),
            "invalid type: floating point `2.0`, expected i64 at line 5 column 41",
        ),
    ];
    for ((value, message), answer) in messages.iter().zip(answers(json!({}), messages.iter().map(|(value, _)| value))) {
        assert_eq!(refusal(&answer).map(|(_, message)| message), Some(*message), "{value}");
    }
}

#[test]
fn the_first_rule_that_does_not_hold_names_the_code() {
    let value = order("EUR", "EUX").replace("22:00:00Z", "22:00").replace("2920", "2919");
    let answers = answers(json!({}), [value.as_str(), &value.replace("EUX", "EUR")]);
    let codes: Vec<_> = answers.iter().filter_map(refusal).map(|(code, _)| code).collect();
    assert_eq!(codes, ["unknown-currency", "invalid-timestamp"]);
}
