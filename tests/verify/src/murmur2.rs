//! The partition that Kafka's Java client gives a key: its own murmur2, written from the published algorithm.
//!
//! Deliberately not the host's: the host's is among the things that are checked.

const SEED: u32 = 0x9747_b28c;
const M: u32 = 0x5bd1_e995;
const R: u32 = 24;

/// `org.apache.kafka.common.utils.Utils.murmur2`, as the bits of Java's int.
pub fn murmur2(key: &[u8]) -> u32 {
    // Kafka's keys are shorter than 4 GiB; Java's length is an int as well.
    let mut hash = SEED ^ (key.len() as u32);
    let mut words = key.chunks_exact(4);
    for word in &mut words {
        let mut k = word.iter().rev().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte));
        k = k.wrapping_mul(M);
        k ^= k >> R;
        k = k.wrapping_mul(M);
        hash = hash.wrapping_mul(M) ^ k;
    }
    let tail = words.remainder();
    if !tail.is_empty() {
        hash ^= tail.iter().rev().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte));
        hash = hash.wrapping_mul(M);
    }
    hash ^= hash >> 13;
    hash = hash.wrapping_mul(M);
    hash ^ hash >> 15
}

/// The partition of `key` among `partitions` (at least one).
pub fn partition(key: &[u8], partitions: i32) -> i32 {
    (murmur2(key) & 0x7fff_ffff) as i32 % partitions.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_those_of_kafkas_own_unit_test() {
        // org.apache.kafka.common.utils.UtilsTest.testMurmur2
        for (key, hash) in [
            ("21", -973_932_308),
            ("foobar", -790_332_482),
            ("a-little-bit-long-string", -985_981_536),
            ("a-little-bit-longer-string", -1_486_304_829),
            ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971),
            ("abc", 479_470_107),
        ] {
            assert_eq!(murmur2(key.as_bytes()) as i32, hash, "{key}");
        }
    }

    #[test]
    fn a_negative_hash_still_gives_a_partition() {
        let partition = partition(b"21", 8);
        assert_eq!(partition, ((-973_932_308_i32) & 0x7fff_ffff) % 8);
        assert!((0..8).contains(&partition));
    }
}
