//! Answers that break the contract.

use zoo_bindings::{Draft, Message, NULL, UNREAD};

/// The largest number of the kind.
const MOST: u32 = u32::MAX;

pub(super) fn commit(fault: &[u8], draft: &mut Draft) -> bool {
    counts(fault, draft) || numbers(fault, draft) || headers(fault, draft) || amplified(fault, draft)
}

fn counts(fault: &[u8], draft: &mut Draft) -> bool {
    match fault {
        b"no-answer" => {}
        b"two-answers" => {
            draft.forward(0);
            draft.forward(0);
        }
        b"many-answers" => draft.actions.resize(1 << 20, 2),
        b"action-0" => draft.actions.push(0),
        b"action-6" => draft.actions.push(6),
        b"action-255" => draft.actions.push(255),
        b"args-left-over" => {
            draft.forward(0);
            draft.args.push(0);
        }
        b"args-too-few" => draft.actions.push(1),
        b"emission-cut" => {
            draft.emit(&[Message::inherited()]);
            draft.args.pop();
        }
        b"emissions-announced" => {
            draft.actions.push(3);
            draft.args.push(MOST);
        }
        // The list itself is a lie: it is longer than the memory it lies in.
        b"list-outside" => {
            draft.skip();
            std::mem::forget(std::mem::take(&mut draft.data));
            // SAFETY: none; the vector is never touched here, only handed over as a pointer and a length.
            draft.data = unsafe { Vec::from_raw_parts(8 as *mut u8, 0x7fff_0000, 0x7fff_0000) };
        }
        b"list-unaligned" => {
            draft.skip();
            std::mem::forget(std::mem::take(&mut draft.args));
            // SAFETY: none, as above.
            draft.args = unsafe { Vec::from_raw_parts(std::hint::black_box(9) as *mut u32, 4, 4) };
        }
        _ => return false,
    }
    true
}

fn numbers(fault: &[u8], draft: &mut Draft) -> bool {
    let whole = Message::inherited();
    let message = match fault {
        b"output" => {
            draft.forward(2);
            return true;
        }
        b"output-wide" => {
            // 0 in its low half.
            draft.forward(0x1_0000);
            return true;
        }
        b"output-emitted" => Message { output: MOST, ..whole },
        b"span" => Message::of([0, 1_000_000]),
        b"span-start" => Message::of([1_000_000, 1]),
        b"span-overflow" => Message::of([MOST, 2]),
        b"span-unread" => Message::of([0, UNREAD]),
        b"null-somewhere" => Message::of([1, NULL]),
        b"flag" => Message { flags: whole.flags | 32, ..whole },
        b"flag-high" => Message { flags: whole.flags | 1 << 31, ..whole },
        b"inherited-and-given" => Message { value: [0, 1], ..whole },
        b"timestamp" => Message { flags: whole.flags | Message::TIMESTAMP, more: vec![MOST, MOST], ..whole },
        b"timestamp-least" => Message { flags: whole.flags | Message::TIMESTAMP, more: vec![0, 1 << 31], ..whole },
        b"partition" => Message { flags: whole.flags | Message::PARTITION, more: vec![1 << 31], ..whole },
        b"store" | b"store-count" | b"store-of-a-rejection" => {
            let count = if fault == b"store-count" { MOST } else { 1 };
            if fault == b"store-of-a-rejection" {
                draft.reject(b"listed", b"");
            } else {
                draft.forward(0);
            }
            if let Some(action) = draft.actions.last_mut() {
                *action |= 0x80;
            }
            draft.args.extend([count, 0, 0, 0, 0, 0]);
            return true;
        }
        _ => return false,
    };
    draft.emit(&[message]);
    true
}

fn headers(fault: &[u8], draft: &mut Draft) -> bool {
    let headers = match fault {
        b"header-name" => [draft.header(b"\xff\xfe", 2, b"", 0), 1],
        b"header-length" => [draft.header(b"name", 400, b"", 0), 1],
        b"header-value-length" => [draft.header(b"name", 4, b"", UNREAD), 1],
        b"header-overflow" => [draft.header(b"name", MOST, b"", MOST), 1],
        b"headers-more" => [draft.header(b"name", 4, b"value", 5), 2],
        b"headers-most" => [draft.header(b"name", 4, b"value", 5), MOST],
        b"headers-unread" => [0, UNREAD],
        b"headers-outside" => [1_000_000, 1],
        b"headers-none-somewhere" => [1, 0],
        _ => return false,
    };
    draft.emit(&[Message { headers, ..Message::inherited() }]);
    true
}

/// Little that asks for much.
fn amplified(fault: &[u8], draft: &mut Draft) -> bool {
    let whole = Message::inherited();
    match fault {
        b"emissions" => draft.emit(&vec![whole; 1001]),
        b"value-large" => {
            let at = draft.data.len();
            draft.data.resize(at + (9 << 20), 7);
            draft.emit(&[Message::of([at as u32, 9 << 20])]);
        }
        b"overlap" => {
            let [at, len] = draft.keep(&vec![7; 65_536]);
            let shifted = |shift| Message::of([at + shift, len - shift]);
            draft.emit(&(0..900).map(shifted).collect::<Vec<_>>());
        }
        b"inherit" => draft.emit(&vec![whole; 1000]),
        b"headers-inherited" => {
            let message = Message { flags: Message::HEADERS, key: [0, NULL], value: [0, NULL], ..whole };
            draft.emit(&vec![message; 1000]);
        }
        b"headers-empty" => {
            // Eight zeros are a header without a name.
            let [at, len] = draft.keep(&vec![0; 1 << 20]);
            draft.emit(&vec![Message { headers: [at, len / 8], ..whole }; 1000]);
        }
        _ => return false,
    }
    true
}
