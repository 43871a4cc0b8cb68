//! The parser's nodes to ours: key paths added, variables substituted, duplicates dropped and reported.

use marked_yaml::types::{MarkedMappingNode, MarkedScalarNode};
use marked_yaml::{Marker, Node as Parsed};

use super::duplicates;
use crate::problem::Problems;
use crate::substitute::{Refused, substitute};
use crate::tree::{At, Entry, Kind, Node, Scalar};

/// The whole tree. Recursion is bounded: [`super::shape`] and the parser limit how deeply blocks are nested.
pub(super) fn convert(parsed: &duplicates::Parsed, env: &dyn Fn(&str) -> Option<String>, problems: &Problems) -> Node {
    let converter = Converter { parsed, env, problems };
    let kind = converter.mapping(&parsed.root, &At::top());
    Node { key_at: At::top(), at: At::top(), kind }
}

struct Converter<'a> {
    parsed: &'a duplicates::Parsed,
    env: &'a dyn Fn(&str) -> Option<String>,
    problems: &'a Problems,
}

impl Converter<'_> {
    fn mapping(&self, mapping: &MarkedMappingNode, above: &At) -> Kind {
        let mut entries = Vec::with_capacity(mapping.len());
        for (key, value) in mapping.iter() {
            let at = move_to(above, key.span().start());
            let first = key.chars().next().and_then(|first| self.parsed.duplicates.get(&first));
            if let Some(duplicate) = first {
                let (key, first_line) = (&duplicate.key, duplicate.first_line);
                self.problems.push(
                    &at.below(key),
                    format!("the key `{key}` is there twice, first in line {first_line}"),
                    Some("keep one of them".to_owned()),
                );
                continue;
            }
            entries.push(Entry { key: key.as_str().to_owned(), node: self.node(value, &at.below(key)) });
        }
        Kind::Mapping(entries)
    }

    fn node(&self, node: &Parsed, key_at: &At) -> Node {
        let at = move_to(key_at, start(node));
        let kind = match node {
            Parsed::Mapping(mapping) => self.mapping(mapping, key_at),
            Parsed::Sequence(items) => {
                let item = |(number, item): (usize, &Parsed)| self.node(item, &move_to(&at, start(item)).item(number));
                Kind::List(items.iter().enumerate().map(item).collect())
            }
            Parsed::Scalar(scalar) => self.scalar(scalar, &at),
        };
        // The parser puts an empty value where the next word begins, on another line.
        let at = if matches!(kind, Kind::Null) { key_at.clone() } else { at };
        Node { key_at: key_at.clone(), at, kind }
    }

    fn scalar(&self, scalar: &MarkedScalarNode, at: &At) -> Kind {
        let (written, plain) = (scalar.as_str().to_owned(), scalar.may_coerce());
        if plain && matches!(written.as_str(), "" | "~" | "null" | "Null" | "NULL") {
            return Kind::Null;
        }
        match substitute(&written, self.env) {
            // The client library takes C strings: it would cut the text there.
            Ok(text) if text.contains('\0') => {
                self.problems.push(at, "a NUL character is in the text", None);
                Kind::Broken
            }
            Ok(text) => Kind::Scalar(Scalar { text, written, plain }),
            Err(refused) => {
                let (message, hint) = explain(&refused);
                self.problems.push(at, message, Some(hint));
                Kind::Broken
            }
        }
    }
}

fn explain(refused: &Refused) -> (String, String) {
    match refused {
        Refused::Missing(name) => (
            format!("the environment variable {name} is not set"),
            format!("set it, or give a default: `${{{name}:-...}}`"),
        ),
        Refused::Unclosed => {
            ("`${` is not closed by `}`".to_owned(), "close it, or write `$$` for a literal `$`".to_owned())
        }
        Refused::NotAName(name) => (
            format!("`{}` in `${{...}}` is not the name of a variable", name.escape_debug()),
            "write `${NAME}` or `${NAME:-default}`, or `$$` for a literal `$`".to_owned(),
        ),
    }
}

/// Where a value begins. The parser says of a block that it begins behind its first key or dash.
fn start(node: &Parsed) -> Option<&Marker> {
    let own = node.span().start();
    let first = match node {
        Parsed::Mapping(mapping) => mapping.iter().next().and_then(|(key, _)| key.span().start()),
        Parsed::Sequence(_) | Parsed::Scalar(_) => None,
    };
    match (own, first) {
        (Some(own), Some(first)) if own.character() > first.character() => Some(first),
        (own, _) => own,
    }
}

fn move_to(at: &At, mark: Option<&Marker>) -> At {
    let (line, column) = mark.map_or((at.line, at.column), |mark| (mark.line(), mark.column()));
    At { line, column, path: at.path.clone() }
}
