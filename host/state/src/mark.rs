//! How far a store goes for one partition. Written with the values, in one atomic write.

use serde::{Deserialize, Serialize};
use wasmill_record::CommitOffset;

/// What the cache of one store knows about itself, for one partition of the input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    pub cluster_id: String,
    /// Of the changelog.
    pub topic_id: String,
    /// The changelog has been taken in up to here.
    pub next: CommitOffset,
    /// Of the transaction that was applied last; `None` in the middle of a restore.
    pub token: Option<String>,
    /// Wall time of the last moment at which nothing that the changelog could have forgotten was missing here: the last
    /// application, the end of the last restore, or the beginning of the first.
    pub applied_ms: i64,
    /// The largest timestamp of a record seen so far, for expiry.
    pub stream_time_ms: Option<i64>,
}

/// As it lies on the disk: text, so that people can read it. A field may be added with a default, never change its sense.
#[derive(Serialize, Deserialize)]
struct Stored {
    cluster_id: String,
    topic_id: String,
    next: i64,
    token: Option<String>,
    applied_ms: i64,
    stream_time_ms: Option<i64>,
}

impl Mark {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let Mark { cluster_id, topic_id, next, token, applied_ms, stream_time_ms } = self.clone();
        let stored = Stored { cluster_id, topic_id, next: next.next(), token, applied_ms, stream_time_ms };
        // Writing strings and numbers to memory can't fail; an empty mark would be read as none.
        serde_json::to_vec(&stored).unwrap_or_default()
    }

    /// `None` if it is no mark of ours: then nothing is known about the store, which is always safe.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Mark> {
        let Stored { cluster_id, topic_id, next, token, applied_ms, stream_time_ms } =
            serde_json::from_slice(bytes).ok()?;
        (next >= 0).then(|| Mark {
            cluster_id,
            topic_id,
            next: CommitOffset::at(next),
            token,
            applied_ms,
            stream_time_ms,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_comes_back_as_it_went_in_and_rubbish_is_none() {
        let mark = Mark {
            cluster_id: "c\"é".into(),
            topic_id: "t".into(),
            next: CommitOffset::at(i64::MAX),
            token: Some("i:r:0:1".into()),
            applied_ms: -1,
            stream_time_ms: None,
        };
        assert_eq!(Mark::decode(&mark.encode()), Some(mark.clone()));
        assert_eq!(Mark::decode(b"{}"), None);
        assert_eq!(Mark::decode(b""), None);
        let negative = String::from_utf8(mark.encode()).unwrap().replace(&i64::MAX.to_string(), "-1");
        assert_eq!(Mark::decode(negative.as_bytes()), None);
    }
}
