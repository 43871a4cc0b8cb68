//! Variants of an enum to names, every mistake with its place in the source.

use proc_macro2::Span;
use syn::spanned::Spanned;
use syn::{Data, DeriveInput, Error, Fields, Ident, LitStr};

/// What one of the derives accepts.
pub(crate) struct Allowed {
    /// Name of the helper attribute.
    pub(crate) attribute: &'static str,
    /// Whether `optional` may stand in it.
    pub(crate) optional: bool,
    /// Whether a name may begin with a digit or a dash.
    pub(crate) digit_first: bool,
    /// For messages.
    pub(crate) what: &'static str,
}

pub(crate) struct Variant {
    pub(crate) ident: Ident,
    pub(crate) name: String,
    pub(crate) optional: bool,
}

pub(crate) fn read(input: &DeriveInput, allowed: &Allowed) -> syn::Result<Vec<Variant>> {
    let what = allowed.what;
    let Data::Enum(data) = &input.data else {
        return Err(Error::new(input.ident.span(), format!("{what}s are an enum: one variant for each {what}")));
    };
    if data.variants.is_empty() {
        let message = format!("an enum without variants has no {what}s; the plugin trait says how to have none");
        return Err(Error::new(input.ident.span(), message));
    }
    let mut variants: Vec<Variant> = Vec::new();
    for variant in &data.variants {
        if !matches!(variant.fields, Fields::Unit) {
            let message = format!("a variant of {what}s has no fields: it is only a name");
            return Err(Error::new(variant.fields.span(), message));
        }
        let Attribute { name, optional, .. } = kebab_name(&variant.ident, &variant.attrs, allowed)?;
        if variants.iter().any(|other| other.name == name) {
            return Err(Error::new(variant.ident.span(), format!("`{name}` is the name of another {what} already")));
        }
        variants.push(Variant { ident: variant.ident.clone(), name, optional });
    }
    Ok(variants)
}

/// A name, and what else stands beside it.
pub(crate) struct Attribute {
    pub(crate) name: String,
    /// Where the name comes from.
    pub(crate) place: Span,
    pub(crate) optional: bool,
}

/// The name of a variant or a field: its own in kebab case, or that of its attribute.
pub(crate) fn kebab_name(ident: &Ident, attributes: &[syn::Attribute], allowed: &Allowed) -> syn::Result<Attribute> {
    let mut name = kebab(&ident.to_string());
    let mut place = ident.span();
    let mut optional = false;
    for attribute in attributes.iter().filter(|it| it.path().is_ident(allowed.attribute)) {
        attribute.parse_nested_meta(|meta| {
            if meta.path.is_ident("name") {
                let literal: LitStr = meta.value()?.parse()?;
                (name, place) = (literal.value(), literal.span());
                Ok(())
            } else if allowed.optional && meta.path.is_ident("optional") {
                optional = true;
                Ok(())
            } else {
                let known = if allowed.optional { "`name = \"...\"` and `optional`" } else { "`name = \"...\"`" };
                Err(meta.error(format!("not known here; there is {known}")))
            }
        })?;
    }
    if !is_name(&name, allowed.digit_first) {
        let first = if allowed.digit_first { "" } else { ", the first of them a letter" };
        let message = format!("names of {}s are 1 to 64 of a-z, 0-9 and -{first}; `{name}` is not", allowed.what);
        return Err(Error::new(place, message));
    }
    Ok(Attribute { name, place, optional })
}

fn is_name(name: &str, digit_first: bool) -> bool {
    let plain = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
    let first = name.as_bytes().first().is_some_and(|byte| digit_first || byte.is_ascii_lowercase());
    first && name.len() <= 64 && name.bytes().all(plain)
}

/// `UnknownCurrency` to `unknown-currency`, `HTTPError` to `http-error`.
fn kebab(ident: &str) -> String {
    let letters: Vec<char> = ident.trim_start_matches("r#").chars().collect();
    let mut name = String::new();
    for (at, letter) in letters.iter().enumerate() {
        let after_small = at > 0 && letters.get(at - 1).is_some_and(|it| !it.is_uppercase());
        let before_small = at > 0 && letters.get(at + 1).is_some_and(|it| it.is_lowercase());
        if letter.is_uppercase() && (after_small || before_small) {
            name.push('-');
        }
        name.extend(letter.to_lowercase());
    }
    name.replace("_-", "-").replace('_', "-")
}

#[cfg(test)]
mod tests {
    use super::{is_name, kebab};

    #[test]
    fn variants_become_kebab_case() {
        let table = [
            ("Valid", "valid"),
            ("UnknownCurrency", "unknown-currency"),
            ("HTTPError", "http-error"),
            ("V2", "v2"),
            ("Top10Items", "top10-items"),
            ("snake_case", "snake-case"),
            ("Mixed_Case", "mixed-case"),
            ("A", "a"),
        ];
        for (variant, name) in table {
            assert_eq!(kebab(variant), name);
        }
    }

    #[test]
    fn names_are_what_the_manifest_allows() {
        assert!(is_name("a-1", false) && is_name(&"a".repeat(64), false) && is_name("1a", true));
        for wrong in ["", "A", "1a", "-a", "a_b", "\u{e9}", &"a".repeat(65)] {
            assert!(!is_name(wrong, false), "{wrong:?}");
        }
    }
}
