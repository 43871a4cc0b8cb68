//! `--fault SPEC`: what the embedded broker does wrong, for seeing how a pipeline takes it.
//!
//! `API:ACTION[:TIMES]`, such as `EndTxn:drop-answer`, `Produce:delay=200ms:50` or `Fetch:disconnect:3`; and
//! `markers:delay=500ms` for the markers of transactions.

use std::time::Duration;
use wasmill_devbroker::{ApiKey, Faults, ResponseError};

/// The longest delay: longer than any timeout of a client that is worth trying.
const DELAY_MAX: Duration = Duration::from_secs(120);

/// One `--fault`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    Requests { api: ApiKey, action: Action, times: usize },
    Markers { delay: Duration },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Applied, but never answered.
    DropAnswer,
    /// Applied, and the connection closed instead of an answer.
    CutAnswer,
    /// Never applied, the connection closed.
    Disconnect,
    Delay(Duration),
    /// Answered with NOT_COORDINATOR or NOT_LEADER_OR_FOLLOWER, as fits.
    Refuse,
}

/// The requests that a pipeline makes and that can go wrong.
const APIS: &[(&str, ApiKey)] = &[
    ("Produce", ApiKey::Produce),
    ("Fetch", ApiKey::Fetch),
    ("Heartbeat", ApiKey::Heartbeat),
    ("JoinGroup", ApiKey::JoinGroup),
    ("SyncGroup", ApiKey::SyncGroup),
    ("OffsetFetch", ApiKey::OffsetFetch),
    ("InitProducerId", ApiKey::InitProducerId),
    ("AddPartitionsToTxn", ApiKey::AddPartitionsToTxn),
    ("AddOffsetsToTxn", ApiKey::AddOffsetsToTxn),
    ("TxnOffsetCommit", ApiKey::TxnOffsetCommit),
    ("EndTxn", ApiKey::EndTxn),
];

const ACTIONS: &str = "drop-answer, cut-answer, disconnect, refuse, delay=<n>ms";

/// For clap.
pub(crate) fn argument(text: &str) -> Result<Fault, String> {
    let mut parts = text.split(':');
    let (api, action, times) = (parts.next().unwrap_or_default(), parts.next(), parts.next());
    let action = action.filter(|_| parts.next().is_none());
    let Some(action) = action else {
        return Err(format!("write API:ACTION[:TIMES], such as EndTxn:drop-answer; actions: {ACTIONS}"));
    };
    if api == "markers" {
        return match (delay(action), times) {
            (Some(delay), None) => Ok(Fault::Markers { delay }),
            _ => Err("write markers:delay=<n>ms".to_owned()),
        };
    }
    let Some((_, api)) = APIS.iter().find(|(name, _)| *name == api) else {
        let known = APIS.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
        return Err(format!("`{api}` is none of {known}, markers"));
    };
    let action = match action {
        "drop-answer" => Action::DropAnswer,
        "cut-answer" => Action::CutAnswer,
        "disconnect" => Action::Disconnect,
        "refuse" => Action::Refuse,
        other => Action::Delay(delay(other).ok_or_else(|| format!("`{other}` is none of {ACTIONS}"))?),
    };
    let times = match times {
        None => 1,
        Some("always") => usize::MAX,
        Some(times) => times.parse().map_err(|_| format!("`{times}` is no number of times; `always` is one"))?,
    };
    Ok(Fault::Requests { api: *api, action, times })
}

fn delay(action: &str) -> Option<Duration> {
    let delay = Duration::from_millis(action.strip_prefix("delay=")?.strip_suffix("ms")?.parse().ok()?);
    (delay <= DELAY_MAX).then_some(delay)
}

impl Fault {
    /// From now on.
    pub(crate) fn inject(&self, faults: &Faults) {
        match self {
            Fault::Markers { delay } => faults.delay_markers(*delay),
            Fault::Requests { api, action, times } => {
                let rule = faults.on(*api).times(*times);
                // The handles only tell what was seen.
                let _ = match action {
                    Action::DropAnswer => rule.drop_answer(),
                    Action::CutAnswer => rule.cut_answer(),
                    Action::Disconnect => rule.disconnect(),
                    Action::Delay(delay) => rule.delay(*delay),
                    Action::Refuse => rule.fail(refusal(*api)),
                };
            }
        }
    }
}

fn refusal(api: ApiKey) -> ResponseError {
    match api {
        ApiKey::Produce | ApiKey::Fetch => ResponseError::NotLeaderOrFollower,
        _ => ResponseError::NotCoordinator,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_an_api_an_action_and_a_number_of_times() {
        let of = |api, action, times| Ok(Fault::Requests { api, action, times });
        assert_eq!(argument("EndTxn:drop-answer"), of(ApiKey::EndTxn, Action::DropAnswer, 1));
        let delay = Action::Delay(Duration::from_millis(200));
        assert_eq!(argument("Produce:delay=200ms:50"), of(ApiKey::Produce, delay, 50));
        assert_eq!(argument("Fetch:refuse:always"), of(ApiKey::Fetch, Action::Refuse, usize::MAX));
        assert_eq!(argument("markers:delay=5ms"), Ok(Fault::Markers { delay: Duration::from_millis(5) }));
    }

    #[test]
    fn what_it_can_not_be_is_said() {
        for (bad, says) in [
            ("", "write API:ACTION"),
            ("EndTxn", "write API:ACTION"),
            ("EndTxn:drop-answer:1:2", "write API:ACTION"),
            ("endtxn:drop-answer", "is none of Produce, Fetch"),
            ("EndTxn:explode", "is none of drop-answer"),
            ("EndTxn:drop-answer:-1", "is no number of times"),
            ("EndTxn:delay=121000ms", "is none of"),
            ("markers:drop-answer", "write markers:delay"),
        ] {
            assert!(argument(bad).is_err_and(|said| said.contains(says)), "{bad}: {:?}", argument(bad));
        }
    }
}
