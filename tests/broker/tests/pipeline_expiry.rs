//! Positions that a broker forgets: of topics that nobody subscribes to, and so of every input but the first.
//!
//! On the dev broker alone: on Apache Kafka a position is kept for a minute at least, and nobody turns its clock.

// The lint's exemption for tests does not reach a test's helper functions.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::time::Duration;

use wasmill_broker::client::{committed, producer, send, values, wait_until};
use wasmill_broker::pipeline::{Running, Setup};
use wasmill_devbroker::{Broker, Clock, ManualClock, Options};

const RETENTION: Duration = Duration::from_secs(30);

#[track_caller]
fn wait_for_position(running: &Running, setup: &Setup, topic: &str, position: i64) {
    wait_until(&format!("position {position} of {topic}"), || {
        assert!(!running.is_finished(), "{:?}", running.reasons());
        committed(&setup.bootstrap, &setup.name, topic, 0).is_some_and(|(at, _)| at == position)
    });
}

/// A broker whose clock stands still, and which forgets positions after half a minute.
fn forgetful() -> (Broker, ManualClock) {
    let clock = ManualClock::new();
    let options = Options {
        clock: Clock::Manual(clock.clone()),
        offsets_retention: RETENTION,
        offsets_check_interval: Duration::from_secs(1),
        ..Options::default()
    };
    (Broker::start(options).unwrap(), clock)
}

/// Two inputs that have been read, five records in all. No session and no transaction ends because the clock is turned.
fn scene(what: &str, broker: &Broker, refresh_interval_ms: u32) -> (Setup, Running) {
    let mut setup = Setup::new(what, &broker.bootstrap()).with_follower();
    setup.session_timeout_ms = 300_000;
    setup.transaction_timeout_ms = 60_000;
    setup.refresh_interval_ms = refresh_interval_ms;
    setup.topics(&setup.bootstrap, 1, &[], &[]);
    let producer = producer(&setup.bootstrap, &[]);
    send(&producer, &setup.input, 0, 0..3);
    send(&producer, &setup.followers[0], 0, 100..102);
    let running = setup.run();
    wait_for_position(&running, &setup, &setup.input, 3);
    wait_for_position(&running, &setup, &setup.followers[0], 2);
    (setup, running)
}

/// The follower goes on where it was, after a restart, too.
fn assert_nothing_was_forgotten(setup: &Setup, running: Running, of_leader: i64) {
    assert_eq!(committed(&setup.bootstrap, &setup.name, &setup.followers[0], 0).map(|(at, _)| at), Some(2));
    running.stop().unwrap();
    let running = setup.run();
    send(&producer(&setup.bootstrap, &[]), &setup.followers[0], 0, 102..104);
    wait_for_position(&running, setup, &setup.followers[0], 4);
    running.stop().unwrap();
    let mut written = values(&setup.written(&setup.bootstrap, 1));
    written.sort_unstable();
    let mut expected: Vec<String> = (0..of_leader).chain(100..104).map(|number| format!("v{number}")).collect();
    expected.sort_unstable();
    assert_eq!(written, expected);
}

/// Run with what needs no Kafka.
mod dev_broker {
    use super::*;

    // R1.3
    #[test]
    fn positions_of_a_quiet_pipeline_are_committed_again_before_they_expire() {
        let (broker, clock) = forgetful();
        let (setup, running) = scene("quiet", &broker, 1000);
        let token = || committed(&setup.bootstrap, &setup.name, &setup.followers[0], 0).map(|(_, token)| token);
        for _ in 0..3 {
            clock.advance(RETENTION * 2 / 3);
            let before = token();
            wait_until("the position is committed again", || token().is_some_and(|now| before != Some(now)));
        }
        assert_nothing_was_forgotten(&setup, running, 3);
    }

    // R1.3
    #[test]
    fn transactions_of_one_input_keep_the_positions_of_a_quiet_one() {
        let (broker, clock) = forgetful();
        let (setup, running) = scene("half-quiet", &broker, 3_600_000);
        let producer = producer(&setup.bootstrap, &[]);
        for number in 3..6 {
            clock.advance(RETENTION * 2 / 3);
            send(&producer, &setup.input, 0, number..number + 1);
            wait_for_position(&running, &setup, &setup.input, i64::try_from(number).unwrap() + 1);
        }
        assert_nothing_was_forgotten(&setup, running, 6);
    }
}
