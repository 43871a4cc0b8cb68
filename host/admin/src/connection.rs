//! Connections with a bound on their number, their time and what they may send. `serve` hands [`Bounded`] to axum, whose own
//! listener knows none of the three.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::serve::Listener;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Sleep, sleep};

use crate::{REQUEST_BYTES_MAX, REQUEST_TIMEOUT};

/// After a failed accept. It fails mostly for want of file handles; trying again at once would burn a CPU until one is free.
const ACCEPT_PAUSE: Duration = Duration::from_secs(1);

/// Accepts no more than a number of connections at a time.
#[derive(Debug)]
pub(crate) struct Bounded {
    listener: TcpListener,
    room: Arc<Semaphore>,
}

impl Bounded {
    pub(crate) fn new(listener: TcpListener, connections_max: usize) -> Bounded {
        Bounded { listener, room: Arc::new(Semaphore::new(connections_max)) }
    }
}

impl Listener for Bounded {
    type Io = Connection<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            // Room first: what is accepted costs memory, what waits in the kernel's queue does not.
            let room = Arc::clone(&self.room).acquire_owned().await.ok();
            match self.listener.accept().await {
                Ok((stream, address)) => return (Connection::new(stream, room), address),
                Err(error) => {
                    tracing::warn!(%error, "failed to accept a connection to the admin port");
                    sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// A stream that fails once its time is up or its client has sent too much, whatever it was doing.
#[derive(Debug)]
pub(crate) struct Connection<S> {
    stream: S,
    deadline: Pin<Box<Sleep>>,
    bytes_left: usize,
    /// Given back when the connection is dropped.
    _room: Option<OwnedSemaphorePermit>,
}

impl<S> Connection<S> {
    fn new(stream: S, room: Option<OwnedSemaphorePermit>) -> Connection<S> {
        let deadline = Box::pin(sleep(REQUEST_TIMEOUT));
        Connection { stream, deadline, bytes_left: REQUEST_BYTES_MAX, _room: room }
    }

    /// An error from the deadline on; before it, the task is woken when it comes.
    fn in_time(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        match self.deadline.as_mut().poll(context) {
            Poll::Ready(()) => Err(io::Error::new(io::ErrorKind::TimedOut, "the request took too long")),
            Poll::Pending => Ok(()),
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Connection<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.in_time(context)?;
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        let read = buffer.filled().len() - before;
        let Some(left) = self.bytes_left.checked_sub(read) else {
            // A read that fails must have read nothing.
            buffer.set_filled(before);
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, "the request is too large")));
        };
        self.bytes_left = left;
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Connection<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.in_time(context)?;
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.in_time(context)?;
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.in_time(context)?;
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.in_time(context)?;
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests;
