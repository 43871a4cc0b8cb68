//! Answers as a test sees them: every message in full, whatever of it was inherited.

use super::Sample;
use crate::{Outputs, Plugin};
use std::fmt;
use wasmill_wire::{Decoder, Emission, Outcome, Part, Span};

/// What the plugin answered for one record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Forwarded as it is; the message is the record.
    Forward(Message),
    /// Dropped.
    Drop,
    /// Messages, perhaps none.
    Emit(Vec<Message>),
    /// Rejected.
    Reject {
        /// The code.
        code: String,
        /// The message for people.
        message: String,
    },
    /// Postponed.
    Retry {
        /// The pause; 0: the pipeline's own.
        after_ms: u32,
        /// The code.
        code: String,
        /// The message for people.
        message: String,
    },
}

/// A message as it would be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The output's name.
    pub output: &'static str,
    /// The key; `None` is a null.
    pub key: Option<Vec<u8>>,
    /// The value; `None` is a tombstone.
    pub value: Option<Vec<u8>>,
    /// The headers, inherited ones first.
    pub headers: Vec<(String, Option<Vec<u8>>)>,
    /// Milliseconds since the Unix epoch; `None`: as the record, which has none.
    pub timestamp: Option<i64>,
    /// `None`: chosen by the output's partitioner.
    pub partition: Option<i32>,
}

/// Answers in full, from a decoded reply.
pub(super) fn answers<P: Plugin>(decoder: &Decoder, data: &[u8], samples: &[(i64, Sample)]) -> Vec<Answer> {
    let one = |(outcome, (_, sample)): (&Outcome, &(i64, Sample))| match *outcome {
        Outcome::Forward { output, .. } => Answer::Forward(forwarded::<P>(output, sample)),
        Outcome::Drop { .. } => Answer::Drop,
        Outcome::Emit { emissions, .. } => {
            let emissions = emissions.of(&decoder.emissions).iter();
            Answer::Emit(emissions.map(|emission| emitted::<P>(emission, data, sample)).collect())
        }
        Outcome::Reject { code, message } => Answer::Reject { code: text(code, data), message: text(message, data) },
        Outcome::Retry { after_ms, code, message } => {
            Answer::Retry { after_ms, code: text(code, data), message: text(message, data) }
        }
    };
    decoder.outcomes.iter().zip(samples).map(one).collect()
}

fn forwarded<P: Plugin>(output: u16, sample: &Sample) -> Message {
    Message {
        output: P::Outputs::NAMES[usize::from(output)].name,
        key: sample.key.clone(),
        value: sample.value.clone(),
        headers: sample.headers.clone(),
        timestamp: sample.timestamp,
        partition: None,
    }
}

fn emitted<P: Plugin>(emission: &Emission, data: &[u8], sample: &Sample) -> Message {
    let part = |part, inherited: &Option<Vec<u8>>| match part {
        Part::Inherit => inherited.clone(),
        Part::Null => None,
        Part::Bytes(span) => Some(bytes(span, data)),
    };
    let mut headers = if emission.inherit_headers { sample.headers.clone() } else { Vec::new() };
    let own = emission.headers.of(data);
    headers.extend(own.map(|(name, value)| (String::from_utf8_lossy(name).into(), value.map(<[u8]>::to_vec))));
    Message {
        key: part(emission.key, &sample.key),
        value: part(emission.value, &sample.value),
        headers,
        timestamp: emission.timestamp.or(sample.timestamp),
        partition: emission.partition,
        ..forwarded::<P>(emission.output, &Sample::new())
    }
}

fn bytes(span: Span, data: &[u8]) -> Vec<u8> {
    span.of(data).unwrap_or_default().to_vec()
}

fn text(span: Span, data: &[u8]) -> String {
    String::from_utf8_lossy(span.of(data).unwrap_or_default()).into()
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Answer::Forward(message) => write!(f, "forward: {message}"),
            Answer::Drop => f.write_str("a record to be dropped"),
            Answer::Emit(messages) if messages.is_empty() => f.write_str("no messages"),
            Answer::Emit(messages) => {
                let messages: Vec<String> = messages.iter().map(Message::to_string).collect();
                f.write_str(&messages.join(", "))
            }
            Answer::Reject { code, message } => write!(f, "a rejection with `{code}`: {message}"),
            Answer::Retry { after_ms, code, message } => write!(f, "a retry after {after_ms} ms, `{code}`: {message}"),
        }
    }
}

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |bytes: &Option<Vec<u8>>| match bytes {
            Some(bytes) => format!("`{}`", String::from_utf8_lossy(bytes)),
            None => "null".into(),
        };
        write!(f, "a message to `{}`, key {}, value {}", self.output, shown(&self.key), shown(&self.value))?;
        for (name, value) in &self.headers {
            write!(f, ", header `{name}` {}", shown(value))?;
        }
        if let Some(timestamp) = self.timestamp {
            write!(f, ", timestamp {timestamp}")?;
        }
        self.partition.map_or(Ok(()), |partition| write!(f, ", partition {partition}"))
    }
}
