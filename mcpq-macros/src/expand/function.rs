//! The user's function, free of what was meant for the attribute.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote};
use syn::visit_mut::{self, VisitMut};
use syn::{BoundLifetimes, FnArg, Lifetime, PathArguments, PathSegment, parse_quote};

use crate::check::Unfit;
use crate::item::{Body, Function};
use crate::job::Job;
use crate::param;
use crate::types::hidden_borrow;

/// The function as it was written, except for the attributes of its parameters.
pub(super) fn kept(function: &Function, job: &Job) -> TokenStream {
    let attrs = function.attrs.iter().filter(|attr| Unfit::of(attr).is_none());
    let vis = &function.vis;
    let mut sig = function.sig.clone();
    // Refused before; rustc would say so four times more.
    sig.variadic = None;
    let declared: Vec<Ident> = sig.generics.lifetimes().map(|param| param.lifetime.ident.clone()).collect();
    for input in &mut sig.inputs {
        if let FnArg::Typed(typed) = input {
            typed.attrs.retain(param::is_kept);
            if !job.sound {
                // What was said of a lifetime is enough: rustc would ask to declare it.
                Undeclared { declared: &declared }.visit_type_mut(&mut typed.ty);
            }
        }
    }
    if !job.sound {
        Hidden.visit_signature_mut(&mut sig);
    }
    let body = match &function.body {
        Body::Block(block) => block.to_token_stream(),
        Body::Missing(semicolon) => semicolon.to_token_stream(),
    };
    // What a job's signature is like follows from its arguments, not from taste.
    let form = if job.blocking { quote!(clippy::needless_pass_by_value) } else { quote!(clippy::unused_async) };
    quote! {
        #(#attrs)*
        #[allow(clippy::fn_params_excessive_bools, clippy::too_many_arguments, #form)]
        #vis #sig #body
    }
}

/// Replaces lifetimes that the function does not declare.
struct Undeclared<'a> {
    declared: &'a [Ident],
}

impl VisitMut for Undeclared<'_> {
    fn visit_lifetime_mut(&mut self, lifetime: &mut Lifetime) {
        if lifetime.ident != "_" && !self.declared.contains(&lifetime.ident) {
            lifetime.ident = Ident::new("static", lifetime.ident.span());
        }
    }

    // What a `for<..>` declares keeps its name.
    fn visit_bound_lifetimes_mut(&mut self, _: &mut BoundLifetimes) {}
}

/// Writes out the lifetimes of a `Cow<str>`, for which rustc would ask after it was refused.
struct Hidden;

impl VisitMut for Hidden {
    fn visit_path_segment_mut(&mut self, segment: &mut PathSegment) {
        if hidden_borrow(segment).is_some()
            && let PathArguments::AngleBracketed(arguments) = &mut segment.arguments
        {
            arguments.args.insert(0, parse_quote!('static));
        }
        visit_mut::visit_path_segment_mut(self, segment);
    }
}
