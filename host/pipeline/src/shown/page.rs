//! Keys of a store in ascending order, over all partitions that are shown, one page at a time.
//!
//! Partitions are scanned one after the other and the least keys are kept, so memory follows the page and not the number of
//! partitions. A page is not the state of one moment: between two partitions a transaction may be applied.

use super::ShownStores;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use wasmill_state::CacheError;

/// Keys and values of one page, beside the first of them, however large that is.
const PAGE_BYTES_MAX: usize = 1 << 20;

/// Keys of one page.
const PAGE_KEYS_MAX: usize = 1000;

/// What is asked of a store.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Question {
    pub prefix: Vec<u8>,
    /// Keys behind this one; of the key itself those partitions behind this one.
    pub after: Option<(Vec<u8>, i32)>,
    /// `None`: all that are shown.
    pub partition: Option<i32>,
    /// Keys; more than a page has are not given.
    pub limit: usize,
}

/// A key and its value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The partition of the records that wrote it.
    pub partition: i32,
    #[serde(with = "base64_text")]
    pub key: Vec<u8>,
    #[serde(with = "base64_text")]
    pub value: Vec<u8>,
    /// Of the record that wrote it.
    pub timestamp_ms: Option<i64>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page {
    pub entries: Vec<Entry>,
    /// Whether there are further keys behind the last one.
    pub more: bool,
    /// How keys and values are written.
    pub key: String,
    pub value: String,
}

impl ShownStores {
    /// The key in each partition that has it, as far as they fit an answer; `None`: there is no such store.
    ///
    /// # Errors
    /// The database fails.
    pub fn get(&self, store: &str, key: &[u8]) -> Result<Option<Page>, CacheError> {
        let Some(number) = self.stores.number(store) else { return Ok(None) };
        let mut least = Least::new(PAGE_KEYS_MAX);
        for partition in self.partitions()? {
            if let Some(found) = self.stores.committed(partition).get(number, key)?
                && !least.add(key, partition, found.timestamp_ms, &found.value)
            {
                break;
            }
        }
        Ok(Some(self.page_of(store, least)))
    }

    /// The first keys; `None`: there is no such store.
    ///
    /// # Errors
    /// The database fails.
    pub fn scan(&self, store: &str, question: &Question) -> Result<Option<Page>, CacheError> {
        let Some(number) = self.stores.number(store) else { return Ok(None) };
        let mut least = Least::new(question.limit.clamp(1, PAGE_KEYS_MAX));
        for partition in self.partitions()? {
            if question.partition.is_some_and(|wanted| wanted != partition) {
                continue;
            }
            let committed = self.stores.committed(partition);
            let after = question.after.as_ref().map(|(key, _)| key.as_slice());
            if let Some((key, last)) = &question.after
                && partition > *last
                && key.starts_with(&question.prefix)
                && let Some(found) = committed.get(number, key)?
            {
                least.add(key, partition, found.timestamp_ms, &found.value);
            }
            committed.scan(number, &question.prefix, after, &mut |key, timestamp_ms, value| {
                least.add(key, partition, timestamp_ms, value)
            })?;
        }
        Ok(Some(self.page_of(store, least)))
    }

    fn page_of(&self, store: &str, least: Least) -> Page {
        let form = self.form(store);
        let entry = |((key, partition), (value, timestamp_ms))| Entry { partition, key, value, timestamp_ms };
        let (entries, more) = (least.entries.into_iter().map(entry).collect(), least.more);
        Page { entries, more, key: form.key, value: form.value }
    }
}

/// A key and its partition.
type Located = (Vec<u8>, i32);
/// A value, and the timestamp of the record that wrote it.
type Written = (Vec<u8>, Option<i64>);

/// The least keys of those that were added, with their partitions.
struct Least {
    entries: BTreeMap<Located, Written>,
    bytes: usize,
    limit: usize,
    /// One has been left out: nothing behind the last one that is kept is wanted any more.
    more: bool,
}

impl Least {
    fn new(limit: usize) -> Least {
        Least { entries: BTreeMap::new(), bytes: 0, limit, more: false }
    }

    /// Whether a later key of the same partition could be among them.
    fn add(&mut self, key: &[u8], partition: i32, timestamp_ms: Option<i64>, value: &[u8]) -> bool {
        let place = (key.to_vec(), partition);
        if self.more && self.entries.last_key_value().is_some_and(|(last, _)| *last < place) {
            return false;
        }
        self.bytes += key.len() + value.len();
        self.entries.insert(place, (value.to_vec(), timestamp_ms));
        while self.entries.len() > self.limit || (self.bytes > PAGE_BYTES_MAX && self.entries.len() > 1) {
            if let Some(((key, _), (value, _))) = self.entries.pop_last() {
                self.bytes -= key.len() + value.len();
            }
            self.more = true;
        }
        true
    }
}

mod base64_text {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], into: S) -> Result<S::Ok, S::Error> {
        into.serialize_str(&STANDARD.encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(from)?;
        STANDARD.decode(text).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn least(limit: usize, keys: &[(&str, i32, usize)]) -> (Vec<(String, i32)>, bool) {
        let mut least = Least::new(limit);
        for (key, partition, bytes) in keys {
            least.add(key.as_bytes(), *partition, None, &vec![0; *bytes]);
        }
        let kept = least.entries.into_keys().map(|(key, partition)| (String::from_utf8(key).unwrap(), partition));
        (kept.collect(), least.more)
    }

    #[test]
    fn the_least_keys_are_kept_whatever_partition_they_are_of() {
        let (kept, more) = least(3, &[("a", 0, 1), ("d", 0, 1), ("e", 0, 1), ("b", 1, 1), ("f", 1, 1), ("b", 2, 1)]);
        assert_eq!(kept, [("a".to_owned(), 0), ("b".to_owned(), 1), ("b".to_owned(), 2)]);
        assert!(more);
        assert!(!least(6, &[("a", 0, 1), ("b", 0, 1)]).1);
    }

    #[test]
    fn a_page_ends_before_it_is_too_large_and_has_one_key_at_least() {
        let half = PAGE_BYTES_MAX / 2;
        let (kept, more) = least(100, &[("a", 0, half), ("b", 0, half), ("c", 0, 1)]);
        assert_eq!((kept, more), (vec![("a".to_owned(), 0)], true));
        let (kept, more) = least(100, &[("a", 0, 2 * PAGE_BYTES_MAX)]);
        assert_eq!((kept.len(), more), (1, false));
    }

    /// Otherwise what is behind the end of the page would look like its last key.
    #[test]
    fn nothing_behind_a_key_that_was_left_out_comes_back_in() {
        let half = PAGE_BYTES_MAX / 2;
        let (kept, _) = least(100, &[("a", 0, half), ("b", 0, half + 1), ("c", 1, 1)]);
        assert_eq!(kept, [("a".to_owned(), 0)]);
    }
}
