//! Who is alive, who is ready, and the reason when not.
//!
//! Each part of the process reports under a name (`pipeline/orders`) what state it is in; `admin` turns that into `/livez`
//! and `/readyz`. Nothing is probed here and nothing expires: a part that hangs is found by the watchdog, which reports it
//! as stalled.
//!
//! | state | live | ready | example |
//! |---|---|---|---|
//! | starting | yes | no | the configuration is being checked against the broker |
//! | ready | yes | yes | |
//! | waiting | yes | no | no broker answers; the process is being stopped |
//! | failed | yes | no | the pipeline has stopped, its topic was deleted |
//! | stalled | **no** | no | no progress for a minute with work queued |
//!
//! Liveness asks only "would a restart help?". A broker that is away is not mended by restarting its clients: a liveness
//! probe that depended on it would turn a broker outage into a restart storm on top.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What one part of the process is doing. Reasons are for people: a short clause without a full stop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// Not up yet.
    Starting { reason: String },
    /// Doing its work.
    Ready,
    /// Up, and waiting for something outside; goes on by itself.
    Waiting { reason: String },
    /// Stopped until somebody changes something; the other parts go on.
    Failed { reason: String },
    /// No progress although there is work; only a restart helps.
    Stalled { reason: String },
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            State::Starting { reason } => write!(f, "starting: {reason}"),
            State::Ready => f.write_str("ready"),
            State::Waiting { reason } => write!(f, "waiting: {reason}"),
            State::Failed { reason } => write!(f, "failed: {reason}"),
            State::Stalled { reason } => write!(f, "stalled: {reason}"),
        }
    }
}

/// The states of all parts. Cheap to clone; every clone sees the same states. Any thread may call any method; none waits
/// longer than another caller's map look-up.
#[derive(Debug, Clone, Default)]
pub struct Health(Arc<Mutex<BTreeMap<String, State>>>);

impl Health {
    /// No part has reported: live, not ready.
    pub fn new() -> Health {
        Health::default()
    }

    /// Sets the state of `component`, which is known from its first report on. Components are as many as the configuration
    /// names, never as many as there are records.
    pub fn set(&self, component: &str, state: State) {
        let mut states = self.states();
        match states.get_mut(component) {
            Some(known) => *known = state,
            None => _ = states.insert(component.to_owned(), state),
        }
    }

    /// The state that `component` reported last.
    pub fn get(&self, component: &str) -> Option<State> {
        self.states().get(component).cloned()
    }

    /// Ok unless a part is stalled; then one line for each such part.
    pub fn live(&self) -> Result<(), Vec<String>> {
        no_reason(self.lines(|state| matches!(state, State::Stalled { .. })))
    }

    /// Ok when every part is ready; else one line for each part that is not. A process in which no part has reported yet
    /// is not ready: success is always explicit.
    pub fn ready(&self) -> Result<(), Vec<String>> {
        if self.states().is_empty() {
            return Err(vec!["nothing has started yet".to_owned()]);
        }
        no_reason(self.lines(|state| *state != State::Ready))
    }

    /// One line for each part whose state is as asked, in the order of their names.
    fn lines(&self, wanted: impl Fn(&State) -> bool) -> Vec<String> {
        let states = self.states();
        let found = states.iter().filter(|(_, state)| wanted(state));
        found.map(|(component, state)| format!("{component} {state}").replace(char::is_control, " ")).collect()
    }

    /// A thread that panicked inside this module can't have left a state half written, so a poisoned lock is as good as any.
    fn states(&self) -> MutexGuard<'_, BTreeMap<String, State>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn no_reason(lines: Vec<String>) -> Result<(), Vec<String>> {
    if lines.is_empty() { Ok(()) } else { Err(lines) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn because(reason: &str) -> String {
        reason.to_owned()
    }

    #[test]
    fn a_process_in_which_nothing_has_reported_is_live_but_not_ready() {
        let health = Health::new();
        assert_eq!(health.live(), Ok(()));
        assert_eq!(health.ready(), Err(vec!["nothing has started yet".to_owned()]));
    }

    #[test]
    fn only_a_stall_ends_liveness_and_only_ready_is_ready() {
        let reason = because("why");
        let table = [
            (State::Starting { reason: reason.clone() }, true, false, "starting: why"),
            (State::Ready, true, true, "ready"),
            (State::Waiting { reason: reason.clone() }, true, false, "waiting: why"),
            (State::Failed { reason: reason.clone() }, true, false, "failed: why"),
            (State::Stalled { reason }, false, false, "stalled: why"),
        ];
        for (state, live, ready, text) in table {
            let health = Health::new();
            health.set("pipeline/orders", state);
            let line = vec![format!("pipeline/orders {text}")];
            assert_eq!(health.live(), if live { Ok(()) } else { Err(line.clone()) }, "{text}");
            assert_eq!(health.ready(), if ready { Ok(()) } else { Err(line) }, "{text}");
        }
    }

    #[test]
    fn every_part_that_is_not_ready_is_named_and_a_later_state_replaces_the_earlier() {
        let health = Health::new();
        health.set("pipeline/b", State::Waiting { reason: because("no broker answers") });
        health.set("pipeline/a", State::Failed { reason: because("topic `orders` was deleted") });
        health.set("pipeline/c", State::Ready);
        let both = ["pipeline/a failed: topic `orders` was deleted", "pipeline/b waiting: no broker answers"];
        assert_eq!(health.ready(), Err(both.map(str::to_owned).to_vec()));

        let writer = health.clone();
        writer.set("pipeline/a", State::Ready);
        writer.set("pipeline/b", State::Ready);
        assert_eq!(health.ready(), Ok(()));
        assert_eq!(health.get("pipeline/b"), Some(State::Ready));
    }

    #[test]
    fn a_reason_with_line_breaks_stays_on_one_line() {
        let health = Health::new();
        health.set("pipeline/orders", State::Waiting { reason: because("first\r\nsecond") });
        assert_eq!(health.ready(), Err(vec!["pipeline/orders waiting: first  second".to_owned()]));
    }
}
