//! The seed of a partition: the same for every batch, process and run, so that an answer can be had again.
//!
//! HMAC-SHA-256 over pipeline, plugin digest, topic and partition. The key is public: the seed is no secret, but nobody finds
//! two partitions with the same one by accident.

use crate::bind::Binding;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use std::collections::HashMap;
use wasmill_record::InputPartition;

/// Changing it changes every answer that depends on chance.
const KEY: &[u8] = b"wasmill:plugin/seed/1";

/// Partitions whose seed is remembered; a worker has some dozens. When there are more, all are made anew, 2 us each.
const SEEDS_MAX: usize = 4096;

/// The first 8 bytes, little-endian.
pub(crate) fn seed(pipeline: &str, digest: &str, topic: &str, partition: i32) -> u64 {
    // A key of any length is legal.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(KEY) else { return 0 };
    for part in [pipeline, digest, topic] {
        // With its length, so that no two lists of parts are the same bytes.
        mac.update(&(part.len() as u64).to_le_bytes());
        mac.update(part.as_bytes());
    }
    mac.update(&partition.to_le_bytes());
    let bytes = mac.finalize().into_bytes();
    bytes.first_chunk().map_or(0, |first| u64::from_le_bytes(*first))
}

/// Seeds of one worker's partitions.
#[derive(Default)]
pub(crate) struct Seeds(HashMap<InputPartition, u64>);

impl Seeds {
    pub(crate) fn get(&mut self, binding: &Binding, digest: &str, topic: &str, partition: InputPartition) -> u64 {
        if let Some(seed) = self.0.get(&partition) {
            return *seed;
        }
        if self.0.len() >= SEEDS_MAX {
            self.0.clear();
        }
        *self.0.entry(partition).or_insert_with(|| seed(&binding.pipeline, digest, topic, partition.partition))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_never_changes() {
        // Python: hmac.new(key, digestmod="sha256") over the same bytes.
        assert_eq!(seed("shop", "sha256:00", "orders", 3), 17_139_449_609_640_119_625, "answers would change");
    }

    #[test]
    fn everything_in_it_counts() {
        let all = [
            seed("shop", "d", "orders", 3),
            seed("shop2", "d", "orders", 3),
            seed("shop", "e", "orders", 3),
            seed("shop", "d", "order", 3),
            seed("shop", "d", "orders", 4),
            seed("shopd", "", "orders", 3),
            seed("sho", "pd", "orders", 3),
        ];
        let different: std::collections::HashSet<u64> = all.into_iter().collect();
        assert_eq!(different.len(), all.len());
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut seeds = Seeds::default();
        let binding =
            Binding { pipeline: "shop".to_owned(), inputs: Vec::new(), outputs: Vec::new(), stores: [].into() };
        for number in 0..10_000 {
            let found = seeds.get(&binding, "d", "orders", InputPartition::new(0, number));
            assert_eq!(found, seed("shop", "d", "orders", number));
            assert!(seeds.0.len() <= SEEDS_MAX);
        }
    }
}
