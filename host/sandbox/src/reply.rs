//! A checked reply in the words of the main path: the plugin's output numbers become the pipeline's.

use crate::bind::Binding;
use wasmill_record::{Change, ChangeRun, Emission, Field, HeaderRun, HeaderSpan, Outcome, Reply, Span};
use wasmill_wire::{Decoder, HeaderList, Outcome as Decoded, Part, Run};

/// Fills `reply`; `data` becomes its bytes. What goes to an output that is not mapped becomes nothing.
///
/// Returns how many forwards and emissions were dropped that way.
pub(crate) fn fill(reply: &mut Reply, decoder: &Decoder, binding: &Binding, data: Vec<u8>) -> u64 {
    reply.bytes = data;
    let mut dropped = 0;
    for outcome in &decoder.outcomes {
        let changes = match outcome {
            Decoded::Forward { changes, .. } | Decoded::Drop { changes } | Decoded::Emit { changes, .. } => *changes,
            Decoded::Reject { .. } | Decoded::Retry { .. } => Run::default(),
        };
        keep_changes(reply, decoder, binding, changes);
        let outcome = match *outcome {
            Decoded::Forward { output, .. } => match number(binding, output) {
                Some(output) => Outcome::Forward { output },
                None => {
                    dropped += 1;
                    Outcome::Drop
                }
            },
            Decoded::Drop { .. } => Outcome::Drop,
            Decoded::Emit { emissions, .. } => emit(reply, decoder, binding, emissions, &mut dropped),
            Decoded::Reject { code, message } => Outcome::Reject { code: span(code), message: span(message) },
            Decoded::Retry { after_ms, code, message } => {
                Outcome::Retry { after_ms, code: span(code), message: span(message) }
            }
        };
        reply.outcomes.push(outcome);
    }
    dropped
}

/// The decoder has seen to it that each names a store of the manifest; one that this configuration does not use changes
/// nothing, as an output that is not mapped writes nothing.
fn keep_changes(reply: &mut Reply, decoder: &Decoder, binding: &Binding, run: Run) {
    if binding.stores.is_empty() {
        return;
    }
    let first = count(reply.changes.len());
    for change in run.of(&decoder.changes) {
        if let Some(store) = binding.stores.get(usize::from(change.store)).copied().flatten() {
            reply.changes.push(Change { store, key: span(change.key), value: change.value.map(span) });
        }
    }
    reply.change_runs.push(ChangeRun { first, count: count(reply.changes.len()) - first });
}

/// An emit of which nothing is left is an emit of nothing, which settles the record all the same.
fn emit(reply: &mut Reply, decoder: &Decoder, binding: &Binding, run: Run, dropped: &mut u64) -> Outcome {
    let first = count(reply.emissions.len());
    for emission in run.of(&decoder.emissions) {
        let Some(output) = number(binding, emission.output) else {
            *dropped += 1;
            continue;
        };
        let headers = headers(reply, emission.headers);
        reply.emissions.push(Emission {
            output,
            key: field(emission.key),
            value: field(emission.value),
            inherit_headers: emission.inherit_headers,
            headers,
            timestamp: emission.timestamp,
            partition: emission.partition,
        });
    }
    Outcome::Emit { first, count: count(reply.emissions.len()) - first }
}

/// The decoder has walked these before and charged each: they are within the data, and not too many.
fn headers(reply: &mut Reply, list: HeaderList) -> HeaderRun {
    let Reply { headers, bytes, .. } = reply;
    let (first, mut at) = (count(headers.len()), list.at);
    for (name, value) in list.of(bytes) {
        let name = Span { at: at + LENGTHS, len: count(name.len()) };
        at = name.at + name.len;
        let value = value.map(|value| Span { at, len: count(value.len()) });
        at += value.map_or(0, |value| value.len);
        headers.push(HeaderSpan { name, value });
    }
    HeaderRun { first, count: count(headers.len()) - first }
}

/// A header in the data begins with its two lengths.
const LENGTHS: u32 = 8;

/// `None`: not mapped.
fn number(binding: &Binding, output: u16) -> Option<u16> {
    binding.outputs.get(usize::from(output)).copied().flatten()
}

fn field(part: Part) -> Field {
    match part {
        Part::Inherit => Field::Inherit,
        Part::Null => Field::Null,
        Part::Bytes(bytes) => Field::Bytes(span(bytes)),
    }
}

fn span(span: wasmill_wire::Span) -> Span {
    Span { at: span.at, len: span.len }
}

/// Nothing in a reply is longer than 32 bits can say: its positions are.
fn count(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
