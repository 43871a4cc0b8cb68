//! Telling a fence that the broker's timeout explains from one that means a second process with our instance id (R2.2).

use std::time::{Duration, Instant};

/// Two unexplained fences within this time end the process.
const WINDOW: Duration = Duration::from_secs(60);

#[derive(Debug, Default)]
pub struct Fencing {
    unexplained: Option<Instant>,
}

impl Fencing {
    /// A producer was fenced at `now`; its transaction had been open for `age`. Whether it was the second time within the
    /// window that the timeout does not explain it.
    pub fn fenced(&mut self, now: Instant, age: Option<Duration>, transaction_timeout: Duration) -> bool {
        if age.is_some_and(|age| age >= transaction_timeout) {
            return false;
        }
        let twice = self.unexplained.is_some_and(|before| now.saturating_duration_since(before) < WINDOW);
        self.unexplained = Some(now);
        twice
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_unexplained_fences_in_a_minute_mean_a_twin() {
        let (start, timeout) = (Instant::now(), Duration::from_secs(10));
        let young = Some(Duration::from_secs(1));
        let mut fencing = Fencing::default();
        assert!(!fencing.fenced(start, young, timeout));
        assert!(fencing.fenced(start + Duration::from_secs(59), young, timeout));
        assert!(!fencing.fenced(start + Duration::from_secs(180), None, timeout), "long ago");
    }

    #[test]
    fn a_transaction_that_outlived_its_timeout_explains_the_fence() {
        let (start, timeout) = (Instant::now(), Duration::from_secs(10));
        let mut fencing = Fencing::default();
        for second in 0..3 {
            assert!(!fencing.fenced(start + Duration::from_secs(second), Some(timeout), timeout));
        }
    }
}
