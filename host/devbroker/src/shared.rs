//! What connections, the ticking thread and the handle of the broker share.

use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, Semaphore, watch};

use crate::clock::{Clock, Moment};
use crate::core::Core;
use crate::faults::FaultState;

/// KiB of requests that are being read at the same time, over all connections; a connection that would go above waits.
const REQUEST_KIB_IN_FLIGHT_MAX: usize = 256 << 10;

pub(crate) struct Shared {
    core: Mutex<Core>,
    /// A copy of the state's own word, for whoever does not hold the lock.
    is_closed: AtomicBool,
    pub(crate) faults: FaultState,
    pub(crate) clock: Clock,
    /// Something may be due earlier than the ticking task thinks.
    pub(crate) due: Notify,
    /// Whether a node, by its place, is cut.
    cut: Vec<watch::Sender<bool>>,
    /// Ends every task.
    pub(crate) stop: watch::Sender<bool>,
    pub(crate) connections: AtomicUsize,
    pub(crate) reading: Arc<Semaphore>,
    next_waiter: AtomicU64,
    pub(crate) request_bytes_max: usize,
    pub(crate) connections_max: usize,
}

impl Shared {
    pub(crate) fn new(core: Core) -> Self {
        let options = core.options.clone();
        Self {
            faults: FaultState::default(),
            clock: options.clock,
            due: Notify::new(),
            cut: (0..options.nodes).map(|_| watch::Sender::new(false)).collect(),
            stop: watch::Sender::new(false),
            connections: AtomicUsize::new(0),
            reading: Arc::new(Semaphore::new(REQUEST_KIB_IN_FLIGHT_MAX)),
            next_waiter: AtomicU64::new(0),
            request_bytes_max: options.request_bytes_max,
            connections_max: options.connections_max,
            core: Mutex::new(core),
            is_closed: AtomicBool::new(false),
        }
    }

    pub(crate) fn lock(&self) -> Locked<'_> {
        // A panic under this lock is a bug of ours; whatever it left behind is better than a second panic.
        Locked { core: self.core.lock().unwrap_or_else(PoisonError::into_inner), is_closed: &self.is_closed }
    }

    /// Whether nobody is to be answered any more. Asked after a change, it tells whether the change will last.
    pub(crate) fn is_closed(&self) -> bool {
        self.is_closed.load(Ordering::Acquire)
    }

    pub(crate) fn read<T>(&self, with: impl FnOnce(&Core) -> T) -> T {
        with(&self.lock())
    }

    /// Changes the state from outside of a request, and has what is due by it carried out.
    pub(crate) fn change<T>(&self, with: impl FnOnce(&mut Core, Moment) -> T) -> T {
        let now = self.clock.now();
        let value = with(&mut self.lock(), now);
        self.due.notify_one();
        value
    }

    pub(crate) fn set_cut(&self, node: i32, is_cut: bool) {
        let place = usize::try_from(node - 1).ok();
        if let Some(sender) = place.and_then(|place| self.cut.get(place)) {
            sender.send_replace(is_cut);
        }
    }

    /// Tells when the node is cut; `None` for a node that is none.
    pub(crate) fn watch_cut(&self, node: i32) -> Option<watch::Receiver<bool>> {
        Some(self.cut.get(usize::try_from(node - 1).ok()?)?.subscribe())
    }

    pub(crate) fn new_waiter(&self) -> u64 {
        self.next_waiter.fetch_add(1, Ordering::Relaxed)
    }
}

/// The state, locked. Letting go of it settles what was changed, so that no way of changing it can forget to.
pub(crate) struct Locked<'a> {
    core: MutexGuard<'a, Core>,
    is_closed: &'a AtomicBool,
}

impl Deref for Locked<'_> {
    type Target = Core;

    fn deref(&self) -> &Core {
        &self.core
    }
}

impl DerefMut for Locked<'_> {
    fn deref_mut(&mut self) -> &mut Core {
        &mut self.core
    }
}

impl Drop for Locked<'_> {
    fn drop(&mut self) {
        self.core.settle();
        self.is_closed.store(self.core.is_closed(), Ordering::Release);
    }
}
