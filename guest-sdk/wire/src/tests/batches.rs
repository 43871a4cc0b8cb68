//! From the host's records to the guest's view of them.

use super::arbitrary::{OwnedRecord, Seen, SeenHeaders, records};
use crate::layout::{NULL, UNREAD};
use crate::{Batch, Field, Input, Packed, Reads, Record};
use proptest::prelude::*;

fn pack(reads: Reads, records: &[OwnedRecord]) -> Packed {
    let mut packed = Packed::default();
    records.iter().for_each(|record| record.push(reads, &mut packed));
    packed
}

proptest! {
    #[test]
    fn a_guest_reads_what_the_host_packed(records in records(), key: bool, value: bool, headers: bool) {
        let reads = Reads { key, value, headers };
        let packed = pack(reads, &records);
        let batch = Batch::new(packed.data(), packed.index());
        prop_assert_eq!(batch.len(), records.len());
        for (record, sent) in batch.records().zip(&records) {
            prop_assert_eq!(record.offset(), sent.offset);
            prop_assert_eq!(record.timestamp(), sent.timestamp);
            prop_assert_eq!(record.key(), sent.key.as_deref().seen(reads.key));
            prop_assert_eq!(record.value(), sent.value.as_deref().seen(reads.value));
            prop_assert_eq!(names_and_values(&record), sent.seen_headers(reads.headers));
        }
    }

    #[test]
    fn a_reused_batch_holds_nothing_of_the_last(first in records(), second in records()) {
        let mut packed = pack(Reads::ALL, &first);
        packed.clear();
        second.iter().for_each(|record| record.push(Reads::ALL, &mut packed));
        let fresh = pack(Reads::ALL, &second);
        prop_assert_eq!((packed.data(), packed.index()), (fresh.data(), fresh.index()));
    }
}

fn names_and_values<'a>(record: &Record<'a>) -> Option<SeenHeaders<'a>> {
    let text = |name: &[u8]| str::from_utf8(name).unwrap().to_owned();
    record.headers().map(|headers| headers.map(|(name, value)| (text(name), value)).collect())
}

#[test]
fn null_unread_and_absent_parts_have_no_position() {
    let mut packed = Packed::default();
    let input = Input { offset: 1 << 40, timestamp: None, key: Some(b"k"), value: Some(b"v") };
    packed.push(Reads::KEY, input, |_| {}).unwrap();
    packed.push(Reads::KEY, Input { value: None, ..input }, |each| each(b"h", Some(b"x"))).unwrap();
    packed.push(Reads::ALL, Input { key: None, value: Some(b""), ..input }, |_| {}).unwrap();
    let words: &[[u32; 10]] = packed.index().as_chunks().0;
    assert_eq!(words[0], [0, 256, u32::MAX, u32::MAX, 0, 1, 0, UNREAD, 0, 0]);
    assert_eq!(words[1], [0, 256, u32::MAX, u32::MAX, 1, 1, 0, NULL, 0, UNREAD]);
    assert_eq!(words[2], [0, 256, u32::MAX, u32::MAX, 0, NULL, 2, 0, 0, 0], "empty is not null, and has a position");
}

#[test]
fn a_header_name_is_utf8_when_it_reaches_the_plugin() {
    let mut packed = Packed::default();
    let input = Input { offset: 0, timestamp: None, key: None, value: None };
    packed.push(Reads::ALL, input, |each| each(b"a\xffb\xf0\x9f", Some(b"\xff"))).unwrap();
    let record = Batch::new(packed.data(), packed.index()).records().next().unwrap();
    let headers: Vec<_> = record.headers().unwrap().collect();
    assert_eq!(headers, [("a\u{fffd}b\u{fffd}".as_bytes(), Some(&b"\xff"[..]))], "values stay as they are");
    assert_eq!(packed.sizes()[0].headers, 8 + 5 + 1, "charged by the bytes that an output would inherit");
}

#[test]
fn a_tombstone_is_told_from_an_empty_value() {
    let mut packed = Packed::default();
    let input = Input { offset: 0, timestamp: Some(0), key: None, value: None };
    packed.push(Reads::ALL, input, |_| {}).unwrap();
    packed.push(Reads::ALL, Input { value: Some(b""), ..input }, |_| {}).unwrap();
    let values: Vec<_> = Batch::new(packed.data(), packed.index()).records().map(|record| record.value()).collect();
    assert_eq!(values, [Field::Null, Field::Bytes(b"")]);
}
