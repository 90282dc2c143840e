//! The generated items: the kept function, the argument struct, and the registration.
//!
//! Generated names live where nobody looks: items in an anonymous constant, locals with mixed-site hygiene and a prefix,
//! since a constant of the same name would turn a binding into a pattern. Every bound is checked by one call alone,
//! located at the type it is about, so that one mistake gives one error.

mod arguments;
mod descriptor;
mod function;

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;

use crate::check;
use crate::item::{Body, Function};
use crate::job::Job;

/// Everything that takes the place of the annotated function.
pub(crate) fn expand(function: &Function, job: &Job, errors: Vec<syn::Error>) -> TokenStream {
    let errors = errors.into_iter().map(|error| error.into_compile_error());
    let kept = function::kept(function, job);
    // In an `impl` or a `trait` there is no room for more.
    let alone = check::is_method(function) || matches!(function.body, Body::Missing(_));
    let arguments = (!alone).then(|| arguments::structure(function, job));
    let registration = job.sound.then(|| registration(function, job));
    quote! { #(#errors)* #kept #arguments #registration }
}

/// The item as it was, and what is wrong with it.
pub(crate) fn only_errors(item: &TokenStream, errors: Vec<syn::Error>) -> TokenStream {
    let errors = errors.into_iter().map(|error| error.into_compile_error());
    quote! { #(#errors)* #item }
}

fn registration(function: &Function, job: &Job) -> TokenStream {
    let private = private(job, Span::mixed_site());
    let args = &job.args;
    let cfgs = job.cfgs();
    let descriptor = descriptor::constant(function, job);
    let new = arguments::new(job);
    let defaults = arguments::defaults(job);
    let implementation = arguments::job_impl(job);
    quote_spanned! {Span::mixed_site()=>
        #(#cfgs)*
        #[allow(
            deprecated,
            non_local_definitions,
            non_snake_case,
            private_interfaces,
            unreachable_pub,
            unused_imports,
            unused_lifetimes,
            unused_mut,
            clippy::too_many_arguments,
            clippy::unnecessary_wraps,
        )]
        const _: () = {
            use #private::{NoSchema as _, NoValue as _, NotResult as _};
            impl #args {
                #descriptor
                #new
                #defaults
            }
            #implementation
            #private::inventory::submit! { #args::JOB }
        };
    }
}

/// The path under which the runtime keeps what generated code may name; errors about it show up at `place`.
fn private(job: &Job, place: Span) -> TokenStream {
    let located = job.krate.to_token_stream().into_iter().map(|mut token| {
        token.set_span(token.span().located_at(place));
        token
    });
    let private = quote_spanned!(place=> ::__private);
    located.chain(private).collect()
}

/// A hygienic span whose errors show up at `tokens`.
fn at(tokens: &impl Spanned) -> Span {
    Span::mixed_site().located_at(tokens.span())
}
