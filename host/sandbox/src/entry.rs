//! The only way into a guest: armed, ticking, with its clocks set; and out again, with its last line logged.

use crate::engine::Engine;
use crate::failure::{During, classify};
use crate::host::Host;
use std::time::Duration;
use wasmill_record::InvokeError;
use wasmtime::Store;

/// What the guest sees of the world while it runs.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Moment {
    pub(crate) now_ms: u64,
    pub(crate) seed: u64,
}

/// Runs `body`, which calls into the guest once. An entry that is not armed would run against the deadline of the one
/// before it, so there is no other way in.
pub(crate) fn enter<T>(
    engine: &Engine,
    store: &mut Store<Host>,
    budget: Duration,
    moment: Moment,
    during: During,
    body: impl FnOnce(&mut Store<Host>) -> wasmtime::Result<T>,
) -> Result<T, InvokeError> {
    let host = store.data_mut();
    host.call.begin(moment.now_ms, moment.seed);
    host.deadline.arm(budget);
    host.log.begin();
    store.set_epoch_deadline(1);
    let answer = {
        let _inside = engine.enter();
        body(store)
    };
    store.data().log.finish();
    answer.map_err(|error| classify(store, &error, during))
}
