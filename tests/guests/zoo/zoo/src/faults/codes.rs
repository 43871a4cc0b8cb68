//! Codes and messages of a rejection, legal and not.

use zoo_bindings::{Draft, NULL, UNREAD};

pub(super) fn commit(fault: &[u8], argument: &[u8], draft: &mut Draft) -> bool {
    match fault {
        b"listed" => draft.reject(b"listed", b"as the manifest says"),
        b"unlisted" => draft.reject(b"unlisted", b"the manifest does not say so"),
        // A code of its own for each order: legal, and the end of every metrics server that believes it.
        b"order" => draft.reject(&[b"order-", argument.get(1..).unwrap_or_default()].concat(), b""),
        b"code-empty" => draft.reject(b"", b""),
        b"code-long" => draft.reject(&[b'a'; 65], b""),
        b"code-longest" => draft.reject(&[b'a'; 64], &[b'm'; 1024]),
        b"code-capitals" => draft.reject(b"Listed", b""),
        b"code-utf8" => draft.reject(b"\xff\xfe", b""),
        b"code-null" => spoilt(draft, 0, [0, NULL]),
        b"code-unread" => spoilt(draft, 0, [0, UNREAD]),
        b"code-outside" => spoilt(draft, 0, [1_000_000, 6]),
        b"code-at-the-end" => spoilt(draft, 0, [u32::MAX, 6]),
        b"message-long" => draft.reject(b"listed", &[b'm'; 1025]),
        b"message-utf8" => draft.reject(b"listed", b"\xc3\x28"),
        b"message-cut" => draft.reject(b"listed", "\u{e4}".as_bytes().split_at(1).0),
        b"message-null" => spoilt(draft, 2, [0, NULL]),
        b"message-outside" => spoilt(draft, 2, [0, 1_000_000]),
        b"retry-code" => draft.retry(1, b"Not Yet", b""),
        b"retry-message" => draft.retry(1, b"not-yet", b"\xff"),
        _ => return false,
    }
    true
}

/// A rejection that is right but for two of its words.
fn spoilt(draft: &mut Draft, at: usize, words: [u32; 2]) {
    let first = draft.args.len();
    draft.reject(b"listed", b"");
    draft.args[first + at..first + at + 2].copy_from_slice(&words);
}
