//! One reply per rule that it breaks.

use super::{LIMITS, batch, decode};
use crate::layout::{NULL, UNREAD};
use crate::{Decoder, Limits, Outcome, Run};

#[test]
fn success_is_explicit() {
    assert_eq!(decode(&[1], &[0], &[]), Ok(vec![Outcome::Forward { output: 0, changes: Run::default() }]));
    assert_eq!(decode(&[], &[], &[]), Err("is missing, or there is one too many"));
    assert_eq!(decode(&[0], &[], &[]), Err("is not an action"));
    assert_eq!(decode(&[6], &[], &[]), Err("is not an action"));
    assert_eq!(decode(&[0x80], &[0], &[]), Err("is not an action"));
}

#[test]
fn arguments_are_consumed_exactly() {
    assert_eq!(decode(&[1], &[], &[]), Err("has too few arguments"));
    assert_eq!(decode(&[1], &[0, 0], &[]), Err("has arguments but no record"));
    assert_eq!(decode(&[2], &[0], &[]), Err("has arguments but no record"));
}

#[test]
fn the_error_names_the_record() {
    let at =
        |actions: &[u8], args: &[u32]| Decoder::default().decode(&batch(3), LIMITS, actions, args, &[]).unwrap_err().at;
    assert_eq!(at(&[1, 2, 1], &[0, 9]), 2);
    assert_eq!(at(&[1, 2], &[0]), 2, "the first record without an answer");
    assert_eq!(at(&[2, 2, 2, 2], &[]), 3, "the first answer without a record");
    assert_eq!(at(&[2, 2, 2], &[7]), 3, "what is left over belongs to no record");
}

#[test]
fn numbers_that_the_manifest_does_not_have_are_refused() {
    assert_eq!(decode(&[1], &[2], &[]), Err("names an output that is not in the manifest"));
    assert_eq!(decode(&[1], &[1 << 16], &[]), Err("names an output that is not in the manifest"));
    assert_eq!(decode(&[3], &[1, 2, 7, 0, 0, 0, 0, 0, 0], &[]), Err("names an output that is not in the manifest"));
    assert_eq!(decode(&[0x82], &[1, 1, 0, 1, 0, 1], b"a"), Err("names a store that is not in the manifest"));
}

#[test]
fn slices_lie_within_the_data() {
    assert_eq!(decode(&[4], &[0, 2, 0, 0], b"a"), Err("points outside of its data"));
    assert_eq!(decode(&[4], &[1, 1, 0, 0], b"a"), Err("points outside of its data"));
    assert_eq!(decode(&[4], &[u32::MAX, 2, 0, 0], b"a"), Err("points outside of its data"));
    assert_eq!(decode(&[4], &[0, UNREAD, 0, 0], b"a"), Err("points outside of its data"));
    assert_eq!(decode(&[3], &[1, 0, 4, 0, NULL, 0, UNREAD, 0, 0], b"a"), Err("points outside of its data"));
}

#[test]
fn words_that_are_not_used_are_zero() {
    assert_eq!(decode(&[3], &[1, 0, 7, 1, 0, 0, 0, 0, 0], b"a"), Err("inherits a part and gives it too"));
    assert_eq!(decode(&[3], &[1, 0, 7, 0, 0, 0, 1, 0, 0], b"a"), Err("inherits a part and gives it too"));
    assert_eq!(decode(&[3], &[1, 0, 6, 1, NULL, 0, 0, 0, 0], b"a"), Err("gives a null a position"));
    assert_eq!(decode(&[3], &[1, 0, 7, 0, 0, 0, 0, 1, 0], b"a"), Err("gives no headers a position"));
    assert_eq!(decode(&[3], &[1, 0, 32, 0, 0, 0, 0, 0, 0], b"a"), Err("has an unknown flag"));
}

#[test]
fn timestamps_and_partitions_are_what_kafka_takes() {
    let emit = |extra: &[u32], flags| {
        let args = [&[1, 0, flags, 0, 0, 0, 0, 0, 0], extra].concat();
        decode(&[3], &args, &[]).map(|_| ())
    };
    assert_eq!(emit(&[u32::MAX, i32::MAX as u32], 7 + 8), Ok(()));
    assert_eq!(emit(&[u32::MAX, u32::MAX], 7 + 8), Err("has a negative timestamp"));
    assert_eq!(emit(&[0, 1 << 31], 7 + 8), Err("has a negative timestamp"));
    assert_eq!(emit(&[i32::MAX as u32], 7 + 16), Ok(()));
    assert_eq!(emit(&[1 << 31], 7 + 16), Err("has a partition of 2^31 or more"));
    assert_eq!(emit(&[0], 7 + 8), Err("has too few arguments"));
}

#[test]
fn codes_and_messages_are_text_of_a_bounded_length() {
    let reject =
        |code_len, message_len, data: &[u8]| decode(&[4], &[0, code_len, code_len, message_len], data).map(|_| ());
    assert_eq!(reject(3, 0, b"a-1"), Ok(()));
    for wrong in ["A", "a_b", "\u{e9}", " ", ""] {
        let expected = Err("has a code that is not 1 to 64 of a-z, 0-9 and -");
        assert_eq!(reject(wrong.len() as u32, 0, wrong.as_bytes()), expected, "{wrong:?}");
    }
    assert_eq!(reject(64, 0, &[b'a'; 64]), Ok(()));
    assert_eq!(reject(65, 0, &[b'a'; 65]), Err("has a code that is not 1 to 64 of a-z, 0-9 and -"));
    assert_eq!(reject(1, 1024, &[b'a'; 1025]), Ok(()));
    assert_eq!(reject(1, 1025, &[b'a'; 1026]), Err("has a message of more than 1024 bytes"));
    assert_eq!(reject(1, 1, b"a\xff"), Err("has a message that is not UTF-8"));
    assert_eq!(decode(&[4], &[0, NULL, 0, 0], b"a"), Err("has no code"));
    assert_eq!(decode(&[5], &[0, 0, 1, 0, NULL], b"a"), Err("has no message"));
}

#[test]
fn what_is_not_kept_changes_no_state() {
    assert_eq!(decode(&[0x84], &[0, 1, 0, 0, 0], b"a"), Err("changes state and is not kept"));
    assert_eq!(decode(&[0x85], &[0, 0, 1, 0, 0, 0], b"a"), Err("changes state and is not kept"));
    assert_eq!(decode(&[0x82], &[1, 0, 0, NULL, 0, 0], b"a"), Err("changes state without a key"));
}

#[test]
fn headers_are_whole_and_their_names_utf8() {
    let emit = |count, data: &[u8]| decode(&[3], &[1, 0, 7, 0, 0, 0, 0, 0, count], data).map(|_| ());
    assert_eq!(emit(1, b"\x01\0\0\0\x02\0\0\0nva"), Ok(()));
    assert_eq!(emit(1, b"\x01\0\0\0\xff\xff\xff\xffn"), Ok(()), "a null value");
    assert_eq!(emit(1, b"\x01\0\0\0\x02\0\0\0nv"), Err("has headers that end outside of its data"));
    assert_eq!(emit(2, b"\x01\0\0\0\x01\0\0\0nv"), Err("has headers that end outside of its data"));
    assert_eq!(emit(UNREAD, b""), Err("has headers that end outside of its data"));
    assert_eq!(emit(1, b"\x01\0\0\0\0\0\0\0\xff"), Err("has a header whose name is not UTF-8"));
    let beyond = decode(&[3], &[1, 0, 7, 0, 0, 0, 0, 9, 1], b"");
    assert_eq!(beyond, Err("has headers that end outside of its data"));
}

#[test]
fn overlapping_slices_are_charged_each_time() {
    let data = vec![b'x'; 512 << 10];
    let emission = [0, 1, 0, 0, 0, data.len() as u32, 0, 0];
    let emissions = |count| {
        let args: Vec<u32> = std::iter::once(count).chain(emission.repeat(count as usize)).collect();
        decode(&[3], &args, &data).map(|_| ())
    };
    assert_eq!(emissions(1), Ok(()));
    assert_eq!(emissions(2), Err("asks for more output than output_bytes_max"), "3 bytes of key each were too many");
    assert_eq!(emissions(4), Err("has more emissions than outputs_per_record_max"));
}

#[test]
fn empty_headers_are_charged() {
    let data = vec![0; 1 << 20];
    let emission = [0, 3, 0, 0, 0, 0, 0, 100_000];
    let args: Vec<u32> = std::iter::once(3).chain(emission.repeat(3)).collect();
    assert_eq!(decode(&[3], &args, &data), Err("asks for more output than output_bytes_max"));
}

#[test]
fn inherited_headers_are_charged_their_overhead() {
    let charge = |actions: &[u8], args: &[u32]| {
        let mut decoder = Decoder::default();
        decoder.decode(&batch(1), LIMITS, actions, args, &[]).map(|()| decoder.output_bytes())
    };
    assert_eq!(charge(&[1], &[0]), Ok(3 + 5 + 9));
    assert_eq!(charge(&[3], &[1, 0, 7, 0, 0, 0, 0, 0, 0]), Ok(3 + 5 + 9));
    assert_eq!(charge(&[3], &[1, 0, 3, 0, 0, 0, 0, 0, 0]), Ok(3 + 5));
}

#[test]
fn a_forward_is_charged_too() {
    let limits = Limits { output_bytes_max: 16, ..LIMITS };
    let error = Decoder::default().decode(&batch(1), limits, &[1], &[0], &[]).unwrap_err();
    assert_eq!(error.what, "asks for more output than output_bytes_max");
}

#[test]
fn nothing_is_reserved_from_a_count() {
    let limits = Limits { outputs_per_record_max: u32::MAX, ..LIMITS };
    let mut decoder = Decoder::default();
    assert!(decoder.decode(&batch(1), limits, &[3], &[u32::MAX], &[]).is_err());
    assert!(decoder.decode(&batch(1), limits, &[0x82], &[u32::MAX], &[]).is_err());
    assert_eq!((decoder.emissions.capacity(), decoder.changes.capacity()), (0, 0));
}

#[test]
fn after_an_error_nothing_of_the_reply_is_left() {
    let mut decoder = Decoder::default();
    let args = [1, 0, 7, 0, 0, 0, 0, 0, 0, 99];
    assert!(decoder.decode(&batch(2), LIMITS, &[3, 1], &args, &[]).is_err());
    assert!(decoder.outcomes.is_empty() && decoder.emissions.is_empty());
    assert_eq!(decoder.output_bytes(), 0);
}
