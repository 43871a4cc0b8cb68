//! Points in time, RFC 3339.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Seconds since the Unix epoch; `None`: not RFC 3339. A leap second is the second before it, and only there is one.
///
/// The library lets any character stand between date and time, because RFC 3339 mentions that some write a space there;
/// an order has the `T`.
pub(crate) fn seconds(text: &str) -> Option<i64> {
    let separated = matches!(text.as_bytes().get(10), Some(b'T' | b't'));
    separated.then(|| OffsetDateTime::parse(text, &Rfc3339).ok().map(OffsetDateTime::unix_timestamp)).flatten()
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
            ("2016-12-31T23:59:60Z", 1_483_228_799),
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
