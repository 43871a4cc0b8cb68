//! Orders to measure with, in the shape and size of a meal that is ordered by phone screen.

/// What is read of an order, for comparing parsers.
#[doc(hidden)]
pub use crate::order::Order;

/// A clock for which none of them is in the future.
pub const NOW_MS: u64 = 1_718_000_000_000;

/// The first `count` orders, valid all, of some 300 bytes; always the same ones.
pub fn orders(count: u64) -> Vec<Vec<u8>> {
    (0..count).map(order).collect()
}

fn order(at: u64) -> Vec<u8> {
    // Weyl sequences: spread well enough for numbers of different lengths.
    let below =
        |most: u64, salt: u64| (at + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(salt as u32 * 11) % most;
    let (first, second) = ((1 + below(3, 1), 250 + below(1800, 2)), (1, 90 + below(900, 3)));
    let (delivery, items) = (below(400, 4), first.0 * first.1 + second.0 * second.1);
    let item = |sku: u64, (quantity, price): (u64, u64)| {
        format!(r#"{{"sku":"P-{sku}","quantity":{quantity},"unit_price_cents":{price}}}"#)
    };
    let text = format!(
        r#"{{"order_id":"o-{:08}","customer_id":"c-{:06}","restaurant_id":"r-{:03}","channel":"app","currency":"EUR","placed_at":"2024-02-{:02}T18:{:02}:11Z","items":[{},{}],"totals":{{"items_cents":{items},"delivery_cents":{delivery},"total_cents":{}}}}}"#,
        at,
        below(1_000_000, 5),
        below(400, 0),
        1 + below(28, 6),
        below(60, 7),
        item(100 + below(800, 8), first),
        item(100 + below(800, 9), second),
        items + delivery,
    );
    text.into_bytes()
}
