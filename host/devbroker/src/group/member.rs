//! One member, and the requests of it that wait for the others.

use bytes::Bytes;
use kafka_protocol::messages::join_group_request::JoinGroupRequestProtocol;

/// Who sends a request, and in which version of it.
#[derive(Clone, Copy, Debug)]
pub struct Caller<'a> {
    pub version: i16,
    pub client_id: &'a str,
    /// As Kafka shows it: `/127.0.0.1`.
    pub client_host: &'a str,
}

/// A `JoinGroup` that is answered when the generation begins.
pub(super) struct Joining<W> {
    pub(super) waiter: W,
    pub(super) version: i16,
}

pub(super) struct Member<W> {
    pub(super) id: String,
    pub(super) instance: Option<String>,
    pub(super) client_id: String,
    pub(super) client_host: String,
    /// Assignors in the member's order of preference, with what each is to know.
    pub(super) protocols: Vec<(String, Bytes)>,
    pub(super) session_ms: i64,
    pub(super) rebalance_ms: i64,
    pub(super) assignment: Bytes,
    /// It has not yet been part of a generation.
    pub(super) is_new: bool,
    pub(super) joining: Option<Joining<W>>,
    pub(super) syncing: Option<W>,
    /// When its session ends unless it is heard of.
    pub(super) expires: Option<i64>,
}

impl<W> Member<W> {
    pub(super) fn is_waiting(&self) -> bool {
        self.joining.is_some() || self.syncing.is_some()
    }

    pub(super) fn supports(&self, protocol: &str) -> bool {
        self.protocols.iter().any(|(name, _)| name == protocol)
    }

    pub(super) fn metadata(&self, protocol: &str) -> Bytes {
        self.protocols.iter().find(|(name, _)| name == protocol).map(|(_, bytes)| bytes.clone()).unwrap_or_default()
    }

    pub(super) fn heard_of(&mut self, now: i64) {
        self.expires = Some(now.saturating_add(self.session_ms));
    }
}

/// Copies of the bytes: slices would keep the whole request in memory for as long as the member lives.
pub(super) fn protocols(request: &[JoinGroupRequestProtocol]) -> Vec<(String, Bytes)> {
    request.iter().map(|sent| (sent.name.to_string(), Bytes::copy_from_slice(&sent.metadata))).collect()
}
