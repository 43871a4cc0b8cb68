//! The few questions that starting a cluster needs: who is there, who leads, create this topic.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow};
use rdkafka::ClientContext;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::Client as KafkaClient;
use rdkafka::config::{ClientConfig, RDKafkaLogLevel};
use rdkafka::error::KafkaError;

use crate::wait;

/// One question; asked again until the caller's own deadline.
const ASK_TIMEOUT: Duration = Duration::from_secs(1);
/// Creating a topic right after the start also waits for the controller.
const TOPIC_TIMEOUT: Duration = Duration::from_secs(30);

/// Refused connections are what a start looks like; they are not worth a line.
struct Silent;

impl ClientContext for Silent {
    fn log(&self, _: RDKafkaLogLevel, _: &str, _: &str) {}
    fn error(&self, _: KafkaError, _: &str) {}
}

pub(crate) struct Client {
    admin: AdminClient<Silent>,
}

impl Client {
    pub(crate) fn new(bootstrap: &str) -> anyhow::Result<Client> {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", bootstrap);
        // The default waits up to 10 s between connections, longer than a start takes.
        config.set("reconnect.backoff.ms", "20").set("reconnect.backoff.max.ms", "100");
        Ok(Client { admin: config.create_with_context(Silent)? })
    }

    fn kafka(&self) -> &KafkaClient<Silent> {
        self.admin.inner()
    }

    /// Whether `broker` is among at least `brokers` brokers, and, with `leaders`, every partition has a leader.
    pub(crate) fn is_ready(&self, broker: i32, brokers: usize, leaders: bool) -> bool {
        let Ok(metadata) = self.kafka().fetch_metadata(None, ASK_TIMEOUT) else { return false };
        let there = metadata.brokers().iter().any(|it| it.id() == broker) && metadata.brokers().len() >= brokers;
        let mut partitions = metadata.topics().iter().flat_map(|topic| topic.partitions());
        there && (!leaders || partitions.all(|partition| partition.leader() >= 0))
    }

    /// Creates a topic and waits until each of its partitions has a leader.
    pub(crate) fn create_topic(
        &self,
        name: &str,
        partitions: i32,
        replicas: i32,
        configs: &[(&str, &str)],
    ) -> anyhow::Result<()> {
        let mut topic = NewTopic::new(name, partitions, TopicReplication::Fixed(replicas));
        topic.config.extend_from_slice(configs);
        let options = AdminOptions::new().request_timeout(Some(TOPIC_TIMEOUT));
        let created = block_on(self.admin.create_topics([&topic], &options), TOPIC_TIMEOUT * 2)
            .context("no answer")
            .and_then(|outcome| Ok(outcome?));
        for outcome in created.with_context(|| format!("failed to create topic `{name}`"))? {
            outcome.map_err(|(_, code)| anyhow!("failed to create topic `{name}`: {code}"))?;
        }
        let wanted = usize::try_from(partitions)?;
        wait::until(TOPIC_TIMEOUT, || Ok(self.leaders(name).filter(|leaders| *leaders == wanted)))?
            .with_context(|| format!("topic `{name}` had no leader for each partition after {TOPIC_TIMEOUT:?}"))?;
        Ok(())
    }

    /// How many partitions of a topic have a leader.
    fn leaders(&self, topic: &str) -> Option<usize> {
        let metadata = self.kafka().fetch_metadata(Some(topic), ASK_TIMEOUT).ok()?;
        let topic = metadata.topics().first()?;
        Some(topic.partitions().iter().filter(|it| it.leader() >= 0 && it.error().is_none()).count())
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Runs a future on this thread; `None` when it is not done after the timeout.
fn block_on<F: Future>(future: F, timeout: Duration) -> Option<F::Output> {
    let deadline = Instant::now() + timeout;
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut task = TaskContext::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut task) {
            return Some(output);
        }
        let left = deadline.checked_duration_since(Instant::now())?;
        std::thread::park_timeout(left);
    }
}
