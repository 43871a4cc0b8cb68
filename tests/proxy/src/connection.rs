//! One client's connection and its way to the broker: a thread for each direction. Frames pass in order; a frame
//! that waits makes the ones behind it wait, as a stuck network would.

use std::collections::HashMap;
use std::io::{self, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use crate::frame::{self, Request};
use crate::rule::OnHold;
use crate::state::{Action, Shared};

/// Requests of one connection that wait for an answer. librdkafka keeps a few dozen at most; at this many the
/// connection is closed. (Produce with acks=0 has no answer and would get there.)
const IN_FLIGHT_MAX: usize = 10_000;
/// A peer that takes no bytes for so long is gone.
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);
/// How long the broker may take to answer a late request whose client has gone; then its connection is closed.
const LATE_ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

struct Waiting {
    request: Request,
    held_by: Option<u64>,
}

struct Connection {
    shared: Arc<Shared>,
    client: TcpStream,
    broker: TcpStream,
    /// Held while an answer is written: one that was held back comes from a thread of its own.
    answering: Mutex<()>,
    /// By correlation id. `None`: the broker's side has ended, no answer will come.
    in_flight: Mutex<Option<HashMap<i32, Waiting>>>,
    answered: Condvar,
}

/// Runs a connection on two threads of its own and forgets it when both sides are closed.
pub(crate) fn start(id: u64, shared: Arc<Shared>, client: TcpStream, broker: TcpStream) -> io::Result<()> {
    for socket in [&client, &broker] {
        socket.set_nodelay(true)?;
        socket.set_write_timeout(Some(WRITE_TIMEOUT))?;
    }
    let in_flight = Mutex::new(Some(HashMap::new()));
    let (answering, answered) = (Mutex::new(()), Condvar::new());
    let connection = Arc::new(Connection { shared, client, broker, answering, in_flight, answered });
    let answers = Arc::clone(&connection);
    thread::Builder::new().name("proxy-answers".into()).spawn(move || {
        // Either side's end, or bytes that are no frame: the client sees a closed connection.
        let _ = answers.pass_answers();
        let _ = answers.client.shutdown(Shutdown::Both);
        answers.end_answers();
    })?;
    let requests = Arc::clone(&connection);
    let spawned = thread::Builder::new().name("proxy-requests".into()).spawn(move || {
        let _ = requests.pass_requests();
        requests.wait_for_late_answers();
        let _ = requests.client.shutdown(Shutdown::Both);
        let _ = requests.broker.shutdown(Shutdown::Both);
        requests.shared.remove_client(id);
    });
    if spawned.is_err() {
        let _ = connection.broker.shutdown(Shutdown::Both);
    }
    spawned.map(|_| ())
}

impl Connection {
    /// Client to broker, until one of them is gone or a rule cuts.
    fn pass_requests(&self) -> io::Result<()> {
        while let Some(bytes) = frame::read(&mut &self.client)? {
            let request = frame::request(&bytes).ok_or(io::ErrorKind::InvalidData)?;
            if !self.shared.pass_stall() {
                return Ok(());
            }
            let mut held_by = None;
            match self.shared.on_request(&request) {
                Some((_, Action::Cut)) => return self.client.shutdown(Shutdown::Both),
                Some((rule, Action::Hold(then))) => {
                    held_by = Some(rule);
                    if then == OnHold::CutClient {
                        // Closed by the client meanwhile is as good.
                        let _ = self.client.shutdown(Shutdown::Both);
                    }
                    if !self.shared.wait_for_release(rule) {
                        return Ok(());
                    }
                }
                _ => {}
            }
            self.await_answer(Waiting { request, held_by })?;
            (&self.broker).write_all(&bytes)?;
        }
        Ok(())
    }

    /// Broker to client. A client that has gone does not end it: held requests are still to be answered.
    fn pass_answers(self: &Arc<Self>) -> io::Result<()> {
        while let Some(bytes) = frame::read(&mut &self.broker)? {
            let correlation = frame::answer_correlation(&bytes).ok_or(io::ErrorKind::InvalidData)?;
            let waiting = self.in_flight().as_mut().and_then(|waiting| waiting.remove(&correlation));
            let waiting = waiting.ok_or(io::ErrorKind::InvalidData)?;
            let error = frame::error_code(&waiting.request, &bytes);
            let action = self.shared.on_answer(&waiting.request, error, waiting.held_by);
            self.answered.notify_all();
            match action {
                Some((_, Action::DropAnswer)) => continue,
                Some((_, Action::CutAnswer)) => return Ok(()),
                Some((rule, Action::HoldAnswer)) => {
                    self.answer_when_released(rule, bytes)?;
                    continue;
                }
                Some((_, Action::DelayAnswer(delay))) if !self.shared.delay(delay) => return Ok(()),
                _ => {}
            }
            if !self.shared.pass_stall() {
                return Ok(());
            }
            self.write_answer(&bytes);
        }
        Ok(())
    }

    /// The answers behind it pass meanwhile.
    fn answer_when_released(self: &Arc<Self>, rule: u64, bytes: Vec<u8>) -> io::Result<()> {
        let connection = Arc::clone(self);
        let answer = move || {
            if connection.shared.wait_for_release(rule) {
                connection.write_answer(&bytes);
            }
        };
        thread::Builder::new().name("proxy-held-answer".into()).spawn(answer).map(|_| ())
    }

    /// To a client that may have gone.
    fn write_answer(&self, bytes: &[u8]) {
        let _whole = self.answering.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = (&self.client).write_all(bytes);
    }

    fn await_answer(&self, waiting: Waiting) -> io::Result<()> {
        let mut in_flight = self.in_flight();
        let in_flight = in_flight.as_mut().ok_or(io::ErrorKind::BrokenPipe)?;
        if in_flight.len() >= IN_FLIGHT_MAX {
            return Err(io::ErrorKind::QuotaExceeded.into());
        }
        in_flight.insert(waiting.request.correlation, waiting);
        Ok(())
    }

    /// A released request has to reach the broker although its client has gone: its connection stays until then.
    fn wait_for_late_answers(&self) {
        let late = |in_flight: &mut Option<HashMap<i32, Waiting>>| {
            in_flight.iter().flat_map(HashMap::values).any(|waiting| waiting.held_by.is_some())
        };
        // Past the timeout the broker's side is closed all the same.
        let _ = self.answered.wait_timeout_while(self.in_flight(), LATE_ANSWER_TIMEOUT, late);
    }

    fn end_answers(&self) {
        *self.in_flight() = None;
        self.answered.notify_all();
    }

    fn in_flight(&self) -> MutexGuard<'_, Option<HashMap<i32, Waiting>>> {
        self.in_flight.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
