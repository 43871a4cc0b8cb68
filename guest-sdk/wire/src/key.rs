//! How keys of stores are written: so that they compare as bytes as they do as values, because stores are scanned in that
//! order. A manifest says the form of a store's keys, so that a tool can show them ([`KeyForm`]).
//!
//! | Form | Bytes |
//! |---|---|
//! | `string` | UTF-8 |
//! | `bytes` | as they are |
//! | `bool` | 0 or 1 |
//! | `u8` `u16` `u32` `u64` `u128` | big-endian |
//! | `i8` `i16` `i32` `i64` `i128` | big-endian, the highest bit flipped |
//! | `(string,u64)` | two to four parts, one after the other |
//!
//! Inside of a tuple text and bytes say where they end and still compare as they did: a byte 0 is written as `00 ff`, and
//! `00 01` is the end. So a part that another one begins with comes first, whatever follows it; and text without a byte 0
//! is there as it is.

mod form;

pub use form::{KeyForm, KeyPart, Width};

const ESCAPED: u8 = 0xff;
const END: u8 = 0x01;

/// Appends text or bytes as a part of a tuple.
pub fn write_part(part: &[u8], into: &mut Vec<u8>) {
    let mut pieces = part.split(|byte| *byte == 0);
    into.extend_from_slice(pieces.next().unwrap_or_default());
    for piece in pieces {
        into.extend_from_slice(&[0, ESCAPED]);
        into.extend_from_slice(piece);
    }
    into.extend_from_slice(&[0, END]);
}

/// Takes text or bytes from the front, a part of a tuple; `None` where there is none.
pub fn take_part(from: &mut &[u8]) -> Option<Vec<u8>> {
    let mut part = Vec::new();
    loop {
        let zero = from.iter().position(|byte| *byte == 0)?;
        let (piece, rest) = from.split_at_checked(zero)?;
        part.extend_from_slice(piece);
        match rest {
            [0, END, rest @ ..] => {
                *from = rest;
                return Some(part);
            }
            [0, ESCAPED, rest @ ..] => {
                part.push(0);
                *from = rest;
            }
            _ => return None,
        }
    }
}
