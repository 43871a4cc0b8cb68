//! From the guest's answers to the host's lists.

use super::arbitrary::{Bytes, OwnedRecord, bytes, record};
use crate::{Change, Decoder, Emission, HeaderList, Limits, Outcome, Packed, Part, Reads, ReplyBuffers, Span, Writer};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

const LIMITS: Limits = Limits { outputs: 3, stores: 2, output_bytes_max: 1 << 20, outputs_per_record_max: 4 };

/// An answer as an author would say it.
#[derive(Debug, Clone, PartialEq)]
enum Answer {
    Forward(u16, Vec<OwnChange>),
    Drop(Vec<OwnChange>),
    Emit(Vec<OwnEmission>, Vec<OwnChange>),
    Reject(String, String),
    Retry(u32, String, String),
}

#[derive(Debug, Clone, PartialEq)]
enum OwnPart {
    Inherit,
    Null,
    Bytes(Bytes),
}

#[derive(Debug, Clone, PartialEq)]
struct OwnEmission {
    output: u16,
    key: OwnPart,
    value: OwnPart,
    inherit_headers: bool,
    headers: Vec<(String, Option<Bytes>)>,
    timestamp: Option<i64>,
    partition: Option<i32>,
}

type OwnChange = (u16, Bytes, Option<Bytes>);

fn part() -> impl Strategy<Value = OwnPart> {
    prop_oneof![Just(OwnPart::Inherit), Just(OwnPart::Null), bytes().prop_map(OwnPart::Bytes)]
}

fn emission() -> impl Strategy<Value = OwnEmission> {
    let headers = vec((".{0,4}", option::of(bytes())), 0..3);
    let timestamp = option::of(0..=i64::MAX);
    (0..3_u16, part(), part(), any::<bool>(), headers, timestamp, option::of(0..=i32::MAX)).prop_map(
        |(output, key, value, inherit_headers, headers, timestamp, partition)| OwnEmission {
            output,
            key,
            value,
            inherit_headers,
            headers,
            timestamp,
            partition,
        },
    )
}

fn answer() -> impl Strategy<Value = Answer> {
    let changes = || vec((0..2_u16, bytes(), option::of(bytes())), 0..3);
    let code = || "[a-z0-9-]{1,64}";
    prop_oneof![
        (0..3_u16, changes()).prop_map(|(output, changes)| Answer::Forward(output, changes)),
        changes().prop_map(Answer::Drop),
        (vec(emission(), 0..4), changes()).prop_map(|(emissions, changes)| Answer::Emit(emissions, changes)),
        (code(), ".{0,40}").prop_map(|(code, message)| Answer::Reject(code, message)),
        (any::<u32>(), code(), ".{0,40}").prop_map(|(after, code, message)| Answer::Retry(after, code, message)),
    ]
}

fn write(answers: &[Answer]) -> ReplyBuffers {
    let mut writer = Writer::default();
    for answer in answers {
        match answer {
            Answer::Forward(output, changes) => {
                let changes = write_changes(&mut writer, changes);
                writer.forward(*output, &changes);
            }
            Answer::Drop(changes) => {
                let changes = write_changes(&mut writer, changes);
                writer.drop(&changes);
            }
            Answer::Emit(emissions, changes) => {
                let emissions: Vec<_> = emissions.iter().map(|it| write_emission(&mut writer, it)).collect();
                let changes = write_changes(&mut writer, changes);
                writer.emit(&emissions, &changes);
            }
            Answer::Reject(code, message) => writer.reject(code, message),
            Answer::Retry(after_ms, code, message) => writer.retry(*after_ms, code, message),
        }
    }
    writer.finish()
}

fn write_changes(writer: &mut Writer, changes: &[OwnChange]) -> Vec<Change> {
    let change = |(store, key, value): &OwnChange| Change {
        store: *store,
        key: writer.append(key),
        value: value.as_ref().map(|value| writer.append(value)),
    };
    changes.iter().map(change).collect()
}

fn write_emission(writer: &mut Writer, own: &OwnEmission) -> Emission {
    let mut part = |part: &OwnPart| match part {
        OwnPart::Inherit => Part::Inherit,
        OwnPart::Null => Part::Null,
        OwnPart::Bytes(bytes) => Part::Bytes(writer.append(bytes)),
    };
    let (key, value) = (part(&own.key), part(&own.value));
    let headers = writer.headers(own.headers.iter().map(|(name, value)| (name.as_str(), value.as_deref())));
    Emission {
        output: own.output,
        key,
        value,
        inherit_headers: own.inherit_headers,
        headers,
        timestamp: own.timestamp,
        partition: own.partition,
    }
}

fn read(decoder: &Decoder, data: &[u8]) -> Vec<Answer> {
    let bytes = |span: Span| span.of(data).unwrap().to_vec();
    let text = |span: Span| String::from_utf8(bytes(span)).unwrap();
    let part = |part: Part| match part {
        Part::Inherit => OwnPart::Inherit,
        Part::Null => OwnPart::Null,
        Part::Bytes(span) => OwnPart::Bytes(bytes(span)),
    };
    let headers = |list: HeaderList| {
        let header = |(name, value): (&[u8], Option<&[u8]>)| {
            (String::from_utf8(name.to_vec()).unwrap(), value.map(<[u8]>::to_vec))
        };
        list.of(data).map(header).collect()
    };
    let emission = |it: &Emission| OwnEmission {
        output: it.output,
        key: part(it.key),
        value: part(it.value),
        inherit_headers: it.inherit_headers,
        headers: headers(it.headers),
        timestamp: it.timestamp,
        partition: it.partition,
    };
    let change = |it: &Change| (it.store, bytes(it.key), it.value.map(bytes));
    let changes = |run: crate::Run| run.of(&decoder.changes).iter().map(change).collect();
    let answer = |outcome: &Outcome| match *outcome {
        Outcome::Forward { output, changes: run } => Answer::Forward(output, changes(run)),
        Outcome::Drop { changes: run } => Answer::Drop(changes(run)),
        Outcome::Emit { emissions, changes: run } => {
            Answer::Emit(emissions.of(&decoder.emissions).iter().map(emission).collect(), changes(run))
        }
        Outcome::Reject { code, message } => Answer::Reject(text(code), text(message)),
        Outcome::Retry { after_ms, code, message } => Answer::Retry(after_ms, text(code), text(message)),
    };
    decoder.outcomes.iter().map(answer).collect()
}

/// Bytes that the host would write for an answer: what the charge must cover. Written without the code under test.
fn written(record: &OwnedRecord, answer: &Answer) -> usize {
    let changes = |changes: &[OwnChange]| -> usize {
        changes.iter().map(|(_, key, value)| key.len() + value.as_ref().map_or(0, Vec::len)).sum()
    };
    let part = |part: &OwnPart, inherited: &Option<Bytes>| match part {
        OwnPart::Inherit => inherited.as_ref().map_or(0, Vec::len),
        OwnPart::Null => 0,
        OwnPart::Bytes(bytes) => bytes.len(),
    };
    let emission = |it: &OwnEmission| {
        let own = it.headers.iter().map(|(name, value)| name.len() + value.as_ref().map_or(0, Vec::len));
        let inherited = if it.inherit_headers { record.header_bytes() } else { 0 };
        part(&it.key, &record.key) + part(&it.value, &record.value) + own.sum::<usize>() + inherited
    };
    match answer {
        Answer::Forward(_, changed) => record.whole() + changes(changed),
        Answer::Drop(changed) => changes(changed),
        Answer::Emit(emissions, changed) => emissions.iter().map(emission).sum::<usize>() + changes(changed),
        Answer::Reject(..) | Answer::Retry(..) => 0,
    }
}

fn pack<'a>(reads: Reads, records: impl Iterator<Item = &'a OwnedRecord>) -> Packed {
    let mut packed = Packed::default();
    records.for_each(|record| record.push(reads, &mut packed));
    packed
}

proptest! {
    #[test]
    fn a_host_reads_what_the_guest_answered(pairs in vec((record(), answer()), 0..6)) {
        let (records, answers): (Vec<_>, Vec<_>) = pairs.into_iter().unzip();
        let reply = write(&answers);
        let mut decoder = Decoder::default();
        let batch = pack(Reads::NOTHING, records.iter());
        decoder.decode(&batch, LIMITS, &reply.actions, &reply.args, &reply.data).unwrap();
        prop_assert_eq!(read(&decoder, &reply.data), answers);
    }

    #[test]
    fn the_charge_is_never_less_than_what_is_written(pairs in vec((record(), answer()), 0..6), all: bool) {
        let answers: Vec<_> = pairs.iter().map(|(_, answer)| answer.clone()).collect();
        let reply = write(&answers);
        let batch = pack(if all { Reads::ALL } else { Reads::NOTHING }, pairs.iter().map(|(record, _)| record));
        let mut decoder = Decoder::default();
        decoder.decode(&batch, LIMITS, &reply.actions, &reply.args, &reply.data).unwrap();
        let written: usize = pairs.iter().map(|(record, answer)| written(record, answer)).sum();
        prop_assert!(decoder.output_bytes() >= written as u64);
        // And a limit of one less refuses it: nothing is charged after it was let through.
        if let Some(output_bytes_max) = decoder.output_bytes().checked_sub(1) {
            let limits = Limits { output_bytes_max, ..LIMITS };
            prop_assert!(decoder.decode(&batch, limits, &reply.actions, &reply.args, &reply.data).is_err());
        }
    }

    #[test]
    fn no_reply_makes_the_host_panic(
        records in vec(record(), 0..4),
        actions in vec(any::<u8>(), 0..4),
        args in vec(prop_oneof![0..6_u32, any::<u32>(), u32::MAX - 2..=u32::MAX], 0..40),
        data in vec(any::<u8>(), 0..40),
    ) {
        let batch = pack(Reads::ALL, records.iter());
        let mut decoder = Decoder::default();
        if decoder.decode(&batch, LIMITS, &actions, &args, &data).is_ok() {
            prop_assert_eq!(read(&decoder, &data).len(), records.len());
        }
    }
}

#[test]
fn a_message_is_cut_between_characters() {
    let mut writer = Writer::default();
    writer.reject("too-long", &"\u{20ac}".repeat(1000));
    let reply = writer.finish();
    assert_eq!(reply.args[3], 1023, "341 characters of three bytes");
    let mut decoder = Decoder::default();
    decoder.decode(&super::batch(1), LIMITS, &reply.actions, &reply.args, &reply.data).unwrap();
}

#[test]
fn bytes_of_a_record_that_failed_are_taken_back() {
    let mut writer = Writer::default();
    writer.append(b"kept");
    let mark = writer.mark();
    writer.append(b"and not");
    writer.rewind(mark);
    writer.reject("code", "");
    assert_eq!(writer.finish().data, b"keptcode");
}
