//! The producer's side of the world: one transaction, invisible until it is committed, and the order in which it may be
//! used.

use crate::log::Entry;
use crate::rig;
use crate::world::{Fault, Stored, World};
use std::collections::BTreeSet;
use std::time::Duration;
use wasmill_record::{Class, Failure, InputPartition, Origin, Position, Refusal, Wire};

/// A record that is not committed yet.
#[derive(Debug, Clone)]
pub(crate) struct Written {
    pub(crate) topic: String,
    pub(crate) partition: i32,
    pub(crate) entry: Entry,
    pub(crate) origin: Origin,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    Writing,
    Drained,
    Positioned,
    Committed,
}

#[derive(Debug)]
pub(crate) struct Open {
    pub(crate) stage: Stage,
    pub(crate) written: Vec<Written>,
    /// `written` up to here has been acknowledged.
    acknowledged: usize,
    pub(crate) positions: Vec<(Position, String)>,
    /// Only an abort can end it.
    doomed: bool,
}

/// What the broker refuses for good.
pub type Refuses = Box<dyn Fn(&str, &Entry) -> bool + Send>;

/// The producer and its open transaction, and how the test wants them to behave.
#[derive(Default)]
pub struct Outlet {
    pub(crate) ready: bool,
    /// It failed fatally: nothing but `give_up` works.
    pub(crate) dead: bool,
    pub(crate) open: Option<Open>,
    /// Partitions with positions in a transaction whose producer was given up; settled by the next init.
    pub(crate) pending: BTreeSet<InputPartition>,
    pub(crate) wire: Wire,
    pub(crate) refusals: Vec<Refusal>,

    /// Refused by the broker: topic and record. Seen when the request is answered.
    pub refused_by_broker: Option<Refuses>,
    /// One refused record fails every record of its request, and the culprit is not named.
    pub refuse_whole_requests: bool,
    /// Refused before it left.
    pub refused_by_client: Option<Refuses>,
    /// The drain does not come to its end before this.
    pub corked_until: Duration,
}

impl Outlet {
    /// Whether something is open, or was and is not settled.
    pub fn is_busy(&self) -> bool {
        self.open.is_some() || !self.ready
    }

    /// Whether stable offsets of the partition can be had.
    pub fn is_stable(&self, partition: InputPartition) -> bool {
        let open = self.open.iter().flat_map(|open| &open.positions);
        !self.pending.contains(&partition) && open.into_iter().all(|(position, _)| position.partition != partition)
    }

    /// Applies to the open transaction what a failure does to it.
    pub(crate) fn suffer(&mut self, failure: &Failure) {
        match failure.class {
            Class::Abortable => {
                if let Some(open) = &mut self.open {
                    open.doomed = true;
                }
            }
            Class::Fatal => self.dead = true,
            Class::Retriable | Class::Unknown | Class::Guard => {}
        }
    }

    pub(crate) fn begin(&mut self) {
        self.wire = Wire::default();
        self.open = Some(Open {
            stage: Stage::Writing,
            written: Vec::new(),
            acknowledged: 0,
            positions: Vec::new(),
            doomed: false,
        });
    }

    /// The broker answers every request that is under way.
    pub(crate) fn acknowledge(&mut self) -> Result<(), Failure> {
        let Some(open) = &mut self.open else { return Ok(()) };
        if open.doomed {
            return Err(Failure::new(Class::Abortable, "the transaction can only be aborted"));
        }
        let request = &open.written[open.acknowledged..];
        let bad =
            |written: &Written| self.refused_by_broker.as_ref().is_some_and(|b| b(&written.topic, &written.entry));
        let refusal = |written: &Written| Refusal {
            origin: written.origin,
            error: "INVALID_RECORD".to_owned(),
            topic: written.topic.clone(),
        };
        if let Some(first) = request.iter().find(|written| bad(written)) {
            // Requests are per partition of a topic.
            let same = |written: &&Written| (&written.topic, written.partition) == (&first.topic, first.partition);
            self.refusals = match self.refuse_whole_requests {
                true => request.iter().filter(same).map(refusal).collect(),
                false => request.iter().filter(|written| bad(written)).map(refusal).collect(),
            };
            open.doomed = true;
            return Err(Failure::new(Class::Abortable, "a record was refused"));
        }
        self.wire.opened |= !open.written.is_empty();
        open.acknowledged = open.written.len();
        Ok(())
    }
}

impl World {
    /// What the broker does with an EndTxn that commits; `answer` is what the producer hears of it.
    pub(crate) fn end_transaction(&mut self, fault: Fault) -> Result<(), Failure> {
        self.outlet.wire.end_txn += fault.wire.end_txn;
        self.outlet.wire.disconnected |= fault.wire.disconnected;
        if fault.failure.is_none() || fault.applied {
            let doomed = self.outlet.open.as_ref().is_some_and(|open| open.doomed);
            if doomed {
                return Err(Failure::new(Class::Abortable, "the transaction can only be aborted"));
            }
            self.outlet.wire.end_txn = self.outlet.wire.end_txn.max(1);
            self.make_visible();
        }
        match fault.failure {
            Some(failure) => {
                self.outlet.suffer(&failure);
                Err(failure)
            }
            None => {
                self.outlet.open = None;
                Ok(())
            }
        }
    }

    /// Outputs and positions of the open transaction, all at once.
    fn make_visible(&mut self) {
        let Some(open) = &mut self.outlet.open else { return };
        if open.stage == Stage::Committed {
            return;
        }
        open.stage = Stage::Committed;
        if let Some((_, token)) = open.positions.first() {
            self.tokens.push(token.clone());
        }
        for Written { topic, partition, entry, .. } in open.written.drain(..) {
            self.outputs.entry((topic, partition)).or_default().push(entry);
        }
        for (position, token) in open.positions.drain(..) {
            self.positions.insert(position.partition, Stored { next: position.next, token });
        }
    }

    /// Whether the call may be made in a transaction that has come this far; notes it when not.
    pub(crate) fn must_be_open(&mut self, call: &str, stages: &[Stage]) -> Result<(), Failure> {
        if self.outlet.dead {
            return Err(Failure::new(Class::Fatal, "the producer has failed"));
        }
        let stage = self.outlet.open.as_ref().map(|open| open.stage);
        if self.outlet.ready && stage.is_some_and(|stage| stages.contains(&stage)) {
            return Ok(());
        }
        self.violation(&format!("{call} in stage {stage:?}, ready {}", self.outlet.ready));
        Err(Failure::new(Class::Unknown, format!("{call}: called out of order")))
    }

    /// The name of the topic of an output.
    pub(crate) fn output_topic(output: u16) -> String {
        format!("{}{output}", rig::OUTPUT_PREFIX)
    }
}
