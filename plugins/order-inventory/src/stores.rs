//! What is kept.

use crate::entry::Entry;
use crate::stock::Stock;
use wasmill_sdk::{Store, Stores};

/// All of it belongs to one restaurant or another, and so to the partition of its key.
#[derive(Debug, Stores)]
pub struct Stores {
    /// By restaurant and SKU.
    pub stock: Store<(String, String), Stock>,
    /// By restaurant and order id.
    pub orders: Store<(String, String), Entry>,
}
