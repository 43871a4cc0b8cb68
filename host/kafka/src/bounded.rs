//! Calls into librdkafka that must come back.
//!
//! The transactional calls take a timeout, but wait for their own state machine without one: after a broker was lost,
//! sending offsets has been seen to stay inside for over a minute. So each is made on a thread of its own and waited for;
//! one that does not come back is left to itself, together with the producer it holds, and a later producer with the same
//! transactional id fences whatever it still does.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;
use wasmill_record::{Class, Failure};

/// How much later than its own timeout a call may come back.
const GRACE: Duration = Duration::from_millis(500);

type Job = Box<dyn FnOnce() -> Result<(), Failure> + Send>;

/// Makes calls one after the other; the thread ends with it, or with the call that never came back.
pub(crate) struct Caller {
    thread: Option<Thread>,
}

struct Thread {
    jobs: SyncSender<Job>,
    results: Receiver<Result<(), Failure>>,
}

impl Caller {
    pub(crate) fn new() -> Caller {
        Caller { thread: None }
    }

    /// Runs `call` on what `producer` holds and waits for at most `timeout` and a grace. Class unknown: it did not come
    /// back, and the producer must not be used again.
    pub(crate) fn call<P: Send + Sync + 'static>(
        &mut self,
        name: &str,
        producer: &Arc<P>,
        timeout: Duration,
        call: impl FnOnce(&P) -> Result<(), Failure> + Send + 'static,
    ) -> Result<(), Failure> {
        let lost = |what: &str| Failure::new(Class::Unknown, format!("{name}: {what}"));
        let thread = match self.thread.take() {
            Some(thread) => thread,
            None => start().map_err(|error| lost(&error.to_string()))?,
        };
        let held = Arc::clone(producer);
        if thread.jobs.send(Box::new(move || call(&held))).is_err() {
            return Err(lost("its thread is gone"));
        }
        match thread.results.recv_timeout(timeout + GRACE) {
            Ok(result) => {
                self.thread = Some(thread);
                result
            }
            Err(RecvTimeoutError::Timeout) => Err(lost("the client library did not come back in time")),
            Err(RecvTimeoutError::Disconnected) => Err(lost("its thread is gone")),
        }
    }
}

fn start() -> std::io::Result<Thread> {
    // One call at a time: room for it, and for its result when nobody waits any more.
    let (jobs, next) = sync_channel::<Job>(1);
    let (result, results) = sync_channel(1);
    std::thread::Builder::new().name("transaction".to_owned()).spawn(move || {
        while let Ok(job) = next.recv() {
            if result.send(job()).is_err() {
                return;
            }
        }
    })?;
    Ok(Thread { jobs, results })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_back_and_the_thread_is_used_again() {
        let mut caller = Caller::new();
        let producer = Arc::new(7);
        let failure = Failure::new(Class::Abortable, "x");
        let expected = failure.clone();
        assert_eq!(caller.call("a", &producer, GRACE, |_| Ok(())), Ok(()));
        assert_eq!(caller.call("b", &producer, GRACE, move |_| Err(failure)), Err(expected));
        assert!(caller.thread.is_some());
    }

    #[test]
    fn a_call_that_stays_away_is_left_and_the_next_one_works() {
        let mut caller = Caller::new();
        let producer = Arc::new(());
        let (release, held) = sync_channel::<()>(1);
        let stuck = caller.call("stuck", &producer, Duration::ZERO, move |()| {
            // Until the test lets go of it.
            let _ = held.recv();
            Ok(())
        });
        let failure = stuck.unwrap_err();
        assert_eq!(failure.class, Class::Unknown);
        assert!(failure.message.contains("did not come back"), "{failure}");
        assert_eq!(caller.call("next", &producer, GRACE, |()| Ok(())), Ok(()));
        drop(release);
    }
}
