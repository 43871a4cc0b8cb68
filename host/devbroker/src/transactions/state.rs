//! One transactional id: what the coordinator remembers of it.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use kafka_protocol::ResponseError;
use serde::{Deserialize, Serialize};

use super::ProducerId;
use crate::clock::Moment;

/// The last epoch but one: the last is kept to fence with.
const EPOCH_MAX: i16 = i16::MAX - 1;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum State {
    Empty,
    Ongoing,
    PrepareCommit,
    PrepareAbort,
    CompleteCommit,
    CompleteAbort,
}

#[derive(Debug)]
pub(crate) struct Transaction {
    pub(crate) producer_id: i64,
    /// -1: not initialised yet.
    pub(crate) epoch: i16,
    /// The epoch before the last InitProducerId that named its own: such a request may come twice.
    pub(crate) last_epoch: i16,
    pub(crate) timeout_ms: i32,
    pub(crate) state: State,
    pub(crate) partitions: BTreeSet<(String, i32)>,
    pub(crate) groups: BTreeSet<String>,
    pub(crate) began: Option<Moment>,
}

impl Transaction {
    pub(crate) fn new(producer_id: i64) -> Self {
        Self {
            producer_id,
            epoch: -1,
            last_epoch: -1,
            timeout_ms: 0,
            state: State::Empty,
            partitions: BTreeSet::new(),
            groups: BTreeSet::new(),
            began: None,
        }
    }

    /// The next incarnation of the producer, and whether it took the spare id because the epochs were used up.
    ///
    /// # Errors
    /// PRODUCER_FENCED: the client is not the present incarnation.
    pub(crate) fn renew(
        &mut self,
        expected: ProducerId,
        spare_producer_id: i64,
    ) -> Result<(ProducerId, bool), ResponseError> {
        let named = expected.1 >= 0;
        let is_repeated = named && self.epoch >= 0 && expected.1 == self.last_epoch;
        if named && self.epoch >= 0 && expected.1 != self.epoch && !is_repeated {
            return Err(ResponseError::ProducerFenced);
        }
        let exhausted = self.epoch >= EPOCH_MAX;
        if exhausted && !is_repeated {
            self.producer_id = spare_producer_id;
            (self.epoch, self.last_epoch) = (0, -1);
        } else if !is_repeated {
            self.last_epoch = if named { self.epoch } else { -1 };
            self.epoch += 1;
        }
        self.clear();
        self.state = State::Empty;
        Ok(((self.producer_id, self.epoch), exhausted && !is_repeated))
    }

    pub(crate) fn begin(&mut self, now: Moment) {
        if self.state != State::Ongoing {
            self.state = State::Ongoing;
            self.began = Some(now);
        }
    }

    /// Every marker is written.
    pub(crate) fn complete(&mut self) {
        self.state = match self.state {
            State::PrepareCommit => State::CompleteCommit,
            State::PrepareAbort => State::CompleteAbort,
            other => return self.state = other,
        };
        self.clear();
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        let timeout = Duration::from_millis(u64::try_from(self.timeout_ms).unwrap_or_default());
        Some(self.began?.at + timeout)
    }

    fn clear(&mut self) {
        self.partitions.clear();
        self.groups.clear();
        self.began = None;
    }
}
