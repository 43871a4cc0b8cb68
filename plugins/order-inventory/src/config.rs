//! The plugin's section of the pipeline file.

use wasmill_sdk::Problems;
use wasmill_sdk::prelude::{Deserialize, JsonSchema, Serialize};

/// How long things are kept, and how many. Every key has a default.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// How long an order's stock waits for its confirmation, in seconds of record time.
    #[schemars(range(min = 1, max = 604_800))]
    pub reservation_s: i64,
    /// How long an order is remembered, in seconds of record time: so long its duplicates and late confirmations are told
    /// from others. At least `reservation_s`.
    #[schemars(range(min = 1, max = 31_536_000))]
    pub order_memory_s: i64,
    /// The most reservations of one item in one restaurant; they are read and written with each order for it.
    #[schemars(range(min = 1, max = 1_000))]
    pub max_reservations: usize,
    /// So many pieces on hand, or fewer, are worth a message.
    #[schemars(range(min = 0, max = 1_000_000))]
    pub low_stock_at: i64,
    /// The most lines of an order.
    #[schemars(range(min = 1, max = 1_000))]
    pub max_items: usize,
    /// The longest message, in bytes.
    #[schemars(range(min = 1, max = 1_048_576))]
    pub max_bytes: usize,
    /// The header that is copied from a request to its decision.
    #[schemars(length(min = 1, max = 64))]
    pub correlation_header: String,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            reservation_s: 15 * 60,
            order_memory_s: 24 * 60 * 60,
            max_reservations: 64,
            low_stock_at: 5,
            max_items: 100,
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
            ("/reservation_s", self.reservation_s, 1, 604_800),
            ("/order_memory_s", self.order_memory_s, 1, 31_536_000),
            ("/max_reservations", size(self.max_reservations), 1, 1_000),
            ("/low_stock_at", self.low_stock_at, 0, 1_000_000),
            ("/max_items", size(self.max_items), 1, 1_000),
            ("/max_bytes", size(self.max_bytes), 1, 1 << 20),
            ("/correlation_header", size(self.correlation_header.len()), 1, 64),
        ] {
            if !(least..=most).contains(&number) {
                problems.add(path, format!("must be from {least} to {most}, it is {number}"));
            }
        }
        if self.order_memory_s < self.reservation_s {
            let (memory, reservation) = (self.order_memory_s, self.reservation_s);
            problems.add("/order_memory_s", format!("{memory} is less than `reservation_s`, {reservation}"));
        }
        problems
    }
}
