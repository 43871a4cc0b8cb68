//! Tests of both directions together: what one side writes, the other reads.

mod arbitrary;
mod batches;
mod keys;
mod refused;
mod replies;

use crate::{Decoder, Input, Limits, Outcome, Packed, Reads};

pub(crate) const LIMITS: Limits =
    Limits { outputs: 2, stores: 1, output_bytes_max: 1 << 20, outputs_per_record_max: 3 };

/// Records of 3 + 5 bytes and one header of 1 byte, which is charged 9.
pub(crate) fn batch(records: usize) -> Packed {
    let mut batch = Packed::default();
    for at in 0..records {
        let input = Input { offset: at as i64, timestamp: None, key: Some(b"key"), value: Some(b"value") };
        batch.push(Reads::ALL, input, |each| each(b"h", None)).unwrap();
    }
    batch
}

pub(crate) fn decode(actions: &[u8], args: &[u32], data: &[u8]) -> Result<Vec<Outcome>, &'static str> {
    let mut decoder = Decoder::default();
    let decoded = decoder.decode(&batch(actions.len().max(1)), LIMITS, actions, args, data);
    decoded.map(|()| decoder.outcomes).map_err(|error| error.what)
}
