//! Reads the tree into raw sections: a section names its keys, every other key is unknown.
//!
//! A wrong value does not stop the reading; it is reported and leaves a [`Field::Wrong`]. The [`section!`] macro makes the
//! struct, its JSON Schema and its reading from one list of fields, so that they can't disagree. Used by `raw` only.

mod unknown;

pub(crate) use unknown::MERGE_KEY;

use std::borrow::Cow;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator};

use crate::nearest::nearest;
use crate::problem::Problems;
use crate::tree::{At, Entry, Kind, Node};

/// What can be read from a node; `None` when the reason has been reported.
pub(crate) trait Read: Sized {
    fn read(node: &Node, problems: &Problems) -> Option<Self>;
}

/// The value of one key.
pub(crate) enum Field<T> {
    /// The key is not there; the place is its mapping's.
    Absent(At),
    /// It is there and wrong, which has been reported.
    Wrong,
    Given(T, At),
}

impl<T> Field<T> {
    /// The value and its place, if it was given rightly.
    pub(crate) fn given(&self) -> Option<(&T, &At)> {
        match self {
            Field::Given(value, at) => Some((value, at)),
            Field::Absent(_) | Field::Wrong => None,
        }
    }

    pub(crate) fn value(self) -> Option<T> {
        match self {
            Field::Given(value, _) => Some(value),
            Field::Absent(_) | Field::Wrong => None,
        }
    }

    /// The value; that it is missing is a problem, for which `hint` shows what to write.
    pub(crate) fn required(self, problems: &Problems, hint: &str) -> Option<(T, At)> {
        match self {
            Field::Given(value, at) => Some((value, at)),
            Field::Wrong => None,
            Field::Absent(at) => {
                problems.push(&at, "this key is missing", Some(format!("add `{hint}`")));
                None
            }
        }
    }
}

impl<T> Default for Field<T> {
    fn default() -> Field<T> {
        Field::Absent(At::top())
    }
}

impl<T: JsonSchema> JsonSchema for Field<T> {
    fn inline_schema() -> bool {
        T::inline_schema()
    }

    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}

/// One mapping with fixed keys.
pub(crate) struct Reader<'t> {
    key_at: &'t At,
    entries: &'t [Entry],
    /// Known keys that an unknown one was probably meant to be.
    misspelt: Vec<&'static str>,
    problems: &'t Problems,
}

impl<'t> Reader<'t> {
    /// Reports every key that is not one of `known`. `None`, reported, when the node is not a mapping.
    pub(crate) fn open(node: &'t Node, known: &'static [&'static str], problems: &'t Problems) -> Option<Reader<'t>> {
        let entries = mapping(node, problems)?;
        let mut misspelt = Vec::new();
        for entry in entries.iter().filter(|entry| !known.contains(&entry.key.as_str())) {
            let meant = nearest(&entry.key, known);
            misspelt.extend(meant.filter(|meant| !misspelt.contains(meant)));
            let (message, hint) = unknown::explain(&node.key_at.path, &entry.key, meant, known);
            problems.push(&entry.node.key_at, message, Some(hint));
        }
        Some(Reader { key_at: &node.key_at, entries, misspelt, problems })
    }

    /// The value of `key`. One that is there under a misspelt key is not missing: that is one mistake, and reported.
    pub(crate) fn field<T: Read>(&self, key: &'static str) -> Field<T> {
        let Some(entry) = self.entries.iter().find(|entry| entry.key == key) else {
            let misspelt = self.misspelt.contains(&key);
            return if misspelt { Field::Wrong } else { Field::Absent(self.key_at.below(key)) };
        };
        match T::read(&entry.node, self.problems) {
            Some(value) => Field::Given(value, entry.node.at.clone()),
            None => Field::Wrong,
        }
    }
}

fn mapping<'t>(node: &'t Node, problems: &Problems) -> Option<&'t [Entry]> {
    match &node.kind {
        Kind::Mapping(entries) => Some(entries),
        Kind::Broken => None,
        Kind::Null | Kind::Scalar(_) | Kind::List(_) => {
            let hint = match node.kind {
                Kind::Null => "indent its keys below it, or remove it",
                _ => "indent `key: value` lines below it",
            };
            problems.push(&node.at, format!("expected a mapping, found {}", node.found()), Some(hint.to_owned()));
            None
        }
    }
}

/// A rule for keys that the user invents.
pub(crate) trait KeyRule {
    /// As a regular expression, for the JSON Schema and the message.
    const PATTERN: &'static str;

    fn allows(key: &str) -> bool;
}

/// A mapping whose keys the user invents, in the order of the file.
pub(crate) struct Named<T, R> {
    pub(crate) items: Vec<Item<T>>,
    pub(crate) rule: PhantomData<R>,
}

pub(crate) struct Item<T> {
    pub(crate) name: String,
    /// Where the name is.
    pub(crate) at: At,
    /// `None`: wrong, and reported.
    pub(crate) value: Option<T>,
}

impl<T: Read, R: KeyRule> Read for Named<T, R> {
    fn read(node: &Node, problems: &Problems) -> Option<Self> {
        let item = |entry: &Entry| {
            if !R::allows(&entry.key) {
                let hint = format!("a name here matches `{}`", R::PATTERN);
                problems.push(&entry.node.key_at, "this is not a name", Some(hint));
            }
            let value = T::read(&entry.node, problems);
            Item { name: entry.key.clone(), at: entry.node.key_at.clone(), value }
        };
        Some(Named { items: mapping(node, problems)?.iter().map(item).collect(), rule: PhantomData })
    }
}

impl<T: JsonSchema, R: KeyRule> JsonSchema for Named<T, R> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("Named{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        schemars::json_schema!({
            "type": "object",
            "propertyNames": { "pattern": R::PATTERN },
            "additionalProperties": T::json_schema(generator),
        })
    }
}

/// A struct of [`Field`]s named as the keys of a mapping, with its reading and its JSON Schema; doc comments become the
/// schema's descriptions. Keys are required in the schema unless marked `#[schemars(default)]`; that they are there is
/// checked by `check`.
macro_rules! section {
    ($(#[$about:meta])* $name:ident { $($(#[$field_about:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$about])*
        #[derive(schemars::JsonSchema, Default)]
        #[schemars(deny_unknown_fields, inline)]
        pub(crate) struct $name {
            $($(#[$field_about])* pub(crate) $field: $crate::reader::Field<$type>,)*
        }

        impl $crate::reader::Read for $name {
            fn read(node: &$crate::tree::Node, problems: &$crate::problem::Problems) -> Option<$name> {
                let reader = $crate::reader::Reader::open(node, &[$(stringify!($field)),*], problems)?;
                Some($name { $($field: reader.field(stringify!($field)),)* })
            }
        }
    };
}
pub(crate) use section;
