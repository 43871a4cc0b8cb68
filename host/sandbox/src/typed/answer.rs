//! Answers in plain types, and their way into the flat form.

use crate::failure::Breach;
use wasmill_wire::{Change as FlatChange, Emission as FlatEmission, MESSAGE_BYTES_MAX, Part as FlatPart};
use wasmill_wire::{ReplyBuffers, Writer};
use wasmtime::component::{ComponentType, Lift};

#[derive(Debug, ComponentType, Lift)]
#[component(record)]
pub(super) struct Header {
    name: String,
    value: Option<Vec<u8>>,
}

#[derive(Debug, ComponentType, Lift)]
#[component(variant)]
pub(super) enum Part {
    #[component(name = "inherit")]
    Inherit,
    #[component(name = "null")]
    Null,
    #[component(name = "bytes")]
    Bytes(Vec<u8>),
}

#[derive(Debug, ComponentType, Lift)]
#[component(record)]
pub(super) struct Emission {
    output: u16,
    key: Part,
    value: Part,
    #[component(name = "inherit-headers")]
    inherit_headers: bool,
    headers: Vec<Header>,
    timestamp: Option<i64>,
    partition: Option<u32>,
}

#[derive(Debug, ComponentType, Lift)]
#[component(record)]
pub(super) struct Rejection {
    code: String,
    message: String,
}

#[derive(Debug, ComponentType, Lift)]
#[component(record)]
pub(super) struct Postponement {
    #[component(name = "after-ms")]
    after_ms: u32,
    code: String,
    message: String,
}

#[derive(Debug, ComponentType, Lift)]
#[component(record)]
pub(super) struct Change {
    store: u16,
    key: Vec<u8>,
    value: Option<Vec<u8>>,
}

#[derive(Debug, ComponentType, Lift)]
#[component(record)]
pub(super) struct Written {
    emissions: Vec<Emission>,
    changes: Vec<Change>,
}

#[derive(Debug, ComponentType, Lift)]
#[component(record)]
pub(super) struct Forwarded {
    output: u16,
    changes: Vec<Change>,
}

#[derive(Debug, ComponentType, Lift)]
#[component(variant)]
pub(super) enum Outcome {
    #[component(name = "forward")]
    Forward(Forwarded),
    #[component(name = "drop")]
    Drop(Vec<Change>),
    #[component(name = "emit")]
    Emit(Written),
    #[component(name = "reject")]
    Reject(Rejection),
    #[component(name = "retry")]
    Retry(Postponement),
}

/// Judges only what the flat form can't say; the rest is judged there.
pub(super) fn flatten(outcomes: &[Outcome]) -> wasmtime::Result<ReplyBuffers> {
    let mut writer = Writer::default();
    let (mut emissions, mut changes) = (Vec::new(), Vec::new());
    for outcome in outcomes {
        emissions.clear();
        changes.clear();
        match outcome {
            Outcome::Forward(forwarded) => {
                keep_changes(&mut writer, &forwarded.changes, &mut changes);
                writer.forward(forwarded.output, &changes);
            }
            Outcome::Drop(dropped) => {
                keep_changes(&mut writer, dropped, &mut changes);
                writer.drop(&changes);
            }
            Outcome::Emit(written) => {
                for emission in &written.emissions {
                    emissions.push(flat(&mut writer, emission)?);
                }
                keep_changes(&mut writer, &written.changes, &mut changes);
                writer.emit(&emissions, &changes);
            }
            Outcome::Reject(Rejection { code, message }) => writer.reject(code, checked(message)?),
            Outcome::Retry(Postponement { after_ms, code, message }) => {
                writer.retry(*after_ms, code, checked(message)?);
            }
        }
    }
    Ok(writer.finish())
}

/// The writer would cut it, which is an SDK's kindness and not the contract.
fn checked(message: &str) -> wasmtime::Result<&str> {
    if message.len() > MESSAGE_BYTES_MAX {
        return Err(Breach::error("gave a message of more than 1024 bytes"));
    }
    Ok(message)
}

fn flat(writer: &mut Writer, emission: &Emission) -> wasmtime::Result<FlatEmission> {
    let mut part = |part: &Part| match part {
        Part::Inherit => FlatPart::Inherit,
        Part::Null => FlatPart::Null,
        Part::Bytes(bytes) => FlatPart::Bytes(writer.append(bytes)),
    };
    let (key, value) = (part(&emission.key), part(&emission.value));
    let headers = emission.headers.iter().map(|header| (header.name.as_str(), header.value.as_deref()));
    let partition = emission.partition.map(i32::try_from).transpose();
    Ok(FlatEmission {
        output: emission.output,
        key,
        value,
        inherit_headers: emission.inherit_headers,
        headers: writer.headers(headers),
        timestamp: emission.timestamp,
        partition: partition.map_err(|_| Breach::error("gave a partition of 2^31 or more"))?,
    })
}

fn keep_changes(writer: &mut Writer, changes: &[Change], flat: &mut Vec<FlatChange>) {
    flat.extend(changes.iter().map(|change| FlatChange {
        store: change.store,
        key: writer.append(&change.key),
        value: change.value.as_deref().map(|value| writer.append(value)),
    }));
}
