//! SASL OAUTHBEARER with a token from a file, which something else keeps fresh (a sidecar, a projected volume).

use crate::conf::c_string;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rdkafka_sys as sys;
use rdkafka_sys::rd_kafka_resp_err_t as Code;
use std::ffi::{CStr, c_char};
use std::path::PathBuf;
use wasmill_record::{Clock, SystemClock};

/// A token file larger than this is not one.
const TOKEN_BYTES_MAX: usize = 64 * 1024;

/// Assumed for a token that does not say when it ends: short enough that a replaced file is noticed soon.
const LIFETIME_WITHOUT_EXP_MS: i64 = 5 * 60 * 1000;

pub(crate) struct TokenFile {
    path: PathBuf,
}

/// What librdkafka wants to know of a token.
#[derive(Debug, PartialEq, Eq)]
struct Token {
    text: String,
    principal: String,
    expires_at_ms: i64,
}

impl TokenFile {
    pub(crate) fn new(path: PathBuf) -> TokenFile {
        TokenFile { path }
    }

    /// Answers a refresh request; librdkafka asks again at 80 % of the token's lifetime, or 10 s after a failure.
    pub(crate) fn refresh(&self, rk: *mut sys::rd_kafka_t) {
        let answer = self.read().and_then(|token| hand_over(rk, &token));
        if let Err(reason) = answer {
            let reason = format!("bearer token file {}: {reason}", self.path.display());
            tracing::error!("{reason}");
            let words = c_string(&reason.replace('\0', " ")).unwrap_or_default();
            // SAFETY: the handle is alive for the length of the callback; the string ends in NUL.
            unsafe { sys::rd_kafka_oauthbearer_set_token_failure(rk, words.as_ptr()) };
        }
    }

    fn read(&self) -> Result<Token, String> {
        let text = std::fs::read_to_string(&self.path).map_err(|error| error.to_string())?;
        parse(text.trim(), SystemClock.wall_ms())
    }
}

/// Reads `exp` and `sub` of a JWT; the signature is the broker's business.
fn parse(text: &str, now_ms: i64) -> Result<Token, String> {
    if text.is_empty() {
        return Err("it is empty".to_owned());
    }
    if text.len() > TOKEN_BYTES_MAX {
        return Err(format!("it holds more than {TOKEN_BYTES_MAX} bytes"));
    }
    let claims = text
        .split('.')
        .nth(1)
        .and_then(|part| URL_SAFE_NO_PAD.decode(part.trim_end_matches('=')).ok())
        .and_then(|bytes| serde_json::from_slice::<serde_json::Value>(&bytes).ok());
    let claim = |name: &str| claims.as_ref().and_then(|claims| claims.get(name));
    let expires_at_ms = claim("exp")
        .and_then(serde_json::Value::as_f64)
        .map_or(now_ms + LIFETIME_WITHOUT_EXP_MS, |seconds| (seconds * 1000.0) as i64);
    if expires_at_ms <= now_ms {
        return Err("the token in it has expired".to_owned());
    }
    let principal = claim("sub").and_then(serde_json::Value::as_str).unwrap_or("wasmill").to_owned();
    Ok(Token { text: text.to_owned(), principal, expires_at_ms })
}

fn hand_over(rk: *mut sys::rd_kafka_t, token: &Token) -> Result<(), String> {
    let text = c_string(&token.text).map_err(|error| error.to_string())?;
    let principal = c_string(&token.principal).map_err(|error| error.to_string())?;
    let mut words = [0 as c_char; 512];
    // SAFETY: the handle is alive for the length of the callback; strings end in NUL, no extensions, the buffer is ours.
    let code = unsafe {
        sys::rd_kafka_oauthbearer_set_token(
            rk,
            text.as_ptr(),
            token.expires_at_ms,
            principal.as_ptr(),
            std::ptr::null_mut(),
            0,
            words.as_mut_ptr(),
            words.len(),
        )
    };
    if code == Code::RD_KAFKA_RESP_ERR_NO_ERROR {
        return Ok(());
    }
    // SAFETY: written by librdkafka and NUL-terminated.
    Err(unsafe { CStr::from_ptr(words.as_ptr()) }.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jwt(claims: &str) -> String {
        format!("e30.{}.sig", URL_SAFE_NO_PAD.encode(claims))
    }

    #[test]
    fn the_expiry_and_the_subject_come_from_the_claims() {
        let token = parse(&jwt(r#"{"sub":"orders","exp":2000.5}"#), 1_000_000).unwrap();
        assert_eq!((token.principal.as_str(), token.expires_at_ms), ("orders", 2_000_500));
    }

    #[test]
    fn an_opaque_token_is_read_again_after_five_minutes() {
        assert_eq!(parse("opaque", 1000).unwrap().expires_at_ms, 1000 + LIFETIME_WITHOUT_EXP_MS);
        assert_eq!(parse("a.%%%.c", 1000).unwrap().principal, "wasmill");
    }

    #[test]
    fn an_expired_or_empty_token_is_refused_with_the_reason() {
        assert_eq!(parse(&jwt(r#"{"exp":1}"#), 5000).unwrap_err(), "the token in it has expired");
        assert_eq!(parse("", 0).unwrap_err(), "it is empty");
        assert!(parse(&"x".repeat(TOKEN_BYTES_MAX + 1), 0).unwrap_err().contains("more than"));
    }
}
