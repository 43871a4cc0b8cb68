//! `--print TOPIC`: the committed records of a topic on standard output, one JSON object a line.

use crate::output;
use serde_json::{Map, Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;
use wasmill_devbroker::{Broker, Bytes, Content, ReadRecord};

/// How late a record is noticed.
const LOOK_INTERVAL: Duration = Duration::from_millis(50);

/// Prints what there is and what comes, on a thread of its own.
/// Once `over` it prints what is left and ends.
pub(crate) fn follow(broker: Arc<Broker>, topic: String, over: Arc<AtomicBool>) -> anyhow::Result<JoinHandle<()>> {
    super::thread("print", move || {
        let partitions = broker.partitions(&topic).and_then(|count| usize::try_from(count).ok());
        let mut next = vec![0; partitions.unwrap_or_default()];
        loop {
            // Before the look, so that what was committed before the end is printed.
            let is_over = over.load(Ordering::Relaxed);
            let mut is_idle = true;
            for (partition, next) in (0..).zip(&mut next) {
                let before = *next;
                if let Err(error) = print(&broker, &topic, partition, next) {
                    tracing::error!(topic, "printing ended: {error:#}");
                    return;
                }
                is_idle &= *next == before;
            }
            match (is_idle, is_over) {
                (true, true) => return,
                (true, false) => std::thread::sleep(LOOK_INTERVAL),
                (false, _) => {}
            }
        }
    })
}

fn print(broker: &Broker, topic: &str, partition: i32, next: &mut i64) -> anyhow::Result<()> {
    // What retention has taken is not waited for.
    let from = broker.ends(topic, partition).map_or(*next, |ends| ends.start.max(*next));
    let (records, behind) =
        broker.committed(topic, partition, from).map_err(|error| anyhow::anyhow!("the broker says {error:?}"))?;
    *next = behind;
    let mut text = String::new();
    for record in &records {
        text.push_str(&line(topic, partition, record).to_string());
        text.push('\n');
    }
    if text.is_empty() { Ok(()) } else { output::data(&text) }
}

fn line(topic: &str, partition: i32, record: &ReadRecord) -> Value {
    let mut line = Map::new();
    line.insert("topic".into(), topic.into());
    line.insert("partition".into(), partition.into());
    line.insert("offset".into(), record.offset.into());
    line.insert("timestamp".into(), record.timestamp.into());
    match &record.content {
        Content::Plain { key, value, headers } => {
            line.insert("key".into(), text(key.as_ref()));
            line.insert("value".into(), text(value.as_ref()));
            let headers = headers.iter().map(|(name, content)| json!([name, text(content.as_ref())]));
            line.insert("headers".into(), headers.collect());
        }
        Content::Compressed => {
            line.insert("compressed".into(), true.into());
        }
    }
    line.into()
}

/// Bytes that are not UTF-8 are replaced: this is for people.
fn text(bytes: Option<&Bytes>) -> Value {
    bytes.map_or(Value::Null, |bytes| String::from_utf8_lossy(bytes).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_everything_of_a_record_and_tells_null_from_empty() {
        let content = Content::Plain {
            key: None,
            value: Some(Bytes::from_static(b"{\"a\":\"\xff\"}")),
            headers: vec![("h".into(), None), ("h".into(), Some(Bytes::new()))],
        };
        let record = ReadRecord { offset: 7, timestamp: 1_700_000_000_000, content };
        let expected = r#"{"topic":"t","partition":1,"offset":7,"timestamp":1700000000000,"key":null,"value":"{\"a\":\"�\"}","headers":[["h",null],["h",""]]}"#;
        assert_eq!(line("t", 1, &record), serde_json::from_str::<Value>(expected).unwrap());
    }
}
