//! Flow tests: the real `Worker`, `Handover` and `Taking` over seams made of memory, with a clock that the test turns.
//!
//! Nothing here waits, sleeps or uses a second thread. A worker runs on the test's own thread; when its source has nothing
//! to deliver, the clock moves on by the wait the worker asked for, and when nothing is open or waiting any more the next
//! step of the test's script runs. At the end of the script the source tells the worker to stop.
//!
//! Read [`world`] first: it is what the seams share and what a test looks at. [`rig`] puts a worker together. The sink is
//! strict: a call in an order that `wasmill_record::sink` calls illegal fails the test.

// A test tool: what can't be goes with a panic that names the test.
#![allow(clippy::unwrap_used, clippy::expect_used)]

pub mod changelog;
pub mod clock;
pub mod counting;
pub mod group;
pub mod log;
pub mod outlet;
pub mod plugin;
pub mod rig;
pub mod sink;
pub mod source;
pub mod topics;
pub mod world;

pub use clock::ManualClock;
pub use counting::Counting;
pub use group::MemoryGroup;
pub use log::{Entry, MemoryBatch};
pub use plugin::{Answer, Each, Whole};
pub use rig::{Ran, Rig, follower, partition};
pub use sink::MemorySink;
pub use source::MemorySource;
pub use topics::MemoryTopics;
pub use world::{Call, Fault, When, World};
