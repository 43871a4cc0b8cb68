//! Setting a record aside: the dead letter is written in the transaction of the record's offset.

use crate::process::{Place, is_exhausted};
use crate::worker::Worker;
use wasmill_deadletter::{Letter, OUTPUT_REFUSED};
use wasmill_record::{Batch, Clock, DeadLetter, GuestFailure, Origin, Sink, Source, WriteError};
use wasmill_settle::Code;

/// The codes that are not a plugin's own. Those of calls that brought no answer are [`wasmill_record::GuestFailureKind`]'s.
pub(crate) const HOST_CODES: &[&str] =
    &["plugin-trap", "plugin-deadline", "plugin-memory", "plugin-protocol", "record-too-large", OUTPUT_REFUSED];

/// Why a record is set aside.
struct Reason<'a> {
    stage: &'a str,
    code: &'a str,
    message: &'a str,
    trace: &'a str,
}

impl<S, K, C> Worker<S, K, C>
where
    S: Source,
    K: Sink<S::Batch>,
    C: Clock,
{
    /// The plugin rejected it, or asked for one retry too many.
    pub(crate) fn rejected(
        &mut self,
        batch: &S::Batch,
        at: usize,
        place: Place,
        code: Code,
        truncated: bool,
    ) -> Result<(), WriteError> {
        let (code_span, message_span) = match code {
            Code::Plugin { code, message } | Code::Exhausted { code, message } => (code, message),
            // Failed calls have no reply; they come through `broke_down`.
            Code::Guest(kind) => {
                let reason = Reason { stage: "invoke", code: kind.code(), message: "", trace: "" };
                return self.set_aside(batch, at, place, &reason, truncated);
            }
        };
        // Checked by `decide`; bytes that are not there or not text would only make the letter poorer.
        let text = |bytes: Option<&[u8]>| String::from_utf8_lossy(bytes.unwrap_or_default()).into_owned();
        let (words, mut message) = (text(self.reply.slice(code_span)), text(self.reply.slice(message_span)));
        if is_exhausted(code) {
            message.push_str(&format!(" (retry.attempts = {} used up)", self.settings.policy.attempts_max));
        }
        let reason = Reason { stage: "invoke", code: &words, message: message.trim_start(), trace: "" };
        self.set_aside(batch, at, place, &reason, truncated)
    }

    /// The plugin gave no answer for it alone.
    pub(crate) fn broke_down(
        &mut self,
        batch: &S::Batch,
        at: usize,
        place: Place,
        failure: &GuestFailure,
    ) -> Result<(), WriteError> {
        let message = failure.message.lines().next().unwrap_or_default();
        let reason = Reason { stage: "invoke", code: failure.kind.code(), message, trace: &failure.message };
        self.set_aside(batch, at, place, &reason, false)
    }

    /// The broker does not take what was made of it.
    pub(crate) fn output_refused(
        &mut self,
        batch: &S::Batch,
        at: usize,
        place: Place,
        words: &str,
        truncated: bool,
    ) -> Result<(), WriteError> {
        self.metrics.refused_outputs.inc();
        let reason = Reason { stage: "write", code: OUTPUT_REFUSED, message: words, trace: "" };
        self.set_aside(batch, at, place, &reason, truncated)
    }

    /// Writes the letter; one that is too large for the topic goes without its value.
    fn set_aside(
        &mut self,
        batch: &S::Batch,
        at: usize,
        place: Place,
        reason: &Reason<'_>,
        truncated: bool,
    ) -> Result<(), WriteError> {
        match self.send(batch, at, place, reason, truncated) {
            Err(WriteError::Refused(_)) if !truncated => self.send(batch, at, place, reason, true),
            other => other,
        }
    }

    fn send(
        &mut self,
        batch: &S::Batch,
        at: usize,
        place: Place,
        reason: &Reason<'_>,
        truncated: bool,
    ) -> Result<(), WriteError> {
        let now = self.clock.wall_ms();
        let first_failed_at = self.waiting.head(place.partition, place.offset).map_or(now, |head| head.first_failed_at);
        let seed = self.plugin.seed(place.partition);
        let letter = Letter {
            topic: self.settings.topic(place.partition.input),
            partition: place.partition.partition,
            offset: place.offset.0,
            timestamp: batch.record(at).timestamp,
            group: &self.settings.group,
            stage: reason.stage,
            plugin: self.plugin.name(),
            plugin_digest: self.plugin.digest(),
            config_digest: &self.settings.config_digest,
            code: reason.code,
            message: reason.message,
            trace: reason.trace,
            attempts: place.attempt,
            first_failed_at,
            last_failed_at: now,
            now: self.called_at_ms,
            seed,
            truncated,
        };
        let owned = letter.headers();
        let headers: Vec<(&str, &[u8])> = owned.iter().map(|(name, value)| (*name, value.as_slice())).collect();
        let origin = Origin::new(place.slot, place.offset);
        self.sink.dead_letter(batch, at, &DeadLetter { headers: &headers, truncated }, origin)?;
        self.metrics.dead_letter(reason.code, 1);
        Ok(())
    }
}
