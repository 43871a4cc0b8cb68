//! What an order costs: reading it and its customer's account, the rules, writing account, event and balance. No boundary, and
//! no store.
//!
//! ```text
//! cargo run --release -p loyalty --example speed
//! cargo build --release -p loyalty --example speed --target wasm32-wasip1
//! wasmtime run -W unknown-imports-trap=y target/wasm32-wasip1/release/examples/speed.wasm
//! ```
//!
//! Of many short rounds the fastest counts: a clock on the wall sees what else the machine does.

use loyalty::{Account, Config, Done, Loyalty};
use std::hint::black_box;
use std::time::Instant;
use wasmill_sdk::{Plugin, Problems};

const DATA: &str = include_str!("../../../examples/data/orders.jsonl");
/// Orders that are timed together.
const TOGETHER: usize = 20;
const ROUNDS: usize = 200;
/// A day of orders.
const T: i64 = 1_700_000_000_000;

fn main() -> Result<(), Problems> {
    let plugin = Loyalty::configure(Config::default())?;
    // As large as orders by phone screen: the data are of a grocer's.
    let orders: Vec<&str> = DATA.lines().filter(|line| line.len() < 400).collect();
    println!(
        "{} orders, {} bytes on average",
        orders.len(),
        orders.iter().map(|line| line.len()).sum::<usize>() / orders.len()
    );
    for past in [0, 2, 16] {
        let account = account(&plugin, past);
        let shown = account.as_ref().map_or(0, Vec::len);
        let mut times = 0.0;
        for orders in orders.chunks(TOGETHER) {
            let mut best = f64::INFINITY;
            for _ in 0..ROUNDS {
                let began = Instant::now();
                assert!(orders.iter().all(|order| earns(&plugin, order, account.as_deref())), "an order earns nothing");
                best = best.min(began.elapsed().as_nanos() as f64);
            }
            times += best;
        }
        println!("account of {past} orders, {shown} bytes: {:.0} ns an order", times / orders.len() as f64);
    }
    Ok(())
}

/// One order as the plugin has it: values are bytes before and after.
fn earns(plugin: &Loyalty, order: &str, account: Option<&[u8]>) -> bool {
    let read = |bytes: &[u8]| serde_json::from_slice::<Account>(bytes).ok();
    let earned = plugin.order(customer(order), black_box(order.as_bytes()), T, black_box(account).and_then(read));
    let Ok(Some(Done { account, said })) = earned else { return false };
    let written = serde_json::to_vec(&account);
    black_box((said, written)).1.is_ok()
}

/// The account of somebody with so many orders.
fn account(plugin: &Loyalty, orders: usize) -> Option<Vec<u8>> {
    let order = |number: usize| {
        format!(
            r#"{{"order_id":"past-{number:06}-12","customer_id":"c-7","currency":"USD","totals":{{"total_cents":2750}}}}"#
        )
    };
    let earned = |account, number| {
        plugin.order("c-7", order(number).as_bytes(), T, account).ok().flatten().map(|done| done.account)
    };
    let account = (0..orders).fold(None, earned)?;
    serde_json::to_vec(&account).ok()
}

/// Its key.
fn customer(order: &str) -> &str {
    let behind = order.split_once(r#""customer_id":""#).map_or("", |(_, behind)| behind);
    behind.split_once('"').map_or("", |(customer, _)| customer)
}
