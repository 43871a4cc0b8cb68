//! Names of stores, and what their trees are called inside the database.

use crate::CacheError;

/// Names that a plugin's store may not have: the host has stores of its own.
pub const RESERVED_STORES: &[&str] = &["retry"];

/// A changelog is called `wasmill.<group>.<store>.changelog`, and Kafka's limit for that is 249.
const STORE_NAME_BYTES_MAX: usize = 64;
/// The engine's limit for a tree's name.
const TREE_NAME_BYTES_MAX: usize = 255;

/// # Errors
/// Not a name of a plugin's store: `[a-z0-9-]{1,64}`, and none of [`RESERVED_STORES`].
pub(crate) fn check_store(name: &str) -> Result<(), CacheError> {
    let refused = |why: &str| Err(CacheError::Refused(format!("store `{name}`: {why}")));
    if RESERVED_STORES.contains(&name) {
        return refused("the name is reserved; choose another one");
    }
    if name.is_empty() || name.len() > STORE_NAME_BYTES_MAX {
        return refused("a name has 1 to 64 characters");
    }
    if !name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-') {
        return refused("a name is made of a-z, 0-9 and -");
    }
    Ok(())
}

/// # Errors
/// Group and store are too long together.
pub(crate) fn tree(group: &str, store: &str) -> Result<String, CacheError> {
    let name = format!("{group}/{store}");
    if group.is_empty() || name.len() > TREE_NAME_BYTES_MAX {
        return Err(CacheError::Refused(format!(
            "group `{group}`: 1 to {} bytes",
            TREE_NAME_BYTES_MAX - store.len() - 1
        )));
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_is_named_in_small_letters_and_never_like_one_of_ours() {
        for good in ["a", "stock", "top-10", &"x".repeat(64)] {
            assert!(check_store(good).is_ok(), "{good}");
        }
        for bad in ["", "retry", "a.b", "Stock", "a_b", "a/b", "ä", &"x".repeat(65)] {
            assert!(check_store(bad).is_err(), "{bad}");
        }
        assert!(check_store("retry").unwrap_err().to_string().contains("reserved"));
    }

    #[test]
    fn a_tree_name_that_the_engine_would_not_take_is_refused() {
        assert_eq!(tree("g", "s").unwrap(), "g/s");
        assert!(tree(&"g".repeat(253), "s").is_ok());
        assert!(tree(&"g".repeat(254), "s").is_err());
        assert!(tree("", "s").is_err());
    }
}
