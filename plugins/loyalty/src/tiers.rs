//! Tiers: who has earned more, earns more.

use wasmill_sdk::prelude::{Deserialize, JsonSchema, Serialize};

/// One tier.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tier {
    /// What it is called in balances and events.
    #[schemars(length(min = 1, max = 64))]
    pub name: String,
    /// The lifetime points that it takes.
    #[schemars(range(min = 0))]
    pub from: i64,
    /// What points are multiplied with, in basis points: 10,000 is one.
    #[schemars(range(min = 0, max = 1_000_000))]
    pub multiplier_bp: i64,
}

pub(crate) fn default_tiers() -> Vec<Tier> {
    let tier = |name: &str, from, multiplier_bp| Tier { name: name.into(), from, multiplier_bp };
    vec![tier("base", 0, 10_000), tier("silver", 500, 12_500), tier("gold", 2_000, 15_000)]
}

/// The tiers of a plugin: one at least, ascending.
#[derive(Debug)]
pub(crate) struct Tiers {
    first: Tier,
    higher: Vec<Tier>,
}

impl Tiers {
    /// `None`: there are none.
    pub(crate) fn new(mut tiers: Vec<Tier>) -> Option<Tiers> {
        let higher = tiers.split_off(tiers.len().min(1));
        Some(Tiers { first: tiers.pop()?, higher })
    }

    pub(crate) fn first(&self) -> &Tier {
        &self.first
    }

    /// The tier of somebody with so many lifetime points.
    pub(crate) fn of(&self, lifetime: i64) -> &Tier {
        self.higher.iter().rev().find(|tier| tier.from <= lifetime).unwrap_or(&self.first)
    }
}
