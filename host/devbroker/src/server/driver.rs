//! Lets time pass: carries out what is due, then sleeps until something is.

use std::sync::Arc;

use crate::shared::Shared;

/// Runs until the broker stops.
pub(crate) async fn run(shared: Arc<Shared>) {
    let mut stop = shared.stop.subscribe();
    let ticking = async {
        loop {
            // A change after this and before the wait below leaves a permit: it is not missed.
            let now = shared.clock.now();
            let next = {
                let mut core = shared.lock();
                if core.tick(now) { None } else { Some(core.next_deadline(now)) }
            };
            shared.faults.nudge();
            let Some(next) = next else {
                // Between two markers of a transaction others get their turn.
                tokio::task::yield_now().await;
                continue;
            };
            tokio::select! {
                () = shared.clock.reach(next) => {}
                () = shared.due.notified() => {}
            }
        }
    };
    tokio::select! {
        () = ticking => {}
        _ = stop.wait_for(|is_stopped| *is_stopped) => {}
    }
}
