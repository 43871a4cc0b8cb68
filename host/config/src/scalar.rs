//! The kinds of single value that the file knows: each reads itself, says what it expects, and has its JSON Schema.
//!
//! A type carries its bounds and default, so that the check, the message and the schema come from one place. Checks that
//! need a second value are in `check`. Used by `raw`.

mod choice;
mod number;
mod text;

pub(crate) use choice::One;
pub(crate) use number::Int;
pub(crate) use text::{
    BootstrapServers, FilePath, GroupName, Listen, RetryOrder, TOPIC_CHARS_MAX, TopicName, Version, is_word,
};

use crate::problem::Problems;
use crate::reader::Read;
use crate::tree::{Kind, Node, Scalar};

/// A part of every pattern in the schema: text that is substituted later may be anything.
const SUBSTITUTED: &str = r"\$\{";

/// Why a scalar was not taken.
pub(crate) struct Refused {
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
}

impl Refused {
    fn new(message: impl Into<String>, hint: impl Into<String>) -> Refused {
        Refused { message: message.into(), hint: Some(hint.into()) }
    }
}

/// What is read from one scalar.
pub(crate) trait FromScalar: Sized {
    /// For "expected ..., found ...".
    fn expected() -> String;

    fn from_scalar(scalar: &Scalar) -> Result<Self, Refused>;
}

impl<T: FromScalar> Read for T {
    fn read(node: &Node, problems: &Problems) -> Option<T> {
        match &node.kind {
            Kind::Scalar(scalar) => match T::from_scalar(scalar) {
                Ok(value) => Some(value),
                Err(refused) => {
                    problems.push(&node.at, refused.message, refused.hint);
                    None
                }
            },
            Kind::Broken => None,
            Kind::Null | Kind::Mapping(_) | Kind::List(_) => {
                problems.push(&node.at, format!("expected {}, found {}", T::expected(), node.found()), None);
                None
            }
        }
    }
}

/// The JSON Schema of a scalar type, always written in place.
macro_rules! scalar_schema {
    ([$($generics:tt)*] $type:ty, $($schema:tt)*) => {
        impl<$($generics)*> schemars::JsonSchema for $type {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($type).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!($($schema)*)
            }
        }
    };
}
use scalar_schema;
