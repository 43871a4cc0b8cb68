//! The words everyone shares, and the seams between the main path and the world.
//!
//! Level 0: names no other crate of ours and no client library. What a word means is in one place each: a record and its
//! position ([`record`], [`offset`]), what a plugin answers ([`outcome`]), time ([`clock`]), keyed state as a plugin reads it ([`state`]) and as it comes back ([`changelog`]), and the three seams that
//! Kafka implements and tests replace by memory: [`source`] (records in), [`sink`] (records and positions out) and
//! [`group`] (which partitions are ours).

pub mod changelog;
pub mod clock;
pub mod failure;
pub mod group;
pub mod offset;
pub mod outcome;
pub mod record;
pub mod sink;
pub mod source;
pub mod state;

pub use changelog::{ChangelogEvent, ChangelogPartition, ChangelogSource, EachChangelogEvent};
pub use clock::{Clock, SystemClock};
pub use failure::{Class, Failure};
pub use group::{Committed, Group, Membership};
pub use offset::{CommitOffset, InputPartition, Offset, Origin};
pub use outcome::{
    Change, ChangeRun, Emission, Field, GuestFailure, GuestFailureKind, HeaderRun, HeaderSpan, Invoke, InvokeCounts,
    InvokeError, Outcome, Reply, Source as CallSource, Span,
};
pub use record::{Batch, EachHeader, Record};
pub use sink::{DeadLetter, Position, Refusal, Sink, Wire, WriteError};
pub use source::{BatchLimits, PartitionError, PartitionErrorKind, Polled, Source};
pub use state::{ChangelogEnd, EachEntry, ReadState, StateError};
