//! Records in and out without a client: for whoever has the broker in its own process, such as `wasmill dev`.
//!
//! What is appended is sealed as a client's batch would be and takes the same way into the log; what is read is what a
//! reader of committed data sees. Compressed batches are not unpacked: their records come out as [`Content::Compressed`].

use bytes::{Bytes, BytesMut};
use kafka_protocol::ResponseError;
use kafka_protocol::indexmap::IndexMap;
use kafka_protocol::records::{
    Compression, NO_PARTITION_LEADER_EPOCH, NO_PRODUCER_EPOCH, NO_PRODUCER_ID, NO_SEQUENCE, Record as Encoded,
    RecordBatchEncoder, RecordEncodeOptions, TimestampType,
};

use crate::broker::Broker;
use crate::log::batch::{HEADER_BYTES, Header};
use crate::log::read::{Isolation, Slice};
use crate::log::records::{self, nullable, varint};

/// Bytes of batches that one [`Broker::committed`] looks at, unless the first batch alone is larger.
const READ_BYTES_MAX: usize = 1 << 20;

/// Headers of one record that are read; the rest is left out.
const HEADERS_MAX: usize = 1024;

/// A record to be appended; it gets the broker's time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewRecord {
    pub key: Option<Bytes>,
    pub value: Option<Bytes>,
}

/// A committed record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadRecord {
    pub offset: i64,
    /// Milliseconds since 1970.
    pub timestamp: i64,
    pub content: Content,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    Plain {
        key: Option<Bytes>,
        value: Option<Bytes>,
        /// In their order, duplicates included.
        headers: Vec<(String, Option<Bytes>)>,
    },
    /// Only a client can tell: the first offset of a compressed batch.
    Compressed,
}

impl Broker {
    /// Appends these records as one batch and returns the offset of the first.
    ///
    /// # Errors
    /// What a producer would be answered; `InvalidRecord` for no records at all.
    pub fn append(&self, topic: &str, partition: i32, records: &[NewRecord]) -> Result<i64, ResponseError> {
        let appended = self.shared().change(|core, now| {
            let bytes = encoded(records, now.wall_ms)?;
            let header = Header::check(&bytes)?;
            let entry = core.cluster.topics.get_mut(topic).ok_or(ResponseError::UnknownTopicOrPartition)?;
            let settings = entry.settings.clone();
            let partition = entry.partition_mut(partition).ok_or(ResponseError::UnknownTopicOrPartition)?;
            let is_refused = partition.refusal.is_some();
            let appended = partition.append(&header, &bytes, &settings, now.wall_ms);
            if appended == Err(ResponseError::KafkaStorageError) && !is_refused {
                core.note_full(true);
            }
            appended
        })?;
        if self.shared().is_closed() {
            return Err(ResponseError::KafkaStorageError);
        }
        Ok(appended.base_offset)
    }

    /// Committed records from `offset` on, in order, and where to go on. Neither blocks nor waits: nothing new is an empty
    /// list and the same offset.
    ///
    /// # Errors
    /// OFFSET_OUT_OF_RANGE, UNKNOWN_TOPIC_OR_PARTITION.
    pub fn committed(&self, topic: &str, partition: i32, offset: i64) -> Result<(Vec<ReadRecord>, i64), ResponseError> {
        let slice = self.shared().read(|core| {
            core.cluster.partition(topic, partition)?.read(offset, Isolation::Committed, READ_BYTES_MAX, true)
        })?;
        Ok(visible(&slice, offset))
    }
}

fn encoded(records: &[NewRecord], now_ms: i64) -> Result<BytesMut, ResponseError> {
    if records.is_empty() {
        return Err(ResponseError::InvalidRecord);
    }
    let records: Vec<Encoded> = (0..).zip(records).map(|(at, record)| of_nobody(record, at, now_ms)).collect();
    let mut bytes = BytesMut::new();
    let options = RecordEncodeOptions { version: 2, compression: Compression::None };
    RecordBatchEncoder::encode(&mut bytes, &records, &options).map_err(|_| ResponseError::InvalidRecord)?;
    Ok(bytes)
}

/// One record with this key inside of a producer's transaction, without a sequence number.
pub(crate) fn transactional((producer_id, producer_epoch): (i64, i16), key: Bytes, now_ms: i64) -> BytesMut {
    let of_nobody = of_nobody(&NewRecord { key: Some(key), value: None }, 0, now_ms);
    let record = Encoded { transactional: true, producer_id, producer_epoch, ..of_nobody };
    let mut bytes = BytesMut::new();
    let options = RecordEncodeOptions { version: 2, compression: Compression::None };
    // Without compression nothing can fail; an empty batch would be seen by whoever reads the topic.
    let _ = RecordBatchEncoder::encode(&mut bytes, [&record], &options);
    bytes
}

fn of_nobody(record: &NewRecord, offset: i64, timestamp: i64) -> Encoded {
    Encoded {
        transactional: false,
        control: false,
        delete_horizon: false,
        partition_leader_epoch: NO_PARTITION_LEADER_EPOCH,
        producer_id: NO_PRODUCER_ID,
        producer_epoch: NO_PRODUCER_EPOCH,
        timestamp_type: TimestampType::Creation,
        offset,
        // As far apart as the offsets, or the encoder begins a new batch.
        sequence: NO_SEQUENCE.saturating_add(i32::try_from(offset).unwrap_or(i32::MAX)),
        timestamp,
        key: record.key.clone(),
        value: record.value.clone(),
        headers: IndexMap::new(),
    }
}

/// Leaves out markers, aborted records, and what lies before `offset`.
pub(crate) fn visible(slice: &Slice, offset: i64) -> (Vec<ReadRecord>, i64) {
    let (mut read, mut next) = (Vec::new(), offset);
    for bytes in &slice.batches {
        let (Ok(header), Some(base)) = (Header::read(bytes), base_offset(bytes)) else { continue };
        let last = base + i64::from(header.last_offset_delta);
        next = next.max(last + 1);
        let is_aborted = header.is_transactional()
            && slice
                .aborted
                .iter()
                .any(|it| it.producer_id == header.producer_id && it.first <= base && last < it.marker);
        if header.is_control() || is_aborted {
            continue;
        }
        if header.is_compressed() {
            read.push(ReadRecord { offset: base, timestamp: header.max_timestamp, content: Content::Compressed });
            continue;
        }
        let payload = bytes.get(HEADER_BYTES..).unwrap_or_default();
        for record in records::records(payload).map_while(Result::ok) {
            let at = base + i64::from(record.offset_delta);
            if at < offset {
                continue;
            }
            let timestamp = match header.has_append_time() {
                true => header.max_timestamp,
                false => header.base_timestamp.saturating_add(record.timestamp_delta),
            };
            if let Some(content) = content(record.raw) {
                read.push(ReadRecord { offset: at, timestamp, content });
            }
        }
    }
    (read, next)
}

fn base_offset(batch: &[u8]) -> Option<i64> {
    batch.first_chunk::<8>().map(|bytes| i64::from_be_bytes(*bytes))
}

/// Of a record with its length before it: attributes, time, offset, key, value, headers.
fn content(raw: &[u8]) -> Option<Content> {
    let owned = |field: Option<&[u8]>| field.map(Bytes::copy_from_slice);
    let (_, rest) = varint(raw)?;
    let (_, rest) = varint(rest.get(1..)?)?;
    let (_, rest) = varint(rest)?;
    let (key, rest) = nullable(rest)?;
    let (value, rest) = nullable(rest)?;
    let (count, mut rest) = varint(rest)?;
    let mut headers = Vec::new();
    for _ in 0..usize::try_from(count).ok()?.min(HEADERS_MAX) {
        let (name, behind) = nullable(rest)?;
        let (content, behind) = nullable(behind)?;
        headers.push((String::from_utf8_lossy(name.unwrap_or_default()).into_owned(), owned(content)));
        rest = behind;
    }
    Some(Content::Plain { key: owned(key), value: owned(value), headers })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Options;

    fn record(value: &'static str) -> NewRecord {
        NewRecord { key: Some(Bytes::from_static(b"k")), value: Some(Bytes::from_static(value.as_bytes())) }
    }

    fn values(records: &[ReadRecord]) -> Vec<String> {
        let text = |record: &ReadRecord| match &record.content {
            Content::Plain { value, .. } => String::from_utf8_lossy(value.as_deref().unwrap_or(b"<null>")).into_owned(),
            Content::Compressed => "<compressed>".to_owned(),
        };
        records.iter().map(text).collect()
    }

    #[test]
    fn what_is_appended_is_read_in_order_from_any_offset_on() {
        let broker = Broker::start(Options::default()).unwrap();
        broker.create_topic("t", 2, &[]).unwrap();
        assert_eq!(broker.append("t", 1, &[record("a"), record("b"), NewRecord::default()]), Ok(0));
        assert_eq!(broker.append("t", 1, &[record("c")]), Ok(3));
        let (read, next) = broker.committed("t", 1, 0).unwrap();
        assert_eq!((values(&read), next), (["a", "b", "<null>", "c"].map(str::to_owned).to_vec(), 4));
        assert_eq!(read.iter().map(|record| record.offset).collect::<Vec<_>>(), [0, 1, 2, 3]);
        let (read, next) = broker.committed("t", 1, 1).unwrap();
        assert_eq!((values(&read).len(), next), (3, 4));
        assert_eq!(broker.committed("t", 1, 4), Ok((vec![], 4)));
        assert_eq!(broker.committed("t", 0, 0), Ok((vec![], 0)));
    }

    #[test]
    fn what_can_not_be_written_or_read_is_refused_with_kafkas_reason() {
        let broker = Broker::start(Options::default()).unwrap();
        broker.create_topic("t", 1, &[]).unwrap();
        assert_eq!(broker.append("t", 0, &[]), Err(ResponseError::InvalidRecord));
        assert_eq!(broker.append("t", 1, &[record("a")]), Err(ResponseError::UnknownTopicOrPartition));
        assert_eq!(broker.append("u", 0, &[record("a")]), Err(ResponseError::UnknownTopicOrPartition));
        assert_eq!(broker.committed("t", 0, 1), Err(ResponseError::OffsetOutOfRange));
    }

    #[test]
    fn headers_come_out_in_order_with_their_duplicates_and_nulls() {
        let raw = [30, 0, 0, 0, 1, 1, 4, 2, b'h', 1, 2, b'h', 2, b'x', 0];
        let Some(Content::Plain { key, value, headers }) = content(&raw) else { panic!("a record") };
        assert_eq!((key, value), (None, None));
        assert_eq!(headers, [("h".to_owned(), None), ("h".to_owned(), Some(Bytes::from_static(b"x")))]);
        assert_eq!(content(&raw[..9]), None, "cut off");
    }
}
