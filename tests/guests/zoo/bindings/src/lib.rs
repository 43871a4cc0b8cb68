//! The world `plugin`, straight from the contract's text.
//!
//! Guests that answer wrongly can't be written with the SDK: it would not let them. [`Draft`] is a reply that can be right,
//! and can be spoilt in any place afterwards.

mod draft;
mod records;

pub use draft::{Draft, Message, NULL, UNREAD};
pub use records::{Record, records};

wit_bindgen::generate!({
    path: "../../../../wit",
    world: "plugin",
    pub_export_macro: true,
    default_bindings_module: "zoo_bindings",
});
