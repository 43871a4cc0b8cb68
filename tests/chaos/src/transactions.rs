//! Asks the brokers whether a transaction is open: DescribeTransactions (KIP-664), written out by hand because the
//! client library has no call for it.
//!
//! This is the proof that a process was killed inside a transaction: the process is stopped first, and a transaction
//! that its coordinator twice calls ongoing, with one start time, can only end with the process or its timeout.

use std::io::{Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::pipelines;
use crate::process;

const DESCRIBE_TRANSACTIONS: i16 = 65;
const VERSION: i16 = 0;
/// A coordinator answers from memory.
const ANSWER_MAX: Duration = Duration::from_secs(2);
/// More than a hundred descriptions.
const ANSWER_BYTES_MAX: i32 = 1 << 20;

/// An open transaction; equal descriptions are the same transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Open {
    pub transactional_id: String,
    pub producer_id: i64,
    pub producer_epoch: i16,
    pub start_time_ms: i64,
    /// What it may have written to, `__consumer_offsets` included.
    pub topics: Vec<String>,
}

/// The transactional ids of all workers that a slot may have: `wasmill.<group>.<instance>.<worker>`.
pub fn ids(slot: usize) -> Vec<String> {
    let instance = process::instance(slot);
    let of = |(group, _): (&str, u64)| {
        (0..pipelines::WORKERS_MAX).map(|worker| format!("wasmill.{group}.{instance}.{worker}")).collect::<Vec<_>>()
    };
    pipelines::groups().flat_map(of).collect()
}

/// Those of `ids` that have an ongoing transaction. Every broker is asked; only the coordinator of an id answers for it.
/// Brokers that are down are passed over.
pub fn open(bootstrap: &str, ids: &[String]) -> Vec<Open> {
    bootstrap.split(',').filter_map(|broker| ask(broker, ids).ok()).flatten().collect()
}

fn ask(broker: &str, ids: &[String]) -> Result<Vec<Open>> {
    ongoing(&exchange(broker, &request(ids)?)?).context("an answer that can't be read")
}

/// Sends a request, behind its length, and returns what is answered.
pub(crate) fn exchange(broker: &str, request: &[u8]) -> Result<Vec<u8>> {
    let address = broker.to_socket_addrs()?.next().context("no address")?;
    let mut stream = TcpStream::connect_timeout(&address, ANSWER_MAX)?;
    stream.set_read_timeout(Some(ANSWER_MAX))?;
    stream.set_write_timeout(Some(ANSWER_MAX))?;
    stream.write_all(&i32::try_from(request.len())?.to_be_bytes())?;
    stream.write_all(request)?;
    let mut size = [0; 4];
    stream.read_exact(&mut size)?;
    let size = i32::from_be_bytes(size);
    ensure!((0..=ANSWER_BYTES_MAX).contains(&size), "an answer of {size} bytes");
    let mut answer = vec![0; size as usize];
    stream.read_exact(&mut answer)?;
    Ok(answer)
}

fn request(ids: &[String]) -> Result<Vec<u8>> {
    let mut body = Vec::new();
    body.extend(DESCRIBE_TRANSACTIONS.to_be_bytes());
    body.extend(VERSION.to_be_bytes());
    body.extend(0_i32.to_be_bytes()); // correlation id
    body.extend((-1_i16).to_be_bytes()); // no client id
    body.push(0); // no tagged fields
    body.push(short(ids.len())?);
    for id in ids {
        body.push(short(id.len())?);
        body.extend(id.as_bytes());
    }
    body.push(0);
    Ok(body)
}

/// A compact length (one more than the length, as a varint) that fits one byte.
fn short(length: usize) -> Result<u8> {
    ensure!(length < 127, "{length} is too long for a one-byte length");
    Ok(length as u8 + 1)
}

/// Reads an answer; `None` when it ends too early.
fn ongoing(answer: &[u8]) -> Option<Vec<Open>> {
    let mut bytes = Bytes(answer);
    bytes.take(4)?; // correlation id
    bytes.tags()?;
    bytes.take(4)?; // throttle time
    let mut open = Vec::new();
    for _ in 0..bytes.length()? {
        let error = i16::from_be_bytes(bytes.array()?);
        let transactional_id = bytes.text()?;
        let state = bytes.text()?;
        bytes.take(4)?; // timeout
        let start_time_ms = i64::from_be_bytes(bytes.array()?);
        let producer_id = i64::from_be_bytes(bytes.array()?);
        let producer_epoch = i16::from_be_bytes(bytes.array()?);
        let mut topics = Vec::new();
        for _ in 0..bytes.length()? {
            topics.push(bytes.text()?);
            let partitions = bytes.length()?;
            bytes.take(partitions.checked_mul(4)?)?;
            bytes.tags()?;
        }
        bytes.tags()?;
        if error == 0 && state == "Ongoing" {
            open.push(Open { transactional_id, producer_id, producer_epoch, start_time_ms, topics });
        }
    }
    Some(open)
}

/// What is left of an answer.
pub(crate) struct Bytes<'a>(pub(crate) &'a [u8]);

impl<'a> Bytes<'a> {
    pub(crate) fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    fn varint(&mut self) -> Option<usize> {
        let mut value = 0;
        for shift in (0..35).step_by(7) {
            let [byte] = self.array()?;
            value |= usize::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    /// The length of a compact array or string; null counts as empty.
    fn length(&mut self) -> Option<usize> {
        Some(self.varint()?.saturating_sub(1))
    }

    fn text(&mut self) -> Option<String> {
        let length = self.length()?;
        Some(String::from_utf8_lossy(self.take(length)?).into_owned())
    }

    fn tags(&mut self) -> Option<()> {
        for _ in 0..self.varint()? {
            self.varint()?;
            let length = self.varint()?;
            self.take(length)?;
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_has_an_id_for_each_worker_of_each_pipeline() {
        assert_eq!(
            ids(2),
            [
                "wasmill.identity.chaos-2.0",
                "wasmill.identity.chaos-2.1",
                "wasmill.validator.chaos-2.0",
                "wasmill.validator.chaos-2.1",
                "wasmill.wasm-remember.chaos-2.0",
                "wasmill.wasm-remember.chaos-2.1",
                "wasmill.wasm-reject.chaos-2.0",
                "wasmill.wasm-reject.chaos-2.1",
                "wasmill.count.chaos-2.0",
                "wasmill.count.chaos-2.1",
                "wasmill.inventory.chaos-2.0",
                "wasmill.inventory.chaos-2.1",
                "wasmill.loyalty.chaos-2.0",
                "wasmill.loyalty.chaos-2.1"
            ]
        );
    }

    fn answer(error: i16, state: &str) -> Vec<u8> {
        let mut bytes = vec![0, 0, 0, 0, 0, 0, 0, 0, 0, 2];
        bytes.extend(error.to_be_bytes());
        for text in ["id", state] {
            bytes.push(text.len() as u8 + 1);
            bytes.extend(text.as_bytes());
        }
        bytes.extend(4000_i32.to_be_bytes());
        bytes.extend(1_700_000_000_000_i64.to_be_bytes());
        bytes.extend(42_i64.to_be_bytes());
        bytes.extend(7_i16.to_be_bytes());
        bytes.extend([2, 4, b'o', b'u', b't', 3, 0, 0, 0, 1, 0, 0, 0, 2, 0]);
        bytes.extend([0, 0]);
        bytes
    }

    #[test]
    fn only_ongoing_transactions_are_open() {
        let open = Open {
            transactional_id: "id".into(),
            producer_id: 42,
            producer_epoch: 7,
            start_time_ms: 1_700_000_000_000,
            topics: vec!["out".into()],
        };
        assert_eq!(ongoing(&answer(0, "Ongoing")), Some(vec![open]));
        assert_eq!(ongoing(&answer(0, "PrepareCommit")), Some(vec![]));
        assert_eq!(ongoing(&answer(16, "Ongoing")), Some(vec![]));
    }

    #[test]
    fn an_answer_that_ends_early_is_refused() {
        let whole = answer(0, "Ongoing");
        for length in 0..whole.len() - 2 {
            assert_eq!(ongoing(&whole[..length]), None, "{length}");
        }
    }
}
