//! One Kafka transaction as types: what may be called next is what the type offers.
//!
//! ```text
//! Ready --begin--> Open --drain--> Drained --send_positions--> Positioned --commit--> Ready
//!                    \________________\______________________________\--abort--> Ready
//! ```
//! Positions are never sent before the drain: a new owner relies on everything a former one could still commit lying
//! below the high watermark it reads. Each move consumes the transaction; a failure gives it back where it stood, for the
//! caller to try again, abort, or drop the producer.

use crate::bounded::Caller;
use crate::consumer::{Consumer, GroupMetadata};
use crate::error::check;
use crate::producer::Producer;
use rdkafka_sys as sys;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;
use wasmill_record::{Class, CommitOffset, Failure, InputPartition};

pub(crate) struct Ready;
pub(crate) struct Open;
pub(crate) struct Drained;
pub(crate) struct Positioned;

pub(crate) struct Transaction<Stage> {
    producer: Arc<Producer>,
    caller: Caller,
    stage: PhantomData<Stage>,
}

type Moved<To, From> = Result<Transaction<To>, (Failure, Transaction<From>)>;

impl<Stage> Transaction<Stage> {
    pub(crate) fn producer(&self) -> &Producer {
        &self.producer
    }

    pub(crate) fn into_producer(self) -> Arc<Producer> {
        self.producer
    }

    fn moved<To>(self, result: Result<(), Failure>) -> Moved<To, Stage> {
        match result {
            Ok(()) => Ok(Transaction { producer: self.producer, caller: self.caller, stage: PhantomData }),
            Err(failure) => Err((failure, self)),
        }
    }

    fn end_aborted(mut self, timeout: Duration) -> Moved<Ready, Stage> {
        let result = self.caller.call("abort transaction", &self.producer, timeout, move |p| p.abort(timeout));
        self.moved(result)
    }
}

impl Transaction<Ready> {
    /// Gets a producer id and settles what an earlier producer with this transactional id left open.
    pub(crate) fn init(
        producer: Arc<Producer>,
        timeout: Duration,
    ) -> Result<Transaction<Ready>, (Failure, Arc<Producer>)> {
        let mut caller = Caller::new();
        match caller.call("init transactions", &producer, timeout, move |p| p.init(timeout)) {
            Ok(()) => Ok(Transaction { producer, caller, stage: PhantomData }),
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
        mut self,
        consumer: &Consumer,
        positions: &[(InputPartition, CommitOffset)],
        token: &str,
        membership: &GroupMetadata,
        timeout: Duration,
    ) -> Moved<Positioned, Drained> {
        let list = consumer.topics().list_at(positions.iter(), Some(token));
        let membership = membership.clone();
        let send = move |p: &Producer| p.send_offsets(&list, &membership, timeout);
        let result = self.caller.call("send offsets", &self.producer, timeout, send);
        self.moved(result)
    }

    pub(crate) fn abort(self, timeout: Duration) -> Moved<Ready, Drained> {
        self.end_aborted(timeout)
    }
}

impl Transaction<Positioned> {
    pub(crate) fn commit(mut self, timeout: Duration) -> Moved<Ready, Positioned> {
        let result = self.caller.call("commit transaction", &self.producer, timeout, move |p| p.commit(timeout));
        self.moved(result)
    }

    pub(crate) fn abort(self, timeout: Duration) -> Moved<Ready, Positioned> {
        self.end_aborted(timeout)
    }
}
