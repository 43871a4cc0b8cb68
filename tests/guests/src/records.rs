//! Records to send through a guest.

use wasmill_flow::Entry;

/// A record that every guest forwards.
pub fn fine(number: usize) -> Entry {
    record(&format!("ok-{number}"))
}

/// With a key and headers, so that there is something to inherit.
pub fn record(value: &str) -> Entry {
    Entry {
        key: Some(b"key".to_vec()),
        value: Some(value.as_bytes().to_vec()),
        headers: vec![(b"trace".to_vec(), Some(b"1".to_vec())), (b"trace".to_vec(), None)],
        timestamp: Some(1_700_000_000_000),
        ..Entry::default()
    }
}
