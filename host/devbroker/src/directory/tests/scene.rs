//! A broker without sockets on a directory of its own, under a clock that stands still, and requests in a line each.

use std::collections::BTreeMap;

use bytes::BytesMut;
use kafka_protocol::ResponseError;
use kafka_protocol::messages::offset_commit_request::{OffsetCommitRequestPartition, OffsetCommitRequestTopic};
use kafka_protocol::messages::offset_fetch_request::OffsetFetchRequestTopic;
use kafka_protocol::messages::txn_offset_commit_request::{
    TxnOffsetCommitRequestPartition, TxnOffsetCommitRequestTopic,
};
use kafka_protocol::messages::{
    GroupId, OffsetCommitRequest, OffsetFetchRequest, ProducerId, RequestKind, ResponseKind, TopicName,
    TransactionalId, TxnOffsetCommitRequest,
};
use kafka_protocol::protocol::StrBytes;
use uuid::Uuid;

use crate::clock::{Clock, ManualClock, Moment};
use crate::core::{Caller, Core, Reply};
use crate::directory::{DirectoryError, Lock, snapshot};
use crate::log::batch::Header;
use crate::log::read::Isolation;
use crate::options::Options;

pub(super) const GROUP: &str = "g";
/// The topic whose positions are committed.
const INPUT: &str = "t";

type Producer = (i64, i16);

pub(super) struct Scene {
    pub(super) folder: tempfile::TempDir,
    pub(super) core: Core,
    options: Options,
}

impl Scene {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::Manual(ManualClock::new());
        let options = Options { directory: Some(folder.path().to_owned()), nodes: 3, clock, ..Options::default() };
        let core = started(&options).unwrap();
        Self { folder, core, options }
    }

    pub(super) fn start(&self) -> Result<Core, DirectoryError> {
        started(&self.options)
    }

    pub(super) fn restart(&mut self) {
        self.core.close();
        self.core = self.start().unwrap();
    }

    pub(super) fn now(&self) -> Moment {
        self.options.clock.now()
    }

    /// What a journal would hold that is written now.
    pub(super) fn snapshot(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        snapshot::write(&self.core, &mut bytes).unwrap();
        bytes
    }

    pub(super) fn topic(&mut self, name: &str, partitions: i32, configs: &[(&str, &str)]) -> Uuid {
        let configs: BTreeMap<_, _> =
            configs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        let id = self.core.cluster.create_topic(name, partitions, configs, false).unwrap();
        self.core.settle();
        id
    }

    pub(super) fn append(&mut self, topic: &str, partition: i32, batch: &BytesMut) -> Result<i64, ResponseError> {
        let now = self.now();
        let entry = self.core.cluster.topics.get_mut(topic).unwrap();
        let settings = entry.settings.clone();
        let header = Header::check(batch).unwrap();
        let appended = entry.partition_mut(partition).unwrap().append(&header, batch, &settings, now.wall_ms);
        self.core.settle();
        appended.map(|appended| appended.base_offset)
    }

    /// In the producer's transaction.
    pub(super) fn append_as(
        &mut self,
        id: &str,
        topic: &str,
        partition: i32,
        batch: &BytesMut,
    ) -> Result<i64, ResponseError> {
        let header = Header::check(batch).unwrap();
        let producer = (header.producer_id, header.producer_epoch);
        self.core.transactions.verify_partition(id, producer, (topic, partition))?;
        self.append(topic, partition, batch)
    }

    pub(super) fn init(&mut self, id: &str) -> Result<Producer, ResponseError> {
        let now = self.now();
        let made = self.core.transactions.init(id, 60_000, (-1, -1), now);
        self.settled(made)
    }

    pub(super) fn add(&mut self, id: &str, producer: Producer, topic: &str, partition: i32) {
        let now = self.now();
        let added = self.core.transactions.add_partitions(id, producer, [(topic.to_owned(), partition)], now);
        self.settled(added).unwrap();
    }

    pub(super) fn end(&mut self, id: &str, producer: Producer, commit: bool) -> Result<(), ResponseError> {
        let now = self.now();
        let ended = self.core.transactions.end(id, producer, commit, now);
        self.settled(ended)
    }

    fn settled<T>(&mut self, outcome: T) -> T {
        let now = self.now();
        while self.core.tick(now) {}
        self.core.settle();
        outcome
    }

    /// AddOffsetsToTxn and TxnOffsetCommit.
    pub(super) fn send_position(&mut self, id: &str, producer: Producer, partition: i32, offset: i64) {
        let now = self.now();
        self.core.transactions.add_group(id, producer, GROUP, now).unwrap();
        let partition =
            TxnOffsetCommitRequestPartition::default().with_partition_index(partition).with_committed_offset(offset);
        let topic = TxnOffsetCommitRequestTopic::default().with_name(name(INPUT)).with_partitions(vec![partition]);
        let request = TxnOffsetCommitRequest::default()
            .with_transactional_id(TransactionalId(text(id)))
            .with_group_id(GroupId(text(GROUP)))
            .with_producer_id(ProducerId(producer.0))
            .with_producer_epoch(producer.1)
            .with_generation_id(-1)
            .with_topics(vec![topic]);
        let Some(ResponseKind::TxnOffsetCommit(answer)) = self.ask(request.into(), 3) else { panic!("an answer") };
        assert_eq!(answer.topics[0].partitions[0].error_code, 0);
    }

    /// Of a consumer without a group.
    pub(super) fn commit(&mut self, partition: i32, offset: i64, metadata: &str) {
        let partition = OffsetCommitRequestPartition::default()
            .with_partition_index(partition)
            .with_committed_offset(offset)
            .with_committed_metadata(Some(text(metadata)));
        let topic = OffsetCommitRequestTopic::default().with_name(name(INPUT)).with_partitions(vec![partition]);
        let request = OffsetCommitRequest::default().with_group_id(GroupId(text(GROUP))).with_topics(vec![topic]);
        let Some(ResponseKind::OffsetCommit(answer)) = self.ask(request.into(), 7) else { panic!("an answer") };
        assert_eq!(answer.topics[0].partitions[0].error_code, 0);
    }

    /// Offset, metadata and error of the stable position.
    pub(super) fn position(&mut self, partition: i32) -> (i64, String, i16) {
        self.try_position(partition).expect("an answer")
    }

    pub(super) fn try_position(&mut self, partition: i32) -> Option<(i64, String, i16)> {
        let topic = OffsetFetchRequestTopic::default().with_name(name(INPUT)).with_partition_indexes(vec![partition]);
        let request = OffsetFetchRequest::default()
            .with_group_id(GroupId(text(GROUP)))
            .with_topics(Some(vec![topic]))
            .with_require_stable(true);
        let Some(ResponseKind::OffsetFetch(answer)) = self.ask(request.into(), 7) else { return None };
        let found = &answer.topics[0].partitions[0];
        Some((found.committed_offset, found.metadata.as_deref().unwrap_or_default().to_owned(), found.error_code))
    }

    fn ask(&mut self, request: RequestKind, version: i16) -> Option<ResponseKind> {
        let node = self.core.cluster.coordinator(&crate::cluster::Coordinated::Group(GROUP.to_owned()));
        let (client_id, client_host) = (text("client"), text("/127.0.0.1"));
        let caller = Caller { node, listeners: 0, version, client_id, client_host };
        let now = self.now();
        let reply = self.core.handle(&caller, request, now);
        self.core.settle();
        match reply {
            Reply::Now(answer) => Some(answer),
            Reply::Nothing => None,
            Reply::Later(mut answer) => answer.try_recv().ok(),
        }
    }
}

fn started(options: &Options) -> Result<Core, DirectoryError> {
    let lock = Lock::take(options.directory.as_deref().unwrap())?;
    let mut core = Core::new(options.clone(), 0);
    core.open(lock, "127.0.0.1:9092", options.clock.now())?;
    Ok(core)
}

/// How many committed records a reader finds.
pub(super) fn values(core: &Core, topic: &str, partition: i32) -> usize {
    let log = core.cluster.partition(topic, partition).unwrap();
    let slice = log.read(log.start, Isolation::Committed, usize::MAX, true).unwrap();
    crate::direct::visible(&slice, log.start).0.len()
}

fn text(text: &str) -> StrBytes {
    StrBytes::from_string(text.to_owned())
}

fn name(topic: &str) -> TopicName {
    TopicName(text(topic))
}
