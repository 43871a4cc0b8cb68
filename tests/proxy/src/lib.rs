//! A TCP proxy for the Kafka protocol that knows where a request begins and ends.
//!
//! Lost answers and late requests are what breaks exactly-once, and a real broker produces neither on demand. The
//! proxy makes them: it stands between clients and one broker and applies [`Rule`]s by API key to single frames.
//! A held request is delivered later, even when the client that sent it has long gone.
//!
//! It does not speak TLS or SASL, does not change a byte of any frame, and stands for one broker address: the broker
//! has to advertise [`Proxy::address`] on the listener it forwards to, or clients leave for the broker's own address
//! after their first metadata answer.
//!
//! Plain threads, two per connection. Called by the suites under `tests/`.

mod api;
mod connection;
mod frame;
mod proxy;
mod rule;
mod state;

pub use api::Api;
pub use proxy::Proxy;
pub use rule::{Applied, Held, OnHold, Rule};
pub use state::Answer;
