//! One request on a loopback port.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result};

const ANSWER_MAX: Duration = Duration::from_secs(1);
/// More than any page of ours; what lies beyond is not read.
const ANSWER_BYTES_MAX: u64 = 4 << 20;

/// A port that nobody listens on just now.
pub(crate) fn free_port() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free port")?;
    Ok(listener.local_addr()?.port())
}

/// Body of a 200; `None` of any other status.
///
/// # Errors
/// When nobody listens or answers.
pub(crate) fn get(port: u16, path: &str) -> Result<Option<String>> {
    ask("GET", port, path, ANSWER_MAX)
}

/// The same of a POST without a body, which may take a while.
pub(crate) fn post(port: u16, path: &str, answer_max: Duration) -> Result<Option<String>> {
    ask("POST", port, path, answer_max)
}

fn ask(method: &str, port: u16, path: &str, answer_max: Duration) -> Result<Option<String>> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut stream = TcpStream::connect_timeout(&address, ANSWER_MAX)?;
    stream.set_read_timeout(Some(answer_max))?;
    stream.set_write_timeout(Some(ANSWER_MAX))?;
    let headers = "Host: localhost\r\nContent-Length: 0\r\nConnection: close";
    write!(stream, "{method} {path} HTTP/1.1\r\n{headers}\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.take(ANSWER_BYTES_MAX).read_to_end(&mut answer)?;
    let answer = String::from_utf8_lossy(&answer);
    let body = answer.split_once("\r\n\r\n").filter(|(head, _)| head.starts_with("HTTP/1.1 200"));
    Ok(body.map(|(_, body)| body.to_owned()))
}
