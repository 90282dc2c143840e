//! The argument struct: its fields, how it is made, and how it is written as JSON.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::{Expr, ExprLit, Lit};

use super::{at, private, runtime, words};
use crate::item::Function;
use crate::job::{Argument, Job, Presence};

/// `pub struct generate_report { pub department: String, .. }`, with the registration that goes beside it.
pub(super) fn structure(function: &Function, job: &Job, registration: Option<&TokenStream>) -> TokenStream {
    let (args, vis, attrs) = (generated(&job.args), &function.vis, &job.shared_attrs);
    let private = private(job);
    let doc = format!(" Arguments of the job `{}`.", job.name);
    let fields = job.arguments().map(|argument| {
        let (ident, ty) = (generated(&argument.ident), &argument.ty);
        let doc = match &argument.doc {
            doc if doc.is_empty() => format!(" Argument `{}`.", argument.key).to_token_stream(),
            doc => words(doc, &private),
        };
        // On a parameter, code in a comment is no test; it shall not become one on the field.
        quote! { #[cfg_attr(not(doctest), doc = #doc)] pub #ident: #ty, }
    });
    // An attribute takes the registration along: where a struct cannot be, in an `impl` block, rustc drops it with all
    // its attributes and says so, and has nothing to say of a registration without its struct.
    let beside = registration.map(|items| quote_spanned!(Span::mixed_site()=> #[#private::beside { #items }]));
    quote! {
        #(#attrs)*
        #beside
        #[doc = #doc]
        #[allow(deprecated, rustdoc::all)]
        #vis struct #args { #(#fields)* }
    }
}

/// A name at its place, but of generated code, where most lints do not look.
fn generated(name: &Ident) -> Ident {
    let mut name = name.clone();
    name.set_span(Span::call_site().located_at(name.span()));
    name
}

/// `new(..)` with the arguments that have no default, where some have one.
pub(super) fn new(job: &Job) -> Option<TokenStream> {
    let is_required = |argument: &&Argument| matches!(argument.presence, Presence::Required);
    if job.arguments().all(|argument| is_required(&argument)) {
        return None;
    }
    let none = runtime(Span::mixed_site());
    let required = job.arguments().filter(is_required).map(|Argument { ident, ty, .. }| quote!(#ident: #ty));
    let fields = job.arguments().map(|argument| {
        let ident = &argument.ident;
        match argument.presence {
            Presence::Required => quote!(#ident),
            Presence::Optional => quote!(#ident: #none::None),
            Presence::Rest => {
                let runtime = runtime(at(&argument.ty));
                quote_spanned!(at(&argument.ty)=> #ident: #runtime::Default::default())
            }
            Presence::TypeDefault(_) | Presence::Default(_) => {
                let default = default_fn(argument);
                quote!(#ident: Self::#default())
            }
        }
    });
    Some(quote_spanned! {Span::mixed_site()=>
        /// The job with the defaults for all other arguments.
        #[must_use]
        pub fn new(#(#required),*) -> Self {
            Self { #(#fields),* }
        }
    })
}

/// One function for every default, so that its expression is compiled once, wherever it is used.
pub(super) fn defaults(job: &Job) -> TokenStream {
    job.arguments()
        .filter_map(|argument| {
            let value = match &argument.presence {
                Presence::TypeDefault(span) => {
                    let span = Span::mixed_site().located_at(*span);
                    let runtime = runtime(span);
                    quote_spanned!(span=> #runtime::Default::default())
                }
                Presence::Default(value) => match &**value {
                    Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => {
                        let runtime = runtime(at(text));
                        quote_spanned!(at(text)=> #runtime::From::from(#text))
                    }
                    value => value.to_token_stream(),
                },
                Presence::Required | Presence::Optional | Presence::Rest => return None,
            };
            let (name, ty) = (default_fn(argument), &argument.ty);
            Some(quote_spanned!(Span::mixed_site()=> fn #name() -> #ty { #value }))
        })
        .collect()
}

pub(super) fn default_fn(argument: &Argument) -> Ident {
    format_ident!("__default_{}", argument.ident.unraw(), span = Span::mixed_site())
}

/// `impl Job`, where every argument can be written: the higher-ranked bounds postpone the question to the submit.
pub(super) fn job_impl(job: &Job) -> TokenStream {
    let args = &job.args;
    // A result that is more private than the job is an error at this item.
    let output = quote_spanned!(at(&job.output)=> type Output = __Ok;);
    let types = job.arguments().map(|argument| &argument.ty);
    // The rest is written last, since it must not hold the name of any other argument.
    let is_rest = |argument: &&Argument| matches!(argument.presence, Presence::Rest);
    let (rest, named): (Vec<_>, Vec<_>) = job.arguments().partition(is_rest);
    let writes = named.into_iter().chain(rest).map(|argument| {
        let Argument { ident, key, .. } = argument;
        let method = Ident::new(if is_rest(&argument) { "rest" } else { "field" }, Span::mixed_site());
        quote_spanned!(Span::mixed_site()=> .#method(#key, &self.#ident))
    });
    let written = quote_spanned!(Span::mixed_site()=> __writer #(#writes)*;);
    let written = (job.arguments().count() > 0).then_some(written);
    quote_spanned! {Span::mixed_site()=>
        impl __mcpq::Job for #args
        where
            #(for<'__any> #types: __mcpq::SubmitArg,)*
        {
            #output
            const JOB: __mcpq::JobDescriptor = #args::JOB;

            fn write(&self, __writer: &mut __mcpq::ArgWriter) {
                #written
            }
        }
    }
}
