//! What is in the houses, as far as somebody outside knows: enough is delivered before it is wanted, mostly.

use crate::basket::{Basket, Item};
use crate::day::Day;
use crate::random::Random;
use crate::rates::Rates;
use crate::{Intent, Topic};
use serde_json::json;
use std::collections::HashMap;

/// Pieces by restaurant and SKU. Never iterated, so its order does not matter.
#[derive(Debug, Default)]
pub(crate) struct Supply(HashMap<(String, String), i64>);

impl Supply {
    /// Delivers what an order will want, a little before it.
    pub(crate) fn deliver(&mut self, basket: &Basket, rates: &Rates, random: &mut Random, day: &mut Day<'_>) {
        for Item { sku, quantity } in basket.items() {
            let place = (basket.restaurant().to_owned(), sku.clone());
            let known = self.0.get(&place).copied();
            let left = known.unwrap_or_default();
            let mut send = |intent, kind, field: &str, pieces: i64| {
                let value = json!({ "type": kind, "restaurant_id": place.0, "sku": sku, field: pieces });
                day.before(Topic::Stock, intent, &place.0, value.to_string());
            };
            let mut after = left;
            if left < *quantity && !random.chance(rates.short_items) {
                // For a few orders like this one; some items are bought often, most are not.
                let pieces = quantity * random.between(1, 4) + random.between(0, 8);
                match known {
                    None => send(Intent::Count, "count", "count", pieces),
                    Some(_) => send(Intent::Delivery, "adjustment", "delta", pieces),
                }
                after += pieces;
            }
            if known.is_some() && random.chance(rates.recounts) {
                after = random.between(0, 20);
                send(Intent::Recount, "count", "count", after);
            }
            if known.is_some() && random.chance(rates.losses) {
                let lost = random.between(1, 10);
                send(Intent::Loss, "adjustment", "delta", -lost);
                after -= lost;
            }
            self.0.insert(place, (after - quantity).max(0));
        }
    }
}
