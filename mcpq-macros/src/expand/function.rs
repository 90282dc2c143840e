//! The user's function, free of what was meant for the attribute.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::FnArg;

use crate::check::Unfit;
use crate::item::{Body, Function};
use crate::job::Job;
use crate::param;

/// The function as it was written, except for the attributes of its parameters.
pub(super) fn kept(function: &Function, job: &Job) -> TokenStream {
    let attrs = function.attrs.iter().filter(|attr| Unfit::of(attr).is_none());
    let vis = &function.vis;
    let mut sig = function.sig.clone();
    for input in &mut sig.inputs {
        if let FnArg::Typed(typed) = input {
            typed.attrs.retain(param::is_kept);
        }
    }
    let body = match &function.body {
        Body::Block(block) => block.to_token_stream(),
        Body::Missing(semicolon) => semicolon.to_token_stream(),
    };
    // What a job's signature is like follows from its arguments, not from taste.
    let form = if job.blocking { quote!(clippy::needless_pass_by_value) } else { quote!(clippy::unused_async) };
    quote! {
        #(#attrs)*
        #[allow(clippy::too_many_arguments, #form)]
        #vis #sig #body
    }
}
