use super::{CARD, EMAIL, PHONE, masked};
use crate::config::Mask;
use std::borrow::Cow;

/// With the masks written short: `E`, `P` and `C` in brackets.
fn short(text: &str) -> String {
    masked(text.into(), Mask::default()).replace(EMAIL, "[E]").replace(PHONE, "[P]").replace(CARD, "[C]")
}

#[track_caller]
fn table(cases: &[(&str, &str)]) {
    for (text, expected) in cases {
        assert_eq!(short(text), *expected, "{text}");
    }
}

#[test]
fn addresses_are_masked() {
    table(&[
        ("write to ada@example.com", "write to [E]"),
        ("ada@example.com.", "[E]."),
        ("<ada.lovelace+food@mail.example.co.uk>,", "<[E]>,"),
        ("(customerservice@example.com)", "([E])"),
        ("a@b.de;c@d.de", "[E];[E]"),
        ("a@b.de@c.de", "[E]@c.de"),
        ("mailto:ada@example.com?subject=x", "mailto:[E]?subject=x"),
        ("jos\u{e9}@ex\u{e4}mple.\u{f6}sterreich!", "[E]!"),
        ("ada_99@x1.io was 4155550100 before", "[E] was [P] before"),
        ("5551234567@sms.example.net", "[E]"),
        ("4155550100 or ada@example.com or 4155550101", "[P] or [E] or [P]"),
        ("..ada@example.com", "..[E]"),
    ]);
}

#[test]
fn what_only_has_an_at_in_it_stays() {
    for text in [
        "@",
        "a@",
        "@b.de",
        "after @ 3 months",
        "follow @ada",
        "a@b",
        "a@b.",
        "a@.de",
        "a@b..de",
        "a@b.d",
        "a@1.23",
        "49.99 @ example.com",
        "a @b.de",
        "@@@@",
        "a@@b.de",
    ] {
        assert_eq!(short(text), text);
    }
}

#[test]
fn cards_are_masked_when_their_check_digit_is_right() {
    table(&[
        ("4111111111111111", "[C]"),
        ("paid with 4111 1111 1111 1111!", "paid with [C]!"),
        ("4111-1111-1111-1111", "[C]"),
        ("378282246310005 and 3782 822463 10005", "[C] and [C]"),
        ("4222222222222", "[C]"),
        ("6304000000000000000", "[C]"),
        ("4111 1111 1111 1111 12/27 123", "[C] 12/27 123"),
        ("visa4111111111111111", "visa[C]"),
        ("4222222222222 000000", "[C]"),
        ("4111111111111111 5500000000000004", "[C] [C]"),
        ("415-555-0100 4111111111111111", "[P] [C]"),
    ]);
}

#[test]
fn card_numbers_that_are_none_stay_unless_they_could_be_called() {
    table(&[
        ("4111111111111112", "4111111111111112"),
        ("4111 1111 1111 1112", "4111 1111 1111 1112"),
        ("41111111111111111111", "41111111111111111111"),
        ("4111.1111.1111.1111", "4111.1111.1111.1111"),
        ("4111111111117", "[P]"),
    ]);
}

#[test]
fn telephone_numbers_are_masked() {
    table(&[
        ("call +1 415 555 0100", "call [P]"),
        ("+14155550100.", "[P]."),
        ("(415) 555-0100", "[P]"),
        ("415-555-0100", "[P]"),
        ("415.555.0100", "[P]"),
        ("1-800-555-0199, please", "[P], please"),
        ("555-0100", "[P]"),
        ("4155550100", "[P]"),
        ("+49 (0)30 1234567", "[P]"),
        ("(+49) 30 1234567", "[P]"),
        ("030/1234567", "[P]"),
        ("01 23 45 67 89", "[P]"),
        ("+3584512345", "[P]"),
        ("on 2024-03-31 415 555 0100", "on 2024-03-31 [P]"),
        ("(call 4155550100)", "(call [P])"),
    ]);
}

#[test]
fn other_numbers_stay() {
    for text in [
        "",
        "1",
        "10 out of 10",
        "$1,234,567.89",
        "1234567.891",
        "3.1415926535",
        "2024-03-31",
        "31.03.2024",
        "3/31/2024",
        "2024-03-31 10:45",
        "192.168.100.200",
        "1024-1280 res.",
        "from 2001-2004",
        "100 2000",
        "123.4567",
        "ad-2500",
        "a 128mb card, 70 to 100 pics",
        "12345678",
        "1234567890123456",
        "5 stars 5 stars 5 stars 5 stars 5",
        "+12",
        "order 1234-567",
        "\u{ff14}\u{ff11}\u{ff11}\u{ff11}\u{ff11}\u{ff11}\u{ff11}\u{ff11}\u{ff11}",
    ] {
        assert_eq!(short(text), text);
    }
}

#[test]
fn each_kind_is_masked_only_where_it_is_wanted() {
    let text = "ada@example.com, 415-555-0100, 4111 1111 1111 1111";
    let only = |emails, phones, cards| masked(text.into(), Mask { emails, phones, cards }).into_owned();
    assert_eq!(only(true, false, false), "[email], 415-555-0100, 4111 1111 1111 1111");
    assert_eq!(only(false, true, false), "ada@example.com, [phone], 4111 1111 1111 1111");
    assert_eq!(only(false, false, true), "ada@example.com, 415-555-0100, [card]");
    assert_eq!(only(false, false, false), text);
}

#[test]
fn nothing_to_mask_is_not_copied_and_masks_are_not_masked() {
    let copied = |text: &'static str| matches!(masked(text.into(), Mask::default()), Cow::Owned(_));
    assert!(!copied("good food @ 5 o'clock, 10/10, in 2024-03-31"));
    assert!(!copied("[email] [phone] [card]"));
    assert!(copied("a@b.de"));
}

/// Whatever is found the second time was overlooked the first time.
#[test]
fn what_was_masked_once_has_nothing_left_to_mask() {
    let alphabet: Vec<char> = "0123456789012345678901234567890123456789 -./()+@@abz\u{e9}\u{1f355}".chars().collect();
    let mut seed = 88_172_645_463_325_252_u64; // xorshift64
    let mut below = |most: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        (seed % most as u64) as usize
    };
    let mut seen = [0; 3];
    for _ in 0..50_000 {
        let text: String = (0..below(40)).map(|_| alphabet[below(alphabet.len())]).collect();
        let once = masked(Cow::from(&text), Mask::default()).into_owned();
        assert_eq!(masked(Cow::from(&once), Mask::default()), once, "{text:?}");
        for (count, mask) in seen.iter_mut().zip([EMAIL, PHONE, CARD]) {
            *count += usize::from(once.contains(mask));
        }
    }
    assert!(seen.iter().all(|count| *count > 100), "{seen:?}");
}
