use std::future::{Future, poll_fn};
use std::pin::pin;

use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use tokio::time::Instant;

use super::*;
use crate::CONNECTIONS_MAX;

/// Whether the future waits when it is asked once.
async fn waits<F: Future>(future: Pin<&mut F>) -> bool {
    let mut future = future;
    poll_fn(|context| Poll::Ready(future.as_mut().poll(context).is_pending())).await
}

#[tokio::test]
async fn the_65th_connection_waits_until_one_of_the_others_ends() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut bounded = Bounded::new(listener, CONNECTIONS_MAX);
    let mut open = Vec::new();
    for _ in 0..CONNECTIONS_MAX {
        let client = TcpStream::connect(address).await.unwrap();
        open.push((client, bounded.accept().await.0));
    }
    let last = TcpStream::connect(address).await.unwrap();
    let mut accept = pin!(bounded.accept());
    assert!(waits(accept.as_mut()).await);
    drop(open.pop());
    let (_connection, peer) = accept.await;
    assert_eq!(peer, last.local_addr().unwrap());
}

#[tokio::test(start_paused = true)]
async fn a_client_that_sends_nothing_is_cut_off_at_the_request_timeout() {
    let (_client, server) = duplex(64);
    let started = Instant::now();
    let error = Connection::new(server, None).read_u8().await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    assert!(started.elapsed() >= REQUEST_TIMEOUT && started.elapsed() < 2 * REQUEST_TIMEOUT);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_sends_a_byte_now_and_then_gains_no_time_by_it() {
    let (mut client, server) = duplex(64);
    let mut connection = Connection::new(server, None);
    let started = Instant::now();
    let trickle = tokio::spawn(async move {
        while client.write_u8(b'x').await.is_ok() {
            sleep(REQUEST_TIMEOUT / 4).await;
        }
    });
    let error = connection.read_to_end(&mut Vec::new()).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    assert!(started.elapsed() < 2 * REQUEST_TIMEOUT);
    drop(connection);
    trickle.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_read_is_cut_off_at_the_request_timeout() {
    let (_client, server) = duplex(64);
    let error = Connection::new(server, None).write_all(&[0; 65]).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
}

#[tokio::test]
async fn a_request_may_be_as_large_as_the_bound_and_no_byte_larger() {
    for (sent, fits) in [(REQUEST_BYTES_MAX, true), (REQUEST_BYTES_MAX + 1, false)] {
        let (mut client, server) = duplex(REQUEST_BYTES_MAX + 1);
        client.write_all(&vec![b'x'; sent]).await.unwrap();
        drop(client);
        let outcome = Connection::new(server, None).read_to_end(&mut Vec::new()).await;
        assert_eq!(outcome.map_err(|error| error.kind()).ok(), fits.then_some(sent));
    }
}
