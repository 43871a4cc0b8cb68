//! A host that is stopped or gets little CPU time holds nothing against a record: the deadline is CPU time.

// Helpers outside of `#[test]` functions are tests too: what can't be fails the test.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::Duration;

/// Long enough that heavy work on a busy machine is legal, short enough that a stop is far longer.
const DEADLINE_MS: u64 = 400;
/// What a heavy record takes of it.
const HEAVY_MS: u64 = 100;
const STOP: Duration = Duration::from_secs(5);
/// How far into the call the stop falls: behind the first ticks of the deadline's clock, before which no time counts.
const INTO_THE_CALL: Duration = Duration::from_millis(HEAVY_MS / 3);
/// 10 ms of every 100.
const THROTTLED: (Duration, Duration) = (Duration::from_millis(90), Duration::from_millis(10));
/// A stop may fall beside a call, which is unlikely; not so often.
const TRIES: usize = 20;
/// Nothing here takes that long but a test that hangs.
const PATIENCE: Duration = Duration::from_secs(120);

struct Host {
    child: Child,
    values: ChildStdin,
    answers: Receiver<String>,
}

#[derive(Debug)]
struct Answer {
    words: String,
    wall_ms: u64,
    cpu_ms: u64,
}

impl Host {
    fn start() -> Host {
        let mut command = Command::new(env!("CARGO_BIN_EXE_stoppable"));
        command.arg(DEADLINE_MS.to_string()).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (values, answers) = (child.stdin.take().unwrap(), read(child.stdout.take().unwrap()));
        Host { child, values, answers }
    }

    /// Comes back when the call is about to begin.
    fn send(&mut self, value: &str) {
        writeln!(self.values, "{value}").unwrap();
        self.values.flush().unwrap();
        assert_eq!(self.line_within(PATIENCE).as_deref(), Some("begin"));
    }

    fn line_within(&self, time: Duration) -> Option<String> {
        match self.answers.recv_timeout(time) {
            Ok(line) => Some(line),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => panic!("the host has ended"),
        }
    }

    /// What comes within the time.
    fn answer_within(&self, time: Duration) -> Option<Answer> {
        let line = self.line_within(time)?;
        let mut parts = line.rsplit('|');
        let mut number = || parts.next().unwrap().parse().unwrap();
        let (cpu_ms, wall_ms) = (number(), number());
        Some(Answer { words: parts.next().unwrap().to_owned(), wall_ms, cpu_ms })
    }

    fn answer(&self) -> Answer {
        self.answer_within(PATIENCE).expect("the host answers")
    }

    /// A value that takes about [`HEAVY_MS`] on this machine.
    fn heavy(&mut self) -> String {
        let mut rounds = 10;
        loop {
            self.send(&format!("slow:{rounds}"));
            let cpu_ms = self.answer().cpu_ms;
            if cpu_ms >= HEAVY_MS / 4 {
                return format!("slow:{}", rounds * HEAVY_MS / cpu_ms);
            }
            rounds *= 2;
        }
    }

    fn signal(&self, signal: i32) {
        let pid = i32::try_from(self.child.id()).unwrap();
        // SAFETY: kill takes numbers only; the child is ours and was not waited for, so the pid can't be another's.
        assert_eq!(unsafe { libc::kill(pid, signal) }, 0, "{}", std::io::Error::last_os_error());
    }

    fn stop_for(&self, time: Duration) {
        self.signal(libc::SIGSTOP);
        std::thread::sleep(time);
        self.signal(libc::SIGCONT);
    }

    /// The counter-proof: with all that, there is a deadline.
    fn still_has_a_deadline(&mut self) {
        self.send("loop");
        let answer = self.answer();
        assert_eq!(answer.words, "plugin-deadline");
        assert!(answer.cpu_ms < DEADLINE_MS + 100, "{answer:?}");
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        // Nothing else can be done about a failure here.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn read(out: ChildStdout) -> Receiver<String> {
    // One record is under way at a time, so there are at most two lines.
    let (send, answers) = sync_channel(2);
    std::thread::spawn(move || BufReader::new(out).lines().map_while(Result::ok).try_for_each(|line| send.send(line)));
    answers
}

#[test]
fn a_host_that_is_stopped_for_five_seconds_in_a_call_holds_nothing_against_the_record() {
    let mut host = Host::start();
    let heavy = host.heavy();
    for _ in 0..TRIES {
        host.send(&heavy);
        std::thread::sleep(INTO_THE_CALL);
        host.stop_for(STOP);
        let answer = host.answer();
        assert_eq!(answer.words, "forward 0", "{answer:?}");
        if answer.wall_ms >= 5000 {
            return host.still_has_a_deadline();
        }
    }
    panic!("the host was never stopped in a call");
}

#[test]
fn a_host_that_gets_a_tenth_of_a_cpu_holds_nothing_against_its_records() {
    let mut host = Host::start();
    let heavy = host.heavy();
    let mut stretched = 0;
    for _ in 0..TRIES {
        host.send(&heavy);
        let (stopped, running) = THROTTLED;
        let answer = loop {
            host.stop_for(stopped);
            if let Some(answer) = host.answer_within(running) {
                break answer;
            }
        };
        assert_eq!(answer.words, "forward 0", "{answer:?}");
        // In wall time it would have been too late.
        stretched += usize::from(answer.wall_ms > DEADLINE_MS);
        if stretched == 3 {
            return host.still_has_a_deadline();
        }
    }
    panic!("only {stretched} calls took longer than the deadline in wall time");
}
