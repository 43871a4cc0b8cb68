//! Plugins written in Rust, for tests, benches and chaos runs: they cost nothing and need no file.
//!
//! Compiled in by the feature `native-plugins` only.

mod count;

use wasmill_record::{Batch, CallSource, GuestFailure, GuestFailureKind, Invoke, InvokeError, Outcome, Reply};

/// Answers every record with one outcome, chosen by its value.
#[derive(Clone, Copy)]
pub struct Native {
    name: &'static str,
    answer: Answers,
}

/// How a native plugin answers.
#[derive(Clone, Copy)]
enum Answers {
    /// By a record's value and its attempt.
    Each(Function),
    /// By what it has kept: [`count`].
    Counting,
}

/// Value and attempt of one record in, an answer out.
type Function = fn(Option<&[u8]>, u32) -> Answer;

enum Answer {
    Forward,
    Reject(&'static str, &'static str),
    Retry(&'static str, &'static str),
}

/// Their names, for the checks of the configuration.
pub const NATIVE_PLUGINS: &[&str] = &["identity", "validator", "retry-first", count::NAME];

impl Native {
    /// The plugin of this name, one of [`NATIVE_PLUGINS`].
    pub fn find(name: &str) -> Option<Native> {
        let (name, answer): (_, Function) = match name {
            // Forwards everything to the first output.
            "identity" => ("identity", |_, _| Answer::Forward),
            // Rejects records whose value says so.
            "validator" => ("validator", |value, _| match contains(value, br#""reject":true"#) {
                true => Answer::Reject("rejected-by-rule", "the value asks to be rejected"),
                false => Answer::Forward,
            }),
            // Asks for two more attempts where the value says so.
            "retry-first" => {
                ("retry-first", |value, attempt| match attempt < 3 && contains(value, br#""retry":true"#) {
                    true => Answer::Retry("not-yet", "the value asks to be tried again"),
                    false => Answer::Forward,
                })
            }
            count::NAME => return Some(Native { name: count::NAME, answer: Answers::Counting }),
            _ => return None,
        };
        Some(Native { name, answer: Answers::Each(answer) })
    }

    /// For one worker.
    pub fn instance<B: Batch>(self) -> Box<dyn Invoke<B>> {
        match self.answer {
            Answers::Each(answer) => Box::new(Each { name: self.name, answer }),
            Answers::Counting => Box::new(count::Count::new()),
        }
    }

    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Names of its stores, by number.
    pub fn stores(&self) -> Vec<String> {
        match self.answer {
            Answers::Each(_) => Vec::new(),
            Answers::Counting => count::Count::stores(),
        }
    }
}

fn contains(value: Option<&[u8]>, words: &[u8]) -> bool {
    value.is_some_and(|value| value.windows(words.len()).any(|window| window == words))
}

/// A plugin without state, of one worker.
struct Each {
    name: &'static str,
    answer: Function,
}

impl<B: Batch> Invoke<B> for Each {
    fn invoke(
        &mut self,
        batch: &B,
        from: usize,
        count: usize,
        source: &CallSource,
        reply: &mut Reply,
    ) -> Result<(), InvokeError> {
        if from + count > batch.len() {
            let message = format!("{count} records from {from} of {}", batch.len());
            return Err(GuestFailure { kind: GuestFailureKind::Protocol, message }.into());
        }
        for at in from..from + count {
            let outcome = match (self.answer)(batch.record(at).value, source.attempt) {
                Answer::Forward => Outcome::Forward { output: 0 },
                Answer::Reject(code, message) => {
                    Outcome::Reject { code: reply.keep(code.as_bytes()), message: reply.keep(message.as_bytes()) }
                }
                Answer::Retry(code, message) => Outcome::Retry {
                    after_ms: 0,
                    code: reply.keep(code.as_bytes()),
                    message: reply.keep(message.as_bytes()),
                },
            };
            reply.outcomes.push(outcome);
        }
        Ok(())
    }

    fn renew(&mut self) {}

    fn name(&self) -> &str {
        self.name
    }

    fn digest(&self) -> Option<&str> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_that_the_checks_are_told_has_its_plugin() {
        for name in NATIVE_PLUGINS {
            assert!(Native::find(name).is_some_and(|native| native.name == *name), "{name}");
        }
        assert!(Native::find("loyalty").is_none());
    }
}
