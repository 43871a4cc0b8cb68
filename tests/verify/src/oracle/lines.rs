//! A record as a line of JSON: what the oracle reads.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

use crate::record::Record;

/// Text where it is UTF-8, so that people can read it.
#[derive(Serialize)]
#[serde(untagged)]
enum Bytes<'a> {
    Text(&'a str),
    Other { base64: String },
}

#[derive(Serialize)]
struct Line<'a> {
    topic: &'a str,
    partition: i32,
    offset: i64,
    timestamp: Option<i64>,
    key: Option<Bytes<'a>>,
    value: Option<Bytes<'a>>,
    headers: Vec<(Bytes<'a>, Option<Bytes<'a>>)>,
}

/// `record` of `topic`, without the end of the line.
pub(super) fn line(topic: &str, record: &Record<'_>) -> serde_json::Result<String> {
    let headers = record.headers.iter().map(|header| (bytes(header.name), header.value.map(bytes)));
    serde_json::to_string(&Line {
        topic,
        partition: record.partition,
        offset: record.offset,
        timestamp: record.timestamp,
        key: record.key.map(bytes),
        value: record.value.map(bytes),
        headers: headers.collect(),
    })
}

fn bytes(bytes: &[u8]) -> Bytes<'_> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Bytes::Text(text),
        Err(_) => Bytes::Other { base64: STANDARD.encode(bytes) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Header;

    #[test]
    fn bytes_are_text_where_they_can_be_and_null_is_not_empty() {
        let headers = [Header { name: b"a", value: None }, Header { name: b"\xff", value: Some(b"") }];
        let record = Record {
            partition: 2,
            offset: 7,
            timestamp: None,
            key: Some(b"r\0\x01"),
            value: Some(b"\xfe\xff"),
            headers: &headers,
        };
        assert_eq!(
            line("t", &record).unwrap(),
            r#"{"topic":"t","partition":2,"offset":7,"timestamp":null,"key":"r\u0000\u0001","value":{"base64":"/v8="},"headers":[["a",null],[{"base64":"/w=="},""]]}"#
        );
    }
}
