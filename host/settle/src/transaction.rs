//! Ending a transaction: what was seen, what to do. The table of rules R5.1 to R5.6.
//!
//! ```text
//! Drain --> SendOffsets --> CheckTopics --> EndTxn --> committed
//!   \____________\______________\_____________\------> abort --> aborted --> rewind
//!                                              \-----> nobody knows --> resolve: init, read the token
//! ```
//! One idea carries the table: once an EndTxn that commits has left, only the token stored with the committed offsets can
//! say whether it took effect. A commit call that timed out counts as left even when no EndTxn was seen on the wire: the
//! client library goes on with it in the background, and may send it any time. Before the commit call, or when it failed
//! for good without a request, nothing can have been committed and an abort is always right.

use wasmill_record::{Class, Failure, Wire};

/// The steps of a commit, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    Drain,
    SendOffsets,
    /// Are they still the topics that were read and written?
    CheckTopics,
    EndTxn,
}

/// What a step led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen<'a> {
    Done,
    Failed(&'a Failure),
}

/// What to do after a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AfterStep {
    Next(Step),
    /// The same call again, after a short pause.
    Again,
    /// In the log. `replace`: a copy of a request of its may still be under way, so the next transaction needs a new epoch.
    Committed {
        replace: bool,
    },
    /// Abort, then rewind.
    Abort,
    /// The producer is finished: drop it, rewind.
    Replace,
    /// Nobody knows: drop the producer, init a new one with the same id, read the token.
    Resolve,
}

/// After `step`, with `wire` counted since begin. `in_time`: the commit deadline has not passed.
pub fn after_step(step: Step, seen: Seen<'_>, wire: Wire, in_time: bool) -> AfterStep {
    let failure = match seen {
        Seen::Done => {
            return match step {
                Step::Drain => AfterStep::Next(Step::SendOffsets),
                Step::SendOffsets => AfterStep::Next(Step::CheckTopics),
                Step::CheckTopics => AfterStep::Next(Step::EndTxn),
                Step::EndTxn => AfterStep::Committed { replace: wire.may_arrive_late() },
            };
        }
        Seen::Failed(failure) => failure,
    };
    match failure.class {
        Class::Retriable if in_time => AfterStep::Again,
        Class::Retriable | Class::Unknown if step == Step::EndTxn => AfterStep::Resolve,
        _ if step == Step::EndTxn && wire.end_txn > 0 => AfterStep::Resolve,
        Class::Fatal | Class::Unknown => AfterStep::Replace,
        Class::Retriable | Class::Abortable | Class::Guard => AfterStep::Abort,
    }
}

/// What to do after an abort was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AfterAbort {
    Again,
    /// Void. `replace`: as of a commit.
    Aborted {
        replace: bool,
    },
    /// Drop the producer; the next one's init aborts for it.
    Replace,
}

pub fn after_abort(seen: Seen<'_>, wire: Wire, in_time: bool) -> AfterAbort {
    match seen {
        Seen::Done => AfterAbort::Aborted { replace: wire.may_arrive_late() },
        Seen::Failed(failure) if failure.class == Class::Retriable && in_time => AfterAbort::Again,
        Seen::Failed(_) => AfterAbort::Replace,
    }
}

/// Whether a failed abort is what a late EndTxn looks like from the outside: the coordinator says that the transaction,
/// which holds something, is not open. Counted as corruption and alarmed on.
pub fn is_torn(failure: &Failure, wire: Wire) -> bool {
    wire.opened && failure.class == Class::Fatal && failure.message.contains("INVALID_TXN_STATE")
}

#[cfg(test)]
mod tests {
    use super::*;
    use AfterStep::*;

    const NONE: Wire = Wire { opened: true, end_txn: 0, disconnected: false, positions_unanswered: false };
    const ONE: Wire = Wire { end_txn: 1, ..NONE };
    const TWO: Wire = Wire { end_txn: 2, ..NONE };
    const CUT: Wire = Wire { disconnected: true, ..ONE };
    const UNANSWERED: Wire = Wire { positions_unanswered: true, ..ONE };

    fn failure(class: Class) -> Failure {
        Failure::new(class, "test")
    }

    #[test]
    fn the_steps_follow_each_other_in_their_only_order() {
        assert_eq!(after_step(Step::Drain, Seen::Done, NONE, true), Next(Step::SendOffsets));
        assert_eq!(after_step(Step::SendOffsets, Seen::Done, NONE, true), Next(Step::CheckTopics));
        assert_eq!(after_step(Step::CheckTopics, Seen::Done, NONE, true), Next(Step::EndTxn));
        assert_eq!(after_step(Step::EndTxn, Seen::Done, ONE, true), Committed { replace: false });
    }

    #[test]
    fn what_may_arrive_late_costs_the_producer_even_after_ok() {
        for wire in [TWO, CUT, UNANSWERED] {
            assert_eq!(after_step(Step::EndTxn, Seen::Done, wire, true), Committed { replace: true }, "{wire:?}");
            assert_eq!(after_abort(Seen::Done, wire, true), AfterAbort::Aborted { replace: true });
        }
    }

    #[test]
    fn every_failure_has_its_move() {
        use Class::*;
        let table = [
            // step, class, wire, in time -> move
            (Step::Drain, Retriable, NONE, true, Again),
            (Step::Drain, Retriable, NONE, false, Abort),
            (Step::Drain, Abortable, NONE, true, Abort),
            (Step::Drain, Fatal, NONE, true, Replace),
            (Step::Drain, Unknown, NONE, true, Replace),
            (Step::SendOffsets, Retriable, NONE, true, Again),
            (Step::SendOffsets, Retriable, NONE, false, Abort),
            (Step::SendOffsets, Guard, NONE, true, Abort),
            (Step::SendOffsets, Abortable, NONE, true, Abort),
            (Step::SendOffsets, Fatal, NONE, true, Replace),
            // No broker has said whether the topics are the same.
            (Step::CheckTopics, Retriable, NONE, true, Again),
            (Step::CheckTopics, Retriable, NONE, false, Abort),
            (Step::EndTxn, Retriable, NONE, true, Again),
            (Step::EndTxn, Retriable, ONE, true, Again),
            (Step::EndTxn, Abortable, NONE, true, Abort),
            (Step::EndTxn, Fatal, NONE, true, Replace),
            // The commit call is still under way in the background: its EndTxn may leave any time.
            (Step::EndTxn, Retriable, NONE, false, Resolve),
            (Step::EndTxn, Unknown, NONE, true, Resolve),
            // An EndTxn that commits is out: only the token knows.
            (Step::EndTxn, Retriable, ONE, false, Resolve),
            (Step::EndTxn, Abortable, ONE, true, Resolve),
            (Step::EndTxn, Fatal, ONE, true, Resolve),
            (Step::EndTxn, Unknown, TWO, true, Resolve),
        ];
        for (step, class, wire, in_time, expected) in table {
            let failure = failure(class);
            let seen = after_step(step, Seen::Failed(&failure), wire, in_time);
            assert_eq!(seen, expected, "{step:?} {class:?} {wire:?} in time {in_time}");
        }
    }

    #[test]
    fn an_abort_is_tried_until_its_deadline_and_then_left_to_the_next_producer() {
        let (retriable, fatal) = (failure(Class::Retriable), failure(Class::Fatal));
        assert_eq!(after_abort(Seen::Failed(&retriable), NONE, true), AfterAbort::Again);
        assert_eq!(after_abort(Seen::Failed(&retriable), NONE, false), AfterAbort::Replace);
        assert_eq!(after_abort(Seen::Failed(&fatal), NONE, true), AfterAbort::Replace);
        assert_eq!(after_abort(Seen::Done, ONE, true), AfterAbort::Aborted { replace: false });
    }

    #[test]
    fn only_a_transaction_that_was_open_can_be_torn() {
        let failure = Failure::new(Class::Fatal, "abort transaction: INVALID_TXN_STATE (...)");
        assert!(is_torn(&failure, ONE));
        assert!(!is_torn(&failure, Wire { opened: false, ..ONE }), "nothing had reached the coordinator");
        assert!(!is_torn(&Failure::new(Class::Fatal, "abort transaction: _FENCED"), ONE));
    }

    #[test]
    fn nothing_that_may_have_committed_is_ever_rewound_unasked() {
        for class in [Class::Retriable, Class::Abortable, Class::Fatal, Class::Unknown, Class::Guard] {
            for wire in [ONE, TWO, CUT] {
                for in_time in [true, false] {
                    let failure = failure(class);
                    let next = after_step(Step::EndTxn, Seen::Failed(&failure), wire, in_time);
                    assert!(matches!(next, Again | Resolve), "{class:?} {wire:?}: {next:?}");
                }
            }
        }
    }
}
