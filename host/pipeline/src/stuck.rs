//! Partitions that the client library has stopped fetching without saying so.
//!
//! librdkafka 2.12 can cache a leader epoch that never existed, after a broker was lost: metadata is then "outdated" for
//! ever and the partition is not read again by that client, whatever is done to it. So a worker looks for itself: its
//! queue ran empty, the leader has records beyond what was delivered, and the same still holds when the queue runs empty
//! a while later. The remedy is a new consumer ([`crate::Failed::Stuck`]): everything is committed first, nothing is lost.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use wasmill_record::InputPartition;

/// A partition that delivered nothing for this long is asked about, and again after as long. Far above what a fetch and a
/// leader election take; two of them are what a stuck partition costs in latency.
const QUIET: Duration = Duration::from_secs(10);

/// At most one question per worker and interval: each costs a round trip on the worker's thread.
const ASK_INTERVAL: Duration = Duration::from_millis(500);

#[derive(Debug, Default)]
pub(crate) struct Stuck {
    quiet: BTreeMap<InputPartition, Quiet>,
    asked: Option<Instant>,
}

#[derive(Debug, Clone, Copy)]
struct Quiet {
    since: Instant,
    /// The leader had unread records when last asked.
    suspect: bool,
}

impl Stuck {
    /// The partition delivered, or was started.
    pub(crate) fn delivered(&mut self, partition: InputPartition, now: Instant) {
        self.quiet.insert(partition, Quiet { since: now, suspect: false });
    }

    pub(crate) fn forget(&mut self, partition: InputPartition) {
        self.quiet.remove(&partition);
    }

    /// The queue is empty at `now`: which partition to ask about, if any.
    pub(crate) fn next_to_ask(&mut self, now: Instant) -> Option<InputPartition> {
        if self.asked.is_some_and(|asked| now.saturating_duration_since(asked) < ASK_INTERVAL) {
            return None;
        }
        let long = |quiet: &Quiet| now.saturating_duration_since(quiet.since) >= QUIET;
        let partition = *self.quiet.iter().find(|(_, quiet)| long(quiet))?.0;
        self.asked = Some(now);
        Some(partition)
    }

    /// The answer: `unread` says whether the leader has records that were not delivered; `None`: nobody answered. Whether
    /// the partition is stuck.
    pub(crate) fn answered(&mut self, partition: InputPartition, unread: Option<bool>, now: Instant) -> bool {
        let Some(quiet) = self.quiet.get_mut(&partition) else { return false };
        let stuck = unread == Some(true) && quiet.suspect;
        *quiet = Quiet { since: now, suspect: unread == Some(true) };
        stuck
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const P: InputPartition = InputPartition { input: 0, partition: 0 };

    fn after(start: Instant, seconds: u64) -> Instant {
        start + Duration::from_secs(seconds)
    }

    #[test]
    fn a_partition_is_stuck_when_records_stay_undelivered_twice() {
        let start = Instant::now();
        let mut stuck = Stuck::default();
        stuck.delivered(P, start);
        assert_eq!(stuck.next_to_ask(after(start, 9)), None);
        assert_eq!(stuck.next_to_ask(after(start, 10)), Some(P));
        assert!(!stuck.answered(P, Some(true), after(start, 10)));
        assert_eq!(stuck.next_to_ask(after(start, 19)), None);
        assert_eq!(stuck.next_to_ask(after(start, 20)), Some(P));
        assert!(stuck.answered(P, Some(true), after(start, 20)));
    }

    #[test]
    fn a_record_in_between_or_a_caught_up_partition_clears_the_suspicion() {
        let start = Instant::now();
        let mut stuck = Stuck::default();
        stuck.delivered(P, start);
        assert!(!stuck.answered(P, Some(true), after(start, 10)));
        stuck.delivered(P, after(start, 11));
        assert!(!stuck.answered(P, Some(true), after(start, 21)));
        assert!(!stuck.answered(P, Some(false), after(start, 31)));
        assert!(!stuck.answered(P, Some(true), after(start, 41)));
        assert!(!stuck.answered(P, None, after(start, 51)), "a broker that is away proves nothing");
        assert!(!stuck.answered(P, Some(true), after(start, 61)));
    }

    #[test]
    fn a_partition_that_is_gone_is_not_asked_about() {
        let start = Instant::now();
        let mut stuck = Stuck::default();
        stuck.delivered(P, start);
        stuck.forget(P);
        assert_eq!(stuck.next_to_ask(after(start, 100)), None);
        assert!(!stuck.answered(P, Some(true), after(start, 100)));
    }
}
