//! Fields of a struct to names of stores.

use crate::names::{Allowed, Attribute, kebab_name};
use proc_macro2::Span;
use syn::spanned::Spanned;
use syn::{Data, DeriveInput, Error, Fields, Ident};

/// The host's own store, for records that wait.
const RESERVED: &str = "retry";

pub(crate) struct Field {
    pub(crate) ident: Ident,
    pub(crate) name: String,
    /// Where its type stands: what is wrong with it is said there.
    pub(crate) place: Span,
}

pub(crate) fn read(input: &DeriveInput) -> syn::Result<Vec<Field>> {
    let allowed = Allowed { attribute: "store", optional: false, digit_first: false, what: "store" };
    let place = input.ident.span();
    let Data::Struct(data) = &input.data else {
        return Err(Error::new(place, "stores are a struct: one field for each store"));
    };
    let Fields::Named(named) = &data.fields else {
        return Err(Error::new(place, "stores are the named fields of a struct: their names are those of the stores"));
    };
    if named.named.is_empty() {
        return Err(Error::new(place, "a struct without fields has no stores; `type Stores = ();` says so"));
    }
    if !input.generics.params.is_empty() {
        return Err(Error::new(input.generics.span(), "a set of stores has no parameters"));
    }
    let mut fields: Vec<Field> = Vec::new();
    for field in &named.named {
        let Some(ident) = field.ident.clone() else { continue };
        let Attribute { name, place, .. } = kebab_name(&ident, &field.attrs, &allowed)?;
        if name == RESERVED {
            return Err(Error::new(place, format!("`{RESERVED}` is wasmill's own store: give it another name")));
        }
        if fields.iter().any(|other| other.name == name) {
            return Err(Error::new(ident.span(), format!("`{name}` is the name of another store already")));
        }
        fields.push(Field { ident, name, place: field.ty.span() });
    }
    Ok(fields)
}
