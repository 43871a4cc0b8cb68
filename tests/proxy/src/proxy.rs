//! The proxy itself: its listener, its switches, and what a test asks it.

use std::io;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::Context as _;

use crate::state::{Answer, Shared};
use crate::{Api, Rule, connection};

/// Open connections; further ones are closed at once. Two threads each.
const CONNECTIONS_MAX: usize = 512;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// A running proxy on a free port of 127.0.0.1. Dropping it closes every connection and gives the port back; what is
/// held then is never delivered.
pub struct Proxy {
    shared: Arc<Shared>,
    address: SocketAddr,
    accepting: Option<JoinHandle<()>>,
}

impl Proxy {
    /// Takes a port and closes whatever connects, until [`forward_to`](Self::forward_to) names the broker: a broker
    /// must be told the address it advertises before it starts.
    ///
    /// # Errors
    /// No port or no thread to be had.
    pub fn bind() -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").context("failed to bind the proxy's port")?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared::default());
        let accept = Arc::clone(&shared);
        let accepting = thread::Builder::new()
            .name("proxy-accept".into())
            .spawn(move || accept_until_stopped(&listener, &accept))?;
        Ok(Self { shared, address, accepting: Some(accepting) })
    }

    /// Binds a port and forwards to `broker` (`host:port`).
    ///
    /// # Errors
    /// As [`bind`](Self::bind).
    pub fn start(broker: &str) -> anyhow::Result<Self> {
        let proxy = Self::bind()?;
        proxy.forward_to(broker);
        Ok(proxy)
    }

    /// New connections go to `broker` (`host:port`).
    pub fn forward_to(&self, broker: &str) {
        self.shared.change(|state| state.broker = Some(broker.to_owned()));
    }

    /// Where clients connect, `127.0.0.1:port`.
    pub fn address(&self) -> String {
        self.address.to_string()
    }

    /// Begins a rule for requests of this type or their answers.
    pub fn rule(&self, api: Api) -> Rule {
        Rule::new(Arc::clone(&self.shared), api)
    }

    /// Requests of this type that reached the proxy, delivered or not.
    pub fn requests(&self, api: Api) -> u64 {
        self.shared.read(|state| state.requests(api, None))
    }

    /// Requests of this type from the client with this `client.id`.
    pub fn requests_by(&self, api: Api, client: &str) -> u64 {
        self.shared.read(|state| state.requests(api, Some(client)))
    }

    /// Answers of this type that the broker gave, delivered or not.
    pub fn answers(&self, api: Api) -> u64 {
        self.shared.read(|state| state.answers(api, None))
    }

    /// Waits until `count` requests of this type were seen.
    ///
    /// # Errors
    /// They were not, `within` this time.
    pub fn wait_for_requests(&self, api: Api, count: u64, within: Duration) -> anyhow::Result<()> {
        self.shared.wait(
            within,
            || format!("{count} requests of type {api:?}"),
            |state| (state.requests(api, None) >= count).then_some(()),
        )
    }

    /// Waits until `count` answers of this type were seen.
    ///
    /// # Errors
    /// They were not, `within` this time.
    pub fn wait_for_answers(&self, api: Api, count: u64, within: Duration) -> anyhow::Result<()> {
        self.shared.wait(
            within,
            || format!("{count} answers of type {api:?}"),
            |state| (state.answers(api, None) >= count).then_some(()),
        )
    }

    /// The answers of this type in their order, delivered or not, with error codes. Only for EndTxn,
    /// AddOffsetsToTxn, InitProducerId and TxnOffsetCommit; the last 10,000 of the four together are kept.
    pub fn answers_of(&self, api: Api) -> Vec<Answer> {
        self.shared.read(|state| state.answers_of(api))
    }

    /// Closes every client's connection. Held requests stay held.
    pub fn cut_all(&self) {
        self.shared.change(|state| state.cut_clients());
    }

    /// While on, new connections are closed at once. With [`cut_all`](Self::cut_all): the broker is gone, and the
    /// clients notice.
    pub fn refuse(&self, refuse: bool) {
        self.shared.change(|state| state.refusing = refuse);
    }

    /// While on, no frame passes in either direction and nothing is closed: the broker is gone, and only timeouts
    /// tell. Frames that wait pass when it is switched off.
    pub fn stall(&self, stall: bool) {
        self.shared.change(|state| state.stalled = stall);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.change(|state| {
            state.stopped = true;
            state.cut_clients();
        });
        // Wakes the accept call; if it fails, the listener is gone already.
        let _ = TcpStream::connect_timeout(&self.address, CONNECT_TIMEOUT);
        if let Some(accepting) = self.accepting.take() {
            let _ = accepting.join();
        }
    }
}

fn accept_until_stopped(listener: &TcpListener, shared: &Arc<Shared>) {
    for client in listener.incoming() {
        if shared.read(|state| state.stopped) {
            return;
        }
        let broker = shared.read(|state| state.broker.clone().filter(|_| !state.refusing));
        if let (Ok(client), Some(broker)) = (client, broker) {
            let shared = Arc::clone(shared);
            // Connecting may take seconds: other clients must not wait for it. A connection that fails is closed
            // by being dropped, which is what the client would see without a proxy.
            let connect = move || drop(connect(&shared, client, &broker));
            let _ = thread::Builder::new().name("proxy-connect".into()).spawn(connect);
        }
    }
}

fn connect(shared: &Arc<Shared>, client: TcpStream, broker: &str) -> io::Result<()> {
    let Some(id) = shared.add_client(client.try_clone()?, CONNECTIONS_MAX) else { return Ok(()) };
    let started =
        dial(broker).and_then(|broker| connection::start(id, Arc::clone(shared), client.try_clone()?, broker));
    if started.is_err() {
        let _ = client.shutdown(Shutdown::Both);
        shared.remove_client(id);
    }
    started
}

fn dial(broker: &str) -> io::Result<TcpStream> {
    let address = broker.to_socket_addrs()?.next().ok_or(io::ErrorKind::AddrNotAvailable)?;
    TcpStream::connect_timeout(&address, CONNECT_TIMEOUT)
}
