//! `--feed TOPIC=FILE`: each line of a file becomes a record.

use crate::exit::UserFault;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use wasmill_devbroker::{Broker, Bytes, NewRecord, ResponseError};

/// Records that are appended at once, and their bytes: below what a topic takes in one batch (`max.message.bytes`, 1 MiB).
const BATCH_RECORDS: usize = 100;
const BATCH_BYTES: usize = 512 << 10;

/// A longer line is a mistake, not a record: no broker takes it by default, with what a batch adds to it.
const LINE_BYTES_MAX: usize = 1_000_000;

/// `TOPIC=FILE`, as it stands on the command line.
#[derive(Clone, Debug)]
pub(crate) struct Argument {
    topic: String,
    file: PathBuf,
}

/// For clap.
pub(crate) fn argument(text: &str) -> Result<Argument, String> {
    match text.split_once('=') {
        Some((topic, file)) if !topic.is_empty() && !file.is_empty() => {
            Ok(Argument { topic: topic.to_owned(), file: file.into() })
        }
        _ => Err("write TOPIC=FILE, such as orders=orders.jsonl".to_owned()),
    }
}

/// A file that can be read.
pub(crate) struct Feed {
    pub(crate) topic: String,
    file: PathBuf,
    lines: BufReader<File>,
}

impl Feed {
    pub(crate) fn open(argument: &Argument) -> Result<Feed, UserFault> {
        let Argument { topic, file } = argument.clone();
        match File::open(&file) {
            Ok(open) => Ok(Feed { topic, file, lines: BufReader::new(open) }),
            Err(error) => Err(UserFault(format!("--feed: {} can't be read: {error}", file.display()))),
        }
    }

    /// Appends the lines on a thread of its own, without keys, batch by batch to one partition after the other.
    pub(crate) fn start(self, broker: Arc<Broker>, stop: Arc<AtomicBool>) -> anyhow::Result<()> {
        let feeding = super::thread("feed", move || {
            let (topic, file) = (self.topic.clone(), self.file.clone());
            let partitions = broker.partitions(&topic).unwrap_or(1);
            match self.run(&broker, partitions, &stop) {
                Ok(records) => tracing::info!(topic, records, "fed {}", file.display()),
                Err(what) => tracing::error!(topic, "feeding {} ended: {what}", file.display()),
            }
        });
        feeding.map(drop)
    }

    fn run(mut self, broker: &Broker, partitions: i32, stop: &AtomicBool) -> Result<usize, String> {
        let (mut fed, mut partition, mut bytes, mut batch) = (0, 0, 0, Vec::with_capacity(BATCH_RECORDS));
        while !stop.load(Ordering::Relaxed) {
            let line = next_line(&mut self.lines).map_err(|what| format!("line {}: {what}", fed + batch.len() + 1))?;
            let is_last = line.is_none();
            let size = line.as_ref().map_or(0, Bytes::len);
            if !batch.is_empty() && (is_last || batch.len() == BATCH_RECORDS || bytes + size > BATCH_BYTES) {
                append(broker, &self.topic, partition, &batch)?;
                fed += batch.len();
                partition = (partition + 1) % partitions;
                batch.clear();
                bytes = 0;
            }
            bytes += size;
            batch.extend(line.map(|value| NewRecord { key: None, value: Some(value) }));
            if is_last {
                break;
            }
        }
        Ok(fed)
    }
}

fn append(broker: &Broker, topic: &str, partition: i32, batch: &[NewRecord]) -> Result<(), String> {
    broker.append(topic, partition, batch).map(drop).map_err(|error| match error {
        ResponseError::KafkaStorageError => "the broker's memory is full: the log says how much it holds".to_owned(),
        error => format!("the broker says {error:?}"),
    })
}

/// Without its end of line; `None` at the end of the file.
fn next_line(lines: &mut impl BufRead) -> Result<Option<Bytes>, String> {
    let mut line = Vec::new();
    let limit = LINE_BYTES_MAX as u64 + 1;
    let read = std::io::Read::take(lines.by_ref(), limit).read_until(b'\n', &mut line).map_err(|it| it.to_string())?;
    if read == 0 {
        return Ok(None);
    }
    if line.last() == Some(&b'\n') {
        line.pop();
    } else if read > LINE_BYTES_MAX {
        return Err(format!("is longer than {LINE_BYTES_MAX} bytes"));
    }
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    Ok(Some(line.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(mut text: &[u8]) -> Vec<Result<Bytes, String>> {
        std::iter::from_fn(|| next_line(&mut text).transpose()).take(9).collect()
    }

    #[test]
    fn every_line_is_a_record_whatever_it_ends_with() {
        assert_eq!(lines(b"a\nb\r\n\n\xff"), ["a".into(), "b".into(), "".into(), Bytes::from_static(b"\xff")].map(Ok));
        assert_eq!(lines(b""), []);
    }

    #[test]
    fn a_line_that_no_broker_takes_is_refused_before_it_is_all_in_memory() {
        let endless = vec![b'x'; 3 * LINE_BYTES_MAX];
        assert_eq!(lines(&endless).first(), Some(&Err(format!("is longer than {LINE_BYTES_MAX} bytes"))));
    }

    #[test]
    fn topic_and_file_are_both_needed() {
        assert!(
            argument("orders=a=b.jsonl").is_ok_and(|it| it.topic == "orders" && it.file.as_os_str() == "a=b.jsonl")
        );
        for bad in ["orders", "=file", "orders=", ""] {
            assert!(argument(bad).is_err(), "{bad}");
        }
    }
}
