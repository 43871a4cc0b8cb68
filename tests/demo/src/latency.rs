//! Percentiles, by nearest rank: the smallest value that so many of a hundred do not exceed.

/// `None` of nothing. The values need no order.
pub(crate) fn percentile(values: &[u32], hundredths: usize) -> Option<u32> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    let rank = (sorted.len() * hundredths).div_ceil(100).max(1);
    sorted.get(rank - 1).copied()
}

/// For people: `84 ms`, `6.2 s`.
pub(crate) fn shown(millis: Option<u32>) -> String {
    match millis {
        None => "-".to_owned(),
        Some(millis) if millis < 1000 => format!("{millis} ms"),
        Some(millis) => format!("{:.1} s", f64::from(millis) / 1000.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_the_value_of_the_nearest_rank() {
        let hundred: Vec<u32> = (1..=100).rev().collect();
        assert_eq!(percentile(&hundred, 50), Some(50));
        assert_eq!(percentile(&hundred, 99), Some(99));
        assert_eq!(percentile(&hundred, 100), Some(100));
        assert_eq!(percentile(&[7], 50), Some(7));
        assert_eq!(percentile(&[9, 1, 5], 50), Some(5));
        assert_eq!(percentile(&[9, 1], 99), Some(9));
        assert_eq!(percentile(&[], 50), None);
    }

    #[test]
    fn times_are_shown_in_the_unit_that_people_would_use() {
        assert_eq!([None, Some(84), Some(999), Some(6249)].map(shown), ["-", "84 ms", "999 ms", "6.2 s"]);
    }
}
