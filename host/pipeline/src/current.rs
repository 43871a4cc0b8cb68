//! The plugin that a pipeline runs now, and who has to be told when that is another one.
//!
//! `start` registers its workers here, [`crate::Swapper`] replaces the plugin; both under one lock, so that a worker which
//! starts during a swap has the new plugin or is told of it.

use crate::command::{Adopted, Command, WorkerHandle};
use crate::plugin::BoundPlugin;
use crossbeam_channel::{Receiver, bounded};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Shared by a pipeline's starts and its swaps.
pub struct Current(Mutex<State>);

struct State {
    plugin: BoundPlugin,
    /// Of the running pipeline; workers that have ended do not hear anything any more.
    workers: Vec<Listener>,
}

/// A worker, and how it is woken from waiting for records.
#[derive(Clone)]
pub(crate) struct Listener {
    pub(crate) handle: WorkerHandle,
    pub(crate) wake: Arc<dyn Fn() + Send + Sync>,
}

impl Current {
    pub fn new(plugin: BoundPlugin) -> Current {
        Current(Mutex::new(State { plugin, workers: Vec::new() }))
    }

    /// What runs now, or will with the next start.
    pub fn plugin(&self) -> BoundPlugin {
        self.state().plugin.clone()
    }

    /// Calls `start` with the plugin; from then on the workers that it returns are told of swaps, and those before are not.
    pub(crate) fn start<T, E>(
        &self,
        start: impl FnOnce(&BoundPlugin) -> Result<(T, Vec<Listener>), E>,
    ) -> Result<T, E> {
        let mut state = self.state();
        let (started, workers) = start(&state.plugin)?;
        state.workers = workers;
        Ok(started)
    }

    /// From now on it is this plugin. Returns the number of workers that were told, and where they say that they have it.
    pub(crate) fn replace(&self, plugin: &BoundPlugin) -> (usize, Receiver<Adopted>) {
        // Told without the lock: a full channel makes the teller wait. A start from here on has the new plugin already.
        let workers = {
            let mut state = self.state();
            state.plugin = plugin.clone();
            state.workers.clone()
        };
        let (done, adopted) = bounded(workers.len());
        let mut told = 0;
        for worker in &workers {
            if worker.handle.tell(Command::Swap { plugin: plugin.clone(), done: done.clone() }) {
                (worker.wake)();
                told += 1;
            }
        }
        (told, adopted)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
