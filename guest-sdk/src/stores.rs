//! The place of keyed state in a plugin's type.

/// The set of a plugin's stores. So far there is one: `()`, no stores.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a set of stores",
    label = "not a set of stores",
    note = "keyed state is not there yet: write `type Stores = ();`, or implement `Stateless`"
)]
pub trait StoreSet: sealed::Sealed + Sized {
    /// The stores of a new instance.
    #[doc(hidden)]
    fn open() -> Self;
}

impl StoreSet for () {
    fn open() {}
}

mod sealed {
    pub trait Sealed {}

    impl Sealed for () {}
}
