//! All stores of a plugin, and what happens to all of them at once: at the beginning of a call, and with each record.

use super::{Form, Store, StoreKey};
use crate::stores::slots::Slots;
use wasmill_wire::{Change, Writer};

/// The stores of a plugin: `#[derive(Stores)]` on a struct whose fields are [`Store`]s writes it; `()` is no stores.
///
/// Names are the fields in kebab case (`open_orders` is `open-orders`), or as `#[store(name = "...")]` says. By hand:
///
/// ```
/// use wasmill_sdk::{AnyStore, Store, StoreSet};
///
/// struct Stores { seen: Store<str, u64> }
///
/// impl StoreSet for Stores {
///     const NAMES: &'static [&'static str] = &["seen"];
///
///     fn open() -> Stores {
///         Stores { seen: Store::open() }
///     }
///
///     fn each(&mut self, visit: &mut dyn FnMut(&mut dyn AnyStore)) {
///         visit(&mut self.seen);
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a set of stores",
    label = "not a set of stores",
    note = "needs `#[derive(wasmill_sdk::Stores)]` on a struct whose fields are `Store`s; a plugin without state implements \
            `Stateless`, or has `type Stores = ();`"
)]
pub trait StoreSet: Sized {
    /// The names, each `[a-z][a-z0-9-]{0,63}` and no other store's; their positions are the numbers of the stores.
    const NAMES: &'static [&'static str];

    /// The stores of a new instance.
    fn open() -> Self;

    /// Visits the stores, in the order of [`StoreSet::NAMES`].
    fn each(&mut self, visit: &mut dyn FnMut(&mut dyn AnyStore));
}

impl StoreSet for () {
    const NAMES: &'static [&'static str] = &[];

    fn open() {}

    fn each(&mut self, _: &mut dyn FnMut(&mut dyn AnyStore)) {}
}

/// A [`Store`] of whatever types.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a store",
    label = "not a store",
    note = "a field of a set of stores is a `wasmill_sdk::Store<K, V>`"
)]
pub trait AnyStore: sealed::Sealed {}

impl<K: StoreKey + ?Sized, V, F: Form<V>> AnyStore for Store<K, V, F> {}

mod sealed {
    use super::{Declaration, Slots};

    /// What the SDK does with a store of whatever types.
    pub trait Sealed {
        /// Tells the store who it is.
        fn name(&mut self, number: u16, name: &'static str);

        fn declaration(&self) -> Declaration;

        fn slots(&mut self) -> (u16, &mut Slots);
    }
}

/// A store as the manifest has it.
pub struct Declaration {
    pub(crate) name: &'static str,
    pub(crate) key: String,
    pub(crate) value: &'static str,
    pub(crate) version: u8,
}

impl<K: StoreKey + ?Sized, V, F: Form<V>> sealed::Sealed for Store<K, V, F> {
    fn name(&mut self, number: u16, name: &'static str) {
        (self.number, self.name) = (number, name);
    }

    fn declaration(&self) -> Declaration {
        Declaration { name: self.name, key: K::form(), value: F::NAME, version: F::VERSION }
    }

    fn slots(&mut self) -> (u16, &mut Slots) {
        (self.number, self.slots.get_mut())
    }
}

/// Opens a set and numbers its stores.
///
/// # Panics
/// When a set that was written by hand has not as many names as stores.
pub fn open<S: StoreSet>() -> S {
    let mut stores = S::open();
    let mut names = S::NAMES.iter().zip(0..);
    stores.each(&mut |store| match names.next() {
        Some((name, number)) => store.name(number, name),
        None => panic!("the set visits more stores than the {} that NAMES has", S::NAMES.len()),
    });
    assert!(names.next().is_none(), "the set visits fewer stores than the {} that NAMES has", S::NAMES.len());
    stores
}

/// The stores as the manifest has them.
pub(crate) fn declarations<S: StoreSet>() -> Vec<Declaration> {
    let mut declarations = Vec::with_capacity(S::NAMES.len());
    open::<S>().each(&mut |store| declarations.push(store.declaration()));
    declarations
}

/// A call begins, or is over: nothing is left of the one before.
pub(crate) fn begin<S: StoreSet>(stores: &mut S) {
    stores.each(&mut |store| store.slots().1.clear());
}

/// Asks the host for all keys that were wanted: once for each store that was.
pub(crate) fn read_wanted<S: StoreSet>(stores: &mut S) {
    stores.each(&mut |store| {
        let (number, slots) = store.slots();
        slots.read(number);
    });
}

/// The record at hand is accepted: its changes are seen by those behind it, and go into its answer.
pub(crate) fn keep<S: StoreSet>(stores: &mut S, writer: &mut Writer, changes: &mut Vec<Change>) {
    stores.each(&mut |store| {
        let (number, slots) = store.slots();
        slots.keep(|key, value| changes.push(Change { store: number, key: writer.append(key), value }));
    });
}

/// The record at hand is not accepted: it has changed nothing.
pub(crate) fn forget<S: StoreSet>(stores: &mut S) {
    stores.each(&mut |store| store.slots().1.forget());
}
