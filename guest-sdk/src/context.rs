//! What an answer may depend on beside the record.

use std::cell::Cell;

/// What holds for the call, and the randomness of the record at hand.
#[derive(Debug)]
pub struct Context {
    call: Call,
    offset: i64,
    draws: Cell<u64>,
}

/// The contract's `source`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Call {
    pub(crate) input: u16,
    pub(crate) topic: String,
    pub(crate) partition: u32,
    pub(crate) attempt: u32,
    pub(crate) now_ms: u64,
    pub(crate) seed: u64,
}

impl Context {
    pub(crate) fn new(call: Call) -> Context {
        Context { call, offset: 0, draws: Cell::new(0) }
    }

    /// The next record begins.
    pub(crate) fn enter(&mut self, offset: i64) {
        self.offset = offset;
        self.draws.set(0);
    }

    /// Which of the plugin's inputs the records came from: a position in [`crate::Plugin::INPUTS`].
    pub fn input(&self) -> u16 {
        self.call.input
    }

    /// The topic that the records came from.
    pub fn topic(&self) -> &str {
        &self.call.topic
    }

    /// The partition that the records came from.
    pub fn partition(&self) -> u32 {
        self.call.partition
    }

    /// 1 on first delivery, counting up with each retry that the plugin asked for; the same again when the host repeats a
    /// call after a failure of its own.
    pub fn attempt(&self) -> u32 {
        self.call.attempt
    }

    /// The host's clock, milliseconds since the Unix epoch. It stands still during a call, and so does the standard
    /// library's.
    pub fn now_ms(&self) -> u64 {
        self.call.now_ms
    }

    /// A random number that depends on the partition, the record's offset, and how often it was asked for with this
    /// record: the same again when the record is processed again, alone or in company. Not for secrets.
    pub fn random(&self) -> u64 {
        let draw = self.draws.get().wrapping_add(1);
        self.draws.set(draw);
        // SplitMix64, started from a place of the record's own.
        let start = mix(self.call.seed ^ mix(self.offset as u64));
        mix(start.wrapping_add(draw.wrapping_mul(0x9e37_79b9_7f4a_7c15)))
    }

    /// A random number below `most`, 0 if that is 0. As [`Context::random`].
    pub fn random_below(&self, most: u64) -> u64 {
        ((u128::from(self.random()) * u128::from(most)) >> 64) as u64
    }
}

/// SplitMix64's output function: a bijection whose every input bit changes half of the output's.
fn mix(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use super::{Call, Context};

    fn draws(seed: u64, offset: i64) -> Vec<u64> {
        let mut context = Context::new(Call { seed, ..Call::default() });
        context.enter(7);
        context.random();
        context.enter(offset);
        (0..4).map(|_| context.random()).collect()
    }

    #[test]
    fn randomness_depends_on_seed_and_offset_alone() {
        assert_eq!(draws(1, 2), draws(1, 2));
        let mut all: Vec<u64> = (0..10).flat_map(|seed| (0..10).flat_map(move |offset| draws(seed, offset))).collect();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 400, "no two alike");
    }

    #[test]
    fn a_random_number_stays_below_its_bound() {
        let context = Context::new(Call { seed: 3, ..Call::default() });
        let drawn: Vec<u64> = (0..1000).map(|_| context.random_below(6)).collect();
        assert!((0..6).all(|face| drawn.contains(&face)) && drawn.iter().all(|it| *it < 6));
        assert_eq!(context.random_below(0), 0);
    }
}
