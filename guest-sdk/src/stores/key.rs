//! Keys as types: the bytes of `wasmill_wire::key`, and what can be given for a key without making one.

mod tuple;

use std::borrow::Cow;
use wasmill_wire::key::{take_part, write_part};

/// What can be a key of a store: text, bytes, numbers, truth values, and tuples of two to four of them.
///
/// Keys compare as bytes as they do as values, because stores are scanned in that order.
///
/// | Type | In the manifest | Bytes |
/// |---|---|---|
/// | `str`, `String` | `string` | UTF-8 |
/// | `[u8]`, `Vec<u8>` | `bytes` | as they are |
/// | `bool` | `bool` | 0 or 1 |
/// | `u8` to `u128` | `u8` to `u128` | big-endian |
/// | `i8` to `i128` | `i8` to `i128` | big-endian, the highest bit flipped |
/// | tuples of two to four | `(string,u64)` | the parts one after the other; text and bytes in them end with `00 01`, and a byte 0 in them is `00 ff` |
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be a key",
    note = "keys are text, bytes, numbers, `bool`, and tuples of two to four of them; where they are text, `str` is shorter \
            than `String`"
)]
pub trait StoreKey {
    /// What a key is when it is read back.
    type Owned;

    /// What the manifest says of it: `string`, `u64`, `(string,u64)`.
    fn form() -> String;

    /// Takes a part of a tuple from the front; `None` where there is no such part.
    fn take(from: &mut &[u8]) -> Option<Self::Owned>;

    /// Reads a whole key; `None` if it is none.
    fn read(mut key: &[u8]) -> Option<Self::Owned> {
        Self::take(&mut key).filter(|_| key.is_empty())
    }
}

/// What can be given for a key of type `K`: text of any kind for `str` and `String`, a tuple of references for a tuple.
#[diagnostic::on_unimplemented(message = "`{Self}` can't be given for a key of type `{K}`")]
pub trait AsKey<K: ?Sized> {
    /// Appends it as a part of a tuple.
    fn write_part(&self, into: &mut Vec<u8>);

    /// Appends it as a whole key.
    fn write(&self, into: &mut Vec<u8>) {
        self.write_part(into);
    }
}

/// What keys of type `K` may begin with: the leading parts of a tuple, the beginning of a text or of bytes, `()` for all.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not what keys of type `{K}` begin with",
    note = "the leading parts of a tuple (`(\"r-1\",)`), the beginning of a text or of bytes, or `()` for all keys"
)]
pub trait KeyPrefix<K: ?Sized> {
    /// Appends the bytes that such keys begin with.
    fn write_prefix(&self, into: &mut Vec<u8>);
}

impl<K: ?Sized, T: AsKey<K> + ?Sized> AsKey<K> for &T {
    fn write_part(&self, into: &mut Vec<u8>) {
        (**self).write_part(into);
    }

    fn write(&self, into: &mut Vec<u8>) {
        (**self).write(into);
    }
}

impl<K: ?Sized, T: KeyPrefix<K> + ?Sized> KeyPrefix<K> for &T {
    fn write_prefix(&self, into: &mut Vec<u8>) {
        (**self).write_prefix(into);
    }
}

impl<K: ?Sized> KeyPrefix<K> for () {
    fn write_prefix(&self, _: &mut Vec<u8>) {}
}

macro_rules! text {
    ($($key:ty),*) => {$(
        impl StoreKey for $key {
            type Owned = String;

            fn form() -> String {
                "string".into()
            }

            fn take(from: &mut &[u8]) -> Option<String> {
                String::from_utf8(take_part(from)?).ok()
            }

            fn read(key: &[u8]) -> Option<String> {
                str::from_utf8(key).ok().map(str::to_owned)
            }
        }

        bytewise!($key, str: str, String, Cow<'_, str>);
    )*};
}

macro_rules! bytes {
    ($($key:ty),*) => {$(
        impl StoreKey for $key {
            type Owned = Vec<u8>;

            fn form() -> String {
                "bytes".into()
            }

            fn take(from: &mut &[u8]) -> Option<Vec<u8>> {
                take_part(from)
            }

            fn read(key: &[u8]) -> Option<Vec<u8>> {
                Some(key.to_vec())
            }
        }

        bytewise!($key, [u8]: [u8], Vec<u8>, Cow<'_, [u8]>);

        impl<const N: usize> AsKey<$key> for [u8; N] {
            fn write_part(&self, into: &mut Vec<u8>) {
                write_part(self, into);
            }

            fn write(&self, into: &mut Vec<u8>) {
                into.extend_from_slice(self);
            }
        }

        impl<const N: usize> KeyPrefix<$key> for [u8; N] {
            fn write_prefix(&self, into: &mut Vec<u8>) {
                into.extend_from_slice(self);
            }
        }
    )*};
}

/// Keys that are bytes or text, and what can be given for them.
macro_rules! bytewise {
    ($key:ty, $plain:ty: $($given:ty),*) => {$(
        impl AsKey<$key> for $given {
            fn write_part(&self, into: &mut Vec<u8>) {
                write_part(AsRef::<$plain>::as_ref(self).as_ref(), into);
            }

            fn write(&self, into: &mut Vec<u8>) {
                into.extend_from_slice(AsRef::<$plain>::as_ref(self).as_ref());
            }
        }

        impl KeyPrefix<$key> for $given {
            fn write_prefix(&self, into: &mut Vec<u8>) {
                into.extend_from_slice(AsRef::<$plain>::as_ref(self).as_ref());
            }
        }
    )*};
}

text!(str, String);
bytes!([u8], Vec<u8>);

/// Numbers, by what has to be added so that the smallest is 0: nothing, or half of what there is.
macro_rules! numbers {
    ($($number:ident + $least:expr => $unsigned:ident),*) => {$(
        impl StoreKey for $number {
            type Owned = $number;

            fn form() -> String {
                stringify!($number).into()
            }

            fn take(from: &mut &[u8]) -> Option<$number> {
                let (bytes, rest) = from.split_first_chunk()?;
                *from = rest;
                Some(($unsigned::from_be_bytes(*bytes) ^ $least) as $number)
            }
        }

        impl AsKey<$number> for $number {
            fn write_part(&self, into: &mut Vec<u8>) {
                into.extend_from_slice(&(*self as $unsigned ^ $least).to_be_bytes());
            }
        }
    )*};
}

numbers!(u8 + 0 => u8, u16 + 0 => u16, u32 + 0 => u32, u64 + 0 => u64, u128 + 0 => u128);
numbers!(i8 + (1 << 7) => u8, i16 + (1 << 15) => u16, i32 + (1 << 31) => u32, i64 + (1 << 63) => u64);
numbers!(i128 + (1 << 127) => u128);

impl StoreKey for bool {
    type Owned = bool;

    fn form() -> String {
        "bool".into()
    }

    fn take(from: &mut &[u8]) -> Option<bool> {
        match u8::take(from)? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }
}

impl AsKey<bool> for bool {
    fn write_part(&self, into: &mut Vec<u8>) {
        into.push((*self).into());
    }
}
