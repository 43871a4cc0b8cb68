//! Records that wait for a decision about their order before they are sent: one behind the other, so that they stay in order.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// A decision that has not come by then does not come: its record is sent all the same, and the oracle says what is wrong. More
/// than a worker is away that has been killed.
const PATIENCE: Duration = Duration::from_secs(60);

/// Numbers of records; not more than are sent.
#[derive(Debug, Default)]
pub(crate) struct Held(VecDeque<(usize, Instant)>);

impl Held {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn put(&mut self, number: usize) {
        self.0.push_back((number, Instant::now()));
    }

    /// The next one, if it need not wait any longer.
    pub(crate) fn take(&mut self, may_go: impl Fn(usize) -> bool) -> Option<usize> {
        let (number, since) = *self.0.front()?;
        if !may_go(number) && since.elapsed() < PATIENCE {
            return None;
        }
        self.0.pop_front();
        Some(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_goes_in_its_order_and_none_before_the_first_may() {
        let mut held = Held::default();
        [3, 5, 8].into_iter().for_each(|number| held.put(number));
        assert_eq!(held.take(|number| number > 3), None);
        assert_eq!(held.take(|number| number != 5), Some(3));
        assert_eq!(held.take(|number| number != 5), None);
        assert_eq!([held.take(|_| true), held.take(|_| true), held.take(|_| true)], [Some(5), Some(8), None]);
        assert!(held.is_empty());
    }
}
