//! What must be true of an accepted reply, checked without the decoder's own code where that is possible.

use super::Verdict;
use super::case::{Case, Sizes};
use crate::{Change, Decoder, Emission, HeaderList, Outcome, Part, ReplyBuffers, Run, Span, Writer};

pub(super) fn check(case: &Case) -> Verdict {
    let mut decoder = Decoder::default();
    let decoded = decoder.decode(&case.batch, case.limits, &case.actions, &case.args, &case.data);
    // However it ended, no more items were kept than arguments were sent for.
    assert!(decoder.emissions.len() * 8 + decoder.changes.len() * 5 <= case.args.len());
    if let Err(error) = decoded {
        assert!(error.at <= case.actions.len().max(case.inputs.len()), "{error}");
        assert!(decoder.outcomes.is_empty() && decoder.emissions.is_empty() && decoder.changes.is_empty());
        return Verdict::Refused;
    }
    assert_eq!(decoder.outcomes.len(), case.inputs.len(), "one outcome per record");
    let written: usize = decoder.outcomes.iter().zip(&case.inputs).map(|it| written(case, &decoder, it.0, *it.1)).sum();
    assert!(decoder.output_bytes() >= written as u64, "charged {} for {written}", decoder.output_bytes());
    assert!(decoder.output_bytes() <= case.limits.output_bytes_max);
    written_again(case, &decoder);
    Verdict::Accepted
}

/// Bytes to be written for an outcome; every span is looked at on the way.
fn written(case: &Case, decoder: &Decoder, outcome: &Outcome, input: Sizes) -> usize {
    match *outcome {
        Outcome::Forward { output, changes } => {
            assert!(output < case.limits.outputs);
            input.key + input.value + input.headers + changed(case, decoder, changes)
        }
        Outcome::Drop { changes } => changed(case, decoder, changes),
        Outcome::Emit { emissions, changes } => {
            let own = emissions.of(&decoder.emissions);
            assert_eq!(own.len(), emissions.count as usize);
            assert!(emissions.count <= case.limits.outputs_per_record_max);
            own.iter().map(|it| emitted(case, it, input)).sum::<usize>() + changed(case, decoder, changes)
        }
        Outcome::Reject { code, message } | Outcome::Retry { code, message, .. } => {
            let (code, message) = (slice(case, code), slice(case, message));
            assert!((1..=64).contains(&code.len()));
            assert!(code.iter().all(|byte| b"abcdefghijklmnopqrstuvwxyz0123456789-".contains(byte)));
            assert!(message.len() <= 1024 && str::from_utf8(message).is_ok());
            0
        }
    }
}

fn emitted(case: &Case, emission: &Emission, input: Sizes) -> usize {
    assert!(emission.output < case.limits.outputs);
    assert!(emission.timestamp.is_none_or(|it| it >= 0) && emission.partition.is_none_or(|it| it >= 0));
    let part = |part, inherited| match part {
        Part::Inherit => inherited,
        Part::Null => 0,
        Part::Bytes(span) => slice(case, span).len(),
    };
    let headers = if emission.inherit_headers { input.headers } else { 0 };
    part(emission.key, input.key) + part(emission.value, input.value) + headers + listed(case, emission.headers)
}

fn listed(case: &Case, list: HeaderList) -> usize {
    let headers: Vec<_> = list.of(&case.data).collect();
    assert_eq!(headers.len(), list.count as usize, "a header is missing");
    assert!(headers.iter().all(|(name, _)| str::from_utf8(name).is_ok()));
    headers.iter().map(|(name, value)| name.len() + value.map_or(0, <[u8]>::len)).sum()
}

fn changed(case: &Case, decoder: &Decoder, changes: Run) -> usize {
    let own = changes.of(&decoder.changes);
    assert_eq!(own.len(), changes.count as usize);
    let size = |change: &Change| {
        assert!(change.store < case.limits.stores);
        slice(case, change.key).len() + change.value.map_or(0, |value| slice(case, value).len())
    };
    own.iter().map(size).sum()
}

fn slice(case: &Case, span: Span) -> &[u8] {
    let (at, len) = (span.at as usize, span.len as usize);
    assert!(at + len <= case.data.len(), "{span:?} lies outside of {} bytes", case.data.len());
    span.of(&case.data).unwrap_or_default()
}

/// Whoever writes the accepted answers again with the [`Writer`] gets a reply that says the same.
fn written_again(case: &Case, decoder: &Decoder) {
    let mut writer = Writer::default();
    // Spans point into the data as it was, so it goes first; codes and messages are appended behind it.
    writer.append(&case.data);
    for outcome in &decoder.outcomes {
        match *outcome {
            Outcome::Forward { output, changes } => writer.forward(output, changes.of(&decoder.changes)),
            Outcome::Drop { changes } => writer.drop(changes.of(&decoder.changes)),
            Outcome::Emit { emissions, changes } => {
                writer.emit(emissions.of(&decoder.emissions), changes.of(&decoder.changes));
            }
            Outcome::Reject { code, message } => writer.reject(text(case, code), text(case, message)),
            Outcome::Retry { after_ms, code, message } => {
                writer.retry(after_ms, text(case, code), text(case, message));
            }
        }
    }
    let ReplyBuffers { actions, args, data } = writer.finish();
    let mut again = Decoder::default();
    let decoded = again.decode(&case.batch, case.limits, &actions, &args, &data);
    assert_eq!(decoded, Ok(()), "what was accepted once is refused when it is written again");
    assert_eq!((&again.emissions, &again.changes), (&decoder.emissions, &decoder.changes));
    assert_eq!(again.output_bytes(), decoder.output_bytes());
    assert_eq!(again.outcomes.len(), decoder.outcomes.len());
}

fn text(case: &Case, span: Span) -> &str {
    str::from_utf8(slice(case, span)).unwrap_or_default()
}
