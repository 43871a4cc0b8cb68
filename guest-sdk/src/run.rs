//! A batch, record by record: the one loop that both the component and the harness run.

use crate::context::Call;
use crate::{Context, Failure, Outcome, Plugin, Record, StoreSet, position, stores};
use std::cell::{Cell, RefCell};
use wasmill_wire::{Batch, Change, Mark, Part, ReplyBuffers, Span, Writer};

thread_local! {
    /// The reply under way: emissions write their bytes into it at once, and own none.
    static WRITER: RefCell<Writer> = const { RefCell::new(Writer::new()) };
    /// Arguments and data of the last reply, as a guess at the next.
    static LAST: Cell<(usize, usize)> = const { Cell::new((0, 0)) };
}

/// Answers a batch.
pub(crate) fn run<P: Plugin>(
    plugin: &P,
    stores: &mut P::Stores,
    call: Call,
    data: &[u8],
    index: &[u32],
) -> ReplyBuffers {
    let batch = Batch::new(data, index);
    let input = call.input;
    let context = Context::new(call);
    let (args, bytes) = LAST.get();
    WRITER.set(Writer::with_capacity(batch.len(), args, bytes));
    if P::Stores::NAMES.is_empty() {
        stateless(plugin, stores, context, batch, input);
    } else {
        stateful(plugin, stores, context, batch, input);
    }
    position::leave();
    let reply = WRITER.take().finish();
    LAST.set((reply.args.len(), reply.data.len()));
    reply
}

/// One pass, and nothing allocated for a record.
fn stateless<P: Plugin>(plugin: &P, stores: &mut P::Stores, mut context: Context, batch: Batch<'_>, input: u16) {
    for (at, record) in batch.records().enumerate() {
        position::enter(at);
        context.enter(record.offset());
        let mark = WRITER.with_borrow(Writer::mark);
        let parsed = plugin.parse(Record::new(record, input), stores);
        let answer = parsed.and_then(|input| plugin.process(input, stores, &context));
        WRITER.with_borrow_mut(|writer| write(writer, answer, &[], mark));
    }
}

/// Two passes: all records say which keys they want, the host is asked once, and then they are processed in their order.
///
/// A record sees the changes of those before it, except of rejected and postponed ones: theirs are gone. What follows the
/// first postponed record is answered all the same; the host invokes it again and keeps none of it, and it has seen nothing
/// that the host does not keep.
fn stateful<P: Plugin>(plugin: &P, stores: &mut P::Stores, mut context: Context, batch: Batch<'_>, input: u16) {
    stores::begin(stores);
    let mut parsed = Vec::with_capacity(batch.len());
    for (at, record) in batch.records().enumerate() {
        position::enter(at);
        parsed.push(plugin.parse(Record::new(record, input), stores));
    }
    position::leave();
    stores::read_wanted(stores);
    let mut changes = Vec::new();
    for ((at, record), parsed) in batch.records().enumerate().zip(parsed) {
        position::enter(at);
        context.enter(record.offset());
        let mark = WRITER.with_borrow(Writer::mark);
        let answer = parsed.and_then(|input| plugin.process(input, stores, &context));
        changes.clear();
        WRITER.with_borrow_mut(|writer| {
            match answer {
                Ok(_) => stores::keep(stores, writer, &mut changes),
                Err(_) => stores::forget(stores),
            }
            write(writer, answer, &changes, mark);
        });
    }
    stores::begin(stores);
}

/// `mark`: where the bytes of this record begin; those of a failed one go, and it has no changes.
#[inline]
fn write(writer: &mut Writer, answer: Result<Outcome, Failure>, changes: &[Change], mark: Mark) {
    match answer {
        Ok(Outcome::Forward(output)) => writer.forward(output, changes),
        Ok(Outcome::Drop) => writer.drop(changes),
        Ok(Outcome::Emit(emission)) => {
            let emission = emission.finish(writer);
            writer.emit(&[emission], changes);
        }
        Ok(Outcome::EmitAll(emissions)) => {
            let emissions: Vec<_> = emissions.into_iter().map(|it| it.finish(writer)).collect();
            writer.emit(&emissions, changes);
        }
        Err(failure) => {
            writer.rewind(mark);
            match failure.retry_after_ms() {
                None => writer.reject(failure.code(), failure.message()),
                Some(after_ms) => writer.retry(after_ms, failure.code(), failure.message()),
            }
        }
    }
}

/// What was changed outside of a call: the changes, and the data that they point into.
#[cfg(not(target_family = "wasm"))]
pub(crate) fn changes<S: StoreSet>(stores: &mut S) -> (Vec<Change>, Vec<u8>) {
    let mut changes = Vec::new();
    WRITER.with_borrow_mut(|writer| stores::keep(stores, writer, &mut changes));
    (changes, WRITER.take().finish().data)
}

/// Keeps bytes for an emission.
pub(crate) fn append(bytes: &[u8]) -> Part {
    Part::Bytes(WRITER.with_borrow_mut(|writer| writer.append(bytes)))
}

/// Keeps what is appended for an emission.
///
/// # Panics
/// When `write` begins an emission itself: a `Serialize` that sends messages is a mistake.
pub(crate) fn append_with(write: impl FnOnce(&mut Vec<u8>)) -> Part {
    Part::Bytes(append_span(write))
}

/// Keeps what is appended: for an emission, or for a change of state.
///
/// # Panics
/// As [`append_with`].
pub(crate) fn append_span(write: impl FnOnce(&mut Vec<u8>)) -> Span {
    WRITER.with_borrow_mut(|writer| writer.append_with(write))
}

/// Looks at what was kept before.
///
/// # Panics
/// When `read` begins an emission: a `Deserialize` that sends messages is a mistake.
pub(crate) fn appended<T>(span: Span, read: impl FnOnce(&[u8]) -> T) -> T {
    WRITER.with_borrow(|writer| read(&writer.data()[span.at as usize..][..span.len as usize]))
}
