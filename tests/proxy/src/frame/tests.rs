use super::*;

fn framed(body: &[u8]) -> Vec<u8> {
    let mut frame = (body.len() as u32).to_be_bytes().to_vec();
    frame.extend_from_slice(body);
    frame
}

fn end_txn(version: i16) -> Request {
    Request { api: Api::EndTxn, version, correlation: 7, client: String::new() }
}

#[test]
fn a_stream_is_cut_into_its_frames() {
    let stream = [framed(b"one"), framed(b""), framed(b"three")].concat();
    let mut stream = stream.as_slice();
    assert_eq!(read(&mut stream).unwrap(), Some(framed(b"one")));
    assert_eq!(read(&mut stream).unwrap(), Some(framed(b"")));
    assert_eq!(read(&mut stream).unwrap(), Some(framed(b"three")));
    assert_eq!(read(&mut stream).unwrap(), None);
}

#[test]
fn a_frame_that_ends_early_is_an_error() {
    let whole = framed(b"body");
    for end in 1..whole.len() {
        let error = read(&mut &whole[..end]).expect_err("a torn frame was accepted");
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof, "after {end} bytes");
    }
}

#[test]
fn a_length_below_zero_or_over_the_cap_is_refused() {
    for length in [-1, FRAME_BYTES_MAX as i32 + 1, i32::MAX] {
        let error = read(&mut length.to_be_bytes().as_slice()).expect_err("the length was accepted");
        assert_eq!(error.kind(), io::ErrorKind::InvalidData, "{length}");
    }
}

#[test]
fn a_request_header_names_api_version_correlation_and_client() {
    let frame = framed(b"\x00\x1a\x00\x03\x00\x00\x00\x07\x00\x02me\x00rest");
    let expected = Request { client: "me".into(), ..end_txn(3) };
    assert_eq!(request(&frame), Some(expected));
    let no_client = framed(b"\x00\x1a\x00\x03\x00\x00\x00\x07\xff\xff");
    assert_eq!(request(&no_client), Some(end_txn(3)));
}

#[test]
fn a_request_header_that_is_cut_short_is_none() {
    let whole = framed(b"\x00\x1a\x00\x03\x00\x00\x00\x07\x00\x02me");
    for end in 0..whole.len() {
        assert_eq!(request(&whole[..end]), None, "after {end} bytes");
    }
}

#[test]
fn the_error_code_is_found_before_and_after_flexible_versions() {
    let plain = framed(b"\x00\x00\x00\x07\x00\x00\x00\x00\x00\x2f");
    assert_eq!(error_code(&end_txn(1), &plain), Some(47));
    let flexible = framed(b"\x00\x00\x00\x07\x00\x00\x00\x00\x00\x00\x2f\x00");
    assert_eq!(error_code(&end_txn(3), &flexible), Some(47));
    // One tagged field of two bytes in the header; producer id and epoch behind the code, as in version 5.
    let tagged =
        framed(b"\x00\x00\x00\x07\x01\x00\x02xy\x00\x00\x00\x00\x00\x33\x00\x00\x00\x00\x00\x00\x00\x01\x00\x02\x00");
    assert_eq!(error_code(&end_txn(5), &tagged), Some(51));
}

#[test]
fn the_error_code_of_the_first_partition_is_found_before_and_after_flexible_versions() {
    let of = |version| Request { api: Api::TxnOffsetCommit, ..end_txn(version) };
    let plain = b"\x00\x00\x00\x07\x00\x00\x00\x00\x00\x00\x00\x01\x00\x02in\x00\x00\x00\x01\x00\x00\x00\x05\x00\x2f";
    assert_eq!(error_code(&of(2), &framed(plain)), Some(47));
    let flexible = b"\x00\x00\x00\x07\x00\x00\x00\x00\x00\x02\x03in\x02\x00\x00\x00\x05\x00\x2f\x00\x00\x00";
    assert_eq!(error_code(&of(3), &framed(flexible)), Some(47));
    let of_nothing = b"\x00\x00\x00\x07\x00\x00\x00\x00\x00\x01\x00";
    assert_eq!(error_code(&of(3), &framed(of_nothing)), None);
}

#[test]
fn an_answer_that_is_cut_short_has_no_error_code() {
    let whole = framed(b"\x00\x00\x00\x07\x01\x00\x02xy\x00\x00\x00\x00\x00\x2f");
    for end in 0..whole.len() {
        assert_eq!(error_code(&end_txn(3), &whole[..end]), None, "after {end} bytes");
    }
    let produce = Request { api: Api::Produce, ..end_txn(3) };
    assert_eq!(error_code(&produce, &whole), None);
}
