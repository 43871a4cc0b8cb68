//! How many records a call gets. Pure: told what happened, asked for a number.
//!
//! It shrinks when a call takes longer than it should, so that commands and commits are not kept waiting, and grows back by
//! doubling. What calls that fail say about their number is the caller's matter, who knows partitions.

use std::time::Duration;

/// Calls of full size, one after the other, that went well before the size doubles. Fewer would swing; more would keep a
/// pipeline slow long after a burst of large records.
const GOOD_CALLS: u32 = 16;

pub(crate) struct Pace {
    /// The plugin's own limit.
    most: usize,
    size: usize,
    target: Duration,
    good: u32,
}

impl Pace {
    pub(crate) fn new(most: Option<usize>, target: Duration) -> Pace {
        let most = most.unwrap_or(usize::MAX).max(1);
        Pace { most, size: most, target, good: 0 }
    }

    pub(crate) fn size(&self) -> usize {
        self.size
    }

    /// A call failed.
    pub(crate) fn failed(&mut self) {
        self.good = 0;
    }

    /// A call of `count` records was answered and took this much CPU time, as far as it was seen.
    pub(crate) fn answered(&mut self, count: usize, used: Duration) {
        if used > self.target && count > 1 {
            let share = self.target.as_secs_f64() / used.as_secs_f64();
            self.shrink((count as f64 * share) as usize);
        } else if count >= self.size && used <= self.target / 2 {
            self.good += 1;
            if self.good >= GOOD_CALLS {
                self.good = 0;
                self.size = self.size.saturating_mul(2).min(self.most);
            }
        }
    }

    fn shrink(&mut self, size: usize) {
        self.good = 0;
        self.size = size.clamp(1, self.size);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn pace() -> Pace {
        Pace::new(None, 10 * MS)
    }

    #[test]
    fn a_plugins_own_limit_is_never_passed() {
        let mut pace = Pace::new(Some(8), 10 * MS);
        (0..1000).for_each(|_| pace.answered(8, Duration::ZERO));
        assert_eq!((pace.size(), Pace::new(Some(0), MS).size()), (8, 1));
    }

    #[test]
    fn a_call_that_takes_too_long_shrinks_the_next_to_what_fits() {
        let mut pace = pace();
        pace.answered(256, 40 * MS);
        assert_eq!(pace.size(), 64);
        pace.answered(64, 1000 * MS);
        assert_eq!(pace.size(), 1, "never none");
        pace.answered(1, 1000 * MS);
        assert_eq!(pace.size(), 1);
    }

    #[test]
    fn it_doubles_back_after_full_calls_that_were_quick() {
        let mut pace = pace();
        pace.answered(256, 40 * MS);
        (0..100).for_each(|_| pace.answered(10, Duration::ZERO));
        assert_eq!(pace.size(), 64, "calls that were not full say nothing");
        (0..16).for_each(|_| pace.answered(64, 5 * MS));
        assert_eq!(pace.size(), 128);
        (0..100).for_each(|_| pace.answered(128, 6 * MS));
        assert_eq!(pace.size(), 128, "twice as many would take too long");
    }

    #[test]
    fn a_call_that_fails_is_no_call_that_went_well() {
        let mut pace = pace();
        pace.answered(256, 40 * MS);
        (0..15).for_each(|_| pace.answered(64, MS));
        pace.failed();
        (0..15).for_each(|_| pace.answered(64, MS));
        assert_eq!(pace.size(), 64);
        pace.answered(64, MS);
        assert_eq!(pace.size(), 128);
    }
}
