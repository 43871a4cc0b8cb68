//! `cargo +nightly fuzz run reply` in `guest-sdk/wire`; the oracle is `wasmill_wire::fuzz`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    wasmill_wire::fuzz::reply(bytes);
});
