//! A worker's outlet into the world's output logs. Strict: what is called out of order is noted as a violation.

use crate::log::{Entry, MemoryBatch};
use crate::outlet::{Stage, Written};
use crate::rig;
use crate::world::{Call, World};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use wasmill_record::{
    Batch, ChangelogEnd, ChangelogPartition, Class, CommitOffset, DeadLetter, Emission, Failure, Field, InputPartition,
    Membership, Origin, Position, Refusal, Reply, Sink, Wire, WriteError,
};

pub struct MemorySink {
    world: Arc<Mutex<World>>,
}

/// Generation, and whether there is a member id.
#[derive(Debug, Clone, Copy)]
pub struct Member(i32, bool);

impl Membership for Member {
    fn generation(&self) -> i32 {
        self.0
    }

    fn has_member_id(&self) -> bool {
        self.1
    }
}

impl MemorySink {
    pub fn new(world: Arc<Mutex<World>>) -> MemorySink {
        MemorySink { world }
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, topic: String, partition: i32, entry: Entry, origin: Origin) -> Result<(), WriteError> {
        let mut world = self.world();
        let fault = world.call(Call::Write);
        world.must_be_open("write", &[Stage::Writing]).map_err(WriteError::Failed)?;
        if let Some(failure) = fault.failure {
            world.outlet.suffer(&failure);
            return Err(WriteError::Failed(failure));
        }
        if world.outlet.refused_by_client.as_ref().is_some_and(|refuses| refuses(&topic, &entry)) {
            return Err(WriteError::Refused("larger than max.message.bytes".to_owned()));
        }
        if let Some(open) = &mut world.outlet.open {
            open.written.push(Written { topic, partition, entry, origin });
        }
        Ok(())
    }
}

impl Sink<MemoryBatch> for MemorySink {
    type Membership = Member;

    fn init(&mut self, _timeout: Duration) -> Result<(), Failure> {
        let mut world = self.world();
        let fault = world.call(Call::Init);
        if world.outlet.open.is_some() {
            world.violation("init within a transaction");
        }
        match fault.failure {
            Some(failure) => Err(failure),
            None => {
                world.outlet.pending.clear();
                world.outlet.ready = true;
                world.outlet.dead = false;
                Ok(())
            }
        }
    }

    fn begin(&mut self) -> Result<(), Failure> {
        let mut world = self.world();
        let fault = world.call(Call::Begin);
        if world.outlet.dead {
            return Err(Failure::new(Class::Fatal, "the producer has failed"));
        }
        if !world.outlet.ready || world.outlet.open.is_some() {
            world.violation("begin without a producer or within a transaction");
            return Err(Failure::new(Class::Unknown, "begin: called out of order"));
        }
        if let Some(failure) = fault.failure {
            world.outlet.suffer(&failure);
            return Err(failure);
        }
        world.outlet.begin();
        Ok(())
    }

    fn forward(&mut self, batch: &mut MemoryBatch, at: usize, output: u16, origin: Origin) -> Result<(), WriteError> {
        let entry = Entry { offset: 0, ..(*batch.entries[at]).clone() };
        self.write(World::output_topic(output), batch.partition.partition, entry, origin)
    }

    fn emit(
        &mut self,
        batch: &MemoryBatch,
        at: usize,
        emission: &Emission,
        reply: &Reply,
        origin: Origin,
    ) -> Result<(), WriteError> {
        let input = &batch.entries[at];
        let field = |field: Field, inherited: &Option<Vec<u8>>| match field {
            Field::Inherit => inherited.clone(),
            Field::Null => None,
            Field::Bytes(span) => reply.slice(span).map(<[u8]>::to_vec),
        };
        let mut headers = if emission.inherit_headers { input.headers.clone() } else { Vec::new() };
        for header in reply.headers(emission.headers).unwrap_or_default() {
            let bytes = |span| reply.slice(span).map(<[u8]>::to_vec);
            headers.push((bytes(header.name).unwrap_or_default(), header.value.and_then(bytes)));
        }
        let entry = Entry {
            offset: 0,
            key: field(emission.key, &input.key),
            value: field(emission.value, &input.value),
            headers,
            timestamp: emission.timestamp.or(input.timestamp),
        };
        let partition = emission.partition.unwrap_or(batch.partition.partition);
        self.write(World::output_topic(emission.output), partition, entry, origin)
    }

    fn dead_letter(
        &mut self,
        batch: &MemoryBatch,
        at: usize,
        letter: &DeadLetter<'_>,
        origin: Origin,
    ) -> Result<(), WriteError> {
        let mut entry = Entry { offset: 0, ..(*batch.entries[at]).clone() };
        if letter.truncated {
            entry.value = None;
        }
        for (name, value) in letter.headers {
            entry.headers.push((name.as_bytes().to_vec(), Some(value.to_vec())));
        }
        self.write(rig::DEAD_LETTERS.to_owned(), batch.partition().partition, entry, origin)
    }

    fn change(
        &mut self,
        of: ChangelogPartition,
        key: &[u8],
        value: Option<&[u8]>,
        timestamp: Option<i64>,
    ) -> Result<(), WriteError> {
        let value = value.map(<[u8]>::to_vec);
        let entry = Entry { offset: 0, key: Some(key.to_vec()), value, headers: Vec::new(), timestamp };
        self.write(World::changelog_topic(of.store), of.partition, entry, Origin::changelog(of))
    }

    fn changelog_ends(&mut self) -> Vec<ChangelogEnd> {
        let world = self.world();
        let Some(open) = &world.outlet.open else { return Vec::new() };
        let mut ends: BTreeMap<(u16, i32), i64> = BTreeMap::new();
        for written in &open.written {
            let Some(ChangelogPartition { store, partition }) = written.origin.as_changelog() else { continue };
            let before = world.outputs.get(&(written.topic.clone(), partition)).map_or(0, Vec::len) as i64;
            *ends.entry((store, partition)).or_insert(before) += 1;
        }
        let end = |((store, partition), next)| ChangelogEnd { store, partition, next: CommitOffset::at(next) };
        ends.into_iter().map(end).collect()
    }

    fn poll(&mut self) {}

    fn flush(&mut self, _timeout: Duration) -> Result<(), Failure> {
        let mut world = self.world();
        let fault = world.call(Call::Flush);
        world.must_be_open("flush", &[Stage::Writing])?;
        if let Some(failure) = fault.failure {
            world.outlet.suffer(&failure);
            return Err(failure);
        }
        world.outlet.acknowledge()
    }

    fn drain(&mut self, _timeout: Duration) -> Result<(), Failure> {
        let mut world = self.world();
        let fault = world.call(Call::Drain);
        world.must_be_open("drain", &[Stage::Writing])?;
        if let Some(failure) = fault.failure {
            world.outlet.suffer(&failure);
            return Err(failure);
        }
        if world.clock.passed() < world.outlet.corked_until {
            return Err(Failure::new(Class::Retriable, "corked"));
        }
        world.outlet.acknowledge()?;
        if let Some(open) = &mut world.outlet.open {
            open.stage = Stage::Drained;
        }
        Ok(())
    }

    fn take_refusals(&mut self) -> Vec<Refusal> {
        std::mem::take(&mut self.world().outlet.refusals)
    }

    fn membership(&self) -> Member {
        let (generation, member) = self.world().membership;
        Member(generation, member)
    }

    fn send_positions(
        &mut self,
        positions: &[Position],
        token: &str,
        membership: &Member,
        _timeout: Duration,
    ) -> Result<(), Failure> {
        let mut world = self.world();
        let fault = world.call(Call::Send);
        world.must_be_open("send_positions", &[Stage::Drained])?;
        if positions.is_empty() {
            world.violation("send_positions without any");
        }
        if membership.generation() < 0 || !membership.has_member_id() {
            world.violation("send_positions with metadata of no member");
        }
        if let Some(failure) = fault.failure {
            world.outlet.suffer(&failure);
            return Err(failure);
        }
        if let Some(open) = &mut world.outlet.open {
            open.positions = positions.iter().map(|position| (*position, token.to_owned())).collect();
            open.stage = Stage::Positioned;
        }
        world.outlet.wire.opened = true;
        Ok(())
    }

    fn commit(&mut self, _timeout: Duration) -> Result<(), Failure> {
        let mut world = self.world();
        let fault = world.call(Call::Commit);
        // A commit whose answer was lost may be asked for again.
        world.must_be_open("commit", &[Stage::Positioned, Stage::Committed])?;
        world.end_transaction(fault)
    }

    fn abort(&mut self, _timeout: Duration) -> Result<(), Failure> {
        let mut world = self.world();
        let fault = world.call(Call::Abort);
        world.must_be_open("abort", &[Stage::Writing, Stage::Drained, Stage::Positioned])?;
        world.outlet.wire.end_txn += fault.wire.end_txn;
        if let Some(failure) = fault.failure {
            world.outlet.suffer(&failure);
            return Err(failure);
        }
        world.outlet.open = None;
        Ok(())
    }

    fn wire(&self) -> Wire {
        self.world().outlet.wire
    }

    fn give_up(&mut self) {
        let mut world = self.world();
        world.note(Call::GiveUp);
        if let Some(open) = world.outlet.open.take() {
            let pending = open.positions.iter().map(|(position, _)| position.partition);
            world.outlet.pending.extend(pending);
        }
        world.outlet.ready = false;
        world.outlet.dead = false;
        world.outlet.refusals.clear();
    }

    fn committed_tokens(
        &mut self,
        partitions: &[InputPartition],
        _timeout: Duration,
    ) -> Result<Vec<Option<String>>, Failure> {
        let mut world = self.world();
        if let Some(failure) = world.call(Call::Tokens).failure {
            return Err(failure);
        }
        Ok(partitions.iter().map(|p| world.positions.get(p).map(|stored| stored.token.clone())).collect())
    }
}
