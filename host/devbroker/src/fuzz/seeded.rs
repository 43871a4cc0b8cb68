//! Bytes from a seed: a real request, damaged a little, so that most of it decodes and the rest is looked at.

use bytes::Bytes;

use super::{encoded, sample};
use crate::api::APIS;

/// A generator that gives the same bytes for the same seed, everywhere and for ever (SplitMix64).
pub struct Seeded(u64);

impl Seeded {
    /// Begins with this seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % (bound.max(1) as u64)).unwrap_or(0)
    }

    /// A request of any type and version with up to eight changed bytes; sometimes cut, sometimes nothing but noise.
    pub fn request(&mut self) -> Vec<u8> {
        let at = self.below(APIS.len());
        let Some(api) = APIS.get(at).copied() else { return Vec::new() };
        let versions = usize::try_from(api.max - api.min + 1).unwrap_or(1);
        let version = api.min + i16::try_from(self.below(versions)).unwrap_or(0);
        let whole: Bytes = encoded(&sample(api.key, version), api.key, version);
        let mut bytes = whole.to_vec();
        for _ in 0..self.below(9) {
            // The type and version stay: they were chosen above.
            let at = 4 + self.below(bytes.len().saturating_sub(4));
            let value = self.interesting();
            if let Some(byte) = bytes.get_mut(at) {
                *byte = value;
            }
        }
        match self.below(16) {
            0 => bytes.truncate(self.below(whole.len())),
            1 => bytes.iter_mut().skip(4).for_each(|byte| *byte = self.next().to_le_bytes()[0]),
            _ => {}
        }
        bytes
    }

    /// Ends of ranges, and anything.
    fn interesting(&mut self) -> u8 {
        let any = self.next().to_le_bytes()[0];
        [0, 1, 0x7f, 0x80, 0xff].get(self.below(8)).copied().unwrap_or(any)
    }
}
