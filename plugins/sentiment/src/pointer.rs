//! JSON pointers (RFC 6901) into text that stays text: what is pointed at is a slice of the record, as it was written.

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// A pointer that is not the whole document.
#[derive(Debug)]
pub(crate) struct Pointer(Vec<String>);

impl Pointer {
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn read(text: &str) -> Result<Pointer, &'static str> {
        let steps = text.strip_prefix('/').ok_or("is no JSON pointer: those begin with `/`")?;
        let bad = |step: &str| step.split('~').skip(1).any(|after| !after.starts_with(['0', '1']));
        if steps.split('/').any(bad) {
            return Err("is no JSON pointer: `~` is written `~0`, and `/` in a name `~1`");
        }
        Ok(Pointer(steps.split('/').map(|step| step.replace("~1", "/").replace("~0", "~")).collect()))
    }

    /// What it points at; `None`: nothing is there. Of members with the same name, the last.
    ///
    /// # Errors
    /// The document is not JSON.
    pub(crate) fn find<'r>(&self, document: &'r str) -> Result<Option<&'r RawValue>, serde_json::Error> {
        let mut reader = serde_json::Deserializer::from_str(document);
        let found = At(&self.0).deserialize(&mut reader)?;
        reader.end()?;
        Ok(found)
    }
}

/// What is below the value at hand, by these steps.
#[derive(Clone, Copy)]
struct At<'p>(&'p [String]);

impl<'r> DeserializeSeed<'r> for At<'_> {
    type Value = Option<&'r RawValue>;

    fn deserialize<D: Deserializer<'r>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        if self.0.is_empty() {
            return serde::Deserialize::deserialize(deserializer).map(Some);
        }
        deserializer.deserialize_any(self)
    }
}

impl<'r> Visitor<'r> for At<'_> {
    type Value = Option<&'r RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'r>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(Text(name)) = map.next_key()? {
            match self.0.split_first() {
                Some((step, below)) if *step == name => found = map.next_value_seed(At(below))?,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(found)
    }

    fn visit_seq<A: SeqAccess<'r>>(self, mut sequence: A) -> Result<Self::Value, A::Error> {
        // An index is a number without leading zeros.
        let (step, below) = self.0.split_first().map_or(("", self.0), |(step, below)| (step, below));
        let index = step.parse::<usize>().ok().filter(|index| index.to_string() == step);
        let mut found = None;
        for at in 0_usize.. {
            if Some(at) == index {
                match sequence.next_element_seed(At(below))? {
                    Some(element) => found = element,
                    None => break,
                }
            } else if sequence.next_element::<IgnoredAny>()?.is_none() {
                break;
            }
        }
        Ok(found)
    }

    // Nothing is below these.
    fn visit_bool<E: Error>(self, _: bool) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }
}

/// A text; copied only if it was escaped.
#[derive(serde::Deserialize)]
struct Text<'r>(#[serde(borrow)] Cow<'r, str>);

/// # Errors
/// It is no text, or an escape in it stands for nothing.
pub(crate) fn string(raw: &RawValue) -> Result<Cow<'_, str>, serde_json::Error> {
    serde_json::from_str(raw.get()).map(|Text(text)| text)
}

#[cfg(test)]
mod tests {
    use super::Pointer;

    fn found(pointer: &str, document: &str) -> Option<String> {
        let found = Pointer::read(pointer).unwrap().find(document).unwrap();
        found.map(|raw| raw.get().to_owned())
    }

    #[test]
    fn what_is_pointed_at_is_found_as_it_was_written() {
        let document = r#"{ "a": { "b/c": [ 1, { "~": "\u0078" }, 12345678901234567890123 ], "": 1.50 }, "n": null }"#;
        for (pointer, expected) in [
            ("/a/b~1c/0", Some("1")),
            ("/a/b~1c/1/~0", Some(r#""\u0078""#)),
            ("/a/b~1c/2", Some("12345678901234567890123")),
            ("/a/", Some("1.50")),
            ("/n", Some("null")),
            ("/a/b~1c/1", Some(r#"{ "~": "\u0078" }"#)),
            ("/x", None),
            ("/a/x", None),
            ("/n/x", None),
            ("/a/b~1c/3", None),
            ("/a/b~1c/00", None),
            ("/a/b~1c/-", None),
            ("/a/b~1c/0/x", None),
            ("/a/b~1c/1/~0/x", None),
        ] {
            assert_eq!(found(pointer, document).as_deref(), expected, "{pointer}");
        }
        assert_eq!(found("/a", r#"{"a": 1, "\u0061": 2}"#).as_deref(), Some("2"), "the last of two");
        assert_eq!(found("/a/b", r#"{"a": {"b": 1}, "a": 2}"#), None, "the last of two has no `b`");
    }

    #[test]
    fn what_is_no_json_is_an_error_wherever_it_breaks() {
        for document in ["", "{", r#"{"a": 1"#, r#"{"a": 1} x"#, r#"{"a": 1, "b": tru}"#, r#"{"a": 01}"#] {
            assert!(Pointer::read("/a").unwrap().find(document).is_err(), "{document}");
        }
    }

    #[test]
    fn what_is_no_pointer_is_refused() {
        for text in ["", "text", "/a~", "/a~2", "/~/b"] {
            assert!(Pointer::read(text).is_err(), "{text}");
        }
    }
}
