//! Topics.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use rdkafka::admin::{AdminClient, AdminOptions, NewPartitions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::error::RDKafkaErrorCode;

use super::{WITHIN, config, position, wait_until};

/// Creates a topic with one replica and waits until every partition has a leader.
///
/// # Panics
/// The broker refuses.
#[track_caller]
pub fn create_topic(bootstrap: &str, name: &str, partitions: i32, configs: &[(&str, &str)]) {
    try_create_topic(bootstrap, name, partitions, configs).expect("the topic was not created");
}

/// Deletes a group without members, and its offsets.
///
/// # Panics
/// It does not work within [`WITHIN`].
#[track_caller]
pub fn delete_group(bootstrap: &str, group: &str) {
    let admin: AdminClient<DefaultClientContext> = config(bootstrap, &[]).create().expect("an admin client");
    wait_until(&format!("the end of the group `{group}`"), || {
        let answers = block_on(admin.delete_groups(&[group], &options())).expect("the broker answered");
        // A member that has left may not have been noticed yet.
        answers.into_iter().next().expect("an answer per group").is_ok()
    });
}

/// As [`create_topic`].
///
/// # Errors
/// The broker's answer.
pub fn try_create_topic(
    bootstrap: &str,
    name: &str,
    partitions: i32,
    configs: &[(&str, &str)],
) -> Result<(), RDKafkaErrorCode> {
    let admin: AdminClient<DefaultClientContext> = config(bootstrap, &[]).create().expect("an admin client");
    let mut topic = NewTopic::new(name, partitions, TopicReplication::Fixed(1));
    for (name, value) in configs {
        topic = topic.set(name, value);
    }
    let answers = block_on(admin.create_topics([&topic], &options())).expect("the broker answered");
    answers.into_iter().next().expect("an answer per topic").map_err(|(_, code)| code)?;
    wait_for_leaders(&admin, name, partitions);
    Ok(())
}

/// Deletes a topic and waits until no broker knows it.
///
/// # Panics
/// The broker refuses.
#[track_caller]
pub fn delete_topic(bootstrap: &str, name: &str) {
    let admin: AdminClient<DefaultClientContext> = config(bootstrap, &[]).create().expect("an admin client");
    let answers = block_on(admin.delete_topics(&[name], &options())).expect("the broker answered");
    answers.into_iter().next().expect("an answer per topic").expect("the topic was not deleted");
    wait_until(&format!("the end of `{name}`"), || {
        let metadata = admin.inner().fetch_metadata(Some(name), WITHIN).expect("metadata");
        metadata.topics().iter().all(|topic| topic.partitions().is_empty())
    });
}

/// Gives a topic more partitions, `partitions` in all, and waits until each has a leader.
///
/// # Panics
/// The broker refuses.
#[track_caller]
pub fn add_partitions(bootstrap: &str, name: &str, partitions: i32) {
    let admin: AdminClient<DefaultClientContext> = config(bootstrap, &[]).create().expect("an admin client");
    let more = NewPartitions::new(name, usize::try_from(partitions).expect("a count"));
    let answers = block_on(admin.create_partitions([&more], &options())).expect("the broker answered");
    answers.into_iter().next().expect("an answer per topic").expect("no partitions were added");
    wait_for_leaders(&admin, name, partitions);
}

/// Deletes the records of a partition before `offset`.
///
/// # Panics
/// The broker refuses.
#[track_caller]
pub fn delete_records(bootstrap: &str, topic: &str, partition: i32, offset: i64) {
    let admin: AdminClient<DefaultClientContext> = config(bootstrap, &[]).create().expect("an admin client");
    let answer = block_on(admin.delete_records(&position(topic, partition, offset), &options()));
    let answer = answer.expect("the broker answered");
    answer.elements().iter().for_each(|element| element.error().expect("no records were deleted"));
}

fn options() -> AdminOptions {
    AdminOptions::new().request_timeout(Some(WITHIN)).operation_timeout(Some(WITHIN))
}

fn wait_for_leaders(admin: &AdminClient<DefaultClientContext>, name: &str, partitions: i32) {
    wait_until(&format!("leaders of `{name}`"), || {
        let metadata = admin.inner().fetch_metadata(Some(name), WITHIN).expect("metadata");
        let found = metadata.topics().iter().flat_map(|topic| topic.partitions());
        found.filter(|partition| partition.leader() >= 0).count() == usize::try_from(partitions).unwrap_or(usize::MAX)
    });
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// The admin client answers by futures only, completed on a thread of its own: this thread sleeps until then.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let deadline = Instant::now() + 2 * WITHIN;
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return value;
        }
        assert!(Instant::now() < deadline, "the admin client did not answer");
        thread::park_timeout(Duration::from_secs(1));
    }
}
