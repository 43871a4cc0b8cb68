//! A plugin in a native test: the real packing, the SDK's own loop, and the checks of the host, without a host.
//!
//! Each case also runs again in other companies (`check`): answers must not depend on them. What is not here: the sandbox,
//! its limits of time and memory, and delivery.

mod answer;
mod check;
mod sample;
mod state;

pub use answer::{Answer, Message};
pub use sample::Sample;

pub use crate::stores::fake::StateCalls;

use crate::context::Call;
use crate::stores::fake::Kept;
use crate::telemetry::{Counter, Level, recorded};
use crate::{Codes, Failure, Outputs, Plugin, Problems, StoreSet, config};
use check::Instance;
use serde::Serialize;
use serde_json::Value;
use std::cell::Cell;
use std::collections::{BTreeMap, VecDeque};
use std::fmt;

/// Runs a plugin natively.
///
/// Every batch is answered once for the test to look at, and then again as a whole, record by record and in halves, on
/// instances of different ages; an answer that differs fails the test and names the record. What the plugin answered and
/// the test did not look at fails it too, so that an output too many is noticed.
///
/// ```no_run
/// # use wasmill_sdk::prelude::*;
/// # use serde_json::json;
/// # fn f<P: Plugin>(output: P::Outputs) {
/// Harness::<P>::new(json!({ "at_least": 100 }))
///     .send("p-1", json!({ "amount": 250 }))
///     .expect(output, json!({ "amount": 250 }))
///     .batch([Sample::new().key("p-2").value("{"), Sample::new().header("trace", "1")])
///     .expect_reject("invalid-json")
///     .expect_reject("null-value");
/// # }
/// ```
///
/// # Panics
/// All of its methods panic where the test fails, and where the plugin does.
pub struct Harness<P: Plugin> {
    config: String,
    instance: Instance<P>,
    call: Call,
    next_offset: i64,
    /// What is kept, by partition: stores of two partitions never meet.
    states: BTreeMap<u32, Kept>,
    /// What the last batch asked.
    calls: StateCalls,
    answers: Vec<Answer>,
    /// What nobody has looked at.
    unseen: VecDeque<Step>,
    /// Whether somebody has looked at all answers at once.
    seen: Cell<bool>,
    lines: Vec<(Level, Option<u32>, String)>,
    counters: BTreeMap<u16, u64>,
}

/// One thing to look at: a message, or an answer without one.
#[derive(Debug)]
enum Step {
    Message(Message),
    Other(Answer),
}

impl<P: Plugin> Harness<P> {
    /// A plugin with this configuration, as it stands in the plugin's section of a pipeline file.
    pub fn new(config: Value) -> Harness<P> {
        match Harness::configure(config) {
            Ok(harness) => harness,
            Err(problems) => panic!("the configuration is refused: {problems}"),
        }
    }

    /// As [`Harness::new`], for tests of configurations that are wrong.
    ///
    /// # Errors
    /// What the plugin finds wrong with the configuration.
    pub fn configure(config: Value) -> Result<Harness<P>, Problems> {
        let config = config.to_string();
        Ok(Harness {
            instance: Instance::new(config::configure(&config)?),
            config,
            call: Call { input: 0, topic: "test".into(), partition: 0, attempt: 1, now_ms: 1_700_000_000_000, seed: 7 },
            next_offset: 0,
            states: BTreeMap::new(),
            calls: StateCalls::default(),
            answers: Vec::new(),
            unseen: VecDeque::new(),
            seen: Cell::new(false),
            lines: Vec::new(),
            counters: BTreeMap::new(),
        })
    }

    /// The host's clock for the calls that follow, milliseconds since the Unix epoch.
    pub fn now_ms(mut self, now_ms: u64) -> Harness<P> {
        self.call.now_ms = now_ms;
        self
    }

    /// The attempt for the calls that follow, counted from 1.
    pub fn attempt(mut self, attempt: u32) -> Harness<P> {
        self.call.attempt = attempt;
        self
    }

    /// Where the records of the calls that follow come from. Each partition has a state of its own.
    pub fn source(mut self, topic: &str, partition: u32) -> Harness<P> {
        (self.call.topic, self.call.partition) = (topic.into(), partition);
        self
    }

    /// Which of [`Plugin::INPUTS`] the records of the calls that follow come from.
    pub fn input(mut self, name: &str) -> Harness<P> {
        let Some(position) = P::INPUTS.iter().position(|it| *it == name) else {
            panic!("the plugin has no input `{name}`: it has {:?}", P::INPUTS);
        };
        self.call.input = u16::try_from(position).unwrap_or(u16::MAX);
        self
    }

    /// Sends one record; its value is the JSON of `value`. [`Harness::record`] is for values that are not JSON.
    #[track_caller]
    pub fn send(self, key: impl AsRef<[u8]>, value: impl Serialize) -> Harness<P> {
        self.record(Sample::new().key(key).json(value))
    }

    /// Sends one record.
    #[track_caller]
    pub fn record(self, sample: Sample) -> Harness<P> {
        self.batch([sample])
    }

    /// Sends records as one batch.
    #[track_caller]
    pub fn batch(mut self, samples: impl IntoIterator<Item = Sample>) -> Harness<P> {
        self.assert_seen();
        let samples: Vec<(i64, Sample)> = (self.next_offset..).zip(samples).collect();
        self.next_offset += samples.len() as i64;
        recorded::take();
        let kept = self.states.entry(self.call.partition).or_default();
        let before = kept.clone();
        let answered = self.instance.answer(&self.call, &samples, kept);
        self.calls = self.instance.calls();
        let recorded = recorded::take();
        self.lines.extend(recorded.lines);
        for (number, by) in recorded.counters {
            *self.counters.entry(number).or_default() += by;
        }
        check::in_every_company::<P>(&self.config, &mut self.instance, &self.call, &samples, &answered, &before);
        recorded::take();
        self.answers = answered.into_iter().map(|it| it.answer).collect();
        self.unseen = self.answers.iter().flat_map(steps).collect();
        self.seen.set(false);
        self
    }

    /// The next answer is a message to this output whose value is this JSON: forwarded or emitted.
    #[track_caller]
    pub fn expect(self, output: P::Outputs, value: Value) -> Harness<P> {
        self.expect_message(output, |message| {
            let sent = message.value.as_deref().and_then(|bytes| serde_json::from_slice::<Value>(bytes).ok());
            assert_eq!(sent, Some(value), "the value of {message}");
        })
    }

    /// The next answer is a message to this output; `look` looks at the rest of it.
    #[track_caller]
    pub fn expect_message(mut self, output: P::Outputs, look: impl FnOnce(&Message)) -> Harness<P> {
        let name = P::Outputs::NAMES[usize::from(output.number())].name;
        match self.unseen.pop_front() {
            Some(Step::Message(message)) if message.output == name => look(&message),
            other => panic!("expected a message to `{name}`, got {}", shown(other.as_ref())),
        }
        self
    }

    /// The next record is dropped.
    #[track_caller]
    pub fn expect_drop(mut self) -> Harness<P> {
        match self.unseen.pop_front() {
            Some(Step::Other(Answer::Drop)) => self,
            other => panic!("expected a record to be dropped, got {}", shown(other.as_ref())),
        }
    }

    /// The next record is rejected with this code.
    #[track_caller]
    pub fn expect_reject(mut self, code: impl CodeName) -> Harness<P> {
        let expected = code.code_name();
        match self.unseen.pop_front() {
            Some(Step::Other(Answer::Reject { code, .. })) if code == expected => self,
            other => panic!("expected a rejection with `{expected}`, got {}", shown(other.as_ref())),
        }
    }

    /// The next record is postponed with this code.
    #[track_caller]
    pub fn expect_retry(mut self, code: impl CodeName) -> Harness<P> {
        let expected = code.code_name();
        match self.unseen.pop_front() {
            Some(Step::Other(Answer::Retry { code, .. })) if code == expected => self,
            other => panic!("expected a retry with `{expected}`, got {}", shown(other.as_ref())),
        }
    }

    /// Changes the state before the calls that follow: puts what a test begins with.
    #[track_caller]
    pub fn state(mut self, change: impl FnOnce(&mut P::Stores) -> Result<(), Failure>) -> Harness<P> {
        state::with(self.states.entry(self.call.partition).or_default(), change);
        self
    }

    /// Sets what is stored for a key, byte by byte: as a former version of the plugin has left it.
    #[track_caller]
    pub fn state_bytes(mut self, store: &str, key: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Harness<P> {
        let Some(number) = (0..).zip(P::Stores::NAMES).find(|(_, name)| **name == store).map(|(number, _)| number)
        else {
            panic!("the plugin has no store `{store}`: it has {:?}", P::Stores::NAMES);
        };
        let kept = self.states.entry(self.call.partition).or_default();
        kept.entry(number).or_default().insert(key.as_ref().to_vec(), value.as_ref().to_vec());
        self
    }

    /// What is stored after the calls so far. Changes of rejected and postponed records are not.
    #[track_caller]
    pub fn stored<T>(&self, look: impl FnOnce(&mut P::Stores) -> Result<T, Failure>) -> T {
        let mut kept = self.states.get(&self.call.partition).cloned().unwrap_or_default();
        state::with(&mut kept, look)
    }

    /// Something that is stored after the calls so far is this.
    #[track_caller]
    pub fn expect_stored<T: PartialEq + fmt::Debug>(
        self,
        look: impl FnOnce(&mut P::Stores) -> Result<T, Failure>,
        expected: T,
    ) -> Harness<P> {
        assert_eq!(self.stored(look), expected, "what is stored");
        self
    }

    /// What the last batch asked the host for its stores: a plugin that wants what it needs has no `gets`.
    pub fn state_calls(&self) -> StateCalls {
        self.calls
    }

    /// The answers to the last batch, one per record, for a test that looks at them itself.
    pub fn answers(&self) -> &[Answer] {
        self.seen.set(true);
        &self.answers
    }

    /// The lines that the plugin logged so far, each with the position of its record in its batch.
    pub fn lines(&self) -> &[(Level, Option<u32>, String)] {
        &self.lines
    }

    /// What the plugin has counted so far.
    pub fn counted(&self, counter: Counter) -> u64 {
        let number = P::COUNTERS.iter().position(|it| *it == counter).and_then(|at| u16::try_from(at).ok());
        let Some(number) = number else { panic!("`{}` is not in the plugin's COUNTERS", counter.name()) };
        self.counters.get(&number).copied().unwrap_or_default()
    }

    #[track_caller]
    fn assert_seen(&self) {
        if !self.seen.get() && !self.unseen.is_empty() {
            let unseen: Vec<String> = self.unseen.iter().map(|step| shown(Some(step))).collect();
            panic!("the plugin answered more than the test looked at: {}", unseen.join("; "));
        }
    }
}

impl<P: Plugin> Drop for Harness<P> {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.assert_seen();
        }
    }
}

fn steps(answer: &Answer) -> Vec<Step> {
    match answer {
        Answer::Forward(message) => vec![Step::Message(message.clone())],
        Answer::Emit(messages) => messages.iter().cloned().map(Step::Message).collect(),
        other => vec![Step::Other(other.clone())],
    }
}

fn shown(step: Option<&Step>) -> String {
    match step {
        None => "nothing more".into(),
        Some(Step::Message(message)) => message.to_string(),
        Some(Step::Other(answer)) => answer.to_string(),
    }
}

/// What names a code in a test: a variant of the plugin's [`Codes`], or the text of one of the SDK's own.
pub trait CodeName {
    /// The code.
    fn code_name(self) -> &'static str;
}

impl<C: Codes> CodeName for C {
    fn code_name(self) -> &'static str {
        self.code()
    }
}

impl CodeName for &'static str {
    fn code_name(self) -> &'static str {
        self
    }
}
