//! Reads the one form of time that dead letters carry: RFC 3339 in UTC with milliseconds.

/// Milliseconds since 1970 of `2026-11-22T17:00:00.123Z`; `None` for any other form.
pub fn millis(text: &str) -> Option<i64> {
    let text = text.strip_suffix('Z')?;
    let (date, time) = text.split_once('T')?;
    let [year, month, day] = numbers(date, '-', [4, 2, 2])?;
    let (clock, fraction) = time.split_once('.')?;
    let [hour, minute, second] = numbers(clock, ':', [2, 2, 2])?;
    let [milli] = numbers(fraction, '.', [3])?;
    let valid = (1..=12).contains(&month) && (1..=31).contains(&day) && hour < 24 && minute < 60 && second < 61;
    valid.then(|| (((days(year, month, day) * 24 + hour) * 60 + minute) * 60 + second) * 1000 + milli)
}

fn numbers<const N: usize>(text: &str, between: char, widths: [usize; N]) -> Option<[i64; N]> {
    let mut parts = text.split(between);
    let mut numbers = [0; N];
    for (number, width) in numbers.iter_mut().zip(widths) {
        let part = parts.next()?;
        if part.len() != width || !part.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        *number = part.parse().ok()?;
    }
    parts.next().is_none().then_some(numbers)
}

/// Days since 1970-01-01 in the Gregorian calendar. The year is counted from March, so that the leap day comes last.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_to_the_millisecond() {
        for (text, expected) in [
            ("1970-01-01T00:00:00.000Z", 0),
            ("1970-01-01T00:00:00.001Z", 1),
            ("1969-12-31T23:59:59.999Z", -1),
            ("2000-02-29T12:00:00.000Z", 951_825_600_000),
            ("2026-11-22T17:00:00.123Z", 1_795_366_800_123),
        ] {
            assert_eq!(millis(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn other_forms_are_refused() {
        for text in [
            "",
            "0",
            "2026-11-22",
            "2026-11-22T17:00:00Z",
            "2026-11-22T17:00:00.123",
            "2026-11-22T17:00:00.123+01:00",
            "2026-13-22T17:00:00.123Z",
            "2026-11-22T17:00:00.1234Z",
            "2026-11-22T17:00:+0.123Z",
        ] {
            assert_eq!(millis(text), None, "{text}");
        }
    }
}
