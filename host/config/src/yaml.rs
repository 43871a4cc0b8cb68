//! YAML text to [`tree::Node`](crate::tree::Node), with everything refused that the file format has no use for.
//!
//! The parser underneath forgives or dies where we may do neither: it recurses without limit ([`shape`]), ends at the first
//! duplicate key ([`duplicates`]), and ignores what follows the first document ([`shape`] again). Called by [`crate::load_str`].

mod convert;
mod duplicates;
mod shape;
#[cfg(test)]
mod tests;

use marked_yaml::{LoadError, Marker};

use crate::problem::Problems;
use crate::tree::{At, Node};

/// The largest configuration that is parsed. A thousand pipelines fit in; the parser's memory is a multiple of this.
pub(crate) const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// The file as a tree; `None` when it is not YAML that we take, with one problem reported. Problems that leave a tree
/// (duplicate keys, missing variables) are reported too.
pub(crate) fn parse(text: &str, env: &dyn Fn(&str) -> Option<String>, problems: &Problems) -> Option<Node> {
    // Some editors put a byte order mark in front; the parser takes it for a part of the first key.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if let Err((at, message)) = shape::before_parsing(text) {
        problems.push(&at, message, None);
        return None;
    }
    let parsed = match duplicates::parse(text) {
        Ok(parsed) => parsed,
        Err(error) => {
            refuse(&error, text, problems);
            return None;
        }
    };
    if let Err((at, message)) = shape::after_parsing(text, &parsed.root) {
        problems.push(&at, message, Some("keep one document, begun at most once with `---`".to_owned()));
        return None;
    }
    Some(convert::convert(&parsed, env, problems))
}

fn refuse(error: &LoadError, text: &str, problems: &Problems) {
    let (mark, message, hint) = match error {
        LoadError::TopLevelMustBeMapping(mark) | LoadError::TopLevelMustBeSequence(mark) => (
            mark,
            "expected a mapping of keys at the top of the file".to_owned(),
            Some("begin with the line `version: 1`".to_owned()),
        ),
        LoadError::UnexpectedAnchor(mark) => (
            mark,
            "anchors and aliases (`&name`, `*name`) are not taken".to_owned(),
            Some("write the value out, or use `${NAME}` from the environment".to_owned()),
        ),
        LoadError::MappingKeyMustBeScalar(mark) => (
            mark,
            "a key must be a single word".to_owned(),
            Some("quote text that contains `{`, `[` or `?`".to_owned()),
        ),
        LoadError::UnexpectedTag(mark) => (
            mark,
            "tags (`!name`) are not taken".to_owned(),
            Some("remove it; quote text that begins with `!`".to_owned()),
        ),
        LoadError::ScanError(mark, error) => {
            let hint = tab_hint(text, mark.line());
            (mark, format!("this is not YAML: {}", error.info()), hint)
        }
        LoadError::DuplicateKey(inner) => {
            let at = inner.key.span().start().map_or_else(At::top, place);
            problems.push(&at, format!("the key `{}` is there twice", inner.key.as_str()), None);
            return;
        }
    };
    problems.push(&place(mark), message, hint);
}

fn place(mark: &Marker) -> At {
    At { line: mark.line().max(1), column: mark.column().max(1), path: String::new() }
}

/// A tab is the usual culprit and can't be seen: say so when one stands before the text of the line or of the one above.
fn tab_hint(text: &str, line: usize) -> Option<String> {
    let indented_by_tab = |line: &str| line.chars().take_while(|c| c.is_whitespace()).any(|c| c == '\t');
    let near = text.lines().enumerate().skip(line.saturating_sub(2)).take(2);
    let (index, _) = near.into_iter().find(|(_, line)| indented_by_tab(line))?;
    Some(format!("line {} is indented by a tab; YAML takes only spaces", index + 1))
}
