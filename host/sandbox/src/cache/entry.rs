//! The form of a file: a mark, the digest of the code, the code.

use sha2::{Digest, Sha256};

const MARK: &[u8; 8] = b"wasmill1";
const HEADER: usize = MARK.len() + 32;

pub(super) fn header(code: &[u8]) -> Vec<u8> {
    [MARK.as_slice(), &Sha256::digest(code)].concat()
}

/// The code.
///
/// # Errors
/// It is not what was written.
pub(super) fn open(bytes: &[u8]) -> Result<&[u8], &'static str> {
    let (header, code) = bytes.split_at_checked(HEADER).ok_or("is cut short")?;
    let digest = header.strip_prefix(MARK.as_slice()).ok_or("is not a compiled plugin of this version")?;
    if digest == Sha256::digest(code).as_slice() { Ok(code) } else { Err("was changed or cut short") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_written_comes_back() {
        let code = b"machine code";
        let good = [&header(code), code.as_slice()].concat();
        assert_eq!(open(&good), Ok(code.as_slice()));
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 1;
            assert!(open(&bad).is_err(), "byte {at} changed");
            assert!(open(&good[..at]).is_err(), "cut at {at}");
        }
        assert!(open(&[good.as_slice(), b"x"].concat()).is_err());
    }
}
