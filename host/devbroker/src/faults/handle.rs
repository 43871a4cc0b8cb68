//! What a test keeps of a fault: to see that it happened, to let go, to end it.

use std::sync::Arc;
use std::time::Duration;

use crate::shared::Shared;
use crate::transactions::markers::Target;

/// What was waited for did not happen in time.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[error("the dev broker did not see {what} within {within:?}")]
pub struct NotSeen {
    what: String,
    within: Duration,
}

impl NotSeen {
    pub(crate) fn new(what: impl Into<String>, within: Duration) -> Self {
        Self { what: what.into(), within }
    }
}

/// A rule in force. Dropping the handle does not end it.
#[derive(Clone)]
pub struct Applied {
    pub(super) shared: Arc<Shared>,
    pub(super) id: u64,
}

impl Applied {
    /// How many requests the rule has met.
    pub fn seen(&self) -> usize {
        self.shared.faults.seen(self.id)
    }

    /// Waits until it has met so many.
    ///
    /// # Errors
    /// It has not, `within` this time.
    pub fn wait_until_seen(&self, count: usize, within: Duration) -> Result<(), NotSeen> {
        let seen = self.shared.faults.wait(within, || (self.seen() >= count).then_some(()));
        seen.ok_or_else(|| NotSeen::new(format!("{count} requests of a rule"), within))
    }

    /// Waits until the request number `index`, from 0 in the order of application, was applied, and gives its first
    /// error code, 0 for none.
    ///
    /// # Errors
    /// It was not, `within` this time.
    pub fn wait_until_applied(&self, index: usize, within: Duration) -> Result<i16, NotSeen> {
        let applied =
            self.shared.faults.wait(within, || self.shared.faults.applied_errors(self.id).get(index).copied());
        applied.ok_or_else(|| NotSeen::new(format!("the application of request {index}"), within))
    }

    /// Applies to no further request. What is held stays held.
    pub fn cancel(&self) {
        self.shared.faults.cancel(self.id);
    }
}

/// A rule that holds requests. Dropping the handle releases nothing.
#[derive(Clone)]
pub struct Held(pub(super) Applied);

impl Held {
    /// Applies what is held; what this rule still meets is applied at once.
    pub fn release(&self) {
        self.0.shared.faults.release(self.0.id);
    }
}

impl std::ops::Deref for Held {
    type Target = Applied;

    fn deref(&self) -> &Applied {
        &self.0
    }
}

/// Markers that are kept back. Dropping the handle releases nothing.
pub struct HeldMarkers {
    shared: Arc<Shared>,
    id: u64,
}

impl HeldMarkers {
    pub(super) fn new(shared: Arc<Shared>, target: Option<Target>) -> Self {
        let id = shared.faults.new_id();
        shared.change(|core, _| core.transactions.markers.hold(id, target));
        Self { shared, id }
    }

    /// How many markers are waiting for it.
    pub fn seen(&self) -> usize {
        self.shared.read(|core| core.transactions.markers.caught(self.id))
    }

    /// Waits until so many wait for it.
    ///
    /// # Errors
    /// They do not, `within` this time.
    pub fn wait_until_seen(&self, count: usize, within: Duration) -> Result<(), NotSeen> {
        let seen = self.shared.faults.wait(within, || (self.seen() >= count).then_some(()));
        seen.ok_or_else(|| NotSeen::new(format!("{count} markers to hold"), within))
    }

    /// Lets them be written, in their order.
    pub fn release(&self) {
        self.shared.change(|core, _| core.transactions.markers.release(self.id));
    }
}
