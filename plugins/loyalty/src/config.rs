//! The plugin's section of the pipeline file.

use crate::tiers::{Tier, default_tiers};
use std::collections::BTreeSet;
use wasmill_sdk::Problems;
use wasmill_sdk::prelude::{Deserialize, JsonSchema, Serialize};

/// What points are given for, and how many. Every key has a default.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Points for 100 cents of an order's total, in the first tier.
    #[schemars(range(min = 0, max = 1_000))]
    pub points_per_dollar: i64,
    /// The currency that points are given for, by its code in ISO 4217.
    #[schemars(length(min = 1, max = 64))]
    pub currency: String,
    /// From the lowest up; the first begins at 0.
    #[schemars(length(min = 1, max = 10))]
    pub tiers: Vec<Tier>,
    /// The most points that orders earn a customer in a day (UTC, by record time).
    #[schemars(range(min = 0, max = 1_000_000_000))]
    pub daily_cap: i64,
    /// So many orders of a customer are remembered: a duplicate of one is dropped, and it can be refunded.
    #[schemars(range(min = 1, max = 1_000))]
    pub order_window: usize,
    /// So many adjustments of a customer are remembered: a duplicate of one is dropped.
    #[schemars(range(min = 1, max = 1_000))]
    pub adjustment_window: usize,
    /// The longest message, in bytes.
    #[schemars(range(min = 1, max = 1_048_576))]
    pub max_bytes: usize,
    /// The header that is copied from a request to its events.
    #[schemars(length(min = 1, max = 64))]
    pub correlation_header: String,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            points_per_dollar: 1,
            currency: "USD".into(),
            tiers: default_tiers(),
            daily_cap: 1_000,
            order_window: 16,
            adjustment_window: 16,
            max_bytes: 64 << 10,
            correlation_header: "correlation-id".into(),
        }
    }
}

impl Config {
    /// What is wrong although the schema has nothing against it, and what the schema says as well: a configuration may come
    /// from somewhere that has not looked.
    pub(crate) fn problems(&self) -> Problems {
        let mut problems = Problems::default();
        let size = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        for (path, number, least, most) in [
            ("/points_per_dollar", self.points_per_dollar, 0, 1_000),
            ("/currency", size(self.currency.len()), 1, 64),
            ("/tiers", size(self.tiers.len()), 1, 10),
            ("/daily_cap", self.daily_cap, 0, 1_000_000_000),
            ("/order_window", size(self.order_window), 1, 1_000),
            ("/adjustment_window", size(self.adjustment_window), 1, 1_000),
            ("/max_bytes", size(self.max_bytes), 1, 1 << 20),
            ("/correlation_header", size(self.correlation_header.len()), 1, 64),
        ] {
            if !(least..=most).contains(&number) {
                problems.add(path, format!("must be from {least} to {most}, it is {number}"));
            }
        }
        self.tier_problems(&mut problems);
        problems
    }

    fn tier_problems(&self, problems: &mut Problems) {
        let mut names = BTreeSet::new();
        let mut before: Option<&Tier> = None;
        for (at, tier) in self.tiers.iter().enumerate() {
            if !(1..=64).contains(&tier.name.len()) {
                problems.add(format!("/tiers/{at}/name"), "must be 1 to 64 bytes");
            }
            if !names.insert(&tier.name) {
                problems.add(format!("/tiers/{at}/name"), format!("{:?} is a tier already", tier.name));
            }
            match before {
                None if tier.from != 0 => {
                    problems.add(format!("/tiers/{at}/from"), "must be 0: every customer has a tier");
                }
                Some(before) if tier.from <= before.from => {
                    let message = format!("{} is not more than the tier before it, {}", tier.from, before.from);
                    problems.add(format!("/tiers/{at}/from"), message);
                }
                _ => {}
            }
            if !(0..=1_000_000).contains(&tier.multiplier_bp) {
                let message = format!("must be from 0 to 1000000, it is {}", tier.multiplier_bp);
                problems.add(format!("/tiers/{at}/multiplier_bp"), message);
            }
            before = Some(tier);
        }
    }
}
