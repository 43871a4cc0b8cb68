//! Outcome and policy in, disposition out.

use crate::Backoff;
use std::time::Duration;
use wasmill_record::{Field, GuestFailureKind, Outcome, Reply};

/// What the host does with one record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disposition {
    /// Written unchanged to this output.
    Forward { output: u16 },
    /// These emissions are written.
    Emit { first: u32, count: u32 },
    /// Nothing is written; settled all the same.
    Skip,
    /// Set aside for people, in the transaction of its offset.
    DeadLetter(Code),
    /// The partition waits this long; nothing behind the record is touched.
    RetryLater { wait: Duration },
}

/// Why a record became a dead letter. Bytes are in the reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// The plugin's own, checked: `[a-z0-9-]{1,64}`.
    Plugin { code: wasmill_record::Span, message: wasmill_record::Span },
    /// The plugin asked for a retry more often than `retry.attempts`.
    Exhausted { code: wasmill_record::Span, message: wasmill_record::Span },
    /// The plugin gave no answer for this record alone.
    Guest(GuestFailureKind),
}

/// What the pipeline's configuration says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// Attempts in all, >= 1.
    pub attempts_max: u32,
    pub backoff: Backoff,
    /// Outputs that exist.
    pub outputs: u16,
}

/// A disposition, or the reason why the whole reply is void.
pub type Decided = Result<Disposition, &'static str>;

/// Longest code, in bytes.
pub const CODE_BYTES_MAX: usize = 64;

/// Longest message of a plugin, in bytes.
pub const MESSAGE_BYTES_MAX: usize = 1024;

/// Longest wait that a plugin may ask for.
pub const RETRY_AFTER_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// Decides about the record whose `outcome` stands in `reply`, at its `attempt` (1-based). `spread` in 0..=255 spreads
/// waits. An answer that breaks the contract is never obeyed in part.
pub fn decide(outcome: &Outcome, reply: &Reply, attempt: u32, spread: u8, policy: &Policy) -> Decided {
    match *outcome {
        Outcome::Forward { output } if output < policy.outputs => Ok(Disposition::Forward { output }),
        Outcome::Forward { .. } => Err("forward to an output that does not exist"),
        Outcome::Drop => Ok(Disposition::Skip),
        Outcome::Emit { first, count } => {
            emissions(reply, first, count, policy)?;
            Ok(Disposition::Emit { first, count })
        }
        Outcome::Reject { code, message } => {
            check_words(reply, code, message)?;
            Ok(Disposition::DeadLetter(Code::Plugin { code, message }))
        }
        Outcome::Retry { after_ms, code, message } => {
            check_words(reply, code, message)?;
            if attempt >= policy.attempts_max {
                return Ok(Disposition::DeadLetter(Code::Exhausted { code, message }));
            }
            let wait = match after_ms {
                0 => policy.backoff.after(attempt, spread),
                ms => Duration::from_millis(u64::from(ms)).min(RETRY_AFTER_MAX),
            };
            Ok(Disposition::RetryLater { wait })
        }
    }
}

fn emissions(reply: &Reply, first: u32, count: u32, policy: &Policy) -> Result<(), &'static str> {
    let (first, count) = (first as usize, count as usize);
    let end = first.checked_add(count).ok_or("emissions out of range")?;
    for emission in reply.emissions.get(first..end).ok_or("emissions out of range")? {
        if emission.output >= policy.outputs {
            return Err("emission to an output that does not exist");
        }
        if emission.partition.is_some_and(|partition| partition < 0) || emission.timestamp.is_some_and(|at| at < -1) {
            return Err("emission with a negative partition or timestamp");
        }
        for field in [emission.key, emission.value] {
            if let Field::Bytes(span) = field {
                reply.slice(span).ok_or("emission of bytes that are not there")?;
            }
        }
        for header in reply.headers(emission.headers).ok_or("emission of headers that are not there")? {
            for span in [Some(header.name), header.value].into_iter().flatten() {
                reply.slice(span).ok_or("header of bytes that are not there")?;
            }
        }
    }
    Ok(())
}

fn check_words(reply: &Reply, code: wasmill_record::Span, message: wasmill_record::Span) -> Result<(), &'static str> {
    let code = reply.slice(code).ok_or("code out of range")?;
    let legal = |byte: &u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
    if code.is_empty() || code.len() > CODE_BYTES_MAX || !code.iter().all(legal) {
        return Err("code is not 1 to 64 of a-z, 0-9 and -");
    }
    let message = reply.slice(message).ok_or("message out of range")?;
    if message.len() > MESSAGE_BYTES_MAX || std::str::from_utf8(message).is_err() {
        return Err("message is not UTF-8 of at most 1024 bytes");
    }
    Ok(())
}

#[cfg(test)]
mod tests;
