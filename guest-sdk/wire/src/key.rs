//! Parts of a composed key: bytes that say where they end and still compare as they did.
//!
//! A byte 0 is written as `00 ff`, and `00 01` is the end. So a part that another one begins with comes first, whatever
//! follows it; and text without a byte 0 is there as it is.

const ESCAPED: u8 = 0xff;
const END: u8 = 0x01;

/// Appends a part.
pub fn write_part(part: &[u8], into: &mut Vec<u8>) {
    let mut pieces = part.split(|byte| *byte == 0);
    into.extend_from_slice(pieces.next().unwrap_or_default());
    for piece in pieces {
        into.extend_from_slice(&[0, ESCAPED]);
        into.extend_from_slice(piece);
    }
    into.extend_from_slice(&[0, END]);
}

/// Takes a part from the front; `None` where there is none.
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
