//! `--fault SPEC`: what the embedded broker does wrong, for seeing how a pipeline takes it.
//!
//! `API:ACTION[:TIMES]`, such as `EndTxn:drop-answer`, `Produce:delay=200ms:50` or `Fetch:disconnect:3`; and
//! `markers:delay=500ms` for the markers of transactions. `broker-2:cut=5000ms:after=10000ms` takes one of several posed
//! brokers off the network, ten seconds from now and for five; without times it is at once and for good.

use crate::exit::UserFault;
use std::time::Duration;
use wasmill_devbroker::faults::Cut;
use wasmill_devbroker::{ApiKey, Faults, ResponseError};

/// The longest delay: longer than any timeout of a client that is worth trying.
const DELAY_MAX: Duration = Duration::from_secs(120);

/// One `--fault`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    Requests { api: ApiKey, action: Action, times: usize },
    Markers { delay: Duration },
    Cut { broker: i32, after: Duration, lasts: Option<Duration> },
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
    if let Some(broker) = api.strip_prefix("broker-") {
        return cut(broker, action, times).ok_or_else(|| "write broker-<n>:cut[=<n>ms][:after=<n>ms]".to_owned());
    }
    if api == "markers" {
        return match (delay(action), times) {
            (Some(delay), None) => Ok(Fault::Markers { delay }),
            _ => Err("write markers:delay=<n>ms".to_owned()),
        };
    }
    let Some((_, api)) = APIS.iter().find(|(name, _)| *name == api) else {
        let known = APIS.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
        return Err(format!("`{api}` is none of {known}, markers, broker-<n>"));
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
    time(action.strip_prefix("delay=")?)
}

fn time(text: &str) -> Option<Duration> {
    let time = Duration::from_millis(text.strip_suffix("ms")?.parse().ok()?);
    (time <= DELAY_MAX).then_some(time)
}

fn cut(broker: &str, action: &str, after: Option<&str>) -> Option<Fault> {
    let lasts = match action.strip_prefix("cut")? {
        "" => None,
        lasts => Some(time(lasts.strip_prefix('=')?)?),
    };
    let after = after.map_or(Some(Duration::ZERO), |after| time(after.strip_prefix("after=")?))?;
    Some(Fault::Cut { broker: broker.parse().ok()?, after, lasts })
}

impl Fault {
    /// Whether it is about a broker that there is.
    pub(crate) fn check(&self, brokers: i32) -> Result<(), UserFault> {
        match self {
            Fault::Cut { broker, .. } if !(1..=brokers).contains(broker) => {
                Err(UserFault(format!("--fault: there is no broker {broker}, --brokers poses as {brokers}")))
            }
            _ => Ok(()),
        }
    }

    /// From now on.
    pub(crate) fn inject(&self, faults: &Faults) -> anyhow::Result<()> {
        match self {
            Fault::Markers { delay } => faults.delay_markers(*delay),
            Fault::Cut { broker, after, lasts } => cut_later(faults.clone(), *broker, *after, *lasts)?,
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
        Ok(())
    }
}

/// A cut without delay is in force when this returns.
fn cut_later(faults: Faults, broker: i32, after: Duration, lasts: Option<Duration>) -> anyhow::Result<()> {
    let cut = move || {
        tracing::warn!(broker, "a fault: the broker is off the network");
        faults.cut(broker)
    };
    let heal = move |cut: Cut| {
        // Without a time it is for good: dropping the handle heals nothing.
        if let Some(lasts) = lasts {
            std::thread::sleep(lasts);
            cut.heal();
            tracing::warn!(broker, "the broker is back");
        }
    };
    if after.is_zero() {
        let cut = cut();
        super::thread("fault", move || heal(cut))?;
    } else {
        super::thread("fault", move || {
            std::thread::sleep(after);
            heal(cut());
        })?;
    }
    Ok(())
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
    fn a_broker_is_cut_for_good_or_for_a_while_now_or_later() {
        let of = |after, lasts: Option<u64>| {
            let after = Duration::from_millis(after);
            Ok(Fault::Cut { broker: 2, after, lasts: lasts.map(Duration::from_millis) })
        };
        assert_eq!(argument("broker-2:cut"), of(0, None));
        assert_eq!(argument("broker-2:cut=50ms"), of(0, Some(50)));
        assert_eq!(argument("broker-2:cut:after=7ms"), of(7, None));
        assert_eq!(argument("broker-2:cut=50ms:after=7ms"), of(7, Some(50)));
        let fault = argument("broker-2:cut").unwrap();
        assert!(fault.check(2).is_ok());
        assert!(fault.check(1).is_err_and(|said| said.0.contains("no broker 2, --brokers poses as 1")));
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
            ("broker-2:drop-answer", "write broker-<n>:cut"),
            ("broker-x:cut", "write broker-<n>:cut"),
            ("broker-2:cut=5", "write broker-<n>:cut"),
            ("broker-2:cut=5ms:7ms", "write broker-<n>:cut"),
        ] {
            assert!(argument(bad).is_err_and(|said| said.contains(says)), "{bad}: {:?}", argument(bad));
        }
    }
}
