//! The time of what is sent: the stream's own, which passes faster than the clock on the wall.
//!
//! Records have the stream's times, because stock and reservations go by record time. So this also tells when a record was
//! due on the wall, from which latencies are measured: a feed that falls behind makes them longer, not shorter.

use std::time::{Duration, Instant};

use crate::board::now_ms;

/// From a time of the stream on, how many times as fast it passes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Phase {
    pub(crate) from_ms: i64,
    pub(crate) speed: f64,
}

/// The stream's clock, running since it was made.
#[derive(Debug)]
pub(crate) struct Clock {
    began: Instant,
    began_ms: u64,
    /// Each with the milliseconds on the wall after which it begins; in their order.
    phases: Vec<(Phase, f64)>,
}

impl Clock {
    /// Starts it, at the beginning of the first phase.
    pub(crate) fn start(phases: &[Phase]) -> Clock {
        let mut placed: Vec<(Phase, f64)> = Vec::new();
        for phase in phases {
            let at = placed.last().map_or(0.0, |last| after(last, phase.from_ms));
            placed.push((*phase, at));
        }
        Clock { began: Instant::now(), began_ms: now_ms(), phases: placed }
    }

    /// How long after its start a time of the stream comes.
    pub(crate) fn after(&self, time_ms: i64) -> Duration {
        let phase = self.phases.iter().rev().find(|(phase, _)| phase.from_ms <= time_ms);
        let millis = phase.map_or(0.0, |phase| after(phase, time_ms));
        Duration::from_secs_f64(millis / 1000.0)
    }

    pub(crate) fn has_come(&self, time_ms: i64) -> bool {
        self.after(time_ms) <= self.began.elapsed()
    }

    /// When a time of the stream comes, in milliseconds since 1970.
    pub(crate) fn wall_ms(&self, time_ms: i64) -> u64 {
        self.began_ms + u64::try_from(self.after(time_ms).as_millis()).unwrap_or(u64::MAX - self.began_ms)
    }
}

fn after(&(phase, at): &(Phase, f64), time_ms: i64) -> f64 {
    at + (time_ms - phase.from_ms) as f64 / phase.speed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_phase_has_a_speed_of_its_own() {
        let phases = [(1_000, 10.0), (2_000, 2.0), (3_000, 100.0)];
        let clock = Clock::start(&phases.map(|(from_ms, speed)| Phase { from_ms, speed }));
        let millis = |time| clock.after(time).as_millis();
        assert_eq!([0, 1_000, 1_500, 2_000, 2_500, 3_000, 4_000].map(millis), [0, 0, 50, 100, 350, 600, 610]);
        assert_eq!(clock.wall_ms(3_000) - clock.wall_ms(1_000), 600);
        assert!(clock.has_come(1_000) && !clock.has_come(10_000_000));
    }

    #[test]
    fn a_time_at_the_speed_of_the_wall_is_what_it_is() {
        let clock = Clock::start(&[Phase { from_ms: 7_000, speed: 1.0 }]);
        assert_eq!(clock.wall_ms(7_250) - clock.wall_ms(7_000), 250);
    }
}
