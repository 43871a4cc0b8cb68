//! What goes wrong, by the way in which the host should notice.

mod codes;
mod deadline;
mod harmless;
mod memory;
mod protocol;
mod trap;

use zoo_bindings::Draft;

/// Does what the record asks for. Each module says whether the fault is one of its own.
pub(crate) fn commit(fault: &[u8], argument: &[u8], draft: &mut Draft) {
    let known = trap::commit(fault)
        || deadline::commit(fault, argument, draft)
        || memory::commit(fault, draft)
        || harmless::commit(fault, draft)
        || codes::commit(fault, argument, draft)
        || protocol::commit(fault, draft);
    if !known {
        draft.reject(b"no-such-fault", &fault[..fault.len().min(1024)]);
    }
}
