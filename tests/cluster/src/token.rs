//! Unsecured tokens for OAUTHBEARER: claims without a signature, which the test brokers accept (RFC 7519 §6).

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A token for `user` that is valid from now on for `lifetime`, in the compact form `header.claims.`.
pub fn unsecured_token(user: &str, lifetime: Duration) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let (issued, expires) = (now.as_secs(), (now + lifetime).as_secs());
    let claims = format!(r#"{{"sub":"{user}","iat":{issued},"exp":{expires}}}"#);
    format!("{}.{}.", base64url(br#"{"alg":"none"}"#), base64url(claims.as_bytes()))
}

/// Base64 with the URL alphabet and without padding (RFC 4648 §5).
fn base64url(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let bits = chunk.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for digit in 0..=chunk.len() {
            text.push(char::from(ALPHABET[(bits >> (18 - 6 * digit)) as usize & 63]));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::base64url;

    #[test]
    fn base64url_agrees_with_the_vectors_of_rfc_4648() {
        for (bytes, expected) in
            [("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg"), ("fooba", "Zm9vYmE")]
        {
            assert_eq!(base64url(bytes.as_bytes()), expected);
        }
        assert_eq!(base64url(&[0xfb, 0xff]), "-_8");
    }
}
