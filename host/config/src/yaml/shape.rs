//! Checks on the text that the parser itself does not make.
//!
//! It recurses for each level of nesting, so a short file of `- - - -` would overflow the stack and kill the process
//! (levels in `[` and `{` it limits itself); and it stops at the end of the first document, so that a key behind it would
//! silently have no effect.

use marked_yaml::types::MarkedMappingNode;

use crate::tree::At;

/// Spaces before the text of a line: each nested block needs one more (a list below a key none), so this bounds the depth.
/// We need about 16, and the `config` of a plugin perhaps some more.
const INDENT_MAX: usize = 200;
/// `-` and `?` standing alone in a line, each of which opens a block without a new line. A list of
/// lists needs two.
const INDICATORS_MAX: usize = 20;

/// A place and what is wrong there.
type Wrong = (At, String);

/// Refuses nesting that the parser could not survive.
pub(super) fn before_parsing(text: &str) -> Result<(), Wrong> {
    for (index, line) in text.split(['\n', '\r']).enumerate() {
        let trimmed = line.trim_start();
        if trimmed.starts_with('#') {
            continue;
        }
        let indent = line.len() - trimmed.len();
        let indicators = trimmed.split_whitespace().filter(|word| matches!(*word, "-" | "?")).take(INDICATORS_MAX + 1);
        if (indent > INDENT_MAX && !trimmed.is_empty()) || indicators.count() > INDICATORS_MAX {
            let at = At { line: index + 1, column: indent + 1, path: String::new() };
            return Err((at, "blocks are nested too deeply here".to_owned()));
        }
    }
    Ok(())
}

/// Refuses text behind the end of the first document.
pub(super) fn after_parsing(text: &str, root: &MarkedMappingNode) -> Result<(), Wrong> {
    let Some(end) = root.span().end() else { return Ok(()) };
    let mut rest = text.char_indices().skip(end.character()).map(|(byte, _)| byte);
    let Some(byte) = rest.next() else { return Ok(()) };
    let behind = text.get(byte..).unwrap_or_default();
    // A root in braces ends before its `}`, any other at the text that follows.
    let behind = behind.strip_prefix('}').unwrap_or(behind);
    let mut offset = text.len() - behind.len();
    for line in behind.split_inclusive('\n') {
        let content = line.trim();
        if !(content.is_empty() || content.starts_with('#') || content == "...") {
            let before = text.get(..offset).unwrap_or_default();
            let at = At { line: before.matches('\n').count() + 1, column: 1, path: String::new() };
            let message = if content.starts_with("---") {
                "a second document begins here"
            } else {
                "text behind the end of the document"
            };
            return Err((at, message.to_owned()));
        }
        offset += line.len();
    }
    Ok(())
}
