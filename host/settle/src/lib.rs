//! Pure decisions: what becomes of a record, of a transaction, of a partition.
//!
//! No IO, no clock, no client library: everything here is a function of its arguments, with a table or a property test
//! beside it. `pipeline` carries the decisions out. The order of the modules is the order in which a record meets them;
//! rule numbers (R1.1 ...) are those of `docs/GUARANTEES.md`.

pub mod backoff;
pub mod books;
pub mod decide;
pub mod fencing;
pub mod guard;
pub mod refused;
pub mod tracker;
pub mod transaction;

pub use backoff::Backoff;
pub use books::{Books, Held};
pub use decide::{Code, Decided, Disposition, Policy, decide};
pub use fencing::Fencing;
pub use refused::{Refused, Suspicion};
pub use tracker::{Slot, Tracker};
pub use transaction::{AfterAbort, AfterStep, Seen, Step, after_abort, after_step};
