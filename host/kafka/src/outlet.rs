//! Where a worker's records go: topics, partitions, size limits, and the produce call itself.

use crate::KafkaBatch;
use crate::batch::Message;
use crate::error::{KafkaError, name};
use crate::headers::Headers;
use crate::murmur2::partition_of;
use crate::producer::Producer;
use rdkafka_sys as sys;
use rdkafka_sys::rd_kafka_resp_err_t as Code;
use rdkafka_sys::rd_kafka_vtype_t as Kind;
use std::ffi::c_void;
use std::time::Duration;
use wasmill_config::Partitioner;
use wasmill_record::{
    Batch, ChangelogPartition, Class, DeadLetter, Emission, Failure, Field, Origin, Reply, WriteError,
};

/// A topic that is written to, with what the broker said about it at start.
#[derive(Debug, Clone)]
pub struct OutputTopic {
    pub name: String,
    /// > 0.
    pub partitions: i32,
    pub partitioner: Partitioner,
    /// The topic's `max.message.bytes`; larger records are refused before they are sent. `None`: not known, or records
    /// are compressed and only the broker can tell.
    pub bytes_max: Option<usize>,
}

/// All topics of a pipeline's producers.
#[derive(Debug, Clone)]
pub struct OutputTopics {
    /// By output number.
    pub outputs: Vec<OutputTopic>,
    pub dead_letters: OutputTopic,
    /// By store number.
    pub changelogs: Vec<OutputTopic>,
}

/// A full local queue is waited for as long as this in all before the transaction is given up.
const QUEUE_FULL_TIMEOUT: Duration = Duration::from_secs(5);
const QUEUE_FULL_PAUSE: Duration = Duration::from_millis(1);

/// Topic handles on one producer; dropped before it.
pub(crate) struct Outlet {
    outputs: Vec<Target>,
    dead_letters: Target,
    changelogs: Vec<Target>,
}

struct Target {
    handle: Topic,
    topic: OutputTopic,
}

/// A topic object of the C API: producing by name would look it up under a lock for each record.
struct Topic(*mut sys::rd_kafka_topic_t);

// SAFETY: topic objects may be used from any thread.
unsafe impl Send for Topic {}

impl Drop for Topic {
    fn drop(&mut self) {
        // SAFETY: our reference, and its last use.
        unsafe { sys::rd_kafka_topic_destroy(self.0) }
    }
}

/// One record for the produce call; pointers are borrowed for its length.
struct Outgoing<'a> {
    partition: i32,
    key: Option<&'a [u8]>,
    value: Option<&'a [u8]>,
    timestamp: Option<i64>,
    headers: Option<Headers>,
    origin: Origin,
}

impl Outlet {
    pub(crate) fn new(producer: &Producer, topics: &OutputTopics) -> Result<Outlet, KafkaError> {
        let target = |topic: &OutputTopic| -> Result<Target, KafkaError> {
            Ok(Target { handle: Topic(producer.topic(&topic.name)?), topic: topic.clone() })
        };
        Ok(Outlet {
            outputs: topics.outputs.iter().map(target).collect::<Result<_, _>>()?,
            dead_letters: target(&topics.dead_letters)?,
            changelogs: topics.changelogs.iter().map(target).collect::<Result<_, _>>()?,
        })
    }

    pub(crate) fn forward(
        &self,
        producer: &Producer,
        batch: &mut KafkaBatch,
        at: usize,
        output: u16,
        origin: Origin,
    ) -> Result<(), WriteError> {
        let target = self.output(output)?;
        let message = batch.message(at);
        let (key, value) = (message.key(), message.value());
        target.check_size(key, value)?;
        let partition = target.partition(key, message.get().partition);
        let headers = Headers::detach(message)?;
        let timestamp = message.timestamp();
        target.produce(producer, Outgoing { partition, key, value, timestamp, headers, origin })
    }

    pub(crate) fn emit(
        &self,
        producer: &Producer,
        batch: &KafkaBatch,
        at: usize,
        emission: &Emission,
        reply: &Reply,
        origin: Origin,
    ) -> Result<(), WriteError> {
        let target = self.output(emission.output)?;
        let message = batch.message(at);
        let key = pick(emission.key, message.key(), reply);
        let value = pick(emission.value, message.value(), reply);
        target.check_size(key, value)?;
        let partition = emission.partition.unwrap_or_else(|| target.partition(key, message.get().partition));
        let inherited = if emission.inherit_headers { Headers::copy(message)? } else { None };
        let headers = with_own(inherited, emission, reply);
        let timestamp = emission.timestamp.or_else(|| message.timestamp());
        target.produce(producer, Outgoing { partition, key, value, timestamp, headers, origin })
    }

    pub(crate) fn dead_letter(
        &self,
        producer: &Producer,
        batch: &KafkaBatch,
        at: usize,
        letter: &DeadLetter<'_>,
        origin: Origin,
    ) -> Result<(), WriteError> {
        let target = &self.dead_letters;
        let message: &Message = batch.message(at);
        let key = message.key();
        let value = if letter.truncated { None } else { message.value() };
        target.check_size(key, value)?;
        // Headers that can't be read stay behind: the letter's own say where the record is.
        let copied = Headers::copy(message).ok().flatten();
        let mut headers = copied.unwrap_or_else(|| Headers::with_capacity(letter.headers.len()));
        for (name, value) in letter.headers {
            headers.replace(name, value);
        }
        let partition = batch.partition().partition.rem_euclid(target.topic.partitions.max(1));
        let timestamp = message.timestamp();
        target.produce(producer, Outgoing { partition, key, value, timestamp, headers: Some(headers), origin })
    }

    pub(crate) fn change(
        &self,
        producer: &Producer,
        of: ChangelogPartition,
        key: &[u8],
        value: Option<&[u8]>,
        timestamp: Option<i64>,
    ) -> Result<(), WriteError> {
        let Some(target) = self.changelogs.get(usize::from(of.store)) else {
            // The reply was checked against the stores; as with outputs.
            let message = format!("store {} does not exist", of.store);
            return Err(WriteError::Failed(Failure::new(Class::Abortable, message)));
        };
        target.check_size(Some(key), value)?;
        let origin = Origin::changelog(of);
        let record = Outgoing { partition: of.partition, key: Some(key), value, timestamp, headers: None, origin };
        target.produce(producer, record)
    }

    fn output(&self, output: u16) -> Result<&Target, WriteError> {
        self.outputs.get(usize::from(output)).ok_or_else(|| {
            // `decide` has checked the number; reaching this is a bug that must not lose the record.
            WriteError::Failed(Failure::new(Class::Abortable, format!("output {output} does not exist")))
        })
    }
}

fn pick<'a>(field: Field, inherited: Option<&'a [u8]>, reply: &'a Reply) -> Option<&'a [u8]> {
    match field {
        Field::Inherit => inherited,
        Field::Null => None,
        Field::Bytes(span) => reply.slice(span),
    }
}

/// Inherited headers first, then the emission's own. Spans were checked by `decide`.
fn with_own(inherited: Option<Headers>, emission: &Emission, reply: &Reply) -> Option<Headers> {
    let own = reply.headers(emission.headers).unwrap_or_default();
    if own.is_empty() {
        return inherited;
    }
    let mut headers = inherited.unwrap_or_else(|| Headers::with_capacity(own.len()));
    for header in own {
        headers.append(reply.slice(header.name).unwrap_or_default(), header.value.and_then(|value| reply.slice(value)));
    }
    Some(headers)
}

impl Target {
    fn partition(&self, key: Option<&[u8]>, source: i32) -> i32 {
        match (self.topic.partitioner, key) {
            (Partitioner::Key, Some(key)) => partition_of(key, self.topic.partitions),
            _ => source.rem_euclid(self.topic.partitions.max(1)),
        }
    }

    fn check_size(&self, key: Option<&[u8]>, value: Option<&[u8]>) -> Result<(), WriteError> {
        let bytes = key.map_or(0, <[u8]>::len) + value.map_or(0, <[u8]>::len);
        match self.topic.bytes_max {
            Some(bytes_max) if bytes > bytes_max => Err(WriteError::Refused(format!(
                "MESSAGE_TOO_LARGE: {bytes} bytes of key and value, but {} takes at most {bytes_max} (max.message.bytes)",
                self.topic.name
            ))),
            _ => Ok(()),
        }
    }

    fn produce(&self, producer: &Producer, mut record: Outgoing<'_>) -> Result<(), WriteError> {
        let mut words = [const { empty_word() }; 8];
        words[0] = word(Kind::RD_KAFKA_VTYPE_RKT, |u| u.rkt = self.handle.0);
        words[1] = word(Kind::RD_KAFKA_VTYPE_PARTITION, |u| u.i32_ = record.partition);
        words[2] = word(Kind::RD_KAFKA_VTYPE_MSGFLAGS, |u| u.i = sys::RD_KAFKA_MSG_F_COPY);
        words[3] = memory(Kind::RD_KAFKA_VTYPE_KEY, record.key);
        words[4] = memory(Kind::RD_KAFKA_VTYPE_VALUE, record.value);
        // 0 would mean "now" to librdkafka; -1 is "none" on the wire.
        words[5] = word(Kind::RD_KAFKA_VTYPE_TIMESTAMP, |u| u.i64_ = record.timestamp.unwrap_or(-1));
        words[6] = word(Kind::RD_KAFKA_VTYPE_OPAQUE, |u| u.ptr = record.origin.bits() as usize as *mut c_void);
        let headers = record.headers.take();
        let count = match &headers {
            Some(headers) => {
                words[7] = word(Kind::RD_KAFKA_VTYPE_HEADERS, |u| u.headers = headers.as_ptr());
                8
            }
            None => 7,
        };
        let mut waited = Duration::ZERO;
        loop {
            // SAFETY: every pointer in `words` lives for the call; key and value are copied by it; the headers are its
            // own on success only, and the same array may be given again after a failure.
            let error = unsafe { sys::rd_kafka_produceva(producer.as_ptr(), words.as_ptr(), count) };
            if error.is_null() {
                if let Some(headers) = headers {
                    headers.taken();
                }
                return Ok(());
            }
            // SAFETY: not null, freed here and not used again.
            let code = unsafe {
                let code = sys::rd_kafka_error_code(error);
                sys::rd_kafka_error_destroy(error);
                code
            };
            if code != Code::RD_KAFKA_RESP_ERR__QUEUE_FULL || waited >= QUEUE_FULL_TIMEOUT {
                return Err(self.write_error(code));
            }
            // Back-pressure: the worker stands still, so nothing is polled, so nothing grows.
            producer.serve(QUEUE_FULL_PAUSE);
            waited += QUEUE_FULL_PAUSE;
        }
    }

    fn write_error(&self, code: Code) -> WriteError {
        match code {
            Code::RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE => WriteError::Refused(format!(
                "MESSAGE_TOO_LARGE: more than the client's message.max.bytes for {}",
                self.topic.name
            )),
            Code::RD_KAFKA_RESP_ERR__FATAL | Code::RD_KAFKA_RESP_ERR__FENCED => WriteError::Failed(Failure {
                class: Class::Fatal,
                fenced: code == Code::RD_KAFKA_RESP_ERR__FENCED,
                message: format!("produce to {}: {}", self.topic.name, name(code)),
            }),
            // The state of the transaction forbids it (it is void already), or the queue stayed full.
            code => WriteError::Failed(Failure::new(
                Class::Abortable,
                format!("produce to {}: {}", self.topic.name, name(code)),
            )),
        }
    }
}

type Value = sys::rd_kafka_vu_s__bindgen_ty_1;

const fn empty_word() -> sys::rd_kafka_vu_t {
    sys::rd_kafka_vu_t { vtype: Kind::RD_KAFKA_VTYPE_END, u: Value { _pad: [0; 64] } }
}

fn word(kind: Kind, set: impl FnOnce(&mut Value)) -> sys::rd_kafka_vu_t {
    let mut word = empty_word();
    word.vtype = kind;
    set(&mut word.u);
    word
}

fn memory(kind: Kind, bytes: Option<&[u8]>) -> sys::rd_kafka_vu_t {
    word(kind, |u| {
        u.mem = sys::rd_kafka_vu_s__bindgen_ty_1__bindgen_ty_1 {
            ptr: bytes.map_or(std::ptr::null_mut(), |bytes| bytes.as_ptr().cast_mut().cast()),
            size: bytes.map_or(0, <[u8]>::len),
        };
    })
}
