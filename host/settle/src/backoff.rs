//! How long a record waits for its next attempt.

use std::time::Duration;

/// Doubles from `initial` to `max`, spread by up to a fifth so that partitions that failed together don't come back
/// together (KIP-580 does the same for clients).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    pub initial: Duration,
    pub max: Duration,
}

impl Backoff {
    /// The wait after `attempt` >= 1 has failed; `spread` in 0..=255 picks the place within the fifth.
    pub fn after(self, attempt: u32, spread: u8) -> Duration {
        let doublings = attempt.saturating_sub(1).min(31);
        let full = self.initial.saturating_mul(1 << doublings).min(self.max);
        full - full.mul_f64(0.2 * f64::from(spread) / 255.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const BACKOFF: Backoff = Backoff { initial: Duration::from_millis(100), max: Duration::from_secs(10) };

    #[test]
    fn waits_double_up_to_the_maximum() {
        for (attempt, ms) in [(0, 100), (1, 100), (2, 200), (3, 400), (7, 6400), (8, 10_000), (u32::MAX, 10_000)] {
            assert_eq!(BACKOFF.after(attempt, 0), Duration::from_millis(ms), "attempt {attempt}");
        }
    }

    #[test]
    fn the_spread_takes_at_most_a_fifth() {
        assert_eq!(BACKOFF.after(1, 255), Duration::from_millis(80));
    }

    proptest! {
        #[test]
        fn a_wait_never_leaves_its_bounds(attempt: u32, spread: u8) {
            let wait = BACKOFF.after(attempt, spread);
            prop_assert!(wait >= BACKOFF.initial.mul_f64(0.8) && wait <= BACKOFF.max);
        }
    }
}
