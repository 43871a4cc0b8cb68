//! What must hold for any bytes that a client may send: they are refused or answered, and an answer encodes. The oracle of
//! the fuzz target, in a normal crate; tests call it with seeded bytes.

mod sample;
mod seeded;

use std::cell::RefCell;

use bytes::{Bytes, BytesMut};
use kafka_protocol::messages::{ApiKey, RequestHeader, RequestKind};
use kafka_protocol::protocol::{Encodable, StrBytes};

pub use sample::sample;
pub use seeded::Seeded;

use crate::api::produce;
use crate::core::{Caller, Core, Reply};
use crate::options::Options;
use crate::server::frame::{self, Body};

/// Requests that one broker sees before the next case starts with a new one.
const REQUESTS_PER_BROKER: usize = 500;

/// Hands the frame `bytes` (without its length) to a broker that has seen others before. Returns whether it was answered.
///
/// # Panics
/// When something panics, or an answer does not encode: that is what is looked for.
pub fn request(bytes: &[u8]) -> bool {
    thread_local! {
        static BROKER: RefCell<(usize, Core)> = RefCell::new((0, broker()));
    }
    let Ok(request) = frame::decode(Bytes::copy_from_slice(bytes)) else { return false };
    let Body::Known(body) = request.body else { return true };
    let caller = Caller {
        node: 1,
        listeners: 0,
        version: request.version,
        client_id: request.client_id,
        client_host: StrBytes::from_static_str("/127.0.0.1"),
    };
    BROKER.with_borrow_mut(|(seen, core)| {
        if *seen == REQUESTS_PER_BROKER {
            (*seen, *core) = (0, broker());
        }
        *seen += 1;
        let now = core.options.clock.now();
        let answer = match *body {
            RequestKind::Produce(it) => core.produce(&caller, &it, produce::check(&it), now).into(),
            RequestKind::Fetch(it) => core.fetch(&caller, &it).into_answer().into(),
            other => {
                let reply = core.handle(&caller, other, now);
                core.settle();
                match reply {
                    Reply::Now(answer) => answer,
                    Reply::Nothing => return true,
                    Reply::Later(mut answer) => match answer.try_recv() {
                        Ok(answer) => answer,
                        Err(_) => return true,
                    },
                }
            }
        };
        while core.tick(now) {}
        let mut output = BytesMut::new();
        let encoded = frame::encode(request.correlation, request.version, &answer, &mut output);
        assert!(encoded.is_some(), "an answer to {:?} of version {} does not encode", request.api, request.version);
        true
    })
}

fn broker() -> Core {
    let mut core = Core::new(Options { bytes_max: 1 << 20, ..Options::default() }, 0);
    core.addresses.push(vec![(StrBytes::from_static_str("127.0.0.1"), 9092)]);
    let made = core.cluster.create_topic(sample::TOPIC, 2, Default::default(), false);
    assert!(made.is_ok(), "the fuzzed broker has a topic");
    core
}

/// A whole frame without its length.
///
/// # Panics
/// The request does not encode in this version.
#[allow(clippy::expect_used, reason = "of our own making, in tests and fuzzing only")]
pub fn encoded(request: &RequestKind, api: ApiKey, version: i16) -> Bytes {
    let mut bytes = BytesMut::new();
    let header = RequestHeader::default()
        .with_request_api_key(api as i16)
        .with_request_api_version(version)
        .with_correlation_id(42)
        .with_client_id(Some(StrBytes::from_static_str("client")));
    header.encode(&mut bytes, api.request_header_version(version)).expect("a header");
    request.encode(&mut bytes, version).expect("a request");
    bytes.freeze()
}
