//! Keys for tools: read and written by what a manifest says of them, without the plugin's types.

use super::{take_part, write_part};

/// Parts of a tuple; the SDK has no larger ones.
const PARTS_MAX: usize = 4;
/// Tuples in tuples. The text comes from a plugin, and each level is a call deep.
const DEPTH_MAX: usize = 4;

/// The form of a store's keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyForm {
    Text,
    Bytes,
    Bool,
    Unsigned(Width),
    Signed(Width),
    Tuple(Vec<KeyForm>),
}

/// How wide a number is, in bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Width {
    W8 = 8,
    W16 = 16,
    W32 = 32,
    W64 = 64,
    W128 = 128,
}

/// A key, or a part of one. Parts of the same form compare as their bytes do.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum KeyPart {
    Text(String),
    Bytes(Vec<u8>),
    Bool(bool),
    Unsigned(u128),
    Signed(i128),
    Tuple(Vec<KeyPart>),
}

impl KeyForm {
    /// Reads what a manifest says; `None` where that is none of the forms above. Keys are then nothing but bytes.
    pub fn parse(form: &str) -> Option<KeyForm> {
        let mut rest = form;
        parse(&mut rest, DEPTH_MAX).filter(|_| rest.is_empty())
    }

    /// Reads a key; `None` if it is not of this form.
    pub fn read(&self, key: &[u8]) -> Option<KeyPart> {
        match self {
            KeyForm::Text => str::from_utf8(key).ok().map(|text| KeyPart::Text(text.to_owned())),
            KeyForm::Bytes => Some(KeyPart::Bytes(key.to_vec())),
            form => {
                let mut rest = key;
                form.take(&mut rest).filter(|_| rest.is_empty())
            }
        }
    }

    /// Writes a key; `None` if it is not of this form.
    pub fn write(&self, key: &KeyPart) -> Option<Vec<u8>> {
        match (self, key) {
            (KeyForm::Text, KeyPart::Text(text)) => Some(text.as_bytes().to_vec()),
            (KeyForm::Bytes, KeyPart::Bytes(bytes)) => Some(bytes.clone()),
            (form, key) => {
                let mut bytes = Vec::new();
                form.append(key, &mut bytes).map(|()| bytes)
            }
        }
    }

    fn take(&self, from: &mut &[u8]) -> Option<KeyPart> {
        match self {
            KeyForm::Text => String::from_utf8(take_part(from)?).ok().map(KeyPart::Text),
            KeyForm::Bytes => take_part(from).map(KeyPart::Bytes),
            KeyForm::Bool => match number(from, Width::W8)? {
                0 => Some(KeyPart::Bool(false)),
                1 => Some(KeyPart::Bool(true)),
                _ => None,
            },
            KeyForm::Unsigned(width) => number(from, *width).map(KeyPart::Unsigned),
            KeyForm::Signed(width) => {
                let flipped = number(from, *width)? ^ width.highest();
                // Up to the highest bit and back, which brings the sign along.
                Some(KeyPart::Signed((flipped << width.unused()) as i128 >> width.unused()))
            }
            KeyForm::Tuple(forms) => {
                forms.iter().map(|form| form.take(from)).collect::<Option<_>>().map(KeyPart::Tuple)
            }
        }
    }

    fn append(&self, part: &KeyPart, into: &mut Vec<u8>) -> Option<()> {
        match (self, part) {
            (KeyForm::Text, KeyPart::Text(text)) => write_part(text.as_bytes(), into),
            (KeyForm::Bytes, KeyPart::Bytes(bytes)) => write_part(bytes, into),
            (KeyForm::Bool, KeyPart::Bool(truth)) => into.push((*truth).into()),
            (KeyForm::Unsigned(width), KeyPart::Unsigned(number)) => {
                let fits = number << width.unused() >> width.unused() == *number;
                into.extend_from_slice(number.to_be_bytes().get(width.from()..).filter(|_| fits)?);
            }
            (KeyForm::Signed(width), KeyPart::Signed(number)) => {
                let fits = number << width.unused() >> width.unused() == *number;
                let flipped = *number as u128 ^ width.highest();
                into.extend_from_slice(flipped.to_be_bytes().get(width.from()..).filter(|_| fits)?);
            }
            (KeyForm::Tuple(forms), KeyPart::Tuple(parts)) if forms.len() == parts.len() => {
                for (form, part) in forms.iter().zip(parts) {
                    form.append(part, into)?;
                }
            }
            _ => return None,
        }
        Some(())
    }
}

impl Width {
    /// The sign.
    fn highest(self) -> u128 {
        1 << (self as u32 - 1)
    }

    /// Bits of 128 above it.
    fn unused(self) -> u32 {
        128 - self as u32
    }

    /// Where it begins in 16 big-endian bytes.
    fn from(self) -> usize {
        16 - self as usize / 8
    }
}

fn number(from: &mut &[u8], width: Width) -> Option<u128> {
    let (bytes, rest) = from.split_at_checked(width as usize / 8)?;
    *from = rest;
    Some(bytes.iter().fold(0, |number, byte| number << 8 | u128::from(*byte)))
}

fn parse(rest: &mut &str, depth: usize) -> Option<KeyForm> {
    if let Some(inside) = rest.strip_prefix('(') {
        *rest = inside;
        let mut parts = Vec::new();
        loop {
            parts.push(parse(rest, depth.checked_sub(1)?)?);
            if let Some(behind) = rest.strip_prefix(')') {
                *rest = behind;
                return (2..=PARTS_MAX).contains(&parts.len()).then_some(KeyForm::Tuple(parts));
            }
            *rest = rest.strip_prefix(',').filter(|_| parts.len() < PARTS_MAX)?;
        }
    }
    let (word, behind) = rest.split_at(rest.find([',', ')']).unwrap_or(rest.len()));
    *rest = behind;
    match word {
        "string" => Some(KeyForm::Text),
        "bytes" => Some(KeyForm::Bytes),
        "bool" => Some(KeyForm::Bool),
        "u8" => Some(KeyForm::Unsigned(Width::W8)),
        "u16" => Some(KeyForm::Unsigned(Width::W16)),
        "u32" => Some(KeyForm::Unsigned(Width::W32)),
        "u64" => Some(KeyForm::Unsigned(Width::W64)),
        "u128" => Some(KeyForm::Unsigned(Width::W128)),
        "i8" => Some(KeyForm::Signed(Width::W8)),
        "i16" => Some(KeyForm::Signed(Width::W16)),
        "i32" => Some(KeyForm::Signed(Width::W32)),
        "i64" => Some(KeyForm::Signed(Width::W64)),
        "i128" => Some(KeyForm::Signed(Width::W128)),
        _ => None,
    }
}
