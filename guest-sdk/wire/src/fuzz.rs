//! What must hold for any bytes that a guest may answer: the oracle of the fuzz target, in a normal crate.
//!
//! [`reply`] makes a batch, limits and a reply from bytes, most of them nearly valid, so that a fuzzer gets deep. The fuzz
//! target in `fuzz/` calls it with what libFuzzer found; a test here with seeded bytes, each time the tests run.

mod case;
mod oracle;

pub use case::Seeded;

/// What became of the case; for counting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Accepted,
    Refused,
}

/// Decodes the reply that `bytes` describe.
///
/// # Panics
/// When the decoder accepted what it must not have, or panics itself.
pub fn reply(bytes: &[u8]) -> Verdict {
    let case = case::Case::from_bytes(bytes);
    oracle::check(&case)
}

#[cfg(test)]
mod tests {
    use super::{Seeded, Verdict, reply};

    #[test]
    fn ten_thousand_seeded_replies_are_decoded_or_refused() {
        let mut accepted = 0;
        for seed in 0..10_000 {
            let bytes = Seeded::new(seed).bytes(512);
            let verdict = std::panic::catch_unwind(|| reply(&bytes));
            let verdict = verdict.unwrap_or_else(|_| panic!("fuzz::reply(&Seeded::new({seed}).bytes(512)) fails"));
            accepted += usize::from(verdict == Verdict::Accepted);
        }
        // Neither side may be rare, else the oracles see little.
        assert!((1_000..9_000).contains(&accepted), "{accepted} of 10,000 were accepted");
    }
}
