//! The protocol's requests by name. Only the ones a test here has a reason to disturb have a name of their own.

/// A request type of the Kafka protocol (`api_key` in the request header).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Api {
    Produce,
    Fetch,
    ListOffsets,
    Metadata,
    OffsetCommit,
    OffsetFetch,
    FindCoordinator,
    JoinGroup,
    Heartbeat,
    LeaveGroup,
    SyncGroup,
    ApiVersions,
    CreateTopics,
    InitProducerId,
    AddPartitionsToTxn,
    AddOffsetsToTxn,
    EndTxn,
    TxnOffsetCommit,
    ConsumerGroupHeartbeat,
    /// Any other request, by its key.
    Other(i16),
}

impl Api {
    /// The request type with this key. Every key has one: unknown keys become [`Api::Other`].
    pub fn from_key(key: i16) -> Self {
        match key {
            0 => Self::Produce,
            1 => Self::Fetch,
            2 => Self::ListOffsets,
            3 => Self::Metadata,
            8 => Self::OffsetCommit,
            9 => Self::OffsetFetch,
            10 => Self::FindCoordinator,
            11 => Self::JoinGroup,
            12 => Self::Heartbeat,
            13 => Self::LeaveGroup,
            14 => Self::SyncGroup,
            18 => Self::ApiVersions,
            19 => Self::CreateTopics,
            22 => Self::InitProducerId,
            24 => Self::AddPartitionsToTxn,
            25 => Self::AddOffsetsToTxn,
            26 => Self::EndTxn,
            28 => Self::TxnOffsetCommit,
            68 => Self::ConsumerGroupHeartbeat,
            other => Self::Other(other),
        }
    }

    /// First version whose answer has tagged fields in its header, for the answers whose body begins with
    /// `throttle_time_ms` and `error_code`. `None`: this answer's error code is not read.
    pub(crate) fn error_after_throttle(self) -> Option<i16> {
        match self {
            Self::InitProducerId => Some(2),
            Self::AddOffsetsToTxn | Self::EndTxn => Some(3),
            _ => None,
        }
    }

    /// The same for answers whose body begins with `throttle_time_ms` and topics, each with its partitions and their codes.
    pub(crate) fn errors_of_partitions(self) -> Option<i16> {
        (self == Self::TxnOffsetCommit).then_some(3)
    }
}
