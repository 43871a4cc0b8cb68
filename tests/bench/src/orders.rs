//! Orders in memory, as a batch of one partition: what both sides of the boundary are fed with.

use bench_guest::records::{self, HEADERS, Record as Order};
use wasmill_record::{Batch, EachHeader, InputPartition, Offset, Record};

const TIMESTAMP: i64 = 1_718_000_000_000;

#[derive(Default)]
pub(crate) struct Orders(Vec<Order>);

impl Orders {
    /// Always the same ones.
    pub(crate) fn new(count: usize) -> Orders {
        Orders(records::orders(count as u64))
    }

    /// Other values than the bench's own.
    pub(crate) fn of(values: impl IntoIterator<Item = Vec<u8>>) -> Orders {
        Orders(values.into_iter().map(|value| Order { key: b"cust-00000000001".to_vec(), value }).collect())
    }

    /// Gives the records in `at` another key.
    pub(crate) fn with_key(mut self, key: &[u8], at: std::ops::Range<usize>) -> Orders {
        for order in self.0.iter_mut().take(at.end).skip(at.start) {
            order.key = key.to_vec();
        }
        self
    }

    /// Bytes of a record on average: key, value, headers.
    pub(crate) fn mean_bytes(&self) -> f64 {
        let headers: usize = HEADERS.iter().map(|(name, value)| name.len() + value.len()).sum();
        let sum: usize = self.0.iter().map(|order| order.key.len() + order.value.len() + headers).sum();
        sum as f64 / self.0.len() as f64
    }
}

impl Batch for Orders {
    fn partition(&self) -> InputPartition {
        InputPartition::new(0, 3)
    }

    fn len(&self) -> usize {
        self.0.len()
    }

    fn record(&self, at: usize) -> Record<'_> {
        let (key, value) = self.0.get(at).map(|order| (&*order.key, &*order.value)).unzip();
        Record { offset: Offset(at as i64), timestamp: Some(TIMESTAMP), key, value }
    }

    fn headers(&self, _at: usize, each: &mut EachHeader<'_>) {
        for (name, value) in HEADERS {
            each(name.as_bytes(), Some(value.as_bytes()));
        }
    }

    fn clear(&mut self) {
        self.0.clear();
    }
}
