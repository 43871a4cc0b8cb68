//! The baskets, as far as other records are derived from them.

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

/// With the configuration of `examples/order-validation.yaml`; others become dead letters there, and nobody delivers for them.
const ITEMS_MAX: usize = 50;
const QUANTITY_MAX: i64 = 100;

/// The baskets of a file, in its order.
#[derive(Debug)]
pub struct Baskets(Vec<Basket>);

/// One basket.
#[derive(Debug)]
pub(crate) struct Basket {
    /// As it stands in the file.
    text: String,
    order: Order,
}

#[derive(Debug, Deserialize)]
struct Order {
    order_id: String,
    customer_id: String,
    restaurant_id: String,
    items: Vec<Item>,
    totals: Totals,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Item {
    pub(crate) sku: String,
    pub(crate) quantity: i64,
}

#[derive(Debug, Deserialize)]
struct Totals {
    total_cents: i64,
}

impl Baskets {
    /// Reads `examples/data/orders.jsonl`.
    ///
    /// # Errors
    /// A line is no order, its id can't be found in it, or there is none.
    pub fn read(lines: &str) -> Result<Baskets> {
        let basket = |line: &str| {
            let order: Order = serde_json::from_str(line).with_context(|| format!("not an order: {line}"))?;
            ensure!(line.contains(&field(&order.order_id)), "no `order_id` that could be replaced: {line}");
            Ok(Basket { text: line.to_owned(), order })
        };
        let baskets: Vec<Basket> = lines.lines().map(basket).collect::<Result<_>>()?;
        ensure!(!baskets.is_empty(), "there is no basket");
        Ok(Baskets(baskets))
    }

    /// The basket of the `number`th order, and the id that the order has.
    pub(crate) fn get(&self, number: u64) -> Option<(&Basket, String)> {
        let count = self.0.len() as u64;
        let basket = self.0.get(usize::try_from(number.checked_rem(count)?).ok()?)?;
        Some((basket, format!("{}-{}", basket.order.order_id, number / count + 1)))
    }
}

impl Basket {
    pub(crate) fn customer(&self) -> &str {
        &self.order.customer_id
    }

    pub(crate) fn restaurant(&self) -> &str {
        &self.order.restaurant_id
    }

    pub(crate) fn items(&self) -> &[Item] {
        &self.order.items
    }

    pub(crate) fn total_cents(&self) -> i64 {
        self.order.totals.total_cents
    }

    /// The order with another id.
    pub(crate) fn with_id(&self, id: &str) -> String {
        self.text.replacen(&field(&self.order.order_id), &field(id), 1)
    }

    /// Whether order-validation lets it through.
    pub(crate) fn is_valid(&self) -> bool {
        let quantities = self.items().iter().all(|item| (1..=QUANTITY_MAX).contains(&item.quantity));
        quantities && (1..=ITEMS_MAX).contains(&self.items().len()) && self.total_cents() >= 1
    }
}

fn field(order_id: &str) -> String {
    format!(r#""order_id":"{order_id}""#)
}
