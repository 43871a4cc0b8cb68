//! Values are bytes: some guests are told to use what is not text.

/// Where the byte is, or the end.
pub(crate) fn position(bytes: &[u8], wanted: u8) -> usize {
    bytes.iter().position(|byte| *byte == wanted).unwrap_or(bytes.len())
}

/// The number behind the colon.
pub(crate) fn number(argument: &[u8]) -> u64 {
    let digits = argument.iter().filter(|byte| byte.is_ascii_digit());
    digits.fold(0, |number, digit| number * 10 + u64::from(digit - b'0'))
}
