//! The generated items: the kept function, the argument struct, and the registration.
//!
//! Generated names live where nobody looks: items in an anonymous constant, locals with mixed-site hygiene and a prefix,
//! since a constant of the same name would turn a binding into a pattern. Every bound is checked by one call alone,
//! located at the type it is about, so that one mistake gives one error.

mod arguments;
mod descriptor;
mod function;

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;

use crate::check;
use crate::description::Description;
use crate::item::{Body, Function};
use crate::job::Job;

/// Everything that takes the place of the annotated function.
pub(crate) fn expand(function: &Function, job: &Job, errors: Vec<syn::Error>) -> TokenStream {
    let errors = errors.into_iter().map(|error| error.into_compile_error());
    let kept = function::kept(function, job);
    // In an `impl` or a `trait` there is no room for more.
    let alone = check::is_method(function) || matches!(function.body, Body::Missing(_));
    let arguments = (!alone).then(|| {
        let registration = job.sound.then(|| registration(function, job));
        arguments::structure(function, job, registration.as_ref())
    });
    quote! { #(#errors)* #kept #arguments }
}

/// The item as it was, and what is wrong with it.
pub(crate) fn only_errors(item: &TokenStream, errors: Vec<syn::Error>) -> TokenStream {
    let errors = errors.into_iter().map(|error| error.into_compile_error());
    quote! { #(#errors)* #item }
}

fn registration(function: &Function, job: &Job) -> TokenStream {
    let private = private(job);
    let args = &job.args;
    let descriptor = descriptor::constant(function, job);
    let returned = descriptor::returned(job);
    let new = arguments::new(job);
    let defaults = arguments::defaults(job);
    let implementation = arguments::job_impl(job);
    quote_spanned! {Span::mixed_site()=>
        #[allow(deprecated, clippy::too_many_arguments, clippy::unnecessary_wraps)]
        const _: () = {
            use #private::{self as __mcpq, answers::*};
            #returned
            impl #args {
                #descriptor
                #new
                #defaults
            }
            #implementation
            __mcpq::inventory::submit! { #args::JOB }
        };
    }
}

/// What the registration calls the same path; errors about its use show up at `place`.
fn runtime(place: Span) -> Ident {
    Ident::new("__mcpq", place)
}

/// The path under which the runtime keeps what generated code may name.
fn private(job: &Job) -> TokenStream {
    let krate = &job.krate;
    let private = quote_spanned!(at(&krate.segments.last())=> ::__private);
    quote!(#krate #private)
}

/// A description as an expression. Lines that come from macros are put together by the compiler.
fn words(description: &Description, private: &impl ToTokens) -> TokenStream {
    match description {
        Description::Text(text) => text.to_token_stream(),
        Description::Parts(parts) => {
            let lines = parts.iter().map(|part| quote!(#part, "\n",));
            quote_spanned!(Span::mixed_site()=> #private::core::concat!(#(#lines)*))
        }
    }
}

/// A hygienic span whose errors show up at `tokens`.
fn at(tokens: &impl Spanned) -> Span {
    Span::mixed_site().located_at(tokens.span())
}
