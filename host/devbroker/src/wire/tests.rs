use bytes::{BufMut, BytesMut};
use kafka_protocol::messages::RequestKind;

use super::*;
use crate::api::APIS;
use crate::fuzz::sample;

/// Every request in every version, filled as far as the version goes: the shapes say what the encoders write, to the byte.
#[test]
fn every_shape_is_what_the_encoders_write() {
    for api in APIS {
        for version in api.min..=api.max {
            let request = sample(api.key, version);
            let mut bytes = BytesMut::new();
            request.encode(&mut bytes, version).unwrap_or_else(|error| panic!("{:?} {version}: {error}", api.key));
            assert_eq!(check(api.key, version, &bytes), Some(()), "{:?} {version}", api.key);
            for length in 0..bytes.len() {
                let cut = check(api.key, version, &bytes[..length]);
                assert_eq!(cut, None, "{:?} {version}: {length} of {} bytes", api.key, bytes.len());
            }
        }
    }
}

#[test]
fn a_count_that_no_bytes_stand_behind_is_refused() {
    let mut bytes = BytesMut::new();
    bytes.put_i32(i32::MAX); // topics
    bytes.put_u8(0);
    assert_eq!(check(ApiKey::Metadata, 4, &bytes), None);
    let compact = [0xff, 0xff, 0xff, 0xff, 0x0f];
    assert_eq!(check(ApiKey::Metadata, 9, &compact), None);
}

#[test]
fn more_elements_than_a_request_may_have_are_refused_although_they_are_there() {
    let request = |topics: usize| {
        let mut bytes = BytesMut::new();
        bytes.put_i32(i32::try_from(topics).unwrap());
        bytes.put_bytes(0, topics * 2 + 1);
        check(ApiKey::Metadata, 4, &bytes)
    };
    assert_eq!(request(ELEMENTS_MAX), Some(()));
    assert_eq!(request(ELEMENTS_MAX + 1), None);
}

#[test]
fn a_known_tag_must_be_as_long_as_it_says() {
    let RequestKind::Fetch(fetch) = sample(ApiKey::Fetch, 12) else { panic!("not a fetch") };
    let mut bytes = BytesMut::new();
    RequestKind::Fetch(fetch.with_cluster_id(None)).encode(&mut bytes, 12).unwrap();
    let without_tags = bytes.len() - 1;
    for (size, fits) in [(3, true), (2, false), (4, false)] {
        bytes.truncate(without_tags);
        bytes.put_slice(&[1, 0, size, 3, b'i', b'd', 0, 0]); // one tag, number 0, its size, a text of two bytes
        assert_eq!(check(ApiKey::Fetch, 12, &bytes).is_some(), fits, "{size}");
    }
}

#[test]
fn null_is_no_element() {
    assert_eq!(check(ApiKey::Metadata, 1, &(-1i32).to_be_bytes()), Some(()));
    assert_eq!(check(ApiKey::Metadata, 12, &[0, 1, 0, 0]), Some(()));
}
