//! Text that borrows.

use serde::de::{Deserialize, Deserializer, Error, Visitor};
use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

/// Text of the record itself, and a copy only of what was escaped. (`Option<Cow<str>>` would always copy.)
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text<'r>(pub Cow<'r, str>);

impl std::ops::Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl<'de: 'r, 'r> Deserialize<'de> for Text<'r> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Text<'r>, D::Error> {
        struct Characters<'r>(PhantomData<&'r ()>);

        impl<'de: 'r, 'r> Visitor<'de> for Characters<'r> {
            type Value = Text<'r>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("text")
            }

            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Text<'r>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Text<'r>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }

        deserializer.deserialize_str(Characters(PhantomData))
    }
}
