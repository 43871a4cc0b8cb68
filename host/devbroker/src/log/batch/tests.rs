use bytes::Bytes;

use super::*;
use crate::log::fixture::{NOBODY, idempotent, plain};
use crate::log::records::records;

#[test]
fn a_batch_that_is_whole_is_read() {
    let header = Header::check(&plain(idempotent(7, 3, 40), 1000, 5)).unwrap();
    assert_eq!((header.producer_id, header.producer_epoch, header.base_sequence), (7, 3, 40));
    assert_eq!((header.count, header.last_sequence(), header.max_timestamp), (5, 44, 1000));
    assert!(!header.is_compressed() && !header.is_control() && !header.is_transactional());
}

#[test]
fn a_flipped_bit_behind_the_checksum_is_corruption() {
    let whole = plain(NOBODY, 1000, 2);
    for at in [21, 30, HEADER_BYTES, whole.len() - 1] {
        let mut broken = whole.clone();
        broken[at] ^= 1;
        assert_eq!(Header::check(&broken), Err(ResponseError::CorruptMessage), "byte {at}");
    }
}

#[test]
fn what_the_log_writes_does_not_touch_the_checksum() {
    let mut bytes = plain(NOBODY, 1000, 2);
    place(&mut bytes, 1 << 40, 9);
    assert!(Header::check(&bytes).is_ok());
    assert_eq!(bytes[..8], (1i64 << 40).to_be_bytes());
}

#[test]
fn every_shorter_batch_is_corruption() {
    let whole = plain(NOBODY, 1000, 2);
    for length in 0..whole.len() {
        assert_eq!(Header::check(&whole[..length]), Err(ResponseError::CorruptMessage), "{length} bytes");
    }
}

#[test]
fn two_batches_at_once_are_refused() {
    let mut two = plain(NOBODY, 1000, 2);
    two.extend_from_slice(&plain(NOBODY, 1000, 2));
    assert_eq!(Header::check(&two), Err(ResponseError::InvalidRecord));
}

#[test]
fn the_older_formats_are_named_as_such() {
    let mut old = plain(NOBODY, 1000, 1);
    old[16] = 1;
    assert_eq!(Header::check(&old), Err(ResponseError::UnsupportedForMessageFormat));
}

#[test]
fn a_count_that_does_not_fit_the_offsets_is_refused() {
    let mut bytes = plain(NOBODY, 1000, 3);
    bytes[57..61].copy_from_slice(&2i32.to_be_bytes());
    seal(&mut bytes);
    assert_eq!(Header::check(&bytes), Err(ResponseError::InvalidRecord));
}

#[test]
fn sequence_numbers_start_again_past_the_largest() {
    let header = Header::check(&plain(idempotent(1, 0, i32::MAX - 1), 0, 4)).unwrap();
    assert_eq!(header.last_sequence(), 1);
}

#[test]
fn a_marker_is_a_control_batch_of_one_record() {
    for (commit, kind) in [(true, 1), (false, 0)] {
        let bytes = marker(5, 2, commit, 1234);
        let header = Header::check(&bytes).unwrap();
        assert!(header.is_control() && header.is_transactional());
        assert_eq!((header.producer_id, header.producer_epoch, header.base_sequence), (5, 2, -1));
        let read: Vec<_> = records(&bytes[HEADER_BYTES..]).collect::<Result<_, _>>().unwrap();
        assert_eq!(read.len(), 1);
        assert_eq!(read[0].key, Some(&[0, 0, 0, kind][..]));
        assert!(read[0].has_value);
    }
}

#[test]
fn an_append_time_is_sealed_in() {
    let mut bytes = plain(NOBODY, 1000, 2);
    let header = Header::check(&bytes).unwrap();
    set_append_time(&mut bytes, &header, 77);
    let header = Header::check(&bytes).unwrap();
    assert!(header.has_append_time());
    assert_eq!(header.max_timestamp, 77);
}

#[test]
fn records_are_taken_out_without_moving_the_others() {
    let whole: Bytes = plain(NOBODY, 1000, 3).freeze();
    let kept: Vec<&[u8]> = records(&whole[HEADER_BYTES..]).map(|record| record.unwrap().raw).skip(2).collect();
    let less = with_records(&whole, kept.into_iter()).unwrap();
    let header = Header::read(&less).unwrap();
    assert_eq!((header.count, header.last_offset_delta), (1, 2));
    let left: Vec<i32> = records(&less[HEADER_BYTES..]).map(|record| record.unwrap().offset_delta).collect();
    assert_eq!(left, [2]);
}
