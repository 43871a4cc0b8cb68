//! A rule in the making: which requests, then one call that says what happens to them and puts it in force.

use std::sync::Arc;
use std::time::Duration;

use kafka_protocol::ResponseError;
use kafka_protocol::messages::ApiKey;

use super::handle::{Applied, Held};
use super::state::{Action, Selection};
use crate::shared::Shared;

/// What becomes of the client's connection while its request is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnHold {
    /// It stays open and silent, later requests on it wait behind: the client's request timeout decides.
    KeepClient,
    /// It is closed at once: the client reconnects and sends the request again.
    CutClient,
}

/// Without [`times`](Rule::times) a rule applies to the next matching request only.
#[must_use = "a rule is in force only after hold, delay, disconnect, fail, drop_answer or cut_answer"]
pub struct Rule {
    shared: Arc<Shared>,
    selection: Selection,
    times: usize,
}

impl Rule {
    pub(crate) fn new(shared: Arc<Shared>, api: ApiKey) -> Self {
        Self { shared, selection: Selection::of(api), times: 1 }
    }

    /// Applies to the next `times` matching requests.
    pub fn times(mut self, times: usize) -> Self {
        self.times = times;
        self
    }

    /// Applies until cancelled.
    pub fn always(self) -> Self {
        self.times(usize::MAX)
    }

    /// Only requests of the client with this `client.id`.
    pub fn of_client(mut self, client: &str) -> Self {
        self.selection.client = Some(client.to_owned());
        self
    }

    /// Only requests that name this topic. (Fetch from version 13 on names none.)
    pub fn of_topic(mut self, topic: &str) -> Self {
        self.selection.topic = Some(topic.to_owned());
        self
    }

    /// Only requests about this group.
    pub fn of_group(mut self, group: &str) -> Self {
        self.selection.group = Some(group.to_owned());
        self
    }

    /// Only requests of this transactional id.
    pub fn of_transactional_id(mut self, id: &str) -> Self {
        self.selection.transactional_id = Some(id.to_owned());
        self
    }

    /// Only requests that come to this node.
    pub fn at_node(mut self, node: i32) -> Self {
        self.selection.node = Some(node);
        self
    }

    /// Keeps the request back until [`Held::release`], then applies it, whether or not its client is still there.
    pub fn hold(self, then: OnHold) -> Held {
        Held(self.enforce(Action::Hold(then)))
    }

    /// Applies the request and swallows its answer; the connection stays open.
    pub fn drop_answer(self) -> Applied {
        self.enforce(Action::DropAnswer)
    }

    /// Applies the request and closes the connection instead of answering.
    pub fn cut_answer(self) -> Applied {
        self.enforce(Action::CutAnswer)
    }

    /// Applies the request that much later, by the machine's clock; requests behind it wait.
    pub fn delay(self, delay: Duration) -> Applied {
        self.enforce(Action::Delay(delay))
    }

    /// Closes the connection; the request is never applied.
    pub fn disconnect(self) -> Applied {
        self.enforce(Action::Disconnect)
    }

    /// Answers with this error wherever the request asks about something; it is never applied. A request whose answer
    /// has no place for an error is disconnected instead.
    pub fn fail(self, error: ResponseError) -> Applied {
        self.enforce(Action::Fail(error))
    }

    fn enforce(self, action: Action) -> Applied {
        let id = self.shared.faults.add(self.selection, self.times, action);
        Applied { shared: self.shared, id }
    }
}
