//! Keyed state: what an author declares, asks and changes.
//!
//! A store is a map of the partition that the records come from. A call goes through it twice. While records are parsed,
//! plugins only say which keys they will need ([`Store::want`]), so that one question to the host answers for the whole
//! batch. While they are processed, a record sees what those before it have changed, unless they were rejected or
//! postponed. Nothing stays here from call to call: the host keeps what is kept.

mod form;
mod host;
mod key;
mod scan;
mod set;
mod slots;

pub use form::{Binary, Form, Json, Versioned, from_binary};
pub use key::{AsKey, KeyPrefix, StoreKey};
pub use set::{AnyStore, StoreSet};

#[cfg(not(target_family = "wasm"))]
pub(crate) use host::fake;
pub(crate) use set::{Declaration, begin, declarations, forget, keep, read_wanted};

#[doc(hidden)]
pub use set::open;

use crate::Failure;
use crate::failure::INVALID_STATE;
use crate::run;
use slots::{Slots, Value};
use std::cell::RefCell;
use std::fmt;
use std::marker::PhantomData;

/// A store: values by key, both typed. A field of a struct with `#[derive(Stores)]`.
///
/// `K` is what keys are ([`StoreKey`]): text, bytes, numbers, and tuples of them. `V` is what values are, and `F` how they
/// are written: as [`Json`] where nothing else is said, or as [`Binary`].
///
/// ```
/// # use wasmill_sdk::prelude::*;
/// # #[derive(Serialize, Deserialize)] struct Account { balance: i64 }
/// # #[derive(Serialize, Deserialize)] struct Item { on_hand: u32 }
/// # impl wasmill_sdk::Versioned for Item { const VERSION: u8 = 1; }
/// #[derive(Stores)]
/// struct Stores {
///     accounts: Store<str, Account>,
///     stock: Store<(String, String), Item, Binary>,
/// }
///
/// fn earn(stores: &mut Stores, customer: &str) -> Result<(), Failure> {
///     let mut account = stores.accounts.get(customer)?.unwrap_or(Account { balance: 0 });
///     account.balance += 1;
///     stores.accounts.put(customer, &account)
/// }
///
/// fn on_hand(stores: &mut Stores, restaurant: &str) -> Result<u32, Failure> {
///     let items = stores.stock.scan((restaurant,), 1000)?;
///     Ok(items.iter().map(|(_, item)| item.on_hand).sum())
/// }
/// ```
pub struct Store<K: ?Sized, V, F = Json> {
    /// Position in the set, and name there; given when the set is opened.
    number: u16,
    name: &'static str,
    slots: RefCell<Slots>,
    types: PhantomData<Types<K, V, F>>,
}

/// A store owns no key, value or form.
type Types<K, V, F> = fn(&K) -> (V, F);

impl<K: ?Sized, V, F> Store<K, V, F> {
    /// A store that is not part of a set yet.
    pub fn open() -> Store<K, V, F> {
        Store { number: 0, name: "", slots: RefCell::default(), types: PhantomData }
    }
}

impl<K: StoreKey + ?Sized, V, F: Form<V>> Store<K, V, F> {
    /// Says that this key will be asked for. A hint, given in [`crate::Plugin::parse`]: all keys that a batch wants are one
    /// question to the host. A key that nobody wanted can be asked for all the same, by a question of its own.
    pub fn want(&self, key: impl AsKey<K>) {
        self.slots.borrow_mut().slot(|into| key.write(into));
    }

    /// The value of a key, as the records before this one and this one itself have left it.
    ///
    /// # Errors
    /// Rejects the record with `invalid-state` when what is stored can't be read as a `V`. The state stays as it is.
    pub fn get(&mut self, key: impl AsKey<K>) -> Result<Option<V>, Failure> {
        let slots = self.slots.get_mut();
        let slot = slots.slot(|into| key.write(into));
        let read = match slots.value(slot, self.number) {
            Value::Absent => return Ok(None),
            Value::Stored(bytes) => F::read(bytes),
            Value::Changed(span) => run::appended(span, F::read),
        };
        read.map(Some).map_err(|why| unreadable(self.name, self.slots.get_mut().key(slot), &why))
    }

    /// Sets the value of a key.
    ///
    /// # Errors
    /// Rejects the record with `invalid-state` when the value can't be written.
    pub fn put(&mut self, key: impl AsKey<K>, value: &V) -> Result<(), Failure> {
        let slots = self.slots.get_mut();
        let slot = slots.slot(|into| key.write(into));
        let mut written = Ok(());
        let span = run::append_span(|data| written = F::write(value, data));
        if let Err(why) = written {
            let key = slots.key(slot).escape_ascii();
            let message = format!("a value for `{key}` in the store `{}` can't be written: {why}", self.name);
            return Err(Failure::own(INVALID_STATE, message));
        }
        slots.change(slot, Some(span));
        Ok(())
    }

    /// Removes a key, if it is there.
    ///
    /// # Errors
    /// None so far.
    pub fn delete(&mut self, key: impl AsKey<K>) -> Result<(), Failure> {
        let slots = self.slots.get_mut();
        let slot = slots.slot(|into| key.write(into));
        slots.change(slot, None);
        Ok(())
    }

    /// The first entries whose keys begin so, ascending, as the records before this one and this one itself have left them.
    ///
    /// A prefix is the leading parts of a tuple, `("r-1",)`; the beginning of a text or of bytes; or `()` for all keys. Each
    /// scan is a question to the host, and reads as many entries as it may return: give it a limit that fits a record.
    ///
    /// # Errors
    /// As [`Store::get`].
    pub fn scan(&mut self, prefix: impl KeyPrefix<K>, limit: u32) -> Result<Vec<(K::Owned, V)>, Failure> {
        self.scanned(prefix, None, limit)
    }

    /// As [`Store::scan`], of the keys behind `after`.
    ///
    /// # Errors
    /// As [`Store::get`].
    pub fn scan_after(
        &mut self,
        prefix: impl KeyPrefix<K>,
        after: impl AsKey<K>,
        limit: u32,
    ) -> Result<Vec<(K::Owned, V)>, Failure> {
        let mut key = Vec::new();
        after.write(&mut key);
        self.scanned(prefix, Some(&key), limit)
    }

    fn scanned(
        &mut self,
        prefix: impl KeyPrefix<K>,
        after: Option<&[u8]>,
        limit: u32,
    ) -> Result<Vec<(K::Owned, V)>, Failure> {
        let mut begin = Vec::new();
        prefix.write_prefix(&mut begin);
        let mut entries = Vec::new();
        let mut failure = None;
        scan::scan(self.slots.get_mut(), self.number, &begin, after, limit, |key, value| {
            let owned = K::read(key).ok_or_else(|| format!("the key is not one of {}", K::form()));
            let entry = owned.and_then(|key| F::read(value).map(|value| (key, value)));
            match entry {
                Ok(entry) => entries.push(entry),
                Err(why) => failure = failure.take().or_else(|| Some(unreadable(self.name, key, &why))),
            }
        });
        failure.map_or(Ok(entries), Err)
    }
}

#[cold]
fn unreadable(store: &str, key: &[u8], why: &str) -> Failure {
    let key = key.escape_ascii();
    Failure::own(INVALID_STATE, format!("what is stored for `{key}` in the store `{store}` can't be read: {why}"))
}

impl<K: ?Sized, V, F> fmt::Debug for Store<K, V, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("name", &self.name).finish_non_exhaustive()
    }
}
