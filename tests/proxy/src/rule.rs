//! What to do with which frames, and the handles a test keeps on it. A rule waits for nothing itself: the
//! connections look it up in [`State`](crate::state::State).

use std::sync::Arc;
use std::time::Duration;

use crate::Api;
use crate::state::{Action, Answer, Selection, Shared};

/// What becomes of the client's connection while its request is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnHold {
    /// It stays open and silent, later requests on it wait behind: the client's request timeout decides.
    KeepClient,
    /// It is closed at once: the client reconnects and sends the request again.
    CutClient,
}

/// A rule in the making: which frames, then one call that says what happens to them and puts the rule in force.
/// Without [`times`](Rule::times) it applies to the next matching frame only. The oldest rule that matches wins.
#[must_use = "a rule is in force only after hold, drop_answer, hold_answer, delay_answer, cut or cut_answer"]
pub struct Rule {
    shared: Arc<Shared>,
    selection: Selection,
    times: usize,
}

impl Rule {
    pub(crate) fn new(shared: Arc<Shared>, api: Api) -> Self {
        Self { shared, selection: Selection { api, client: None }, times: 1 }
    }

    /// Applies to the next `times` matching frames.
    pub fn times(mut self, times: usize) -> Self {
        self.times = times;
        self
    }

    /// Only frames of the client with this `client.id`.
    pub fn of_client(mut self, client: &str) -> Self {
        self.selection.client = Some(client.to_owned());
        self
    }

    /// Keeps the request back until [`Held::release`], then delivers it to the broker, on the connection it came
    /// by, whether or not the client is still there.
    pub fn hold(self, then: OnHold) -> Held {
        Held(self.enforce(Action::Hold(then)))
    }

    /// Lets the request through and swallows its answer; the connection stays open.
    pub fn drop_answer(self) -> Applied {
        self.enforce(Action::DropAnswer)
    }

    /// Lets the request through and keeps its answer back until [`Held::release`]; later answers on the same connection
    /// pass it. A broker answers in order, but clients know answers by their correlation id.
    pub fn hold_answer(self) -> Held {
        Held(self.enforce(Action::HoldAnswer))
    }

    /// Lets the request through and its answer wait; later answers on the same connection wait behind it.
    pub fn delay_answer(self, delay: Duration) -> Applied {
        self.enforce(Action::DelayAnswer(delay))
    }

    /// Closes the connection when the request is seen; the broker never gets it.
    pub fn cut(self) -> Applied {
        self.enforce(Action::Cut)
    }

    /// Lets the request through, and closes the connection instead of delivering the answer.
    pub fn cut_answer(self) -> Applied {
        self.enforce(Action::CutAnswer)
    }

    fn enforce(self, action: Action) -> Applied {
        let id = self.shared.add_rule(self.selection, self.times, action);
        Applied { shared: self.shared, id }
    }
}

/// A rule in force. Dropping the handle does not end it.
#[derive(Clone)]
pub struct Applied {
    shared: Arc<Shared>,
    id: u64,
}

impl Applied {
    /// To how many frames the rule was applied so far.
    pub fn hits(&self) -> usize {
        self.shared.read(|state| state.rule(self.id).map_or(0, |rule| rule.hits))
    }

    /// Waits until the rule was applied `count` times.
    ///
    /// # Errors
    /// It was not, `within` this time.
    pub fn wait_for_hits(&self, count: usize, within: Duration) -> anyhow::Result<()> {
        self.shared.wait(
            within,
            || format!("{count} applications of a rule"),
            |state| state.rule(self.id).is_some_and(|rule| rule.hits >= count).then_some(()),
        )
    }

    /// Applies to no further frame. Held requests stay held.
    pub fn cancel(&self) {
        self.shared.change(|state| {
            if let Some(rule) = state.rule_mut(self.id) {
                rule.left = 0;
            }
        });
    }
}

/// A rule that holds requests or answers, and what it holds. Dropping the handle releases nothing.
#[derive(Clone)]
pub struct Held(Applied);

impl Held {
    /// How many of them were caught so far.
    pub fn caught(&self) -> usize {
        self.0.hits()
    }

    /// Waits until `count` of them were caught.
    ///
    /// # Errors
    /// They were not, `within` this time.
    pub fn wait_until_caught(&self, count: usize, within: Duration) -> anyhow::Result<()> {
        self.0.wait_for_hits(count, within)
    }

    /// Delivers what is held; what this rule still catches is delivered at once.
    pub fn release(&self) {
        self.0.shared.change(|state| {
            if let Some(rule) = state.rule_mut(self.0.id) {
                rule.released = true;
            }
        });
    }

    /// Waits for the broker's answer to the held request, or the held answer, number `index` (from 0, in the order they were caught and
    /// answered). The client may be gone: the answer is kept here all the same.
    ///
    /// # Errors
    /// No such answer came `within` this time: not released, or the broker closed the connection meanwhile.
    pub fn answer(&self, index: usize, within: Duration) -> anyhow::Result<Answer> {
        self.0.shared.wait(
            within,
            || format!("the answer to held request {index}"),
            |state| state.rule(self.0.id).and_then(|rule| rule.held_answers.get(index).cloned()),
        )
    }

    /// The rule itself, for [`Applied::cancel`].
    pub fn rule(&self) -> &Applied {
        &self.0
    }
}
