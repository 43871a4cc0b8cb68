//! How long a producer gathers records before it sends them.
//!
//! librdkafka sends one partition per request, so requests per second = producers x active partitions / linger. At 1 ms
//! and 8 partitions a broker drowns in requests and latency grows to seconds; at 5 ms both sides are at their best.

use std::time::Duration;

/// Requests per second and process that leave a broker air to breathe; more only adds latency.
const REQUESTS_PER_SECOND_MAX: u64 = 1500;

/// Below it a batch is one record; above it nothing is gained.
const LINGER_MS: std::ops::RangeInclusive<u64> = 1..=100;

/// The linger of a producer, in ms, where `producers` of the process write to `partitions` partitions each in all.
/// `commit_interval` is given for transactional producers: a drain sends everything at the commit anyway, so half of the
/// interval costs no latency and saves requests.
pub fn linger_ms(producers: usize, partitions: usize, commit_interval: Option<Duration>) -> u64 {
    let streams = (producers.max(1) as u64).saturating_mul(partitions.max(1) as u64);
    let gentle = (streams * 1000).div_ceil(REQUESTS_PER_SECOND_MAX);
    let half_interval = commit_interval.map_or(0, |interval| interval.as_millis() as u64 / 2);
    gentle.max(half_interval).clamp(*LINGER_MS.start(), *LINGER_MS.end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn linger_follows_the_number_of_active_partitions() {
        assert_eq!(linger_ms(1, 1, None), 1);
        assert_eq!(linger_ms(1, 8, None), 6);
        assert_eq!(linger_ms(2, 8, None), 11);
        assert_eq!(linger_ms(4, 1000, None), 100, "bounded");
    }

    #[test]
    fn a_transaction_gathers_for_half_of_its_interval() {
        assert_eq!(linger_ms(2, 4, Some(Duration::from_millis(100))), 50);
        assert_eq!(linger_ms(2, 8, Some(Duration::from_millis(20))), 11);
    }
}
