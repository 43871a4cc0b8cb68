//! Records that a plugin does not accept, now or ever.

use std::borrow::Cow;
use std::fmt::{self, Display};

pub(crate) const NULL_KEY: &str = "null-key";
pub(crate) const INVALID_KEY: &str = "invalid-key";
pub(crate) const NULL_VALUE: &str = "null-value";
pub(crate) const INVALID_JSON: &str = "invalid-json";
pub(crate) const INVALID_OUTPUT: &str = "invalid-output";

/// Of plugins with stores only.
pub(crate) const INVALID_STATE: &str = "invalid-state";

/// The codes that the SDK itself rejects with; in every manifest.
pub(crate) const OWN_CODES: &[&str] = &[NULL_KEY, INVALID_KEY, NULL_VALUE, INVALID_JSON, INVALID_OUTPUT];

/// The codes of a plugin: an enum without fields, one variant for each. `#[derive(Codes)]` writes it.
///
/// Codes are the variants in kebab case (`UnknownCurrency` is `unknown-currency`), or as `#[code(name = "...")]` says. They
/// are for people and for metrics, so there are few of them; what differs from record to record belongs in the message.
/// A variant turns into a [`Failure`] by itself: `Err(Refusal::UnknownCurrency)?` rejects the record.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not list codes",
    label = "needs `#[derive(wasmill_sdk::Codes)]` on an enum without fields",
    note = "codes are listed in the manifest, so a text can't be one; `NoCodes` is there for plugins that need none"
)]
pub trait Codes: Sized {
    /// All codes, each 1 to 64 of `a-z 0-9 -`.
    const NAMES: &'static [&'static str];

    /// The code of this variant.
    fn code(self) -> &'static str;

    /// Not acceptable, now or ever: the record becomes a dead letter with this code.
    fn reject(self, message: impl Into<Cow<'static, str>>) -> Failure {
        Failure { code: self.code(), message: message.into(), retry_after_ms: None }
    }

    /// Not now: the record waits as long as the pipeline's back-off says, and is tried again.
    fn retry(self, message: impl Into<Cow<'static, str>>) -> Failure {
        self.retry_after(0, message)
    }

    /// As [`Codes::retry`], after so many milliseconds; 0 leaves the pause to the pipeline.
    fn retry_after(self, after_ms: u32, message: impl Into<Cow<'static, str>>) -> Failure {
        Failure { code: self.code(), message: message.into(), retry_after_ms: Some(after_ms) }
    }
}

/// The codes of a plugin that needs none of its own.
#[derive(Debug, Clone, Copy)]
pub enum NoCodes {}

impl Codes for NoCodes {
    const NAMES: &'static [&'static str] = &[];

    fn code(self) -> &'static str {
        match self {}
    }
}

/// A record that is rejected or postponed; [`Codes`] makes it, and so does `?` on one of the plugin's codes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    code: &'static str,
    message: Cow<'static, str>,
    retry_after_ms: Option<u32>,
}

impl Failure {
    /// Rejects with one of the SDK's own codes.
    pub(crate) fn own(code: &'static str, message: impl Into<Cow<'static, str>>) -> Failure {
        Failure { code, message: message.into(), retry_after_ms: None }
    }

    /// The code.
    pub fn code(&self) -> &'static str {
        self.code
    }

    /// The message for people; more than 1024 bytes are cut off.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// `None`: rejected; otherwise the pause before the next attempt, 0 for the pipeline's own.
    pub fn retry_after_ms(&self) -> Option<u32> {
        self.retry_after_ms
    }
}

impl<C: Codes> From<C> for Failure {
    fn from(code: C) -> Failure {
        code.reject("")
    }
}

impl Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl std::error::Error for Failure {}

/// Rejects a record where something is missing or wrong.
///
/// ```
/// # use wasmill_sdk::prelude::*;
/// # #[derive(Codes)] enum Refusal { BadAmount, NoCustomer }
/// # fn parse(amount: &str, customer: Option<&str>) -> Result<(), Failure> {
/// let amount: u64 = amount.parse().or_reject(Refusal::BadAmount)?; // the message is the error's
/// let customer = customer.or_reject(Refusal::NoCustomer)?;
/// # Ok(()) }
/// # assert_eq!(parse("x", None).unwrap_err().message(), "invalid digit found in string");
/// # assert_eq!(parse("1", None).unwrap_err().code(), "no-customer");
/// ```
pub trait OrReject<T> {
    /// The value, or a rejection with this code.
    ///
    /// # Errors
    /// The rejection.
    fn or_reject(self, code: impl Codes) -> Result<T, Failure>;
}

impl<T, E: Display> OrReject<T> for Result<T, E> {
    fn or_reject(self, code: impl Codes) -> Result<T, Failure> {
        self.map_err(|error| code.reject(error.to_string()))
    }
}

impl<T> OrReject<T> for Option<T> {
    fn or_reject(self, code: impl Codes) -> Result<T, Failure> {
        self.ok_or_else(|| code.reject(""))
    }
}
