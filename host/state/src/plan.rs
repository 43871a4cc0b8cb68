//! What a start has to read of a store's changelog: nothing, what came after the mark, or all of it. Pure.
//!
//! The rows, in the order in which they are asked:
//!
//! | What is so | Plan |
//! |---|---|
//! | no mark | rebuild |
//! | another cluster, another topic of the same name | rebuild: positions mean nothing there |
//! | the mark is behind the end of the log | rebuild: the log was cut, and what it lost can't be known. Whether that may be is the caller's question |
//! | the token is the committed one | nothing: no transaction since |
//! | the mark is before the start of the log | rebuild: records that were never read are gone |
//! | applied longer ago than half of `delete.retention.ms`, or in the future | rebuild: a deletion may have been compacted away, its key would come back |
//! | else | replay from the mark |

use crate::Mark;
use std::time::Duration;
use wasmill_record::CommitOffset;

/// A clock may be set back by this much and still be believed.
const CLOCK_STEP_MS: i64 = 60_000;

/// The ends of a changelog partition, asked of its leader after the input's offsets were stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    pub start: CommitOffset,
    /// The high watermark, read uncommitted: the last stable offset would lose a former owner's last transaction.
    pub end: CommitOffset,
}

/// What is so now, about one store and one partition.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    pub cluster_id: &'a str,
    pub topic_id: &'a str,
    /// Stored with the committed offset of the input; `None` if there is none.
    pub token: Option<&'a str>,
    pub bounds: Bounds,
    pub now_ms: i64,
    /// `delete.retention.ms` of the changelog.
    pub delete_retention: Duration,
}

/// What to do before the first record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plan {
    /// The cache is exact.
    Nothing,
    /// Read from here to the end.
    Replay { from: CommitOffset },
    /// Clear the store for this partition, then read from here to the end.
    Rebuild { from: CommitOffset, reason: Reason },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    NoMark,
    OtherCluster,
    OtherTopic,
    BehindTheEnd,
    BeforeTheStart,
    TooOld,
    FromTheFuture,
}

impl Reason {
    pub fn as_str(self) -> &'static str {
        match self {
            Reason::NoMark => "nothing is cached",
            Reason::OtherCluster => "the cache is of another cluster",
            Reason::OtherTopic => "the changelog was created anew",
            Reason::BehindTheEnd => "the changelog is shorter than what was read of it",
            Reason::BeforeTheStart => "the changelog begins after what was read of it",
            Reason::TooOld => "the cache is older than half of the changelog's delete.retention.ms",
            Reason::FromTheFuture => "the cache was written in the future: the clock was set back",
        }
    }
}

pub fn plan(mark: Option<&Mark>, facts: &Facts<'_>) -> Plan {
    let Bounds { start, end } = facts.bounds;
    let rebuild = |reason| Plan::Rebuild { from: start, reason };
    let Some(mark) = mark else {
        return rebuild(Reason::NoMark);
    };
    if mark.cluster_id != facts.cluster_id {
        return rebuild(Reason::OtherCluster);
    }
    if mark.topic_id != facts.topic_id {
        return rebuild(Reason::OtherTopic);
    }
    if mark.next > end {
        return rebuild(Reason::BehindTheEnd);
    }
    // None on both sides is no agreement: a restore that was not finished has no token either.
    if mark.token.is_some() && mark.token.as_deref() == facts.token {
        return Plan::Nothing;
    }
    if mark.next < start {
        return rebuild(Reason::BeforeTheStart);
    }
    let age_ms = facts.now_ms.saturating_sub(mark.applied_ms);
    if age_ms < -CLOCK_STEP_MS {
        return rebuild(Reason::FromTheFuture);
    }
    if i128::from(age_ms) * 2 > i128::try_from(facts.delete_retention.as_millis()).unwrap_or(i128::MAX) {
        return rebuild(Reason::TooOld);
    }
    Plan::Replay { from: mark.next }
}

#[cfg(test)]
mod tests;
