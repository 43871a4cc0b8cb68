//! Entries in order: what the host keeps, with what the call has changed laid over it.

use super::host::{self, Entries};
use super::slots::Slots;
use crate::run;

/// Calls `each` with key and value of at most `limit` entries whose keys begin with `prefix` and come after `after`.
pub(super) fn scan(
    slots: &Slots,
    store: u16,
    prefix: &[u8],
    after: Option<&[u8]>,
    limit: u32,
    mut each: impl FnMut(&[u8], &[u8]),
) {
    if limit == 0 {
        return;
    }
    let mut changed = slots.changed(prefix, after).into_iter().peekable();
    // A change hides at most one of the host's entries. With so many more of them, what lies behind the last one can't be
    // among the first `limit`.
    let more = u32::try_from(changed.len()).unwrap_or(u32::MAX);
    let Entries { data, index } = host::scan(store, prefix, after, limit.saturating_add(more));
    let (spans, _) = index.as_chunks();
    // A guest trusts its host.
    let bytes = |at: u32, len: u32| &data[at as usize..][..len as usize];
    let mut kept =
        spans.iter().map(|[at, len, value_at, value_len]| (bytes(*at, *len), bytes(*value_at, *value_len))).peekable();
    let mut left = limit;
    while left > 0 {
        let key = match (kept.peek(), changed.peek()) {
            (None, None) => return,
            (Some((key, _)), None) | (None, Some((key, _))) => *key,
            (Some((kept, _)), Some((changed, _))) => (*kept).min(*changed),
        };
        let stored = kept.next_if(|(it, _)| *it == key);
        match changed.next_if(|(it, _)| *it == key) {
            Some((_, None)) => continue,
            Some((_, Some(span))) => run::appended(span, |value| each(key, value)),
            None => stored.into_iter().for_each(|(_, value)| each(key, value)),
        }
        left -= 1;
    }
}
