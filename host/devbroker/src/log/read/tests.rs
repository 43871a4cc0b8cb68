use bytes::BytesMut;

use super::*;
use crate::log::budget::Budget;
use crate::log::fixture::{NOBODY, batch, plain, transactional};
use crate::topics::Settings;

fn log(batches: &[BytesMut]) -> Partition {
    let settings = Settings::of(&Default::default()).unwrap();
    let mut log = Partition::new(1, Budget::new(1 << 20));
    for bytes in batches {
        log.append(&Header::check(bytes).unwrap(), bytes, &settings, 10_000).unwrap();
    }
    log
}

#[test]
fn whole_batches_are_read_from_the_one_that_holds_the_offset() {
    let log = log(&[plain(NOBODY, 0, 3), plain(NOBODY, 0, 3), plain(NOBODY, 0, 3)]);
    let slice = log.read(4, Isolation::Uncommitted, usize::MAX, true).unwrap();
    assert_eq!(slice.batches.len(), 2);
    assert_eq!(slice.batches[0][..8], 3i64.to_be_bytes());
    assert!(log.read(9, Isolation::Uncommitted, usize::MAX, true).unwrap().batches.is_empty());
    assert_eq!(log.read(10, Isolation::Uncommitted, 1, true).unwrap_err(), ResponseError::OffsetOutOfRange);
}

#[test]
fn the_bound_is_kept_but_for_a_first_batch_that_would_never_pass() {
    let log = log(&[plain(NOBODY, 0, 3), plain(NOBODY, 0, 3)]);
    let size = log.batches[0].bytes.len();
    assert_eq!(log.read(0, Isolation::Uncommitted, size, true).unwrap().batches.len(), 1);
    assert_eq!(log.read(0, Isolation::Uncommitted, 1, true).unwrap().batches.len(), 1);
    assert!(log.read(0, Isolation::Uncommitted, 1, false).unwrap().batches.is_empty());
}

#[test]
fn a_reader_of_committed_data_stops_at_an_open_transaction_and_is_told_of_aborted_ones() {
    let mut log = log(&[plain(transactional(1, 0, 0), 0, 2), plain(NOBODY, 0, 1), plain(transactional(2, 0, 0), 0, 1)]);
    log.mark((1, 0), false, 0).unwrap();
    let slice = log.read(0, Isolation::Committed, usize::MAX, true).unwrap();
    assert_eq!((slice.batches.len(), slice.aborted.len()), (2, 1));
    assert_eq!((slice.aborted[0].producer_id, slice.aborted[0].first), (1, 0));
    assert_eq!(log.end_for(Isolation::Committed), 3);
    assert!(log.read(0, Isolation::Uncommitted, usize::MAX, true).unwrap().aborted.is_empty());
    log.mark((2, 0), true, 0).unwrap();
    let behind = log.read(5, Isolation::Committed, usize::MAX, true).unwrap();
    assert!(behind.aborted.is_empty(), "the aborted one ended before");
}

#[test]
fn a_time_leads_to_the_first_record_at_or_after_it() {
    let log = log(&[
        batch(NOBODY, 1000, &[(0, None, None), (10, None, None), (5, None, None)]),
        batch(NOBODY, 2000, &[(0, None, None)]),
    ]);
    for (time, found) in [(0, Some((1000, 0))), (1001, Some((1010, 1))), (1011, Some((2000, 3))), (2001, None)] {
        assert_eq!(log.at_time(time, Isolation::Uncommitted), found, "{time}");
    }
    assert_eq!(log.at_max_time(), Some((2000, 3)));
}

#[test]
fn a_time_in_an_open_transaction_is_nothing_to_a_reader_of_committed_data() {
    let log = log(&[plain(transactional(1, 0, 0), 1000, 1)]);
    assert_eq!(log.at_time(0, Isolation::Committed), None);
    assert_eq!(log.at_time(0, Isolation::Uncommitted), Some((1000, 0)));
}

#[test]
fn a_leader_epoch_ends_where_the_next_begins() {
    let mut log = log(&[plain(NOBODY, 0, 3)]);
    log.lead(2);
    assert_eq!(log.end_of_epoch(0), Some((0, 3)));
    assert_eq!(log.end_of_epoch(5), Some((1, 3)));
    assert_eq!(log.end_of_epoch(-1), None);
}
