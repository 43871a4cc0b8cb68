//! Keyed state in a test: what a host would keep, and the changes that an answer carries.

use crate::stores::fake::{self, Kept};
use crate::{Failure, Plugin, StoreSet, run, stores};
use std::fmt;
use wasmill_wire::{Change, Decoder, Outcome, Run};

/// As in a pipeline file that does not say otherwise.
const KEY_BYTES_MAX: usize = 4 << 10;
const VALUE_BYTES_MAX: usize = 512 << 10;

/// A change, with the bytes that the reply only points at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Changed {
    store: u16,
    key: Vec<u8>,
    value: Option<Vec<u8>>,
}

/// Changes of each record, from a decoded reply.
pub(super) fn changes(decoder: &Decoder, data: &[u8]) -> Vec<Vec<Changed>> {
    let of = |outcome: &Outcome| match outcome {
        Outcome::Forward { changes, .. } | Outcome::Drop { changes } | Outcome::Emit { changes, .. } => *changes,
        Outcome::Reject { .. } | Outcome::Retry { .. } => Run::default(),
    };
    decoder
        .outcomes
        .iter()
        .map(|outcome| of(outcome).of(&decoder.changes).iter().map(|it| read(it, data)).collect())
        .collect()
}

fn read(change: &Change, data: &[u8]) -> Changed {
    let bytes = |span: wasmill_wire::Span| span.of(data).unwrap_or_default().to_vec();
    Changed { store: change.store, key: bytes(change.key), value: change.value.map(bytes) }
}

/// Keeps changes, as the host does when their record is settled.
pub(super) fn apply(kept: &mut Kept, changes: impl IntoIterator<Item = Changed>) {
    for Changed { store, key, value } in changes {
        let entries = kept.entry(store).or_default();
        match value {
            Some(value) => entries.insert(key, value),
            None => entries.remove(&key),
        };
    }
}

/// Stores that the configured plugin says it doesn't use.
pub(super) fn unused<P: Plugin>(plugin: &P) -> Vec<(u16, &'static str)> {
    let unused = plugin.unused_stores();
    (0..).zip(P::Stores::NAMES.iter().copied()).filter(|(_, name)| unused.contains(name)).collect()
}

/// # Panics
/// When the host would not keep one of the changes: it is to an unused store, or too large.
pub(super) fn assert_kept(changes: &[Changed], unused: &[(u16, &'static str)]) {
    for change in changes {
        let value = change.value.as_ref().map_or(0, Vec::len);
        for (what, bytes, most) in [("key", change.key.len(), KEY_BYTES_MAX), ("value", value, VALUE_BYTES_MAX)] {
            assert!(
                bytes <= most,
                "the host would refuse the change (state-too-large): a {what} of {bytes} bytes, {most} are allowed"
            );
        }
        if let Some((_, name)) = unused.iter().find(|(number, _)| *number == change.store) {
            panic!("the store `{name}` is changed, and `unused_stores` says that it is unused");
        }
    }
}

/// Looks at state, or changes it, outside of any call.
///
/// # Panics
/// When that fails.
#[track_caller]
pub(super) fn with<S: StoreSet, T>(kept: &mut Kept, look: impl FnOnce(&mut S) -> Result<T, Failure>) -> T {
    fake::set(std::mem::take(kept), Vec::new());
    let mut set = stores::open::<S>();
    let looked = look(&mut set);
    let (changed, data) = run::changes(&mut set);
    (*kept, _) = fake::take();
    apply(kept, changed.iter().map(|change| read(change, &data)));
    match looked {
        Ok(looked) => looked,
        Err(failure) => panic!("the state of the test: {failure}"),
    }
}

impl Changed {
    /// For people: `accounts: c-1 = {"balance":37}`.
    pub(super) fn shown<'c>(changes: &'c [Changed], names: &'static [&'static str]) -> impl fmt::Display + 'c {
        fmt::from_fn(move |f| {
            if changes.is_empty() {
                return f.write_str("no change of state");
            }
            for (at, Changed { store, key, value }) in changes.iter().enumerate() {
                let name = names.get(usize::from(*store)).copied().unwrap_or("?");
                write!(f, "{}{name}: `{}` ", if at > 0 { ", " } else { "" }, key.escape_ascii())?;
                match value {
                    Some(value) => write!(f, "= {}", String::from_utf8_lossy(value))?,
                    None => f.write_str("deleted")?,
                }
            }
            Ok(())
        })
    }
}
