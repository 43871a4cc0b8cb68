//! Records in memory.

use wasmill_record::{Batch, EachHeader, InputPartition, Offset, Record};

/// Values of one partition from offset 0 on, each with the key `k` and one header.
#[derive(Debug, Clone, Default)]
pub(crate) struct Records(pub(crate) Vec<Vec<u8>>);

impl Records {
    pub(crate) fn of(values: &[&str]) -> Records {
        Records(values.iter().map(|value| value.as_bytes().to_vec()).collect())
    }

    pub(crate) fn many(count: usize) -> Records {
        Records((0..count).map(|number| format!("value {number}").into_bytes()).collect())
    }
}

impl Batch for Records {
    fn partition(&self) -> InputPartition {
        InputPartition::new(0, 3)
    }

    fn len(&self) -> usize {
        self.0.len()
    }

    fn record(&self, at: usize) -> Record<'_> {
        Record { offset: Offset(at as i64), timestamp: Some(1), key: Some(b"k"), value: Some(&self.0[at]) }
    }

    fn headers(&self, _at: usize, each: &mut EachHeader<'_>) {
        each(b"h", Some(b"header"));
    }

    fn clear(&mut self) {
        self.0.clear();
    }
}
