//! What to say about a key that nobody asked for.
//!
//! Most are typing mistakes; some are right in a later version or in another tool, and deserve their reason.

/// (the mapping's key path, key, message, hint).
const KNOWN_ELSEWHERE: [(&str, &str, &str, &str); 1] =
    [("", "include", "a configuration is one file", "write the pipelines into this file")];

/// What to say about a key that YAML 1.1 merged other mappings by.
pub(crate) const MERGE_KEY: (&str, &str, &str) = ("<<", "merge keys (`<<`) are not taken", "write the keys out");

/// The message and the hint for `key` in the mapping at `path`, whose keys are `known`, the nearest of them `meant`.
pub(super) fn explain(path: &str, key: &str, meant: Option<&str>, known: &[&str]) -> (String, String) {
    let (merge, message, hint) = MERGE_KEY;
    if key == merge {
        return (message.to_owned(), hint.to_owned());
    }
    if let Some((.., message, hint)) = KNOWN_ELSEWHERE.iter().find(|(p, k, ..)| *p == path && *k == key) {
        return ((*message).to_owned(), (*hint).to_owned());
    }
    let hint = match meant {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!("known keys here: {}", known.join(", ")),
    };
    ("unknown key".to_owned(), hint)
}
