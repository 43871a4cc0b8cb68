//! How values are written.

use serde::Serialize;
use serde::de::DeserializeOwned;
use std::io::Cursor;

/// How the values of a store are written: [`Json`], [`Binary`], or one of your own.
#[diagnostic::on_unimplemented(
    message = "a store can't write `{V}` as {Self}",
    note = "a value is `Serialize + Deserialize` and owns what it holds; for `Binary` it is `Versioned` too"
)]
pub trait Form<V> {
    /// What the manifest says of it, for tools that show values: `json` and `binary` are known to wasmill.
    const NAME: &'static str;

    /// The version that is written.
    const VERSION: u8;

    /// Appends the value, and only appends.
    ///
    /// # Errors
    /// Why it can't be written.
    fn write(value: &V, into: &mut Vec<u8>) -> Result<(), String>;

    /// Reads what `write` has written, or a former version of it.
    ///
    /// # Errors
    /// Why it can't be read.
    fn read(bytes: &[u8]) -> Result<V, String>;
}

/// Values as JSON. Versions are told apart by what stands in them: `#[serde(default)]` reads values from before a field
/// was there, `#[serde(alias = "...")]` those with its former name, `#[serde(untagged)]` on an enum quite different ones.
#[derive(Debug)]
pub enum Json {}

impl<V: Serialize + DeserializeOwned> Form<V> for Json {
    const NAME: &'static str = "json";
    const VERSION: u8 = 1;

    fn write(value: &V, into: &mut Vec<u8>) -> Result<(), String> {
        serde_json::to_writer(into, value).map_err(|error| error.to_string())
    }

    fn read(bytes: &[u8]) -> Result<V, String> {
        serde_json::from_slice(bytes).map_err(|error| error.to_string())
    }
}

/// Values as one byte, [`Versioned::VERSION`], and MessagePack behind it: the fields of a struct by position, so that a
/// value is half as large as JSON or smaller, and tools can still show it.
#[derive(Debug)]
pub enum Binary {}

/// What can be stored as [`Binary`].
///
/// ```
/// use wasmill_sdk::Versioned;
/// # use wasmill_sdk::prelude::*;
///
/// #[derive(Serialize, Deserialize)]
/// struct Account { balance: i64, tier: u8 }
///
/// impl Versioned for Account {
///     const VERSION: u8 = 2;
///
///     fn migrate(version: u8, bytes: &[u8]) -> Option<Account> {
///         match version {
///             1 => Some(Account { balance: wasmill_sdk::from_binary(bytes)?, tier: 0 }), // was a balance alone
///             _ => None,
///         }
///     }
/// }
/// ```
pub trait Versioned: Serialize + DeserializeOwned {
    /// Of what is written. A change of the type that can't read the former bytes needs another one.
    const VERSION: u8;

    /// Reads a value of another version; `bytes` are those behind the version. `None`: can't be read, and the record that
    /// asked is rejected with `invalid-state`.
    fn migrate(version: u8, bytes: &[u8]) -> Option<Self> {
        let _ = (version, bytes);
        None
    }
}

impl<V: Versioned> Form<V> for Binary {
    const NAME: &'static str = "binary";
    const VERSION: u8 = V::VERSION;

    fn write(value: &V, into: &mut Vec<u8>) -> Result<(), String> {
        into.push(V::VERSION);
        rmp_serde::encode::write(into, value).map_err(|error| error.to_string())
    }

    fn read(bytes: &[u8]) -> Result<V, String> {
        let (version, bytes) = bytes.split_first().ok_or("it is empty, without even a version")?;
        if *version == V::VERSION {
            return messagepack(bytes);
        }
        let migrated = V::migrate(*version, bytes);
        migrated.ok_or_else(|| {
            format!("it is of version {version}, this plugin writes {} and can't migrate it", V::VERSION)
        })
    }
}

/// Reads the MessagePack of a former version, for [`Versioned::migrate`].
pub fn from_binary<V: DeserializeOwned>(bytes: &[u8]) -> Option<V> {
    messagepack(bytes).ok()
}

/// All of the bytes: what goes on behind its end is something else.
fn messagepack<V: DeserializeOwned>(bytes: &[u8]) -> Result<V, String> {
    let mut reader = rmp_serde::Deserializer::new(Cursor::new(bytes));
    let value = V::deserialize(&mut reader).map_err(|error| error.to_string())?;
    if reader.position() == bytes.len() as u64 { Ok(value) } else { Err("it goes on behind its end".to_owned()) }
}

#[cfg(test)]
mod tests;
