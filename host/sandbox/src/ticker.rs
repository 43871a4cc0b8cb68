//! Advances the engine's epoch while guests run: at each tick a running guest looks at its deadline.
//!
//! One thread per engine. It rests when no guest has run for a while, so that an idle process does not wake up 500 times a
//! second; entering a guest wakes it.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::thread::Thread;
use std::time::Duration;
use wasmtime::EngineWeak;

/// Deadlines are kept to within two of these. Shorter ones make the guest look more often than a deadline of at least 1 ms
/// is worth; longer ones let an endless loop hold its worker for longer.
pub(crate) const TICK: Duration = Duration::from_millis(2);

/// Ticks without a guest after which the thread rests: 0.1 s, so that a busy pipeline does not wake it for each call.
const IDLE_TICKS_MAX: u32 = 50;

pub(crate) struct Ticker {
    shared: Arc<Shared>,
    thread: Thread,
}

#[derive(Default)]
struct Shared {
    /// Guests that run at this moment.
    inside: AtomicUsize,
    resting: AtomicBool,
    stop: AtomicBool,
}

/// A guest runs.
pub(crate) struct Inside<'a>(&'a Shared);

impl Ticker {
    pub(crate) fn start(engine: &wasmtime::Engine) -> io::Result<Ticker> {
        let (shared, engine) = (Arc::new(Shared::default()), engine.weak());
        let theirs = Arc::clone(&shared);
        let thread =
            std::thread::Builder::new().name("plugin-ticker".to_owned()).spawn(move || run(&theirs, &engine))?;
        Ok(Ticker { shared, thread: thread.thread().clone() })
    }

    pub(crate) fn enter(&self) -> Inside<'_> {
        // Either the ticker sees the guest before it rests, or we see that it rests: both sides write first and read then.
        self.shared.inside.fetch_add(1, SeqCst);
        if self.shared.resting.load(SeqCst) {
            self.thread.unpark();
        }
        Inside(&self.shared)
    }
}

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        self.0.inside.fetch_sub(1, SeqCst);
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.shared.stop.store(true, SeqCst);
        self.thread.unpark();
    }
}

fn run(shared: &Shared, engine: &EngineWeak) {
    let mut idle = 0;
    while !shared.stop.load(SeqCst) {
        let Some(engine) = engine.upgrade() else { return };
        engine.increment_epoch();
        drop(engine);
        idle = if shared.inside.load(SeqCst) == 0 { idle + 1 } else { 0 };
        if idle < IDLE_TICKS_MAX {
            // Woken earlier when it is to stop.
            std::thread::park_timeout(TICK);
        } else {
            rest(shared);
            idle = 0;
        }
    }
}

fn rest(shared: &Shared) {
    shared.resting.store(true, SeqCst);
    if shared.inside.load(SeqCst) == 0 && !shared.stop.load(SeqCst) {
        // May return for no reason: then there is one tick too many.
        std::thread::park();
    }
    shared.resting.store(false, SeqCst);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait_until(resting: bool, ticker: &Ticker) {
        while ticker.shared.resting.load(SeqCst) != resting {
            std::thread::yield_now();
        }
    }

    #[test]
    fn it_rests_when_nobody_is_inside_and_a_guest_wakes_it() {
        let engine = wasmtime::Engine::default();
        let ticker = Ticker::start(&engine).unwrap();
        for _ in 0..3 {
            wait_until(true, &ticker);
            let inside = ticker.enter();
            // It does not rest again before the guest has left.
            wait_until(false, &ticker);
            drop(inside);
        }
    }

    #[test]
    fn its_thread_ends_with_it() {
        let engine = wasmtime::Engine::default();
        let ticker = Ticker::start(&engine).unwrap();
        let shared = Arc::downgrade(&ticker.shared);
        drop(ticker);
        while shared.strong_count() > 0 {
            std::thread::yield_now();
        }
    }
}
