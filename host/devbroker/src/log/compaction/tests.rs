use std::collections::BTreeMap;

use bytes::BytesMut;

use super::*;
use crate::log::batch::seal;
use crate::log::budget::Budget;
use crate::log::fixture::{Content, NOBODY, batch, transactional};
use crate::log::read::Isolation;

const HOUR_MS: i64 = 3_600_000;

fn settings() -> Settings {
    let set = [("cleanup.policy", "compact"), ("delete.retention.ms", "3600000")];
    Settings::of(&set.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()).unwrap()
}

fn put(log: &mut Partition, bytes: &BytesMut) {
    log.append(&Header::check(bytes).unwrap(), bytes, &settings(), 0).unwrap();
}

fn log(batches: &[&[Content<'_>]]) -> Partition {
    let mut log = Partition::new(1, Budget::new(1 << 20));
    batches.iter().for_each(|records| put(&mut log, &batch(NOBODY, 0, records)));
    log
}

/// Key to offset of everything that is left.
fn left(log: &Partition) -> BTreeMap<String, Vec<i64>> {
    let mut left: BTreeMap<String, Vec<i64>> = BTreeMap::new();
    for batch in &log.batches {
        Header::check_again(&batch.bytes);
        for record in records(payload(batch)).map(Result::unwrap) {
            let key = String::from_utf8(record.key.unwrap().to_vec()).unwrap();
            left.entry(key).or_default().push(batch.base + i64::from(record.offset_delta));
        }
    }
    left
}

impl Header {
    /// The checksum holds; counts and offsets need not fit any more.
    fn check_again(bytes: &[u8]) {
        let crc = u32::from_be_bytes(bytes[17..21].try_into().unwrap());
        assert_eq!(crc, crc32c::crc32c(&bytes[21..]));
    }
}

fn expected(offsets: &[(&str, i64)]) -> BTreeMap<String, Vec<i64>> {
    offsets.iter().map(|(key, offset)| ((*key).to_owned(), vec![*offset])).collect()
}

#[test]
fn the_latest_of_each_key_stays_at_its_offset() {
    let mut log = log(&[
        &[(0, Some("a"), Some("1")), (0, Some("b"), Some("1"))],
        &[(0, Some("a"), Some("2"))],
        &[(0, Some("c"), Some("1")), (0, Some("a"), Some("3"))],
    ]);
    log.compact(&settings(), 0);
    assert_eq!(left(&log), expected(&[("a", 4), ("b", 1), ("c", 3)]));
    assert_eq!((log.start, log.end, log.batches.len()), (0, 5, 2));
    let slice = log.read(2, Isolation::Uncommitted, usize::MAX, true).unwrap();
    assert_eq!(slice.batches.len(), 1, "an offset that is gone leads to the next that is there");
}

#[test]
fn a_tombstone_goes_an_hour_after_it_was_met() {
    let mut log = log(&[&[(0, Some("a"), Some("1"))], &[(0, Some("a"), None), (0, Some("b"), Some("1"))]]);
    log.compact(&settings(), 10);
    assert_eq!(left(&log), expected(&[("a", 1), ("b", 2)]));
    log.compact(&settings(), 9 + HOUR_MS);
    assert_eq!(left(&log), expected(&[("a", 1), ("b", 2)]));
    log.compact(&settings(), 10 + HOUR_MS);
    assert_eq!(left(&log), expected(&[("b", 2)]));
}

#[test]
fn aborted_records_go_and_do_not_hide_older_ones() {
    let mut log = log(&[&[(0, Some("a"), Some("1"))]]);
    put(&mut log, &batch(transactional(1, 0, 0), 0, &[(0, Some("a"), Some("2"))]));
    log.mark((1, 0), false, 0).unwrap();
    log.compact(&settings(), 0);
    let first = Header::read(&log.batches[0].bytes).unwrap();
    assert!(!first.is_transactional());
    assert_eq!((log.batches.len(), log.batches[1].base), (2, 2), "the marker stays");
}

#[test]
fn an_open_transaction_and_what_follows_it_are_left_alone() {
    let mut log = log(&[&[(0, Some("a"), Some("1"))]]);
    put(&mut log, &batch(transactional(1, 0, 0), 0, &[(0, Some("a"), Some("2"))]));
    put(&mut log, &batch(NOBODY, 0, &[(0, Some("a"), Some("3"))]));
    log.compact(&settings(), 0);
    assert_eq!(left(&log).get("a"), Some(&vec![0, 1, 2]));
}

#[test]
fn a_compressed_batch_is_kept_whole() {
    let mut log = log(&[]);
    let mut packed = batch(NOBODY, 0, &[(0, Some("a"), Some("1"))]);
    packed[22] = 4; // zstd, which nothing here unpacks
    seal(&mut packed);
    put(&mut log, &packed);
    put(&mut log, &batch(NOBODY, 0, &[(0, Some("a"), Some("2"))]));
    log.compact(&settings(), 0);
    assert_eq!(log.batches.len(), 2);
}
