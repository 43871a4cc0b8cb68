//! What all connections of a proxy share: rules, counters, open sockets, and the one condition variable everybody
//! waits on. No IO but the closing of sockets.

use std::collections::HashMap;
use std::net::{Shutdown, TcpStream};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::Api;
use crate::frame::Request;
use crate::rule::OnHold;

/// Answers with an error code kept for [`Proxy::answers_of`](crate::Proxy::answers_of); the oldest go first.
const ANSWERS_KEPT_MAX: usize = 10_000;
/// Distinct (API, client) counters. A test has a handful; above this, frames of new clients are not counted.
const COUNTERS_MAX: usize = 10_000;
/// Nothing waits longer than this for a release or the end of a stall; then the connection is closed.
const WAIT_MAX: Duration = Duration::from_secs(600);

/// A broker's answer as the proxy saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub api: Api,
    /// `client.id` of the request.
    pub client: String,
    /// The protocol's error code, 0 for none. `None`: the proxy does not read this API's code.
    pub error: Option<i16>,
}

#[derive(Clone, Debug)]
pub(crate) struct Selection {
    pub(crate) api: Api,
    pub(crate) client: Option<String>,
}

impl Selection {
    fn matches(&self, api: Api, client: &str) -> bool {
        self.api == api && self.client.as_deref().is_none_or(|wanted| wanted == client)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Hold(OnHold),
    Cut,
    DropAnswer,
    HoldAnswer,
    DelayAnswer(Duration),
    CutAnswer,
}

impl Action {
    fn is_for_requests(self) -> bool {
        matches!(self, Self::Hold(_) | Self::Cut)
    }
}

pub(crate) struct RuleState {
    id: u64,
    selection: Selection,
    action: Action,
    pub(crate) left: usize,
    pub(crate) hits: usize,
    pub(crate) released: bool,
    pub(crate) held_answers: Vec<Answer>,
}

/// Frames seen of one (API, client).
#[derive(Clone, Copy, Default)]
struct Seen {
    requests: u64,
    answers: u64,
}

#[derive(Default)]
pub(crate) struct State {
    pub(crate) broker: Option<String>,
    pub(crate) refusing: bool,
    pub(crate) stalled: bool,
    pub(crate) stopped: bool,
    rules: Vec<RuleState>,
    next_id: u64,
    seen: HashMap<(Api, String), Seen>,
    answers: Vec<Answer>,
    /// The client's side of every open connection.
    clients: HashMap<u64, TcpStream>,
}

impl State {
    pub(crate) fn rule(&self, id: u64) -> Option<&RuleState> {
        self.rules.iter().find(|rule| rule.id == id)
    }

    pub(crate) fn rule_mut(&mut self, id: u64) -> Option<&mut RuleState> {
        self.rules.iter_mut().find(|rule| rule.id == id)
    }

    pub(crate) fn requests(&self, api: Api, client: Option<&str>) -> u64 {
        self.sum(api, client, |seen| seen.requests)
    }

    pub(crate) fn answers(&self, api: Api, client: Option<&str>) -> u64 {
        self.sum(api, client, |seen| seen.answers)
    }

    pub(crate) fn answers_of(&self, api: Api) -> Vec<Answer> {
        self.answers.iter().filter(|answer| answer.api == api).cloned().collect()
    }

    pub(crate) fn cut_clients(&mut self) {
        for client in self.clients.values() {
            // Closed already is as good.
            let _ = client.shutdown(Shutdown::Both);
        }
    }

    fn sum(&self, api: Api, client: Option<&str>, of: impl Fn(&Seen) -> u64) -> u64 {
        let selection = Selection { api, client: client.map(str::to_owned) };
        self.seen.iter().filter(|((api, client), _)| selection.matches(*api, client)).map(|(_, seen)| of(seen)).sum()
    }

    fn count(&mut self, request: &Request, add: impl Fn(&mut Seen)) {
        let key = (request.api, request.client.clone());
        if self.seen.len() < COUNTERS_MAX || self.seen.contains_key(&key) {
            add(self.seen.entry(key).or_default());
        }
    }

    fn apply_rule(&mut self, request: &Request, for_requests: bool) -> Option<(u64, Action)> {
        let rule = self.rules.iter_mut().find(|rule| {
            rule.left > 0
                && rule.action.is_for_requests() == for_requests
                && rule.selection.matches(request.api, &request.client)
        })?;
        rule.left -= 1;
        rule.hits += 1;
        Some((rule.id, rule.action))
    }
}

#[derive(Default)]
pub(crate) struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

impl Shared {
    pub(crate) fn read<T>(&self, with: impl FnOnce(&State) -> T) -> T {
        with(&self.lock())
    }

    /// Changes the state and wakes everybody who waits on it.
    pub(crate) fn change<T>(&self, with: impl FnOnce(&mut State) -> T) -> T {
        let value = with(&mut self.lock());
        self.changed.notify_all();
        value
    }

    /// Waits until `until` has a value; an error that names `what` when it has none within this time.
    pub(crate) fn wait<T>(
        &self,
        within: Duration,
        what: impl FnOnce() -> String,
        mut until: impl FnMut(&State) -> Option<T>,
    ) -> anyhow::Result<T> {
        let deadline = Instant::now() + within;
        let mut state = self.lock();
        loop {
            if let Some(value) = until(&state) {
                return Ok(value);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                anyhow::bail!("the proxy did not see {} within {within:?}", what());
            }
            state = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    pub(crate) fn add_rule(&self, selection: Selection, times: usize, action: Action) -> u64 {
        self.change(|state| {
            state.next_id += 1;
            let id = state.next_id;
            let rule = RuleState { id, selection, action, left: times, hits: 0, released: false, held_answers: vec![] };
            state.rules.push(rule);
            id
        })
    }

    /// Registers an open connection by its client's side. `None`: there are `limit` already, or the proxy ends.
    pub(crate) fn add_client(&self, client: TcpStream, limit: usize) -> Option<u64> {
        self.change(|state| {
            if state.stopped || state.clients.len() >= limit {
                return None;
            }
            state.next_id += 1;
            state.clients.insert(state.next_id, client);
            Some(state.next_id)
        })
    }

    pub(crate) fn remove_client(&self, id: u64) {
        self.change(|state| state.clients.remove(&id));
    }

    /// Counts a request and says which rule applies to it.
    pub(crate) fn on_request(&self, request: &Request) -> Option<(u64, Action)> {
        self.change(|state| {
            state.count(request, |seen| seen.requests += 1);
            state.apply_rule(request, true)
        })
    }

    /// Counts an answer, keeps its error code, and says which rule applies to it. `held_by` is the rule that held
    /// the request, if one did.
    pub(crate) fn on_answer(
        &self,
        request: &Request,
        error: Option<i16>,
        held_by: Option<u64>,
    ) -> Option<(u64, Action)> {
        self.change(|state| {
            state.count(request, |seen| seen.answers += 1);
            let answer = Answer { api: request.api, client: request.client.clone(), error };
            let applied = state.apply_rule(request, false);
            let holds_answer = applied.filter(|(_, action)| *action == Action::HoldAnswer).map(|(id, _)| id);
            for id in [held_by, holds_answer].into_iter().flatten() {
                if let Some(rule) = state.rule_mut(id) {
                    rule.held_answers.push(answer.clone());
                }
            }
            if error.is_some() {
                if state.answers.len() == ANSWERS_KEPT_MAX {
                    state.answers.remove(0);
                }
                state.answers.push(answer);
            }
            applied
        })
    }

    /// Returns true when the rule was released, false when the proxy ends.
    pub(crate) fn wait_for_release(&self, rule: u64) -> bool {
        self.wait_in_connection(|state| state.rule(rule).is_none_or(|rule| rule.released))
    }

    /// Returns at once unless the proxy is stalled; false when the connection should be closed.
    pub(crate) fn pass_stall(&self) -> bool {
        self.wait_in_connection(|state| !state.stalled)
    }

    /// Sits out a delay; false when the proxy ends meanwhile.
    pub(crate) fn delay(&self, delay: Duration) -> bool {
        self.wait(delay, String::new, |state| state.stopped.then_some(())).is_err()
    }

    fn wait_in_connection(&self, until: impl Fn(&State) -> bool) -> bool {
        let answer = |state: &State| if state.stopped { Some(false) } else { until(state).then_some(true) };
        self.wait(WAIT_MAX, String::new, answer).unwrap_or(false)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic under this lock is a failed test already; the proxy goes on so that its report is about that.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
