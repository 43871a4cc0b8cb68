//! Health and metrics over HTTP, for probes and Prometheus.
//!
//! `/metrics` is the page of all metrics, `/livez` and `/readyz` are `ok` or 503 with one reason per line. There is no TLS and
//! no login: bind it where only the platform reaches it. On a loopback address plugins can be swapped as well
//! (`POST /swap`, `POST /pipelines/NAME/swap`); nothing else can be changed. There, too, committed state is shown (`GET /state`,
//! `GET /state/PIPELINE/STORE`). Deliberately not here: what is
//! counted and who is healthy (`telemetry` says), and when to start and stop (the binary says).
//!
//! ```no_run
//! # use wasmill_telemetry::Metrics;
//! # async fn run(stop: impl Future<Output = ()> + Send + 'static) -> std::io::Result<()> {
//! let listener = wasmill_admin::bind("127.0.0.1:8090".parse().expect("an address"))?;
//! let served = wasmill_admin::Served { metrics: Metrics::new(), ..Default::default() };
//! wasmill_admin::serve(listener, served, stop).await
//! # }
//! ```
//!
//! One connection carries one request and must be done in [`REQUEST_TIMEOUT`]; at most [`CONNECTIONS_MAX`] are open and
//! none may send more than [`REQUEST_BYTES_MAX`]. So whatever clients do, memory and file handles are bounded, and a client
//! that hangs is gone soon. The price, one TCP connection per scrape or probe, is nothing at their pace.

mod connection;
mod routes;
mod state;
mod swap;

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use wasmill_pipeline::Shown;
use wasmill_telemetry::{Health, Metrics};

pub use swap::Swaps;

/// From accepting a connection to its last byte. Prometheus gives up on a scrape after 10 s by default, so longer helps
/// nobody; shorter would cut off a reader on a slow line.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

/// Connections open at once. Further ones wait in the kernel's queue until one ends, which takes [`REQUEST_TIMEOUT`] at
/// most; a probe with a shorter patience fails then.
pub const CONNECTIONS_MAX: usize = 64;

/// Bytes of one request; scrapes and probes send a few hundred. Beyond that the connection is cut.
pub const REQUEST_BYTES_MAX: usize = 16 * 1024;

/// What is answered from.
#[derive(Clone)]
pub struct Served {
    pub metrics: Metrics,
    pub health: Health,
    pub swaps: Swaps,
    pub shown: Shown,
}

/// Nothing has started.
impl Default for Served {
    fn default() -> Self {
        Served { metrics: Metrics::new(), health: Health::new(), swaps: Swaps::default(), shown: Shown::default() }
    }
}

/// A bound address that does not answer yet.
#[derive(Debug)]
pub struct Listener(std::net::TcpListener);

impl Listener {
    /// The address in use; its port is the real one when port 0 was asked for.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

/// Takes the address, so that a taken port is an error before anything else starts. Needs no runtime.
pub fn bind(listen: SocketAddr) -> io::Result<Listener> {
    let bound = std::net::TcpListener::bind(listen).and_then(|listener| {
        listener.set_nonblocking(true)?;
        Ok(Listener(listener))
    });
    bound.map_err(|error| {
        io::Error::new(error.kind(), format!("failed to listen on {listen} (config key `admin.listen`): {error}"))
    })
}

/// Answers until `stop` resolves and the requests under way have ended, [`REQUEST_TIMEOUT`] later at the latest.
///
/// # Errors
/// Only when the runtime can't take the listener over; a client's mistake never ends the server.
pub async fn serve(
    listener: Listener,
    served: Served,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let Served { metrics, health, swaps, shown } = served;
    let address = listener.local_addr()?;
    let control = swap::router(address, swaps).merge(state::router(address, shown));
    let listener = tokio::net::TcpListener::from_std(listener.0)?;
    let listener = connection::Bounded::new(listener, CONNECTIONS_MAX);
    axum::serve(listener, routes::router(metrics, health, control)).with_graceful_shutdown(stop).await
}

#[cfg(test)]
mod tests;
