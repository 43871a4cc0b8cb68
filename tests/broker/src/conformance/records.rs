//! Topics and records: what is written is read, once, as it was.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rdkafka::consumer::Consumer as _;
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::message::{Header, Headers as _, OwnedHeaders, OwnedMessage};
use rdkafka::producer::BaseRecord;
use rdkafka::{Message as _, Offset, Timestamp};
use wasmill_proxy::Api;

use crate::Broker;
use crate::client::{
    Isolation::{ReadCommitted, ReadUncommitted},
    WITHIN, create_topic, drain, position, producer, queue, read_all, reader, send, try_create_topic, unique, values,
};

pub fn a_topic_is_created_once_with_the_partitions_asked_for(broker: &dyn Broker) {
    let (bootstrap, topic) = (broker.bootstrap(), unique("created"));
    broker.topic(&topic, 3, &[("max.message.bytes", "2097152")]);
    let metadata = reader(&bootstrap, ReadCommitted).fetch_metadata(Some(&topic), WITHIN).unwrap();
    let mut partitions: Vec<i32> = metadata.topics()[0].partitions().iter().map(|partition| partition.id()).collect();
    partitions.sort_unstable();
    assert_eq!(partitions, [0, 1, 2]);
    assert_eq!(try_create_topic(&bootstrap, &topic, 3, &[]), Err(RDKafkaErrorCode::TopicAlreadyExists));
}

/// The broker has written the batch, its answer is lost, the idempotent producer sends it again.
pub fn a_record_whose_answer_was_lost_is_written_once(broker: &dyn Broker) {
    let (proxied, topic, client) = (broker.proxied(), unique("idempotent"), unique("client"));
    create_topic(&proxied.direct, &topic, 1, &[]);
    let properties = [("enable.idempotence", "true"), ("client.id", &client)];
    let producer = producer(&proxied.proxy.address(), &properties);
    send(&producer, &topic, 0, 0..10);
    let lost = proxied.proxy.rule(Api::Produce).of_client(&client).cut_answer();
    let before = proxied.proxy.requests_by(Api::Produce, &client);
    send(&producer, &topic, 0, 10..11);
    lost.wait_for_hits(1, Duration::ZERO).expect("no answer was lost");
    assert_eq!(proxied.proxy.requests_by(Api::Produce, &client), before + 2, "sent, and sent again");
    send(&producer, &topic, 0, 11..20);
    let expected: Vec<String> = (0..20).map(|i| format!("v{i}")).collect();
    assert_eq!(values(&read_all(&proxied.direct, &topic, 1, ReadUncommitted)), expected);
}

pub fn every_codec_round_trips(broker: &dyn Broker) {
    let (bootstrap, topic) = (broker.bootstrap(), unique("codecs"));
    let codecs = ["none", "gzip", "snappy", "lz4", "zstd"];
    broker.topic(&topic, 5, &[]);
    for (partition, codec) in (0..).zip(codecs) {
        let producer = producer(&bootstrap, &[("compression.type", codec), ("linger.ms", "20")]);
        send(&producer, &topic, partition, 0..300);
    }
    let records = read_all(&bootstrap, &topic, 5, ReadCommitted);
    let expected: Vec<String> = (0..300).map(|i| format!("v{i}")).collect();
    for (partition, codec) in (0..).zip(codecs) {
        let read: Vec<OwnedMessage> =
            records.iter().filter(|record| record.partition() == partition).cloned().collect();
        assert_eq!(values(&read), expected, "{codec}");
    }
}

pub fn null_empty_and_large_values_stay_what_they_are(broker: &dyn Broker) {
    let (bootstrap, topic) = (broker.bootstrap(), unique("values"));
    broker.topic(&topic, 1, &[]);
    let producer = producer(&bootstrap, &[]);
    let large: Vec<u8> = (0..900_000u32).map(|i| (i % 251) as u8).collect();
    queue(&producer, BaseRecord::<str, [u8]>::to(&topic).partition(0).key("tombstone"));
    queue(&producer, BaseRecord::<str, [u8]>::to(&topic).partition(0).key("").payload(b""));
    queue(&producer, BaseRecord::<str, [u8]>::to(&topic).partition(0).payload(&large));
    assert_eq!(drain(&producer), []);
    let records = read_all(&bootstrap, &topic, 1, ReadCommitted);
    let keys: Vec<_> = records.iter().map(|record| record.key()).collect();
    assert_eq!(keys, [Some(&b"tombstone"[..]), Some(b""), None]);
    let values: Vec<_> = records.iter().map(|record| record.payload()).collect();
    assert_eq!(values[..2], [None, Some(&b""[..])]);
    assert!(values[2] == Some(&large[..]), "the large value came back changed");
}

pub fn headers_and_timestamps_are_kept_as_they_were(broker: &dyn Broker) {
    let (bootstrap, topic) = (broker.bootstrap(), unique("headers"));
    // The second record is dated 1970: no retention may take it.
    broker.topic(&topic, 1, &[("retention.ms", "-1")]);
    let producer = producer(&bootstrap, &[]);
    let at = now_ms() - 12_345;
    let headers: [(&str, Option<&[u8]>); 5] =
        [("b", Some(b"1")), ("a", None), ("b", Some(b"\xff\x00")), ("", Some(b"")), ("b", Some(b"1"))];
    let owned = headers.iter().fold(OwnedHeaders::new(), |all, (key, value)| all.insert(Header { key, value: *value }));
    let with_headers = BaseRecord::<str, str>::to(&topic).partition(0).payload("v").timestamp(at);
    queue(&producer, with_headers.headers(owned));
    queue(&producer, BaseRecord::<str, str>::to(&topic).partition(0).payload("bare").timestamp(1));
    assert_eq!(drain(&producer), []);
    let records = read_all(&bootstrap, &topic, 1, ReadCommitted);
    assert_eq!(values(&records), ["v", "bare"]);
    let read = records[0].headers().expect("headers");
    let read: Vec<(&str, Option<&[u8]>)> = read.iter().map(|header| (header.key, header.value)).collect();
    assert_eq!(read, headers);
    assert!(records[1].headers().is_none());
    let timestamps = [records[0].timestamp(), records[1].timestamp()];
    assert_eq!(timestamps, [Timestamp::CreateTime(at), Timestamp::CreateTime(1)]);
}

pub fn watermarks_and_times_lead_to_offsets(broker: &dyn Broker) {
    let (bootstrap, topic) = (broker.bootstrap(), unique("times"));
    broker.topic(&topic, 1, &[]);
    let reader = reader(&bootstrap, ReadCommitted);
    assert_eq!(reader.fetch_watermarks(&topic, 0, WITHIN).unwrap(), (0, 0));
    let producer = producer(&bootstrap, &[]);
    let start = now_ms();
    for second in 0..10 {
        let at = start + second * 1000;
        queue(&producer, BaseRecord::<str, str>::to(&topic).partition(0).payload("v").timestamp(at));
    }
    assert_eq!(drain(&producer), []);
    assert_eq!(reader.fetch_watermarks(&topic, 0, WITHIN).unwrap(), (0, 10));
    for (time, offset) in [
        (start - 1, Offset::Offset(0)),
        (start + 5000, Offset::Offset(5)),
        (start + 5001, Offset::Offset(6)),
        (start + 9001, Offset::End),
    ] {
        let answer = reader.offsets_for_times(position(&topic, 0, time), WITHIN).unwrap();
        assert_eq!(answer.elements()[0].offset(), offset, "{} ms after the first record", time - start);
    }
}

fn now_ms() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock past 1970");
    i64::try_from(now.as_millis()).expect("a clock before the year 292 million")
}
