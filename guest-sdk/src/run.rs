//! A batch, record by record: the one loop that both the component and the harness run.

use crate::context::Call;
use crate::{Context, Failure, Outcome, Plugin, Record, position};
use std::cell::{Cell, RefCell};
use wasmill_wire::{Batch, Mark, Part, ReplyBuffers, Writer};

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
    let (input, mut context) = (call.input, Context::new(call));
    let (args, bytes) = LAST.get();
    WRITER.set(Writer::with_capacity(batch.len(), args, bytes));
    for (at, record) in batch.records().enumerate() {
        position::enter(at);
        context.enter(record.offset());
        let mark = WRITER.with_borrow(Writer::mark);
        let parsed = plugin.parse(Record::new(record, input), stores);
        let answer = parsed.and_then(|input| plugin.process(input, stores, &context));
        WRITER.with_borrow_mut(|writer| write(writer, answer, mark));
    }
    position::leave();
    let reply = WRITER.take().finish();
    LAST.set((reply.args.len(), reply.data.len()));
    reply
}

/// `mark`: where the bytes of this record begin; those of a failed one go.
#[inline]
fn write(writer: &mut Writer, answer: Result<Outcome, Failure>, mark: Mark) {
    match answer {
        Ok(Outcome::Forward(output)) => writer.forward(output, &[]),
        Ok(Outcome::Drop) => writer.drop(&[]),
        Ok(Outcome::Emit(emission)) => {
            let emission = emission.finish(writer);
            writer.emit(&[emission], &[]);
        }
        Ok(Outcome::EmitAll(emissions)) => {
            let emissions: Vec<_> = emissions.into_iter().map(|it| it.finish(writer)).collect();
            writer.emit(&emissions, &[]);
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

/// Keeps bytes for an emission.
pub(crate) fn append(bytes: &[u8]) -> Part {
    Part::Bytes(WRITER.with_borrow_mut(|writer| writer.append(bytes)))
}

/// Keeps what is appended for an emission.
///
/// # Panics
/// When `write` begins an emission itself: a `Serialize` that sends messages is a mistake.
pub(crate) fn append_with(write: impl FnOnce(&mut Vec<u8>)) -> Part {
    Part::Bytes(WRITER.with_borrow_mut(|writer| writer.append_with(write)))
}
