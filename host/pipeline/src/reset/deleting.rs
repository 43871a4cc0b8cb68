//! The transactions of a reset: offsets without a token, deletions, the token.

use super::copy::{Copy, Key};
use super::tenure::Tenure;
use super::{PAUSE, PartitionPlan, ResetError, ResetPlan};
use crate::token;
use crate::topics::Topics;
use std::sync::Arc;
use std::time::{Duration, Instant};
use wasmill_kafka::{ProducerSettings, TransactionalSink};
use wasmill_record::{
    ChangelogPartition, Class, Clock, CommitOffset, Failure, InputPartition, Position, Sink, SystemClock, WriteError,
};

/// Keys of one transaction, and bytes of them: far from every timeout, and few enough transactions.
const KEYS_MAX: usize = 10_000;
const BYTES_MAX: usize = 8 << 20;

/// Nothing here waits for a batch to fill up.
const LINGER_MS: u64 = 5;

/// What stands in the place of a token while a reset is under way: a pipeline does not start there.
const NONE: &str = "";

pub(super) fn delete(
    config: &wasmill_config::Pipeline,
    topics: &Topics,
    tenure: &Tenure,
    copy: &Copy,
    plan: &ResetPlan,
    run: &str,
    begun: &mut bool,
) -> Result<(), ResetError> {
    let settings = ProducerSettings {
        cluster: config.cluster.clone(),
        // One for all resets of the group: the next one settles what this one leaves open.
        transactional_id: Some(format!("wasmill.{}.reset", config.group)),
        transaction_timeout: config.commit.transaction_timeout,
        linger_ms: LINGER_MS,
        record_bytes_max: topics.record_bytes_max(),
    };
    let sink = TransactionalSink::new(Arc::clone(tenure.consumer()), settings, Arc::new(topics.outputs(config)))?;
    let mut transactions = Transactions { sink, tenure, timeout: config.commit.transaction_timeout / 2 };
    let all: Vec<Position> = plan.partitions.iter().flat_map(positions).collect();
    // Whether it is in the log or not is not known after a failure.
    *begun = true;
    transactions.write(&[], 0, &all, NONE)?;
    for partition in &plan.partitions {
        let (number, positions) = (partition.partition, positions(partition));
        let mut after: Option<Key> = None;
        let mut transaction = 0;
        loop {
            let keys = copy.next(number, after.as_ref(), KEYS_MAX, BYTES_MAX)?;
            let last = keys.last().cloned();
            let is_last = match &last {
                Some(last) => copy.next(number, Some(last), 1, 1)?.is_empty(),
                None => true,
            };
            let token = token::of_reset(run, number, transaction, &token::changelogs_of(&copy.stores));
            transactions.write(&keys, number, &positions, if is_last { &token } else { NONE })?;
            if is_last {
                break;
            }
            (after, transaction) = (last, transaction + 1);
        }
        tracing::info!(group = config.group, partition = number, "state is reset");
    }
    Ok(())
}

fn positions(plan: &PartitionPlan) -> Vec<Position> {
    let inputs = (0..).zip(&plan.inputs);
    inputs
        .map(|(input, it)| Position {
            partition: InputPartition::new(input, plan.partition),
            next: CommitOffset::at(it.to),
        })
        .collect()
}

struct Transactions<'a> {
    sink: TransactionalSink,
    tenure: &'a Tenure,
    /// For each step.
    timeout: Duration,
}

impl Transactions<'_> {
    fn write(&mut self, keys: &[Key], partition: i32, positions: &[Position], token: &str) -> Result<(), ResetError> {
        let result = self.try_write(keys, partition, positions, token);
        if result.is_err() {
            // What can't be aborted now is, by the next reset or by its timeout.
            let _ = self.sink.abort(self.timeout);
            self.sink.give_up();
        }
        result
    }

    fn try_write(
        &mut self,
        keys: &[Key],
        partition: i32,
        positions: &[Position],
        token: &str,
    ) -> Result<(), ResetError> {
        // A repeated EndTxn may still be on its way, and would end the transaction that is begun now.
        if self.sink.wire().end_txn > 1 {
            self.sink.give_up();
        }
        self.step(|sink, timeout| sink.init(timeout))?;
        self.step(|sink, _| sink.begin())?;
        for (store, key) in keys {
            let of = ChangelogPartition { store: *store, partition };
            // Without a time: the stream's own must not be moved by it.
            match self.sink.change(of, key, None, None) {
                Ok(()) => {}
                Err(WriteError::Refused(message)) => return Err(ResetError::Transaction { message }),
                Err(WriteError::Failed(failure)) => return Err(failed(failure)),
            }
        }
        self.step(|sink, timeout| sink.drain(timeout))?;
        let membership = self.tenure.membership()?;
        self.step(|sink, timeout| sink.send_positions(positions, token, &membership, timeout))?;
        self.step(|sink, timeout| sink.commit(timeout))
    }

    /// A call that may be made again is, until its time is up.
    fn step(
        &mut self,
        mut call: impl FnMut(&mut TransactionalSink, Duration) -> Result<(), Failure>,
    ) -> Result<(), ResetError> {
        let deadline = Instant::now() + self.timeout;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match call(&mut self.sink, left.max(PAUSE)) {
                Ok(()) => return Ok(()),
                Err(failure) if failure.class == Class::Retriable && !left.is_zero() => SystemClock.rest(PAUSE),
                Err(failure) => return Err(failed(failure)),
            }
        }
    }
}

fn failed(failure: Failure) -> ResetError {
    ResetError::Transaction { message: failure.message }
}
