//! A broker of forty lines: remembers every request it reads and answers it with one error code, in the layout of
//! EndTxn version 1. And a client that sends request headers and reads correlation ids.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// A wait longer than this is a failed test.
pub(crate) const WITHIN: Duration = Duration::from_secs(10);

/// Correlation ids in the order in which the broker read them, over all connections.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<i32>>>);

impl Log {
    pub(crate) fn read(&self) -> Vec<i32> {
        self.0.lock().unwrap().clone()
    }
}

/// Starts the broker on a free port; it lives until the process ends.
pub(crate) fn broker(error: i16) -> (String, Log) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let log = Log::default();
    let seen = log.clone();
    thread::spawn(move || {
        for connection in listener.incoming() {
            let (connection, seen) = (connection.unwrap(), seen.clone());
            thread::spawn(move || while answer_one(&connection, &seen, error).is_ok() {});
        }
    });
    (address, log)
}

fn answer_one(mut connection: &TcpStream, log: &Log, error: i16) -> io::Result<()> {
    let request = frame(connection)?;
    let correlation: [u8; 4] = request[4..8].try_into().unwrap();
    log.0.lock().unwrap().push(i32::from_be_bytes(correlation));
    let answer = [&10u32.to_be_bytes()[..], &correlation, &0u32.to_be_bytes(), &error.to_be_bytes()].concat();
    connection.write_all(&answer)
}

fn frame(mut from: &TcpStream) -> io::Result<Vec<u8>> {
    let mut length = [0; 4];
    from.read_exact(&mut length)?;
    let mut body = vec![0; u32::from_be_bytes(length) as usize];
    from.read_exact(&mut body)?;
    Ok(body)
}

pub(crate) struct Client(TcpStream);

impl Client {
    pub(crate) fn connect(address: &str) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(WITHIN)).unwrap();
        Self(stream)
    }

    /// Sends a request with this API key, correlation id and client id.
    pub(crate) fn send(&mut self, key: i16, correlation: i32, client: &str) {
        let name = client.as_bytes();
        let body = [
            &key.to_be_bytes()[..],
            &1i16.to_be_bytes(),
            &correlation.to_be_bytes(),
            &(name.len() as i16).to_be_bytes(),
            name,
        ]
        .concat();
        let length = (body.len() as u32).to_be_bytes();
        self.0.write_all(&[&length[..], &body].concat()).unwrap();
    }

    /// Correlation id of the next answer, `None` when the connection was closed. A timeout fails the test.
    pub(crate) fn answer(&self) -> Option<i32> {
        match frame(&self.0) {
            Ok(body) => Some(i32::from_be_bytes(body[..4].try_into().unwrap())),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => panic!("no answer within {WITHIN:?}"),
            Err(_) => None,
        }
    }
}
