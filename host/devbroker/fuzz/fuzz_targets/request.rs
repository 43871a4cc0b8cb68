//! `cargo +nightly fuzz run request` in `host/devbroker`; the oracle is `wasmill_devbroker::fuzz`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    wasmill_devbroker::fuzz::request(bytes);
});
