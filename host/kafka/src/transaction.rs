//! One Kafka transaction as types: what may be called next is what the type offers.
//!
//! ```text
//! Ready --begin--> Open --drain--> Drained --send_positions--> Positioned --commit--> Ready
//!                    \________________\______________________________\--abort--> Ready
//! ```
//! Positions are never sent before the drain: a new owner relies on everything a former one could still commit lying
//! below the high watermark it reads. Each move consumes the transaction; a failure gives it back where it stood, for the
//! caller to try again, abort, or drop the producer.

use crate::consumer::{Consumer, GroupMetadata, millis as ms};
use crate::error::check;
use crate::producer::Producer;
use rdkafka_sys as sys;
use std::marker::PhantomData;
use std::time::Duration;
use wasmill_record::{Class, CommitOffset, Failure, InputPartition};

pub(crate) struct Ready;
pub(crate) struct Open;
pub(crate) struct Drained;
pub(crate) struct Positioned;

pub(crate) struct Transaction<Stage> {
    producer: Producer,
    stage: PhantomData<Stage>,
}

type Moved<To, From> = Result<Transaction<To>, (Failure, Transaction<From>)>;

impl<Stage> Transaction<Stage> {
    pub(crate) fn producer(&self) -> &Producer {
        &self.producer
    }

    pub(crate) fn into_producer(self) -> Producer {
        self.producer
    }

    fn moved<To>(self, result: Result<(), Failure>) -> Moved<To, Stage> {
        match result {
            Ok(()) => Ok(Transaction { producer: self.producer, stage: PhantomData }),
            Err(failure) => Err((failure, self)),
        }
    }

    fn end_aborted(self, timeout: Duration) -> Moved<Ready, Stage> {
        let result = self.producer.abort(timeout);
        self.moved(result)
    }
}

impl Transaction<Ready> {
    /// Gets a producer id and settles what an earlier producer with this transactional id left open.
    pub(crate) fn init(producer: Producer, timeout: Duration) -> Result<Transaction<Ready>, (Failure, Producer)> {
        // SAFETY: the handle is alive; the error object is ours.
        match unsafe { check("init transactions", sys::rd_kafka_init_transactions(producer.as_ptr(), ms(timeout))) } {
            Ok(()) => Ok(Transaction { producer, stage: PhantomData }),
            Err(failure) => Err((failure, producer)),
        }
    }

    pub(crate) fn begin(self) -> Moved<Open, Ready> {
        self.producer.reset();
        // SAFETY: the handle is alive; the error object is ours.
        let result = unsafe { check("begin transaction", sys::rd_kafka_begin_transaction(self.producer.as_ptr())) };
        self.moved(result)
    }
}

impl Transaction<Open> {
    pub(crate) fn drain(self, timeout: Duration) -> Moved<Drained, Open> {
        let result = if self.producer.drain(timeout) {
            Ok(())
        } else {
            Err(Failure::new(Class::Retriable, "drain: records are still on their way"))
        };
        self.moved(result)
    }

    pub(crate) fn abort(self, timeout: Duration) -> Moved<Ready, Open> {
        self.end_aborted(timeout)
    }
}

impl Transaction<Drained> {
    pub(crate) fn send_positions(
        self,
        consumer: &Consumer,
        positions: &[(InputPartition, CommitOffset)],
        token: &str,
        membership: &GroupMetadata,
        timeout: Duration,
    ) -> Moved<Positioned, Drained> {
        let list = consumer.topics().list_at(positions.iter(), Some(token));
        // SAFETY: handle, list and metadata are alive for the call; the error object is ours.
        let result = unsafe {
            check(
                "send offsets",
                sys::rd_kafka_send_offsets_to_transaction(
                    self.producer.as_ptr(),
                    list.ptr(),
                    membership.as_ptr(),
                    ms(timeout),
                ),
            )
        };
        self.moved(result)
    }

    pub(crate) fn abort(self, timeout: Duration) -> Moved<Ready, Drained> {
        self.end_aborted(timeout)
    }
}

impl Transaction<Positioned> {
    pub(crate) fn commit(self, timeout: Duration) -> Moved<Ready, Positioned> {
        // SAFETY: the handle is alive; the error object is ours. Its inner flush finds nothing after our drain.
        let result = unsafe {
            check("commit transaction", sys::rd_kafka_commit_transaction(self.producer.as_ptr(), ms(timeout)))
        };
        self.moved(result)
    }

    pub(crate) fn abort(self, timeout: Duration) -> Moved<Ready, Positioned> {
        self.end_aborted(timeout)
    }
}
