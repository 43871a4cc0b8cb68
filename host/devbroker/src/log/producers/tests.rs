use super::*;
use crate::log::fixture::{Sender, idempotent, plain, transactional};

fn header(sender: Sender, count: usize) -> Header {
    Header::check(&plain(sender, 0, count)).unwrap()
}

/// A producer 1 in epoch 0 that has written batches of ten, so many.
fn after(batches: i32) -> Producers {
    let mut producers = Producers::default();
    for batch in 0..batches {
        let header = header(idempotent(1, 0, batch * 10), 10);
        assert_eq!(producers.check(&header), Ok(Verdict::Append));
        producers.appended(&header, i64::from(batch) * 10, 0);
    }
    producers
}

#[test]
fn a_batch_that_comes_again_is_answered_with_its_old_offset() {
    let producers = after(5);
    for batch in 0..5 {
        match producers.check(&header(idempotent(1, 0, batch * 10), 10)) {
            Ok(Verdict::Duplicate(found)) => assert_eq!(found.base_offset, i64::from(batch) * 10),
            other => panic!("batch {batch}: {other:?}"),
        }
    }
}

#[test]
fn only_the_last_five_batches_are_remembered() {
    let refused = after(6).check(&header(idempotent(1, 0, 0), 10));
    assert_eq!(refused, Err(ResponseError::OutOfOrderSequenceNumber));
}

#[test]
fn a_gap_and_a_batch_cut_otherwise_are_out_of_order() {
    let producers = after(2);
    for (sequence, count) in [(30, 10), (21, 1), (10, 5), (0, 20)] {
        let outcome = producers.check(&header(idempotent(1, 0, sequence), count));
        assert_eq!(outcome, Err(ResponseError::OutOfOrderSequenceNumber), "{count} from {sequence}");
    }
}

#[test]
fn sequence_numbers_wrap_around() {
    let mut producers = Producers::default();
    producers.appended(&header(idempotent(1, 0, i32::MAX - 1), 2), 0, 0);
    assert_eq!(producers.check(&header(idempotent(1, 0, 0), 3)), Ok(Verdict::Append));
}

#[test]
fn a_producer_nothing_is_known_of_may_begin_anywhere() {
    assert_eq!(Producers::default().check(&header(idempotent(9, 4, 1234), 1)), Ok(Verdict::Append));
}

#[test]
fn a_new_epoch_begins_at_zero_and_ends_the_old_one() {
    let mut producers = after(2);
    let not_first = header(idempotent(1, 1, 20), 10);
    assert_eq!(producers.check(&not_first), Err(ResponseError::OutOfOrderSequenceNumber));
    let first = header(idempotent(1, 1, 0), 10);
    assert_eq!(producers.check(&first), Ok(Verdict::Append));
    producers.appended(&first, 20, 0);
    assert_eq!(producers.check(&header(idempotent(1, 0, 20), 10)), Err(ResponseError::InvalidProducerEpoch));
}

#[test]
fn a_marker_of_a_new_epoch_fences_at_once() {
    let mut producers = after(1);
    producers.ended(1, 1, 0);
    assert_eq!(producers.check(&header(idempotent(1, 0, 10), 10)), Err(ResponseError::InvalidProducerEpoch));
}

#[test]
fn a_transaction_is_open_from_its_first_batch_to_its_marker() {
    let mut producers = Producers::default();
    producers.appended(&header(transactional(1, 0, 0), 2), 10, 0);
    producers.appended(&header(transactional(1, 0, 2), 2), 12, 0);
    producers.appended(&header(transactional(2, 0, 0), 2), 14, 0);
    assert!(producers.has_open(1, 0) && !producers.has_open(1, 1));
    assert_eq!(producers.first_open(), Some(10));
    assert_eq!(producers.ended(1, 0, 0), Some(10));
    assert_eq!(producers.first_open(), Some(14));
    assert_eq!(producers.ended(1, 0, 0), None);
}

#[test]
fn a_plain_batch_inside_of_an_own_transaction_is_refused() {
    let mut producers = Producers::default();
    producers.appended(&header(transactional(1, 0, 0), 1), 0, 0);
    assert_eq!(producers.check(&header(idempotent(1, 0, 1), 1)), Err(ResponseError::InvalidTxnState));
}

#[test]
fn the_longest_silent_producer_is_forgotten_first_and_never_an_open_one() {
    let mut producers = Producers::default();
    producers.appended(&header(transactional(0, 0, 0), 1), 0, 0);
    for id in 1..=i64::try_from(PRODUCERS_MAX).unwrap() {
        producers.appended(&header(idempotent(id, 0, 0), 1), id, id);
    }
    assert_eq!(producers.all().count(), PRODUCERS_MAX);
    assert!(producers.epoch_of(0).is_some() && producers.epoch_of(1).is_none() && producers.epoch_of(2).is_some());
}
