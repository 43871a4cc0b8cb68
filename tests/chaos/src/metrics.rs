//! Asks a process for its metrics, and reads numbers out of the text.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, bail};

/// A process that does not answer within this is stopped, starting or ending.
const ANSWER_MAX: Duration = Duration::from_millis(500);
/// More text than any process has metrics; what lies beyond is not read.
const TEXT_BYTES_MAX: u64 = 4 << 20;
/// Partitions that a process owns, by pipeline.
pub const ASSIGNED_PARTITIONS: &str = "wasmill_assigned_partitions";

/// A port that nobody listens on just now.
pub fn free_port() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free port")?;
    Ok(listener.local_addr()?.port())
}

/// The text of `/metrics`.
pub fn fetch(port: u16) -> Result<String> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut stream = TcpStream::connect_timeout(&address, ANSWER_MAX)?;
    stream.set_read_timeout(Some(ANSWER_MAX))?;
    stream.set_write_timeout(Some(ANSWER_MAX))?;
    stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.take(TEXT_BYTES_MAX).read_to_end(&mut answer)?;
    let answer = String::from_utf8_lossy(&answer);
    match answer.split_once("\r\n\r\n") {
        Some((head, body)) if head.starts_with("HTTP/1.1 200") => Ok(body.to_owned()),
        _ => bail!("unexpected answer: {}", answer.lines().next().unwrap_or("nothing")),
    }
}

/// The sum of `name` over all its label sets with this pipeline; `None` when there is none.
pub fn sum(text: &str, name: &str, pipeline: &str) -> Option<f64> {
    let label = format!("pipeline=\"{pipeline}\"");
    let value = |line: &str| {
        let (labels, value) = line.strip_prefix(name)?.strip_prefix('{')?.split_once('}')?;
        let labelled = labels.split(',').any(|found| found == label);
        value.split_whitespace().next().filter(|_| labelled)?.parse::<f64>().ok()
    };
    text.lines().filter_map(value).reduce(|sum, value| sum + value)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# HELP open Something {pipeline=\"a\"} 9
open{pipeline=\"a\",worker=\"0\"} 1
open{pipeline=\"a\",worker=\"1\"} 0
open{worker=\"0\",pipeline=\"b\"} 1 1700000000
opened{pipeline=\"a\"} 7
broken{pipeline=\"a\"
";

    #[test]
    fn a_metric_is_summed_over_the_label_sets_of_its_pipeline() {
        for (name, pipeline, expected) in [
            ("open", "a", Some(1.0)),
            ("open", "b", Some(1.0)),
            ("opened", "a", Some(7.0)),
            ("open", "c", None),
            ("broken", "a", None),
            ("ope", "a", None),
        ] {
            assert_eq!(sum(TEXT, name, pipeline), expected, "{name} {pipeline}");
        }
    }
}
