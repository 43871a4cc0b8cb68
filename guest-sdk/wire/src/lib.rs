//! The numbers of `wit/plugin.wit`, interface `batch`: what crosses between host and plugin on the fast path.
//!
//! No WebAssembly in here and no dependency, so that the host, the SDK inside a guest, and the SDK's native harness all run
//! the same code. In the order in which a batch meets them:
//!
//! | Side | What |
//! |---|---|
//! | host | [`Packed`] copies records into two buffers |
//! | guest | [`Batch`] reads them, [`Writer`] takes the answers |
//! | host | [`Decoder`] checks every number of the reply before it believes it |
//!
//! It does not know what a pipeline does with an answer; `host/sandbox` calls it next, and `guest-sdk`.

mod layout;
mod packed;
mod read;

mod answer;
mod write;

mod charge;
mod decode;

pub mod key;

#[cfg(any(test, feature = "fuzz"))]
pub mod fuzz;
#[cfg(test)]
mod tests;

pub use answer::{Change, Emission, HeaderList, Outcome, Part, Run, Span};
pub use decode::{Decoder, Limits, ProtocolError};
pub use layout::{CODE_BYTES_MAX, HEADER_OVERHEAD, MESSAGE_BYTES_MAX, RECORD_WORDS, Reads};
pub use packed::{Input, Packed, TooLarge};
pub use read::{Batch, Field, HeaderIter, Record};
pub use write::{Mark, ReplyBuffers, Writer, write_header};
