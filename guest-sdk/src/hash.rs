//! Maps that iterate alike in every instance.

use std::hash::{BuildHasherDefault, DefaultHasher};

/// A hash map whose order of iteration depends only on what was done to it.
///
/// The standard library's seeds each map differently, so that its order depends on the age of the instance; an order that
/// gets into an answer makes the answer irreproducible. Where keys come from outside and may be chosen to collide, a
/// `BTreeMap` is the better choice: this hash is the same for everyone.
pub type HashMap<K, V> = std::collections::HashMap<K, V, BuildHasherDefault<DefaultHasher>>;

/// As [`HashMap`], without values.
pub type HashSet<K> = std::collections::HashSet<K, BuildHasherDefault<DefaultHasher>>;
