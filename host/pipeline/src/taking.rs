//! Finding where a taken partition starts: stable committed offsets first, the start policy where there are none (R3.3).
//!
//! Runs on a thread of its own, because an offset may stay unstable for as long as somebody's open transaction; one that
//! does must not hold up the others. The inputs of one partition start together, once all of their offsets are known. Where
//! the pipeline keeps state, `restoring` comes between the offsets and the start.

use crate::command::{Command, WorkerHandle};
use crate::handover::Take;
use crate::restoring::Restore;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use wasmill_config::Start;
use wasmill_record::{CommitOffset, Committed, Failure, Group, InputPartition};
use wasmill_settle::Books;
use wasmill_telemetry::PipelineMetrics;

/// One question about all partitions of a take; most often it is enough.
const ALL_TIMEOUT: Duration = Duration::from_millis(1000);

/// One question about one partition, when another one was unstable.
const ONE_TIMEOUT: Duration = Duration::from_millis(300);

const WATERMARK_TIMEOUT: Duration = Duration::from_secs(2);

/// Pause before asking again about partitions that were not answered.
const ASK_AGAIN: Duration = Duration::from_millis(50);

/// A partition whose start is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ready {
    pub partition: InputPartition,
    pub epoch: u64,
    pub at: CommitOffset,
    /// Nothing was committed: found by the start policy.
    pub by_policy: bool,
}

/// Tells workers what to start, when that is still wanted.
pub struct Tell<G> {
    pub group: Arc<G>,
    pub books: Arc<Mutex<Books>>,
    pub workers: Vec<WorkerHandle>,
    pub metrics: PipelineMetrics,
}

impl<G: Group> Tell<G> {
    /// Whether they are still to be started: the inputs of one partition, so all of them or none.
    pub(crate) fn wants(&self, ready: &[Ready]) -> bool {
        let books = self.books.lock().unwrap_or_else(PoisonError::into_inner);
        ready.iter().all(|ready| books.is_taking(ready.partition, ready.epoch))
    }

    /// `state`: theirs, where the pipeline keeps any.
    pub(crate) fn start(&self, ready: &[Ready], state: Option<&Arc<wasmill_state::Partition>>, since: Instant) {
        let is_wanted = {
            let mut books = self.books.lock().unwrap_or_else(PoisonError::into_inner);
            ready.iter().all(|ready| books.started(ready.partition, ready.epoch))
        };
        let worker = ready.first().map_or(0, |ready| ready.partition.worker(self.workers.len()));
        let Some(handle) = self.workers.get(worker).filter(|_| is_wanted) else { return };
        for Ready { partition, epoch, at, by_policy } in ready.iter().copied() {
            handle.tell(Command::Start { partition, epoch, at, by_policy, state: state.cloned() });
        }
        self.group.wake(worker);
        self.metrics.take_duration.observe(since.elapsed().as_secs_f64());
    }
}

pub struct Taking<G> {
    pub tell: Arc<Tell<G>>,
    pub takes: Receiver<Take>,
    /// Where partitions go whose state has to be restored first; `None`: the pipeline keeps none.
    pub restores: Option<Sender<Restore>>,
    /// Start policy of each input.
    pub start: Vec<Start>,
    /// Partitions of each input, as known at start.
    pub partitions: Vec<i32>,
    /// Whether the group had begun when it was first asked, by input: asked once, because our own first commits would
    /// make partitions that are looked up later look like new ones.
    pub begun: Mutex<BTreeMap<u16, bool>>,
}

/// A partition of every input, whose start positions are not known yet. As many as there are partitions.
#[derive(Debug, Clone)]
struct Wanted {
    partitions: Vec<InputPartition>,
    epoch: u64,
    since: Instant,
}

impl<G: Group> Taking<G> {
    /// Until every sender of takes is gone.
    pub fn run(&self) {
        let mut wanted: Vec<Wanted> = Vec::new();
        loop {
            let next = if wanted.is_empty() {
                self.takes.recv().map_err(|_| RecvTimeoutError::Disconnected)
            } else {
                self.takes.recv_timeout(ASK_AGAIN)
            };
            match next {
                Ok(take) => {
                    wanted.extend(by_number(take));
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            self.round(&mut wanted);
        }
    }

    /// Starts what can be started and keeps the rest.
    fn round(&self, wanted: &mut Vec<Wanted>) {
        wanted.retain(|want| self.is_taking(want));
        let partitions: Vec<InputPartition> = wanted.iter().flat_map(|want| want.partitions.iter().copied()).collect();
        if partitions.is_empty() {
            return;
        }
        if let Ok(offsets) = self.tell.group.stable_offsets(&partitions, ALL_TIMEOUT) {
            let mut offsets = offsets.into_iter();
            wanted.retain(|want| {
                let theirs: Vec<_> = offsets.by_ref().take(want.partitions.len()).collect();
                !self.start(want, &theirs)
            });
            return;
        }
        wanted.retain(|want| {
            if !self.is_taking(want) {
                return false;
            }
            match self.tell.group.stable_offsets(&want.partitions, ONE_TIMEOUT) {
                Ok(offsets) => !self.start(want, &offsets),
                Err(failure) => {
                    let waited_ms = want.since.elapsed().as_millis() as u64;
                    tracing::debug!(partitions = ?want.partitions, waited_ms, "no stable offsets yet: {failure}");
                    true
                }
            }
        });
    }

    /// Passes on where each input starts; whether that is done with.
    fn start(&self, want: &Wanted, committed: &[Option<Committed>]) -> bool {
        let mut ready = Vec::with_capacity(want.partitions.len());
        for (partition, committed) in want.partitions.iter().copied().zip(committed) {
            let (at, by_policy) = match committed {
                Some(committed) => (committed.at, false),
                None => match self.by_policy(partition) {
                    Ok(at) => (at, true),
                    Err(failure) => {
                        tracing::debug!(%partition, "no start position yet: {failure}");
                        return false;
                    }
                },
            };
            ready.push(Ready { partition, epoch: want.epoch, at, by_policy });
        }
        match &self.restores {
            None => self.tell.start(&ready, None, want.since),
            // Closed only when the pipeline is being taken down.
            Some(restores) => {
                let restore = Restore { ready, token: token(committed), since: want.since, short_since: None };
                drop(restores.send(restore));
            }
        }
        true
    }

    /// Where a partition without a committed offset starts. One that appeared after the group had begun starts at its
    /// first record whatever the policy says: records written before we knew of it are not to be skipped.
    fn by_policy(&self, partition: InputPartition) -> Result<CommitOffset, Failure> {
        let (first, end) = self.tell.group.watermarks(partition, WATERMARK_TIMEOUT)?;
        let input = usize::from(partition.input);
        let policy = self.start.get(input).copied().unwrap_or(Start::Earliest);
        let is_new = self.partitions.get(input).is_some_and(|count| partition.partition >= *count);
        if policy == Start::Latest && !is_new && !self.group_has_begun(partition.input)? {
            return Ok(end);
        }
        Ok(first)
    }

    /// Whether any partition of the input, as it was at start, has a committed offset. The first start of a group commits
    /// one for every partition, moved or not.
    fn group_has_begun(&self, input: u16) -> Result<bool, Failure> {
        let mut known = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(begun) = known.get(&input) {
            return Ok(*begun);
        }
        let count = self.partitions.get(usize::from(input)).copied().unwrap_or(0);
        let all: Vec<InputPartition> = (0..count).map(|number| InputPartition::new(input, number)).collect();
        let offsets = self.tell.group.stable_offsets(&all, ALL_TIMEOUT)?;
        let begun = offsets.iter().any(Option::is_some);
        known.insert(input, begun);
        Ok(begun)
    }

    fn is_taking(&self, want: &Wanted) -> bool {
        let books = self.tell.books.lock().unwrap_or_else(PoisonError::into_inner);
        want.partitions.iter().all(|partition| books.is_taking(*partition, want.epoch))
    }
}

/// What was taken, the inputs of each partition together.
fn by_number(take: Take) -> impl Iterator<Item = Wanted> {
    let Take { partitions, epoch, since } = take;
    let mut numbers: BTreeMap<i32, Vec<InputPartition>> = BTreeMap::new();
    for partition in partitions {
        numbers.entry(partition.partition).or_default().push(partition);
    }
    numbers.into_values().map(move |partitions| Wanted { partitions, epoch, since })
}

/// The transaction that stored the offsets of a partition; `None`: none did, or not the ones that are there. The inputs of
/// a pipeline are always stored together. Where they were not (an input is new, or was left out for a while), the answer
/// names no transaction: state is as of none of them, and is read again.
/// Without a position of the first input, which leads, those of the others are of no transaction of this pipeline: it would
/// be read from its start beside the state of all that was read of it.
fn token(committed: &[Option<Committed>]) -> Option<String> {
    committed.first()?.as_ref()?;
    let mut tokens = committed.iter().flatten().map(|committed| committed.token.as_deref());
    let first = tokens.next()??.to_owned();
    let others: Vec<&str> = tokens.collect::<Option<_>>()?;
    let is_of_all = others.len() + 1 == committed.len() && others.iter().all(|other| *other == first);
    Some(if is_of_all { first } else { format!("{first},{}", others.join(",")) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(tokens: &[Option<Option<&str>>]) -> Option<String> {
        let committed = |token: &Option<&str>| Committed { at: CommitOffset::at(7), token: token.map(str::to_owned) };
        let all: Vec<Option<Committed>> = tokens.iter().map(|token| token.as_ref().map(committed)).collect();
        token(&all)
    }

    #[test]
    fn a_transaction_that_stored_all_positions_is_known_by_its_token() {
        assert_eq!(of(&[Some(Some("t"))]).as_deref(), Some("t"));
        assert_eq!(of(&[Some(Some("t")), Some(Some("t"))]).as_deref(), Some("t"));
    }

    #[test]
    fn positions_of_different_transactions_are_of_none_of_them() {
        for tokens in [[Some(Some("t")), Some(Some("u"))], [Some(Some("t")), None]] {
            let token = of(&tokens).unwrap();
            assert!(token != "t" && token != "u", "{token}");
        }
    }

    #[test]
    fn a_position_that_was_set_by_hand_has_no_token() {
        assert_eq!((of(&[None, None]), of(&[Some(None)])), (None, None));
        for tokens in [[Some(Some("t")), Some(None)], [Some(None), Some(Some("t"))], [Some(None), None]] {
            assert_eq!(of(&tokens), None);
        }
    }

    #[test]
    fn a_first_input_without_a_position_has_no_token_whatever_the_others_have() {
        assert_eq!(of(&[None, Some(Some("t"))]), None);
        assert_eq!(of(&[None, Some(Some("t")), Some(Some("t"))]), None);
    }
}
