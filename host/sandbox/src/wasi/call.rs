//! What a guest sees of time and chance: set before each call, the same for its whole length.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;
use wasmtime_wasi::{HostMonotonicClock, HostWallClock};

/// Shared by the host, which sets it, and the clocks and generators inside of a `WasiCtx`, whose fields are private. All of
/// them are used on the thread of the call.
#[derive(Debug, Clone, Default)]
pub(crate) struct Call(Arc<Cell>);

#[derive(Debug, Default)]
struct Cell {
    now_ms: AtomicU64,
    generator: AtomicU64,
}

impl Call {
    pub(crate) fn begin(&self, now_ms: u64, seed: u64) {
        self.0.now_ms.store(now_ms, Relaxed);
        self.0.generator.store(seed, Relaxed);
    }

    /// The next number of the call: SplitMix64 (Steele, Lea, Flood 2014). Good enough to spread hash maps and samples; it is
    /// no secret and plugins are told so.
    pub(super) fn draw(&self) -> u64 {
        let x = self.0.generator.fetch_add(0x9e37_79b9_7f4a_7c15, Relaxed).wrapping_add(0x9e37_79b9_7f4a_7c15);
        let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    }

    fn time(&self) -> Duration {
        Duration::from_millis(self.0.now_ms.load(Relaxed))
    }
}

impl HostWallClock for Call {
    fn resolution(&self) -> Duration {
        Duration::from_millis(1)
    }

    fn now(&self) -> Duration {
        self.time()
    }
}

impl HostMonotonicClock for Call {
    fn resolution(&self) -> u64 {
        1_000_000
    }

    fn now(&self) -> u64 {
        u64::try_from(self.time().as_nanos()).unwrap_or(u64::MAX)
    }
}

impl rand::TryRng for Call {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(self.draw() as u32)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.draw())
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&self.draw().to_le_bytes()[..chunk.len()]);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::TryRng;

    #[test]
    fn chance_starts_anew_with_each_call() {
        let mut call = Call::default();
        let mut draw = |seed| {
            call.begin(0, seed);
            let mut bytes = [0; 13];
            call.try_fill_bytes(&mut bytes).unwrap();
            bytes
        };
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
    }

    #[test]
    fn the_generator_is_the_published_one() {
        let call = Call::default();
        call.begin(0, 1_234_567);
        let drawn: Vec<u64> = (0..3).map(|_| call.draw()).collect();
        assert_eq!(drawn, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
    }

    #[test]
    fn both_clocks_show_the_calls_time() {
        let call = Call::default();
        call.begin(1_700_000_000_123, 0);
        assert_eq!(HostWallClock::now(&call), Duration::from_millis(1_700_000_000_123));
        assert_eq!(HostMonotonicClock::now(&call), 1_700_000_000_123_000_000);
    }
}
