use bytes::Buf as _;
use kafka_protocol::ResponseError;

use super::*;
use crate::api::{APIS, refusal};
use crate::fuzz::{Seeded, encoded, sample};

#[test]
fn a_length_is_known_after_four_bytes_and_bounded() {
    assert_eq!(length(&[0, 0, 0], 100), Ok(None));
    assert_eq!(length(&[0, 0, 0, 100, 9], 100), Ok(Some(100)));
    assert_eq!(length(&[0, 0, 0, 101], 100), Err(FrameError::Length(101)));
    assert_eq!(length(&[0xff, 0xff, 0xff, 0xff], 100), Err(FrameError::Length(-1)));
}

#[test]
fn every_request_in_every_version_comes_through() {
    for api in APIS {
        for version in api.min..=api.max {
            let request = decode(encoded(&sample(api.key, version), api.key, version)).unwrap();
            assert_eq!((request.api, request.version, request.correlation), (api.key, version, 42));
            assert_eq!(request.client_id.as_str(), "client");
            assert!(matches!(request.body, Body::Known(_)));
        }
    }
}

#[test]
fn an_api_versions_from_the_future_is_answered_in_the_oldest_version() {
    let frame = Bytes::from_static(&[0, 18, 0, 99, 0, 0, 0, 7, 0xff]);
    let request = decode(frame).unwrap();
    assert_eq!(request.correlation, 7);
    assert!(matches!(request.body, Body::FutureApiVersions));
    let mut output = BytesMut::new();
    encode(7, 0, &api::api_versions(35).into(), &mut output).unwrap();
    let mut answer = output.freeze();
    assert_eq!((answer.get_i32() as usize, answer.get_i32(), answer.get_i16()), (answer.len() + 6, 7, 35));
}

#[test]
fn what_is_not_answered_is_named() {
    let unknown = |key: i16, version: i16| {
        let mut frame = BytesMut::new();
        frame.put_i16(key);
        frame.put_i16(version);
        frame.put_bytes(0, 20);
        decode(frame.freeze()).unwrap_err()
    };
    assert_eq!(unknown(999, 0), FrameError::Unknown { key: 999, version: 0 });
    assert_eq!(unknown(0, 12), FrameError::Unknown { key: 0, version: 12 }, "KIP-890's second part");
    assert_eq!(unknown(68, 0), FrameError::Unknown { key: 68, version: 0 }, "KIP-848");
    assert_eq!(decode(Bytes::from_static(&[0, 3])).unwrap_err(), FrameError::Header);
}

#[test]
fn every_request_that_is_cut_off_is_an_error() {
    for api in APIS {
        let whole = encoded(&sample(api.key, api.max), api.key, api.max);
        for length in 0..whole.len() {
            assert!(decode(whole.slice(..length)).is_err(), "{:?}: {length} of {} bytes", api.key, whole.len());
        }
    }
}

#[test]
fn twenty_thousand_seeded_requests_are_answered_or_refused() {
    let (mut answered, cases) = (0, 20_000);
    for seed in 0..cases {
        let bytes = Seeded::new(seed).request();
        let answer = std::panic::catch_unwind(|| crate::fuzz::request(&bytes));
        answered += usize::from(answer.unwrap_or_else(|_| panic!("Seeded::new({seed}).request() panics")));
    }
    // Neither side may be rare, else the test sees little.
    assert!((cases as usize / 20..cases as usize * 19 / 20).contains(&answered), "{answered} of {cases} answered");
}

/// A client that is refused must be told so, in whatever version it speaks: an answer that does not encode closes the
/// connection instead.
#[test]
fn a_refusal_of_every_request_encodes_in_every_version() {
    for api in APIS {
        for version in api.min..=api.max {
            let request = sample(api.key, version);
            let Some(answer) = refusal::answer(&request, version, ResponseError::NotCoordinator) else { continue };
            let mut output = BytesMut::new();
            assert_eq!(encode(7, version, &answer, &mut output), Some(()), "{:?} {version}", api.key);
        }
    }
}
