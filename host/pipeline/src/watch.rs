//! Are the topics still the ones the pipeline began with?
//!
//! A topic that is deleted and created again keeps its name, and the name is all that a commit says: a position in the old
//! topic would be stored for the new one, and records of the new one would be taken for those of the old one. So before
//! each commit a worker asks for the topics' ids, after everything it has read and written is known to the broker, and
//! commits nothing without the answer. The question is under way while the positions are sent, so it costs no time of its
//! own; workers that ask at the same time share one request. In between, the watch asks by itself.

use crate::failed::Failed;
use crate::topics::Topics;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded, select};
use std::time::{Duration, Instant};
use wasmill_kafka::Probe;

/// How often topics are looked at when nobody asks.
const INTERVAL: Duration = Duration::from_secs(2);

/// Questions that are not answered yet: one for each worker, and those that a worker has given up.
const QUESTIONS_MAX: usize = 1024;

/// What a look at the topics brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Look {
    Same,
    /// One of them is gone or another one: `what` completes a sentence that begins with the topic.
    Changed {
        topic: String,
        what: String,
    },
    /// No broker has said.
    Unknown {
        message: String,
    },
}

/// A worker's way to ask.
pub trait AskTopics: Send {
    /// What is answered next is looked at from now on. Does not wait.
    fn ask(&mut self);

    /// The answer; asks once more when there is no question, or when the last one brought no answer.
    fn answer(&mut self, timeout: Duration) -> Look;
}

struct Question {
    answer: Sender<Look>,
}

/// Asks the watch of the pipeline.
pub(crate) struct Asker {
    questions: Sender<Question>,
    pending: Option<Receiver<Look>>,
}

impl AskTopics for Asker {
    fn ask(&mut self) {
        let (answer, pending) = bounded(1);
        self.pending = self.questions.try_send(Question { answer }).ok().map(|()| pending);
    }

    fn answer(&mut self, timeout: Duration) -> Look {
        if self.pending.is_none() {
            self.ask();
        }
        let unknown = |message: &str| Look::Unknown { message: message.to_owned() };
        let Some(pending) = self.pending.take() else { return unknown("nobody looks at topics any more") };
        match pending.recv_timeout(timeout) {
            Ok(look) => look,
            Err(RecvTimeoutError::Timeout) => {
                self.pending = Some(pending);
                unknown("no broker has described the topics yet")
            }
            Err(RecvTimeoutError::Disconnected) => unknown("nobody looks at topics any more"),
        }
    }
}

/// Looks at the topics on a thread of its own, because asking takes as long as the brokers please.
pub(crate) struct Watch {
    topics: Topics,
    probe: Probe,
    asked: Receiver<Question>,
    /// Keeps the channel open while there are no workers.
    questions: Sender<Question>,
}

impl Watch {
    pub(crate) fn new(topics: Topics, probe: Probe) -> Watch {
        let (questions, asked) = bounded(QUESTIONS_MAX);
        Watch { topics, probe, asked, questions }
    }

    pub(crate) fn asker(&self) -> Asker {
        Asker { questions: self.questions.clone(), pending: None }
    }

    /// Until `stop` is dropped. A change ends the pipeline by `failures`, and is the answer to every later question.
    pub(crate) fn run(self, failures: Sender<Failed>, stop: Receiver<()>) {
        let mut changed = None;
        let mut looked = Instant::now();
        loop {
            let mut questions = Vec::new();
            select! {
                recv(self.asked) -> question => questions.extend(question),
                recv(stop) -> _ => return,
                default(INTERVAL.saturating_sub(looked.elapsed())) => {}
            }
            // Asked before this look, so answered by it.
            questions.extend(self.asked.try_iter());
            let look = changed.clone().unwrap_or_else(|| self.topics.look(&self.probe));
            looked = Instant::now();
            if let (Look::Changed { topic, what }, None) = (&look, &changed) {
                // Full or closed: somebody else's failure came first.
                let _ = failures.try_send(Failed::Topic { topic: topic.clone(), what: what.clone() });
                changed = Some(look.clone());
            }
            for question in questions {
                // A worker that has given its question up does not listen.
                let _ = question.answer.try_send(look.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asker() -> (Asker, Receiver<Question>) {
        let (questions, asked) = bounded(QUESTIONS_MAX);
        (Asker { questions, pending: None }, asked)
    }

    #[test]
    fn an_answer_that_has_not_come_is_waited_for_again_and_not_asked_for_again() {
        let (mut asker, asked) = asker();
        asker.ask();
        assert!(matches!(asker.answer(Duration::ZERO), Look::Unknown { .. }));
        assert!(matches!(asker.answer(Duration::ZERO), Look::Unknown { .. }));
        assert_eq!(asked.len(), 1);
        asked.recv().unwrap().answer.send(Look::Same).unwrap();
        assert_eq!(asker.answer(Duration::ZERO), Look::Same);
    }

    #[test]
    fn an_answer_is_used_once() {
        let (mut asker, asked) = asker();
        asker.ask();
        asked.recv().unwrap().answer.send(Look::Same).unwrap();
        assert_eq!(asker.answer(Duration::ZERO), Look::Same);
        assert!(matches!(asker.answer(Duration::ZERO), Look::Unknown { .. }));
        assert_eq!(asked.len(), 1, "asked again");
    }

    #[test]
    fn a_later_question_is_not_answered_by_an_earlier_look() {
        let (mut asker, asked) = asker();
        asker.ask();
        let earlier = asked.recv().unwrap();
        asker.ask();
        assert!(earlier.answer.send(Look::Same).is_err(), "nobody listens any more");
        assert!(matches!(asker.answer(Duration::ZERO), Look::Unknown { .. }));
    }

    #[test]
    fn without_a_watch_nothing_is_known() {
        let (mut asker, asked) = asker();
        asker.ask();
        drop(asked);
        assert!(matches!(asker.answer(Duration::ZERO), Look::Unknown { .. }));
        assert!(matches!(asker.answer(Duration::ZERO), Look::Unknown { .. }));
    }
}
