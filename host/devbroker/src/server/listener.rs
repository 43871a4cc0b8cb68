//! Accepts connections on one node's port.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::net::TcpListener;
use tracing::{debug, warn};

use super::connection;
use crate::shared::Shared;

/// When accepting fails, which is for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Takes a port of the loopback interface, 0 for a free one. Never another interface: there is no authentication.
pub(crate) fn bind(port: u16) -> std::io::Result<std::net::TcpListener> {
    let listener = std::net::TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// Accepts until the broker stops.
pub(crate) async fn run(shared: Arc<Shared>, listener: std::net::TcpListener, node: i32, listeners: usize) {
    let mut stop = shared.stop.subscribe();
    let accepting = async {
        let listener = match TcpListener::from_std(listener) {
            Ok(listener) => listener,
            Err(error) => return warn!(%error, node, "the dev broker can't listen"),
        };
        loop {
            match listener.accept().await {
                Ok((stream, _)) => take(&shared, stream, node, listeners),
                Err(error) => {
                    debug!(%error, "a connection was not accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    };
    tokio::select! {
        () = accepting => {}
        _ = stop.wait_for(|is_stopped| *is_stopped) => {}
    }
}

/// Dropping the stream is the refusal.
fn take(shared: &Arc<Shared>, stream: tokio::net::TcpStream, node: i32, listeners: usize) {
    let is_cut = shared.watch_cut(node).is_none_or(|cut| *cut.borrow());
    if is_cut {
        return;
    }
    let open = shared.connections.fetch_add(1, Ordering::Relaxed);
    if open >= shared.connections_max {
        shared.connections.fetch_sub(1, Ordering::Relaxed);
        warn!(open, "the dev broker has as many connections as it may, and closes a new one");
        return;
    }
    tokio::spawn(connection::run(Arc::clone(shared), stream, node, listeners));
}
