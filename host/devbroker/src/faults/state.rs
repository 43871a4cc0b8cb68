//! The rules in force, what they have met, and the one condition that everybody waits on.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use kafka_protocol::ResponseError;
use kafka_protocol::messages::{ApiKey, RequestKind};
use tokio::sync::Notify;

use super::rule::OnHold;
use crate::api::subject::Subject;
use crate::core::Caller;

/// Errors of late answers kept for each rule; a test looks at one or two.
const ERRORS_KEPT_MAX: usize = 1000;

#[derive(Clone, Debug)]
pub(crate) struct Selection {
    api: ApiKey,
    pub(super) client: Option<String>,
    pub(super) topic: Option<String>,
    pub(super) group: Option<String>,
    pub(super) transactional_id: Option<String>,
    pub(super) node: Option<i32>,
}

impl Selection {
    pub(super) fn of(api: ApiKey) -> Self {
        Self { api, client: None, topic: None, group: None, transactional_id: None, node: None }
    }

    fn matches(&self, api: ApiKey, caller: &Caller, subject: &Subject<'_>) -> bool {
        let among = |wanted: &Option<String>, present: &[&str]| {
            wanted.as_deref().is_none_or(|wanted| present.contains(&wanted))
        };
        self.api == api
            && among(&self.client, &[caller.client_id.as_str()])
            && among(&self.topic, &subject.topics)
            && among(&self.group, &subject.groups)
            && among(&self.transactional_id, subject.transactional_id.as_slice())
            && self.node.is_none_or(|node| node == caller.node)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Hold(OnHold),
    DropAnswer,
    CutAnswer,
    Delay(Duration),
    Disconnect,
    Fail(ResponseError),
}

/// A rule that applies to a request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hit {
    pub(crate) rule: u64,
    pub(crate) action: Action,
}

#[derive(Debug)]
struct RuleState {
    id: u64,
    selection: Selection,
    action: Action,
    left: usize,
    seen: usize,
    applied: Vec<i16>,
    released: bool,
}

#[derive(Debug, Default)]
struct Rules {
    rules: Vec<RuleState>,
    next_id: u64,
}

/// Everything about rules that connections and tests share.
#[derive(Debug, Default)]
pub(crate) struct FaultState {
    rules: Mutex<Rules>,
    /// For tests, which are threads.
    changed: Condvar,
    /// For held requests, which are tasks.
    released: Notify,
}

impl FaultState {
    pub(super) fn add(&self, selection: Selection, times: usize, action: Action) -> u64 {
        let mut state = self.lock();
        state.next_id += 1;
        let id = state.next_id;
        let (seen, applied, released) = (0, Vec::new(), false);
        state.rules.push(RuleState { id, selection, action, left: times, seen, applied, released });
        id
    }

    /// A number for something else that a test holds.
    pub(super) fn new_id(&self) -> u64 {
        let mut state = self.lock();
        state.next_id += 1;
        state.next_id
    }

    /// Counts a request and says which rule applies to it.
    pub(crate) fn on_request(&self, api: ApiKey, caller: &Caller, request: &RequestKind) -> Option<Hit> {
        let mut state = self.lock();
        if state.rules.iter().all(|rule| rule.left == 0) {
            return None;
        }
        let subject = Subject::of(request);
        let matching = |rule: &&mut RuleState| rule.left > 0 && rule.selection.matches(api, caller, &subject);
        let rule = state.rules.iter_mut().find(matching)?;
        rule.left -= 1;
        rule.seen += 1;
        let hit = Hit { rule: rule.id, action: rule.action };
        drop(state);
        self.changed.notify_all();
        Some(hit)
    }

    /// A request that a rule has met was applied, with this as its first error.
    pub(crate) fn applied(&self, rule: u64, error: i16) {
        if let Some(rule) = self.lock().rules.iter_mut().find(|it| it.id == rule)
            && rule.applied.len() < ERRORS_KEPT_MAX
        {
            rule.applied.push(error);
        }
        self.changed.notify_all();
    }

    /// Returns when the rule was released.
    pub(crate) async fn release_of(&self, rule: u64) {
        loop {
            let released = self.released.notified();
            tokio::pin!(released);
            released.as_mut().enable();
            if self.lock().rules.iter().any(|it| it.id == rule && it.released) {
                return;
            }
            released.await;
        }
    }

    pub(super) fn release(&self, rule: u64) {
        if let Some(rule) = self.lock().rules.iter_mut().find(|it| it.id == rule) {
            rule.released = true;
        }
        self.released.notify_waiters();
    }

    pub(super) fn cancel(&self, rule: u64) {
        if let Some(rule) = self.lock().rules.iter_mut().find(|it| it.id == rule) {
            rule.left = 0;
        }
    }

    pub(super) fn seen(&self, rule: u64) -> usize {
        self.lock().rules.iter().find(|it| it.id == rule).map_or(0, |rule| rule.seen)
    }

    /// The first errors of what was applied, in its order.
    pub(super) fn applied_errors(&self, rule: u64) -> Vec<i16> {
        self.lock().rules.iter().find(|it| it.id == rule).map(|rule| rule.applied.clone()).unwrap_or_default()
    }

    /// Wakes whoever waits: something outside of the rules has changed.
    pub(crate) fn nudge(&self) {
        // Taken so that nobody is between looking and waiting.
        drop(self.lock());
        self.changed.notify_all();
    }

    /// Waits until `until` has a value, `None` when it has none within this time. `until` takes the lock itself.
    pub(crate) fn wait<T>(&self, within: Duration, mut until: impl FnMut() -> Option<T>) -> Option<T> {
        let deadline = Instant::now() + within;
        loop {
            if let Some(value) = until() {
                return Some(value);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return None;
            }
            // A change between the look above and here is caught by the short wait, not missed for good.
            let state = self.lock();
            drop(self.changed.wait_timeout(state, left.min(Duration::from_millis(5))));
        }
    }

    fn lock(&self) -> MutexGuard<'_, Rules> {
        // Nothing panics under this lock; if something did, rules are still rules.
        self.rules.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
