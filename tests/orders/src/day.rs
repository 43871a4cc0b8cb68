//! The times around one order.

use crate::queue::Queue;
use crate::random::Random;
use crate::{Intent, Made, Topic};

/// Where an order stands in time, and where its records go.
#[derive(Debug)]
pub(crate) struct Day<'a> {
    pub(crate) queue: &'a mut Queue,
    /// When the order is placed.
    pub(crate) at_ms: i64,
    pub(crate) lead_ms: i64,
    pub(crate) reservation_ms: i64,
}

impl Day<'_> {
    /// Before the order.
    pub(crate) fn before(&mut self, topic: Topic, intent: Intent, key: &str, value: String) {
        self.put(topic, intent, key, value, self.at_ms - self.lead_ms, None);
    }

    /// With the order.
    pub(crate) fn now(&mut self, topic: Topic, intent: Intent, key: &str, value: String, correlation: Option<String>) {
        self.put(topic, intent, key, value, self.at_ms, correlation);
    }

    /// After so many hundredths of the reservation's time.
    pub(crate) fn later(
        &mut self,
        hundredths: i64,
        topic: Topic,
        intent: Intent,
        key: &str,
        value: String,
        correlation: Option<String>,
    ) {
        self.put(topic, intent, key, value, self.at_ms + self.reservation_ms * hundredths / 100, correlation);
    }

    fn put(
        &mut self,
        topic: Topic,
        intent: Intent,
        key: &str,
        value: String,
        timestamp_ms: i64,
        correlation: Option<String>,
    ) {
        self.queue.put(Made { topic, intent, key: key.to_owned(), value, timestamp_ms, correlation });
    }
}

/// While the reservation holds.
pub(crate) fn in_time(random: &mut Random) -> i64 {
    random.between(5, 60)
}

/// When it is over.
pub(crate) fn too_late(random: &mut Random) -> i64 {
    random.between(105, 160)
}

/// When everything about the order has been settled.
pub(crate) fn afterwards(random: &mut Random) -> i64 {
    random.between(60, 200)
}
