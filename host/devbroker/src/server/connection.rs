//! One client's connection. Requests are served one after another, as Kafka does: the next is not looked at before the
//! answer of the last is written, so that what waits for a client that does not read is one answer.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use kafka_protocol::messages::RequestKind;
use kafka_protocol::protocol::StrBytes;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout;
use tracing::debug;

use super::frame::{self, Body, PREFIX_BYTES, Request};
use super::serve::{Served, serve};
use crate::api;
use crate::core::Caller;
use crate::shared::Shared;

/// A client that takes no bytes for so long is gone.
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);
/// A request has to arrive whole within this time.
const READ_TIMEOUT: Duration = Duration::from_secs(30);
/// Bytes of later requests that are read while one is being served; it is how a client's end is noticed meanwhile.
const READ_AHEAD_MAX: usize = 64 << 10;
/// A buffer that grew above this for one answer is given back.
const OUTPUT_KEPT_MAX: usize = 1 << 20;
/// Requests up to this size need no leave to be read.
const SMALL_REQUEST_BYTES: usize = 64 << 10;

pub(crate) struct Connection {
    shared: Arc<Shared>,
    stream: TcpStream,
    caller: Caller,
    input: BytesMut,
    output: BytesMut,
}

/// Serves a client until it leaves, misbehaves, or the node is cut.
pub(crate) async fn run(shared: Arc<Shared>, stream: TcpStream, node: i32, listeners: usize) {
    let Some(mut cut) = shared.watch_cut(node) else { return };
    let mut stop = shared.stop.subscribe();
    let host = stream.peer_addr().map_or_else(|_| String::new(), |address| format!("/{}", address.ip()));
    let caller = Caller {
        node,
        listeners,
        version: 0,
        client_id: StrBytes::default(),
        client_host: StrBytes::from_string(host),
    };
    let (input, output) = (BytesMut::new(), BytesMut::new());
    let mut connection = Connection { shared: Arc::clone(&shared), stream, caller, input, output };
    tokio::select! {
        ended = connection.serve_all() => {
            if let Err(error) = ended {
                debug!(%error, "a client's connection is closed");
            }
        }
        _ = cut.wait_for(|is_cut| *is_cut) => {}
        _ = stop.wait_for(|is_stopped| *is_stopped) => {}
    }
    shared.connections.fetch_sub(1, Ordering::Relaxed);
}

impl Connection {
    async fn serve_all(&mut self) -> io::Result<()> {
        self.stream.set_nodelay(true)?;
        while let Some(frame) = self.next_frame().await? {
            let request = frame::decode(frame).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
            let Request { api, version, correlation, client_id, body } = request;
            let request = match body {
                Body::FutureApiVersions => {
                    let unsupported = kafka_protocol::ResponseError::UnsupportedVersion.code();
                    self.answer(correlation, 0, &api::api_versions(unsupported).into()).await?;
                    continue;
                }
                Body::Known(request) => *request,
            };
            self.caller.version = version;
            self.caller.client_id = client_id;
            match self.serve_one(api, request).await? {
                Served::Answer(answer) => self.answer(correlation, version, &answer).await?,
                Served::Silence => {}
                Served::Close => break,
            }
        }
        Ok(())
    }

    /// Serves a request, and notices meanwhile when the client leaves.
    async fn serve_one(&mut self, api: kafka_protocol::messages::ApiKey, request: RequestKind) -> io::Result<Served> {
        let served = serve(&self.shared, api, self.caller.clone(), request);
        tokio::pin!(served);
        loop {
            let may_read = self.input.len() < READ_AHEAD_MAX;
            tokio::select! {
                biased;
                served = &mut served => return Ok(served),
                read = self.stream.read_buf(&mut self.input), if may_read => {
                    if read? == 0 {
                        return Ok(Served::Close);
                    }
                }
            }
        }
    }

    /// `None`: the client closed between two frames.
    async fn next_frame(&mut self) -> io::Result<Option<Bytes>> {
        let invalid = |error| io::Error::new(io::ErrorKind::InvalidData, error);
        let max = self.shared.request_bytes_max;
        // Half a prefix is no reason to hurry: a client may be idle for hours between requests.
        let length = loop {
            match frame::length(&self.input, max).map_err(invalid)? {
                Some(length) => break length,
                None if self.stream.read_buf(&mut self.input).await? == 0 => return Ok(None),
                None => {}
            }
        };
        let whole = PREFIX_BYTES + length;
        if self.input.len() < whole {
            timeout(READ_TIMEOUT, self.read_until(whole)).await.map_err(|_| io::ErrorKind::TimedOut)??;
        }
        let mut frame = self.input.split_to(whole).freeze();
        Ok(Some(frame.split_off(PREFIX_BYTES)))
    }

    async fn read_until(&mut self, whole: usize) -> io::Result<()> {
        let _permit = self.leave_to_read(whole).await?;
        while self.input.len() < whole {
            // Grows as bytes arrive, so a lying prefix reserves little.
            self.input.reserve((whole - self.input.len()).min(READ_AHEAD_MAX));
            if self.stream.read_buf(&mut self.input).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(())
    }

    /// Large requests of all connections together stay within a bound.
    async fn leave_to_read(&self, bytes: usize) -> io::Result<Option<OwnedSemaphorePermit>> {
        if bytes <= SMALL_REQUEST_BYTES {
            return Ok(None);
        }
        let kib = u32::try_from(bytes.div_ceil(1024)).map_err(|_| io::ErrorKind::InvalidData)?;
        let permit = Arc::clone(&self.shared.reading).acquire_many_owned(kib).await;
        permit.map(Some).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }

    async fn answer(
        &mut self,
        correlation: i32,
        version: i16,
        answer: &kafka_protocol::messages::ResponseKind,
    ) -> io::Result<()> {
        self.output.clear();
        frame::encode(correlation, version, answer, &mut self.output)
            .ok_or_else(|| io::Error::other("an answer does not encode in the version that was asked for"))?;
        timeout(WRITE_TIMEOUT, self.stream.write_all(&self.output)).await.map_err(|_| io::ErrorKind::TimedOut)??;
        if self.output.capacity() > OUTPUT_KEPT_MAX {
            self.output = BytesMut::new();
        }
        Ok(())
    }
}
