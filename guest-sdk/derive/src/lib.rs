//! `#[derive(Outputs)]`, `#[derive(Codes)]` and `#[derive(Stores)]`: thin, and plain Rust that could be written by hand.
//!
//! They turn the variants of an enum without fields, or the fields of a struct, into names, by kebab case or as an
//! attribute says. What the names are for is said at the traits in `wasmill-sdk`, which re-exports these derives.

mod fields;
mod names;

use fields::Field;
use names::{Allowed, Variant};
use proc_macro::TokenStream;
use proc_macro2::TokenStream as Tokens;
use quote::{quote, quote_spanned};
use syn::{DeriveInput, Ident, parse_macro_input};

/// The outputs of a plugin, one per variant. `#[output(name = "...")]` and `#[output(optional)]` on a variant change its
/// name and let a pipeline leave it unmapped.
#[proc_macro_derive(Outputs, attributes(output))]
pub fn outputs(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    let allowed = Allowed { attribute: "output", optional: true, digit_first: false, what: "output" };
    expand(&input, &allowed, |name, variants| {
        let declared = variants.iter().map(
            |Variant { name, optional, .. }| quote!(::wasmill_sdk::OutputName { name: #name, optional: #optional }),
        );
        let numbers =
            variants.iter().zip(0_u16..).map(|(Variant { ident, .. }, number)| quote!(#name::#ident => #number));
        quote! {
            #[automatically_derived]
            impl ::wasmill_sdk::Outputs for #name {
                const NAMES: &'static [::wasmill_sdk::OutputName] = &[#(#declared),*];
                fn number(self) -> u16 { match self { #(#numbers),* } }
            }
        }
    })
}

/// The codes that a plugin rejects or retries with, one per variant. `#[code(name = "...")]` on a variant changes it.
#[proc_macro_derive(Codes, attributes(code))]
pub fn codes(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    let allowed = Allowed { attribute: "code", optional: false, digit_first: true, what: "code" };
    expand(&input, &allowed, |name, variants| {
        let declared = variants.iter().map(|variant| &variant.name);
        let codes = variants.iter().map(|Variant { ident, name: code, .. }| quote!(#name::#ident => #code));
        quote! {
            #[automatically_derived]
            impl ::wasmill_sdk::Codes for #name {
                const NAMES: &'static [&'static str] = &[#(#declared),*];
                fn code(self) -> &'static str { match self { #(#codes),* } }
            }
        }
    })
}

/// The stores of a plugin, one per field. `#[store(name = "...")]` on a field changes its name.
#[proc_macro_derive(Stores, attributes(store))]
pub fn stores(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    let fields = match fields::read(&input) {
        Ok(fields) => fields,
        Err(error) => return error.into_compile_error().into(),
    };
    let set = &input.ident;
    let names = fields.iter().map(|Field { name, .. }| name);
    let opened =
        fields.iter().map(|Field { ident, place, .. }| quote_spanned!(*place=> #ident: ::wasmill_sdk::Store::open()));
    let visits = fields.iter().map(|Field { ident, place, .. }| quote_spanned!(*place=> visit(&mut self.#ident);));
    quote! {
        #[automatically_derived]
        impl ::wasmill_sdk::StoreSet for #set {
            const NAMES: &'static [&'static str] = &[#(#names),*];
            fn open() -> Self { #set { #(#opened),* } }
            fn each(&mut self, visit: &mut dyn ::core::ops::FnMut(&mut dyn ::wasmill_sdk::AnyStore)) {
                #(#visits)*
            }
        }
    }
    .into()
}

fn expand(input: &DeriveInput, allowed: &Allowed, write: impl Fn(&Ident, &[Variant]) -> Tokens) -> TokenStream {
    match names::read(input, allowed) {
        Ok(variants) => write(&input.ident, &variants).into(),
        Err(error) => error.into_compile_error().into(),
    }
}
