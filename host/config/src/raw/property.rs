//! Values in the `clusters` section that are looked up or read from elsewhere.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use crate::problem::Problems;
use crate::reader::{Field, Read, section};
use crate::scalar::{FilePath, FromScalar, Refused};
use crate::tree::{At, Kind, Node, Scalar};

section! {
    /// A secret in a file of its own.
    SecretFile {
        /// The file; one newline at its end is not part of the secret.
        file: FilePath,
    }
}

/// The value of a librdkafka property.
pub(crate) enum Property {
    Text(Scalar),
    /// The file that holds it, and where it is named.
    File(FilePath, At),
}

impl Read for Property {
    fn read(node: &Node, problems: &Problems) -> Option<Property> {
        match &node.kind {
            Kind::Scalar(scalar) => Some(Property::Text(scalar.clone())),
            Kind::Mapping(_) => match SecretFile::read(node, problems)?.file {
                Field::Given(file, at) => Some(Property::File(file, at)),
                file => file.required(problems, "file: /run/secrets/x").map(|(file, at)| Property::File(file, at)),
            },
            Kind::Broken => None,
            Kind::Null | Kind::List(_) => {
                problems.push(
                    &node.at,
                    format!("expected a value or `{{ file: ... }}`, found {}", node.found()),
                    Some("write several values in one text with commas between; `\"\"` is the empty text".to_owned()),
                );
                None
            }
        }
    }
}

impl JsonSchema for Property {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Property".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "anyOf": [{ "type": ["string", "number", "boolean"] }, SecretFile::json_schema(generator)],
        })
    }
}

/// The name of a cluster of this file; `check` looks it up.
pub(crate) struct ClusterName(pub(crate) Scalar);

impl FromScalar for ClusterName {
    fn expected() -> String {
        "the name of a cluster".to_owned()
    }

    fn from_scalar(scalar: &Scalar) -> Result<ClusterName, Refused> {
        Ok(ClusterName(scalar.clone()))
    }
}

impl JsonSchema for ClusterName {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "ClusterName".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string" })
    }
}
