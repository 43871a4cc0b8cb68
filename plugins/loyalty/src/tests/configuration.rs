//! Configurations that are wrong.

use crate::Loyalty;
use serde_json::{Value, json};
use wasmill_sdk::Harness;

fn paths(config: Value) -> Vec<String> {
    match Harness::<Loyalty>::configure(config) {
        Ok(_) => Vec::new(),
        Err(problems) => problems.into_iter().map(|problem| problem.path).collect(),
    }
}

fn tier(name: &str, from: i64, multiplier_bp: i64) -> Value {
    json!({ "name": name, "from": from, "multiplier_bp": multiplier_bp })
}

#[test]
fn every_mistake_is_named_at_once() {
    let found = paths(json!({
        "points_per_dollar": 1_001, "currency": "", "daily_cap": -1, "order_window": 0, "adjustment_window": 1_001,
        "max_bytes": 0, "correlation_header": "x".repeat(65),
        "tiers": [tier("a", 1, 10_000), tier("a", 1, -1), tier("", 2, 1_000_001)],
    }));
    assert_eq!(
        found,
        [
            "/points_per_dollar",
            "/currency",
            "/daily_cap",
            "/order_window",
            "/adjustment_window",
            "/max_bytes",
            "/correlation_header",
            "/tiers/0/from",
            "/tiers/1/name",
            "/tiers/1/from",
            "/tiers/1/multiplier_bp",
            "/tiers/2/name",
            "/tiers/2/multiplier_bp",
        ]
    );
}

#[test]
fn there_is_a_tier_and_there_are_not_too_many() {
    assert_eq!(paths(json!({ "tiers": [] })), ["/tiers"]);
    let tiers = |count: i64| (0..count).map(|at| tier(&format!("t{at}"), at, 10_000)).collect::<Vec<_>>();
    assert_eq!(paths(json!({ "tiers": tiers(11) })), ["/tiers"]);
    assert!(paths(json!({ "tiers": tiers(10) })).is_empty());
}

#[test]
fn keys_that_are_misspelt_are_refused() {
    assert_eq!(paths(json!({ "points_per_euro": 1 })), ["/points_per_euro"]);
    let mut misspelt = tier("a", 0, 1);
    misspelt["form"] = json!(1);
    assert_eq!(paths(json!({ "tiers": [misspelt] })), ["/tiers/0/form"]);
}

#[test]
fn what_is_at_its_limit_is_within_it() {
    let least = json!({
        "points_per_dollar": 0, "currency": "X", "daily_cap": 0, "order_window": 1, "adjustment_window": 1, "max_bytes": 1,
        "correlation_header": "x", "tiers": [tier("a", 0, 0)],
    });
    let most = json!({
        "points_per_dollar": 1_000, "daily_cap": 1_000_000_000, "order_window": 1_000, "adjustment_window": 1_000,
        "max_bytes": 1 << 20, "correlation_header": "x".repeat(64), "tiers": [tier("a", 0, 1_000_000)],
    });
    for config in [json!({}), least, most] {
        assert!(paths(config).is_empty());
    }
}
