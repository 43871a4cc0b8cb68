use proptest::prelude::*;

use super::*;
use crate::log::fixture::{NOBODY, Sender, batch, idempotent, plain, transactional};

const NOW: i64 = 1_700_000_000_000;

fn partition() -> Partition {
    Partition::new(1, Budget::new(1 << 20))
}

fn settings(set: &[(&str, &str)]) -> Settings {
    let configs = set.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Settings::of(&configs).unwrap()
}

fn put(partition: &mut Partition, bytes: &[u8], settings: &Settings) -> Result<i64, ResponseError> {
    let header = Header::check(bytes)?;
    partition.append(&header, bytes, settings, NOW).map(|appended| appended.base_offset)
}

#[test]
fn offsets_go_on_where_they_ended_and_a_duplicate_takes_none() {
    let (mut log, settings) = (partition(), settings(&[]));
    assert_eq!(put(&mut log, &plain(NOBODY, NOW, 3), &settings), Ok(0));
    assert_eq!(put(&mut log, &plain(idempotent(1, 0, 0), NOW, 2), &settings), Ok(3));
    assert_eq!(put(&mut log, &plain(idempotent(1, 0, 0), NOW, 2), &settings), Ok(3));
    assert_eq!(log.end, 5);
}

#[test]
fn a_marker_takes_an_offset_and_frees_the_last_stable_one() {
    let (mut log, settings) = (partition(), settings(&[]));
    put(&mut log, &plain(NOBODY, NOW, 2), &settings).unwrap();
    put(&mut log, &plain(transactional(1, 0, 0), NOW, 3), &settings).unwrap();
    put(&mut log, &plain(NOBODY, NOW, 1), &settings).unwrap();
    assert_eq!((log.last_stable(), log.end), (2, 6));
    log.mark((1, 0), false, NOW).unwrap();
    assert_eq!((log.last_stable(), log.end), (7, 7));
    assert_eq!(log.aborted, [Aborted { producer_id: 1, first: 2, marker: 6 }]);
}

#[test]
fn the_marker_of_a_former_epoch_is_not_written() {
    let (mut log, settings) = (partition(), settings(&[]));
    put(&mut log, &plain(transactional(1, 1, 0), NOW, 1), &settings).unwrap();
    assert_eq!(log.mark((1, 0), true, NOW), Err(ResponseError::InvalidProducerEpoch));
    assert_eq!((log.last_stable(), log.end), (0, 1));
}

#[test]
fn a_commit_leaves_nothing_to_hide() {
    let (mut log, settings) = (partition(), settings(&[]));
    put(&mut log, &plain(transactional(1, 0, 0), NOW, 3), &settings).unwrap();
    log.mark((1, 0), true, NOW).unwrap();
    assert!(log.aborted.is_empty());
}

#[test]
fn what_a_topic_refuses() {
    let compact = [("cleanup.policy", "compact")];
    let no_sequence = Sender { sequence: -1, ..idempotent(1, 0, 0) };
    let far = [("message.timestamp.after.max.ms", "1000")];
    let near = [("message.timestamp.before.max.ms", "1000")];
    for (configs, bytes, error) in [
        (&[("max.message.bytes", "80")][..], plain(NOBODY, NOW, 9), ResponseError::MessageTooLarge),
        (&compact, batch(NOBODY, NOW, &[(0, Some("k"), None), (0, None, None)]), ResponseError::InvalidRecord),
        (&far, plain(NOBODY, NOW + 1001, 1), ResponseError::InvalidTimestamp),
        (&near, plain(NOBODY, NOW - 1001, 1), ResponseError::InvalidTimestamp),
        (&[], plain(no_sequence, NOW, 1), ResponseError::InvalidRecord),
        (&[], plain(Sender { transactional: true, ..NOBODY }, NOW, 1), ResponseError::InvalidRecord),
        (&[], batch::marker(1, 0, true, NOW), ResponseError::InvalidRecord),
    ] {
        let mut log = partition();
        assert_eq!(put(&mut log, &bytes, &settings(configs)), Err(error), "{configs:?}");
        assert_eq!(log.end, 0);
    }
}

#[test]
fn a_fault_refuses_even_what_was_written_before() {
    let (mut log, settings) = (partition(), settings(&[]));
    put(&mut log, &plain(idempotent(1, 0, 0), NOW, 1), &settings).unwrap();
    log.refusal = Some(ResponseError::KafkaStorageError);
    let again = put(&mut log, &plain(idempotent(1, 0, 0), NOW, 1), &settings);
    assert_eq!(again, Err(ResponseError::KafkaStorageError));
}

#[test]
fn a_spent_budget_refuses_records_but_not_markers() {
    let settings = settings(&[]);
    let first = plain(transactional(1, 0, 0), NOW, 1);
    let budget = Budget::new(first.len() as u64 + super::super::budget::BATCH_OVERHEAD_BYTES);
    let mut log = Partition::new(1, budget.clone());
    put(&mut log, &first, &settings).unwrap();
    let next = plain(transactional(1, 0, 1), NOW, 1);
    assert_eq!(put(&mut log, &next, &settings), Err(ResponseError::KafkaStorageError));
    log.mark((1, 0), true, NOW).unwrap();
    assert_eq!(log.end, 2);
    drop(log);
    assert_eq!(budget.used(), 0);
}

#[test]
fn the_logs_own_time_is_written_into_the_batch() {
    let (mut log, settings) = (partition(), settings(&[("message.timestamp.type", "LogAppendTime")]));
    let bytes = plain(NOBODY, 5, 1);
    let appended = log.append(&Header::check(&bytes).unwrap(), &bytes, &settings, NOW).unwrap();
    assert_eq!(appended.append_time_ms, NOW);
    let stored = Header::check(&log.batches[0].bytes).unwrap();
    assert!(stored.has_append_time());
    assert_eq!(stored.max_timestamp, NOW);
}

#[test]
fn retention_by_bytes_takes_whole_batches_from_the_front_but_no_open_transaction() {
    let size = plain(NOBODY, NOW, 1).len();
    let settings = settings(&[("retention.bytes", &(3 * size).to_string())]);
    let mut log = partition();
    put(&mut log, &plain(transactional(1, 0, 0), NOW, 1), &settings).unwrap();
    (0..5).for_each(|_| assert!(put(&mut log, &plain(NOBODY, NOW, 1), &settings).is_ok()));
    assert_eq!((log.start, log.end), (0, 6), "the first batch is of an open transaction");
    log.mark((1, 0), true, NOW).unwrap();
    put(&mut log, &plain(NOBODY, NOW, 1), &settings).unwrap();
    assert_eq!((log.start, log.end, log.batches.len()), (5, 8, 3));
}

#[test]
fn retention_by_time_goes_by_the_records() {
    let (mut log, settings) = (partition(), settings(&[("retention.ms", "1000")]));
    for at in [NOW - 5000, NOW - 900, NOW - 5000] {
        put(&mut log, &plain(NOBODY, at, 1), &settings).unwrap();
    }
    log.keep_time(&settings, NOW);
    assert_eq!(log.start, 1, "what lies behind a younger batch stays");
}

#[test]
fn a_compacted_topic_keeps_what_retention_would_take() {
    let settings = settings(&[("cleanup.policy", "compact"), ("retention.ms", "1"), ("retention.bytes", "1")]);
    let mut log = partition();
    put(&mut log, &batch(NOBODY, NOW - 5000, &[(0, Some("k"), Some("v"))]), &settings).unwrap();
    log.keep_time(&settings, NOW);
    assert_eq!((log.start, log.batches.len()), (0, 1));
}

#[test]
fn records_are_deleted_up_to_an_offset_inside_of_a_batch() {
    let (mut log, settings) = (partition(), settings(&[]));
    (0..2).for_each(|_| assert!(put(&mut log, &plain(NOBODY, NOW, 3), &settings).is_ok()));
    log.delete_before(4).unwrap();
    assert_eq!((log.start, log.batches.len()), (4, 1));
    assert_eq!(log.delete_before(3), Err(ResponseError::OffsetOutOfRange));
    assert_eq!(log.delete_before(7), Err(ResponseError::OffsetOutOfRange));
}

proptest! {
    /// Whatever producers do, offsets are dense, the stable offset never lies behind an open transaction, and the bytes
    /// counted are the bytes there.
    #[test]
    fn a_log_stays_consistent(steps in prop::collection::vec((0u8..4, 0i64..3, 1usize..4), 1..60)) {
        let settings = settings(&[("retention.bytes", "2000")]);
        let budget = Budget::new(1 << 20);
        let mut log = Partition::new(1, budget.clone());
        let (mut sequences, mut open) = ([0i32; 3], [None::<i64>; 3]);
        for (step, producer, count) in steps {
            let slot = usize::try_from(producer).unwrap();
            if step == 3 {
                log.mark((producer, 0), count % 2 == 0, NOW).unwrap();
                open[slot] = None;
            } else {
                let sent = plain(transactional(producer, 0, sequences[slot]), NOW, count);
                let offset = put(&mut log, &sent, &settings).unwrap();
                sequences[slot] += i32::try_from(count).unwrap();
                open[slot].get_or_insert(offset);
            }
            let oldest = open.iter().flatten().min().copied();
            prop_assert_eq!(log.last_stable(), oldest.unwrap_or(log.end));
            let mut next = log.start;
            for batch in &log.batches {
                prop_assert_eq!(batch.base, next);
                next = batch.last + 1;
            }
            prop_assert_eq!(next, log.end);
            let bytes: u64 = log.batches.iter().map(|it| it.bytes.len() as u64).sum();
            prop_assert_eq!(bytes, log.bytes);
            prop_assert_eq!(budget.used(), bytes + log.batches.len() as u64 * super::super::budget::BATCH_OVERHEAD_BYTES);
        }
    }
}
