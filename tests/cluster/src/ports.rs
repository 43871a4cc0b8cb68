//! Free ports that stay ours, also while the broker on them is dead.
//!
//! They are taken from below the kernel's range for outgoing connections. A port inside that range can be lost while its
//! broker is down: another connection gets it as source port, and a client that keeps trying the dead broker may even
//! connect to itself. A lock file per port keeps other test processes away.

use std::collections::hash_map::RandomState;
use std::fs::{self, File};
use std::hash::BuildHasher;
use std::net::TcpListener;

use anyhow::Context;

use crate::layout;

/// Below are ports that well-known servers like.
const LOWEST: u16 = 15_000;
/// Linux begins outgoing ports at 32768 unless told otherwise.
const HIGHEST: u16 = 32_000;

/// A port held until it is dropped.
pub(crate) struct Port {
    pub(crate) number: u16,
    _lock: File,
}

impl Port {
    /// Finds a port that nothing listens on and no other process of ours holds.
    pub(crate) fn free() -> anyhow::Result<Port> {
        let directory = layout::ports();
        fs::create_dir_all(&directory)?;
        let highest = outgoing_from().map_or(HIGHEST, |from| from.clamp(LOWEST + 1000, HIGHEST));
        let count = highest - LOWEST;
        // A random place to begin, so that clusters started together do not try the same ports in turn.
        let begin = RandomState::new().hash_one(0) % u64::from(count);
        for step in 0..count {
            let number = LOWEST + (begin as u16).wrapping_add(step) % count;
            let lock = File::create(directory.join(number.to_string()))?;
            if lock.try_lock().is_ok() && TcpListener::bind(("127.0.0.1", number)).is_ok() {
                return Ok(Port { number, _lock: lock });
            }
        }
        None.with_context(|| format!("no free port from {LOWEST} to {highest}"))
    }

    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.number)
    }
}

fn outgoing_from() -> Option<u16> {
    let range = fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").ok()?;
    range.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::Port;

    #[test]
    fn a_port_that_is_held_is_not_given_again() {
        let ports: Vec<Port> = (0..50).map(|_| Port::free().unwrap()).collect();
        let mut numbers: Vec<u16> = ports.iter().map(|port| port.number).collect();
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), 50);
    }
}
