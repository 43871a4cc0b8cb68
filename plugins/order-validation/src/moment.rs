//! Points in time, RFC 3339.
//!
//! The library knows the calendar. Its own reader takes more than RFC 3339 allows (`20240229T12Z`, a zone's name, a second 60
//! in any minute) and less (nine digits of a second, no last day of 9999, which people write for "never").

use jiff::ToSpan;
use jiff::civil::{Date, date};

/// The shape of date and time; `0` stands for a digit.
const SHAPE: &[u8] = b"0000-00-00T00:00:00";
/// The shape of an offset behind its sign.
const OFFSET: &[u8] = b"00:00";
const EPOCH: Date = date(1970, 1, 1);
const DAY_S: i64 = 24 * 60 * 60;

/// Seconds since the Unix epoch, fractions cut off; `None`: not RFC 3339. A leap second is the second before it.
pub(crate) fn seconds(text: &str) -> Option<i64> {
    let (moment, rest) = text.as_bytes().split_at_checked(SHAPE.len())?;
    if !has_shape(moment, SHAPE) {
        return None;
    }
    let (year, month, day) = (number(moment, 0, 4)?, number(moment, 5, 2)?, number(moment, 8, 2)?);
    let day = Date::new(year, month.try_into().ok()?, day.try_into().ok()?).ok()?;
    let is_leap = moment.ends_with(b"60");
    let second = number(moment, 17, 2)? - i16::from(is_leap);
    let in_day = of_day(number(moment, 11, 2)?, number(moment, 14, 2)?)? + i64::from((second < 60).then_some(second)?);
    let seconds = day.duration_since(EPOCH).as_secs() + in_day - offset(without_fraction(rest)?)?;
    (!is_leap || is_end_of_month(seconds)).then_some(seconds)
}

fn has_shape(bytes: &[u8], shape: &[u8]) -> bool {
    let fits = |(byte, wanted): (&u8, &u8)| match wanted {
        b'0' => byte.is_ascii_digit(),
        other => byte.eq_ignore_ascii_case(other),
    };
    bytes.len() == shape.len() && bytes.iter().zip(shape).all(fits)
}

/// The digits from `at` on, at most four of them; that they are digits has been looked at.
fn number(bytes: &[u8], at: usize, digits: usize) -> Option<i16> {
    let digits = bytes.get(at..at + digits)?;
    Some(digits.iter().fold(0, |number, digit| number * 10 + i16::from(digit.wrapping_sub(b'0'))))
}

fn of_day(hours: i16, minutes: i16) -> Option<i64> {
    (hours < 24 && minutes < 60).then(|| i64::from(hours) * 3600 + i64::from(minutes) * 60)
}

/// What is behind the fraction of a second, if there is one; `None`: it has no digits.
fn without_fraction(rest: &[u8]) -> Option<&[u8]> {
    let Some(fraction) = rest.strip_prefix(b".") else { return Some(rest) };
    let digits = fraction.iter().take_while(|byte| byte.is_ascii_digit()).count();
    (digits > 0).then(|| fraction.get(digits..)).flatten()
}

/// Seconds that a zone is ahead of UTC.
fn offset(zone: &[u8]) -> Option<i64> {
    let (sign, offset) = match zone {
        b"Z" | b"z" => return Some(0),
        [b'+', offset @ ..] => (1, offset),
        [b'-', offset @ ..] => (-1, offset),
        _ => return None,
    };
    has_shape(offset, OFFSET).then(|| of_day(number(offset, 0, 2)?, number(offset, 3, 2)?).map(|ahead| sign * ahead))?
}

/// Leap seconds are put in after the last second of a month, UTC.
fn is_end_of_month(seconds: i64) -> bool {
    let next = seconds + 1;
    let day = EPOCH.checked_add(next.div_euclid(DAY_S).days());
    next.rem_euclid(DAY_S) == 0 && day.is_ok_and(|day| day.day() == 1)
}

#[cfg(test)]
mod tests {
    use super::seconds;

    #[test]
    fn what_rfc_3339_allows_is_a_point_in_time() {
        for (text, expected) in [
            ("1970-01-01T00:00:00Z", 0),
            ("1969-12-31T23:59:59Z", -1),
            ("2024-02-29T12:00:00Z", 1_709_208_000),
            ("2024-02-29t12:00:00z", 1_709_208_000),
            ("2024-02-29T12:00:00.999999999999Z", 1_709_208_000),
            ("2024-02-29T13:00:00+01:00", 1_709_208_000),
            ("2024-02-29T00:00:00-12:00", 1_709_208_000),
            ("2024-02-29T12:00:00-00:00", 1_709_208_000),
            ("9999-12-31T23:59:59Z", 253_402_300_799),
            ("0000-01-01T00:00:00Z", -62_167_219_200),
            ("2016-12-31T23:59:60Z", 1_483_228_799),
            ("2016-12-31T23:59:60.5Z", 1_483_228_799),
            ("2017-01-01T00:59:60+01:00", 1_483_228_799),
        ] {
            assert_eq!(seconds(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_it_does_not_allow_is_none() {
        for text in [
            "",
            "now",
            "1709208000",
            "2024-02-29",
            "2024-02-29T12:00Z",
            "2024-02-29T12:00:00",
            "2024-02-29 12:00:00Z",
            "2024-02-29T12:00:00 Z",
            "2024-02-29T12:00:00.Z",
            "2024-02-29T12:00:00+0100",
            "2024-02-29T12:00:00+24:00",
            "2023-02-29T12:00:00Z",
            "2024-13-01T12:00:00Z",
            "2024-02-29T24:00:00Z",
            "2024-02-29T12:60:00Z",
            "2024-02-29T12:00:60Z",
            "2024-02-29T12:00:61Z",
            "2024-02-28T23:59:60Z",
            "9999-12-31T23:59:60-23:59",
            "2016-12-31T23:59:60+01:00",
            "20240229T120000Z",
            "2024-02-29T12Z",
            "2024-02-29T12:00:00,5Z",
            "2024-02-29T12:00:00+01",
            "2024-02-29T12:00:00+01:00:00",
            "2024-02-29T12:00:00+23:60",
            "+002024-02-29T12:00:00Z",
            "2024-W09-4T12:00:00Z",
            "24-02-29T12:00:00Z",
            "12024-02-29T12:00:00Z",
            "2024-02-29T12:00:00Z ",
            "2024-02-29T12:00:00Z[UTC]",
            "２０２４-02-29T12:00:00Z",
        ] {
            assert_eq!(seconds(text), None, "{text}");
        }
    }
}
