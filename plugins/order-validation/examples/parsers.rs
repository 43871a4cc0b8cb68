//! What an order of some 300 bytes costs: the plugin as it is, and reading alone with two parsers.
//!
//! ```text
//! cargo run --release -p order-validation --example parsers
//! RUSTFLAGS="-C target-feature=+simd128" \
//!     cargo build --release -p order-validation --example parsers --target wasm32-wasip1
//! wasmtime run -W unknown-imports-trap=y target/wasm32-wasip1/release/examples/parsers.wasm
//! ```
//!
//! In Wasm there is no boundary in this: what it takes to get an order into a plugin and the answer out is for the bench of
//! the host to say. Of many short rounds the fastest counts: a clock on the wall sees what else the machine does.

use order_validation::{Config, OrderValidation, samples};
use std::hint::black_box;
use std::time::Instant;
use wasmill_sdk::{Problems, Stateless};

/// A round is a third of a millisecond: shorter than what a scheduler gives to others in one piece.
const ORDERS: u64 = 256;
const ROUNDS: usize = 1000;

fn main() -> Result<(), Problems> {
    let orders = samples::orders(ORDERS);
    let bytes: usize = orders.iter().map(Vec::len).sum();
    println!("{ORDERS} orders, {} bytes on average", bytes / orders.len());

    let plugin = OrderValidation::configure(Config::default())?;
    show("plugin (serde_json, rules)", &orders, |order| plugin.answer(Some(order), samples::NOW_MS).is_ok());
    show("serde_json from bytes", &orders, |order| serde_json::from_slice::<samples::Order<'_>>(order).is_ok());
    show("serde_json from text", &orders, |order| {
        str::from_utf8(order).is_ok_and(|text| serde_json::from_str::<samples::Order<'_>>(text).is_ok())
    });
    // It writes where it reads, so it needs a copy, which is fair: records are shared.
    let (mut copy, mut buffers) = (Vec::new(), simd_json::Buffers::default());
    show("simd-json", &orders, |order| {
        copy.clear();
        copy.extend_from_slice(order);
        simd_json::serde::from_slice_with_buffers::<samples::Order<'_>>(&mut copy, &mut buffers).is_ok()
    });
    Ok(())
}

fn show(name: &str, orders: &[Vec<u8>], mut accepts: impl FnMut(&[u8]) -> bool) {
    // For a profiler: only those with a word in their name.
    if std::env::args().nth(1).is_some_and(|word| !name.contains(&word)) {
        return;
    }
    let mut best = f64::INFINITY;
    for _ in 0..ROUNDS {
        let began = Instant::now();
        let accepted = orders.iter().filter(|order| accepts(black_box(order))).count();
        best = best.min(began.elapsed().as_nanos() as f64 / orders.len() as f64);
        assert_eq!(accepted, orders.len(), "{name} refuses an order");
    }
    println!("{name}: {best:.0} ns an order");
}
