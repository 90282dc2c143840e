//! The argument struct: its fields, how it is made, and how it is written as JSON.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::{Expr, ExprLit, Lit};

use super::descriptor::result_type;
use super::{at, private};
use crate::item::Function;
use crate::job::{Argument, Job, Presence};

/// `pub struct generate_report { pub department: String, .. }`
pub(super) fn structure(function: &Function, job: &Job) -> TokenStream {
    let (args, vis, attrs) = (&job.args, &function.vis, &job.shared_attrs);
    let doc = format!(" Arguments of the job `{}`.", job.name);
    let fields = job.arguments().map(|argument| {
        let Argument { ident, ty, .. } = argument;
        let doc = match argument.doc.as_str() {
            "" => format!(" Argument `{}`.", argument.key),
            doc => format!(" {doc}"),
        };
        quote! { #[doc = #doc] pub #ident: #ty, }
    });
    quote! {
        #(#attrs)*
        #[doc = #doc]
        #[allow(
            dead_code,
            deprecated,
            missing_copy_implementations,
            missing_debug_implementations,
            non_camel_case_types,
            non_snake_case,
            private_interfaces,
            unreachable_pub,
            clippy::pub_underscore_fields,
            clippy::struct_excessive_bools,
            clippy::struct_field_names,
        )]
        #vis struct #args { #(#fields)* }
    }
}

/// `new(..)` with the arguments that have no default, where some have one.
pub(super) fn new(job: &Job) -> Option<TokenStream> {
    let is_required = |argument: &&Argument| matches!(argument.presence, Presence::Required);
    if job.arguments().all(|argument| is_required(&argument)) {
        return None;
    }
    let none = private(job, Span::mixed_site());
    let required = job.arguments().filter(is_required).map(|Argument { ident, ty, .. }| quote!(#ident: #ty));
    let fields = job.arguments().map(|argument| {
        let ident = &argument.ident;
        match argument.presence {
            Presence::Required => quote!(#ident),
            Presence::Optional => quote!(#ident: #none::core::option::Option::None),
            Presence::Rest => {
                let private = private(job, at(&argument.ty));
                quote_spanned!(at(&argument.ty)=> #ident: #private::core::default::Default::default())
            }
            Presence::TypeDefault(_) | Presence::Default(_) => {
                let default = default_fn(argument);
                quote!(#ident: Self::#default())
            }
        }
    });
    Some(quote_spanned! {Span::mixed_site()=>
        /// The job with these arguments, and the defaults for the others.
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
                    let private = private(job, span);
                    quote_spanned!(span=> #private::core::default::Default::default())
                }
                Presence::Default(value) => match &**value {
                    Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => {
                        let private = private(job, at(text));
                        quote_spanned!(at(text)=> #private::core::convert::From::from(#text))
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
    let private = private(job, Span::mixed_site());
    let args = &job.args;
    let ok = result_type(job);
    // A result that is more private than the job is an error at this item.
    let output = quote_spanned!(at(&job.output)=> type Output = #ok;);
    let types = job.arguments().map(|argument| &argument.ty);
    let writes = job.arguments().map(|Argument { ident, key, presence, .. }| match presence {
        Presence::Rest => quote_spanned!(Span::mixed_site()=> __writer.rest(#key, &self.#ident);),
        _ => quote_spanned!(Span::mixed_site()=> __writer.field(#key, &self.#ident);),
    });
    quote_spanned! {Span::mixed_site()=>
        impl #private::Job for #args
        where
            #(for<'__any> #types: #private::SubmitArg,)*
        {
            #output
            const JOB: #private::JobDescriptor = #args::JOB;

            fn write(&self, __writer: &mut #private::ArgWriter) {
                #(#writes)*
            }
        }
    }
}
