//! A call in plain types, for languages without an SDK. The answer goes into the flat form of the fast path, so that there
//! is one place where answers are checked.

mod answer;

use crate::fast::Source;
use crate::host::Host;
use answer::Outcome;
use wasmill_wire::{Batch, Field, Packed, ReplyBuffers};
use wasmtime::component::{ComponentType, Func, Lower};
use wasmtime::{AsContext, Store};

#[derive(ComponentType, Lower)]
#[component(record)]
struct Header<'a> {
    name: &'a str,
    value: Option<&'a [u8]>,
}

#[derive(ComponentType, Lower)]
#[component(variant)]
enum Part<'a> {
    #[component(name = "unread")]
    Unread,
    #[component(name = "null")]
    Null,
    #[component(name = "bytes")]
    Bytes(&'a [u8]),
}

#[derive(ComponentType, Lower)]
#[component(record)]
struct Record<'a> {
    offset: i64,
    timestamp: Option<i64>,
    key: Part<'a>,
    value: Part<'a>,
    headers: &'a [Header<'a>],
}

impl<'a> From<Field<'a>> for Part<'a> {
    fn from(field: Field<'a>) -> Part<'a> {
        match field {
            Field::Unread => Part::Unread,
            Field::Null => Part::Null,
            Field::Bytes(bytes) => Part::Bytes(bytes),
        }
    }
}

pub(crate) fn check_type(process: Func, store: impl AsContext) -> wasmtime::Result<()> {
    process.typed::<(Source<'_>, &[Record<'_>]), (Vec<Outcome>,)>(store).map(drop)
}

pub(crate) fn call(
    process: Func,
    store: &mut Store<Host>,
    source: Source<'_>,
    batch: &Packed,
) -> wasmtime::Result<ReplyBuffers> {
    // Two lists per call; they borrow from the batch and so can't be kept. What this path costs is in wasmtime, which makes
    // a call into the guest for each part of each record.
    let records = || Batch::new(batch.data(), batch.index()).records();
    let headers: Vec<Header<'_>> = records()
        .flat_map(|record| record.headers().into_iter().flatten())
        // Packing made them text.
        .map(|(name, value)| Header { name: str::from_utf8(name).unwrap_or_default(), value })
        .collect();
    let mut rest = headers.as_slice();
    let mut list = Vec::with_capacity(batch.len());
    for record in records() {
        let count = record.headers().map_or(0, Iterator::count);
        let (own, after) = rest.split_at_checked(count).unwrap_or_default();
        rest = after;
        list.push(Record {
            offset: record.offset(),
            timestamp: record.timestamp(),
            key: record.key().into(),
            value: record.value().into(),
            headers: own,
        });
    }
    let process = process.typed::<(Source<'_>, &[Record<'_>]), (Vec<Outcome>,)>(&*store)?;
    let (outcomes,) = process.call(store, (source, list.as_slice()))?;
    answer::flatten(&outcomes)
}
