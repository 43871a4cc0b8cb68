//! ISO 4217.

use iso_currency::Currency;

/// Whether a code is somebody's money: `XXX` (none) and `XTS` (for tests) are codes, too.
pub(crate) fn is_money(code: &str) -> bool {
    !matches!(code, "XXX" | "XTS") && Currency::from_code(code).is_some()
}
