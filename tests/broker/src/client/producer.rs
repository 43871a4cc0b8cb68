//! Producers that know whether what they sent was written.

use std::ops::Range;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::ClientContext;
use rdkafka::error::KafkaError;
use rdkafka::message::{DeliveryResult, Header, OwnedHeaders, ToBytes};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _, ProducerContext};

use super::{WITHIN, config};

/// A producer that remembers failed deliveries.
pub type Producer = BaseProducer<Failures>;

/// Deliveries that failed since they were last asked for.
#[derive(Default)]
pub struct Failures(Mutex<Vec<KafkaError>>);

impl ClientContext for Failures {}

impl ProducerContext for Failures {
    type DeliveryOpaque = ();

    fn delivery(&self, delivered: &DeliveryResult<'_>, (): ()) {
        if let Err((error, _)) = delivered {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push(error.clone());
        }
    }
}

/// A producer with these properties besides the defaults.
pub fn producer(bootstrap: &str, properties: &[(&str, &str)]) -> Producer {
    let mut config = config(bootstrap, &[("linger.ms", "1"), ("message.timeout.ms", "20000")]);
    for (name, value) in properties {
        config.set(*name, *value);
    }
    config.create_with_context(Failures::default()).expect("a producer")
}

/// An initialised transactional producer. Its transactions time out after 60 s, the most the suite could wait for:
/// what ends earlier was ended by something else.
pub fn transactional(bootstrap: &str, id: &str) -> Producer {
    transactional_with(bootstrap, id, &[])
}

/// As [`transactional`], with these properties.
#[track_caller]
pub fn transactional_with(bootstrap: &str, id: &str, properties: &[(&str, &str)]) -> Producer {
    let own = [("transactional.id", id), ("transaction.timeout.ms", "60000")];
    let producer = producer(bootstrap, &[&own, properties].concat());
    producer.init_transactions(WITHIN).expect("init_transactions");
    producer
}

/// Writes the records `k<i>` = `v<i>` of this range and waits until the broker has acknowledged each.
///
/// # Panics
/// One of them failed.
#[track_caller]
pub fn send(producer: &Producer, topic: &str, partition: i32, range: Range<usize>) {
    for i in range {
        let (key, value) = (format!("k{i}"), format!("v{i}"));
        queue(producer, BaseRecord::to(topic).partition(partition).key(&key).payload(&value));
    }
    let failures = drain(producer);
    assert!(failures.is_empty(), "not written: {failures:?}");
}

/// Writes these keys and values, each to the partition of its key, and waits until the broker has acknowledged them.
///
/// # Panics
/// One of them failed.
#[track_caller]
pub fn send_pairs(producer: &Producer, topic: &str, pairs: &[(&str, &str)]) {
    for (key, value) in pairs {
        queue(producer, BaseRecord::to(topic).key(*key).payload(*value));
    }
    let failures = drain(producer);
    assert!(failures.is_empty(), "not written: {failures:?}");
}

/// Writes one record with these headers and waits until the broker has acknowledged it.
///
/// # Panics
/// It failed.
#[track_caller]
pub fn send_with_headers(producer: &Producer, topic: &str, pair: (&str, &str), headers: &[(&str, Option<&str>)]) {
    let add = |all: OwnedHeaders, (key, value): &(&str, Option<&str>)| all.insert(Header { key, value: *value });
    let headers = headers.iter().fold(OwnedHeaders::new(), add);
    queue(producer, BaseRecord::to(topic).key(pair.0).payload(pair.1).headers(headers));
    let failures = drain(producer);
    assert!(failures.is_empty(), "not written: {failures:?}");
}

/// Hands a record to the library.
///
/// # Panics
/// It does not take it.
#[track_caller]
pub fn queue<K: ToBytes + ?Sized, V: ToBytes + ?Sized>(producer: &Producer, record: BaseRecord<'_, K, V>) {
    if let Err((error, _)) = producer.send(record) {
        panic!("the library refused a record: {error}");
    }
}

/// Hands these values to the library, without keys. [`drain`] waits for them.
///
/// # Panics
/// It does not take them.
#[track_caller]
pub fn queue_values(producer: &Producer, topic: &str, values: &[String]) {
    values.iter().for_each(|value| queue(producer, BaseRecord::<(), _>::to(topic).payload(value)));
}

/// Waits until nothing is in flight; gives the deliveries that failed since the last time.
#[track_caller]
pub fn drain(producer: &Producer) -> Vec<KafkaError> {
    let deadline = Instant::now() + WITHIN;
    while producer.in_flight_count() > 0 {
        assert!(Instant::now() < deadline, "records still in flight after {WITHIN:?}");
        producer.poll(Duration::from_millis(5));
    }
    std::mem::take(&mut producer.context().0.lock().unwrap_or_else(PoisonError::into_inner))
}
