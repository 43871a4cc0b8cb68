//! What must be known of a cluster before anything starts, and is watched while it runs: does a broker answer, do the
//! topics exist, with how many partitions and which limits, and are they still the same topics.

mod admin;
mod groups;

pub use groups::GroupMember;

use crate::client::Client;
use crate::consumer::{Queue, millis};
use crate::error::{KafkaError, name};
use rdkafka_sys as sys;
use rdkafka_sys::rd_kafka_resp_err_t as Code;
use std::ffi::CStr;
use std::ptr::{null, null_mut};
use std::time::{Duration, Instant};
use wasmill_config::Cluster;

/// An admin client of its own, so that a question never waits behind records.
pub struct Probe {
    queue: Queue,
    client: Client,
    mechanism: String,
    bootstrap_servers: String,
}

/// Why a question was not answered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProbeError {
    /// Nobody answered; waiting may help.
    #[error("no broker of {bootstrap_servers} answers: {message}")]
    Unreachable { bootstrap_servers: String, message: String },
    /// Brokers answered and refused us; waiting does not help.
    #[error("brokers of {bootstrap_servers} refuse {mechanism}: {message}")]
    Refused { bootstrap_servers: String, mechanism: String, message: String },
    /// We may not ask this.
    #[error("{call}: not allowed: {message}")]
    Denied { call: &'static str, message: String },
    /// The question itself failed.
    #[error("{call}: {message}")]
    Call { call: &'static str, message: String },
}

impl ProbeError {
    /// Whether asking again later may bring an answer.
    pub fn may_pass(&self) -> bool {
        matches!(self, ProbeError::Unreachable { .. } | ProbeError::Call { .. })
    }
}

/// What the brokers say about a topic.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TopicFacts {
    pub name: String,
    /// Another topic of the same name has another id (KIP-516).
    pub id: String,
    /// 0: there is no such topic.
    pub partitions: i32,
    pub settings: TopicSettings,
}

/// What a topic's configuration says; `None` where it may not be read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TopicSettings {
    /// `max.message.bytes`.
    pub bytes_max: Option<usize>,
    /// `cleanup.policy`: `compact`, `delete`, or both with a comma.
    pub cleanup_policy: Option<String>,
    /// `delete.retention.ms`: how long the deletion of a key can be read in a compacted topic.
    pub delete_retention_ms: Option<i64>,
}

/// A topic to create.
#[derive(Debug, Clone, Copy)]
pub struct NewTopic<'a> {
    pub name: &'a str,
    pub partitions: i32,
    /// `None`: the brokers' default.
    pub replication_factor: Option<u16>,
    /// Topic configurations by name.
    pub settings: &'a [(&'a str, &'a str)],
}

impl TopicFacts {
    pub fn exists(&self) -> bool {
        self.partitions > 0
    }
}

/// How long one round of asking for brokers takes before callbacks are served in between.
const REACH_ROUND: Duration = Duration::from_millis(100);

impl Probe {
    pub fn new(cluster: &Cluster) -> Result<Probe, KafkaError> {
        let client = Client::new(cluster, sys::rd_kafka_type_t::RD_KAFKA_PRODUCER, |_| Ok(()))?;
        let property = |name: &str| cluster.properties.get(name).map(|value| value.expose().to_owned());
        let mechanism = match property("sasl.mechanisms").or_else(|| property("sasl.mechanism")) {
            Some(mechanism) => format!("SASL {mechanism}"),
            None => property("security.protocol").unwrap_or_else(|| "plaintext".to_owned()),
        };
        let queue = Queue::of_client(&client);
        Ok(Probe { queue, client, mechanism, bootstrap_servers: cluster.bootstrap_servers.clone() })
    }

    /// Waits at most `timeout` for any broker.
    pub fn reach(&self, timeout: Duration) -> Result<(), ProbeError> {
        let deadline = Instant::now() + timeout;
        loop {
            let mut metadata = null();
            // SAFETY: the handle is alive; the answer is destroyed below.
            let code = unsafe {
                sys::rd_kafka_metadata(self.client.as_ptr(), 0, null_mut(), &mut metadata, millis(REACH_ROUND))
            };
            if code == Code::RD_KAFKA_RESP_ERR_NO_ERROR {
                // SAFETY: given to us by the call above.
                unsafe { sys::rd_kafka_metadata_destroy(metadata) };
                return Ok(());
            }
            self.refused()?;
            if Instant::now() >= deadline {
                let message = name(code).to_owned();
                return Err(ProbeError::Unreachable { bootstrap_servers: self.bootstrap_servers.clone(), message });
            }
        }
    }

    /// Facts about `names`, in their order; a missing topic has 0 partitions. Creates no topic.
    pub fn topics(&self, names: &[&str], timeout: Duration) -> Result<Vec<TopicFacts>, ProbeError> {
        let mut facts = admin::describe_topics(&self.client, &self.queue, names, timeout)?;
        let existing: Vec<&str> =
            facts.iter().filter(|topic| topic.exists()).map(|topic| topic.name.as_str()).collect();
        for (topic, settings) in admin::configurations(&self.client, &self.queue, &existing, timeout)? {
            if let Some(fact) = facts.iter_mut().find(|fact| fact.name == topic) {
                fact.settings = settings;
            }
        }
        Ok(facts)
    }

    /// Creates a topic; one of this name that is there already stays as it is.
    pub fn create_topic(&self, topic: &NewTopic<'_>, timeout: Duration) -> Result<(), ProbeError> {
        admin::create_topic(&self.client, &self.queue, topic, timeout)
    }

    /// The cluster's id.
    pub fn cluster_id(&self, timeout: Duration) -> Result<String, ProbeError> {
        // SAFETY: the handle is alive; the string is ours to free, with the library's own allocator.
        unsafe {
            let id = sys::rd_kafka_clusterid(self.client.as_ptr(), millis(timeout));
            if id.is_null() {
                let message = "no broker has said it in time".to_owned();
                return Err(ProbeError::Call { call: "ask for the cluster id", message });
            }
            let owned = CStr::from_ptr(id).to_string_lossy().into_owned();
            sys::rd_kafka_mem_free(self.client.as_ptr(), id.cast());
            Ok(owned)
        }
    }

    /// The processes of a group; a group that is not there has none.
    pub fn members(&self, group: &str, timeout: Duration) -> Result<Vec<GroupMember>, ProbeError> {
        groups::members(&self.client, &self.queue, group, timeout)
    }

    /// Like [`Probe::topics`] without the limits: cheap enough to ask every few seconds.
    pub fn identities(&self, names: &[&str], timeout: Duration) -> Result<Vec<TopicFacts>, ProbeError> {
        admin::describe_topics(&self.client, &self.queue, names, timeout)
    }

    /// Serves error callbacks and says whether one was a refusal.
    fn refused(&self) -> Result<(), ProbeError> {
        while let Some(event) = self.queue.poll(Duration::ZERO) {
            self.client.note_error(&event);
        }
        let refused = self.client.context().refused.lock().ok().and_then(|mut refused| refused.take());
        match refused {
            None => Ok(()),
            Some(message) => Err(ProbeError::Refused {
                bootstrap_servers: self.bootstrap_servers.clone(),
                mechanism: self.mechanism.clone(),
                message,
            }),
        }
    }
}
