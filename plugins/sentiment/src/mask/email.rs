//! E-mail addresses, as people write them: no quotes, no comments, a domain with a dot in it.

use super::{EMAIL, Found};

/// Finds them in the order of the text. Each character is looked at twice at most: neither side of an `@` goes beyond the
/// next one.
pub(super) fn find(text: &str, found: &mut Found) {
    let mut from = 0;
    for (at, _) in text.match_indices('@') {
        let (Some(before), Some(after)) = (text.get(from..at), text.get(at + 1..)) else { continue };
        let local = before.len() - before.trim_end_matches(is_local).len();
        let local = before.get(before.len() - local..).unwrap_or_default().trim_start_matches('.');
        let domain = after.split_once(|it| !is_domain(it)).map_or(after, |(domain, _)| domain);
        let domain = domain.trim_end_matches(['.', '-']);
        if !local.is_empty() && is_resolvable(domain) {
            let end = at + 1 + domain.len();
            found.push((at - local.len()..end, EMAIL));
            from = end;
        }
    }
}

fn is_local(character: char) -> bool {
    character.is_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(character)
}

fn is_domain(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '-' | '.')
}

/// Two labels at least, none of them empty, and the last one not a number.
fn is_resolvable(domain: &str) -> bool {
    let (rest, last) = domain.rsplit_once('.').unwrap_or_default();
    !rest.is_empty()
        && !rest.split('.').any(str::is_empty)
        && last.chars().count() >= 2
        && last.starts_with(char::is_alphabetic)
}
