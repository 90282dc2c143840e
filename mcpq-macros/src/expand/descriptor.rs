//! The descriptor: what the registry is told about the job, and the chain that builds its definition.

use std::time::Duration;

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote_spanned};
use syn::Type;

use super::arguments::default_fn;
use super::{at, runtime, words};
use crate::item::Function;
use crate::job::{Argument, Job, Param, Presence};
use crate::limits::Limits;
use crate::options::Policy;
use crate::rate::Rate;
use crate::value::Number;

/// `pub const JOB: JobDescriptor`
pub(super) fn constant(function: &Function, job: &Job) -> TokenStream {
    let name = &job.name;
    let description = words(&job.description, &runtime(Span::mixed_site()));
    let options = options(job);
    let params = job.params.iter().map(declaration);
    let returns = returns(job);
    let run = run(function, job);
    quote_spanned! {Span::mixed_site()=>
        /// The job, for `Queue::builder().job(..)`.
        pub const JOB: __mcpq::JobDescriptor = __mcpq::JobDescriptor::new(
            #name,
            #description,
            #options,
            |__job| __job #(#params)* #returns #run,
        );
    }
}

fn options(job: &Job) -> TokenStream {
    let policy = &job.policy;
    let Policy { max_retries, backoff_base, backoff_max, backoff_jitter, retry_on_timeout, queue, .. } = policy;
    let duration = |value: Duration| {
        let (seconds, nanos) = (value.as_secs(), value.subsec_nanos());
        let duration = quote_spanned!(Span::mixed_site()=> __mcpq::Duration);
        let value = if value == Duration::MAX {
            quote_spanned!(Span::mixed_site()=> #duration::MAX)
        } else {
            quote_spanned!(Span::mixed_site()=> #duration::new(#seconds, #nanos))
        };
        quote_spanned!(Span::mixed_site()=> __mcpq::Some(#value))
    };
    let timeout = policy.timeout.map(duration);
    let result_ttl = policy.result_ttl.map(duration);
    let failure_ttl = policy.failure_ttl.map(duration);
    let priority = policy.priority.map(|priority| {
        let mut variant = priority.to_owned();
        variant[..1].make_ascii_uppercase();
        let variant = Ident::new(&variant, Span::mixed_site());
        quote_spanned!(Span::mixed_site()=> __mcpq::Priority::#variant)
    });
    let unique = policy.unique.map(|variant| {
        let variant = Ident::new(variant, Span::mixed_site());
        quote_spanned!(Span::mixed_site()=> __mcpq::Some(__mcpq::Unique::#variant))
    });
    let rate_limit = policy.rate_limit.map(|Rate { count, per }| {
        let (seconds, nanos) = (per.as_secs(), per.subsec_nanos());
        let per = quote_spanned!(Span::mixed_site()=> __mcpq::Duration::new(#seconds, #nanos));
        quote_spanned!(Span::mixed_site()=> __mcpq::Some(__mcpq::RateLimit { count: #count, per: #per }))
    });
    let concurrency = policy.concurrency.map(|most| quote_spanned!(Span::mixed_site()=> __mcpq::Some(#most)));
    let settings: TokenStream = [
        set("timeout", timeout.as_ref()),
        set("max_retries", max_retries.as_ref()),
        set("backoff_base", backoff_base.as_ref()),
        set("backoff_max", backoff_max.as_ref()),
        set("backoff_jitter", backoff_jitter.as_ref()),
        set("retry_on_timeout", retry_on_timeout.as_ref()),
        set("queue", queue.as_ref()),
        set("priority", priority.as_ref()),
        set("concurrency", concurrency.as_ref()),
        set("rate_limit", rate_limit.as_ref()),
        set("result_ttl", result_ttl.as_ref()),
        set("failure_ttl", failure_ttl.as_ref()),
        set("unique", unique.as_ref()),
    ]
    .into_iter()
    .collect();
    if settings.is_empty() {
        return quote_spanned!(Span::mixed_site()=> __mcpq::JobOptions::new());
    }
    quote_spanned! {Span::mixed_site()=> {
        let mut __options = __mcpq::JobOptions::new();
        #settings
        __options
    }}
}

fn set(name: &str, value: Option<&impl ToTokens>) -> TokenStream {
    let name = Ident::new(name, Span::mixed_site());
    value.map(|value| quote_spanned!(Span::mixed_site()=> __options.#name = #value;)).unwrap_or_default()
}

/// `.arg::<String>(..)`: the only place where the type's bounds are checked.
fn declaration(param: &Param) -> TokenStream {
    let argument = match param {
        Param::Injected(ty) => return quote_spanned!(at(ty)=> .inject::<#ty>()),
        Param::Argument(argument) => argument,
    };
    let Argument { ty, key, .. } = &**argument;
    let runtime = runtime(at(ty));
    let doc = words(&argument.doc, &runtime);
    let declared = match argument.presence {
        Presence::Required | Presence::Optional => quote_spanned!(at(ty)=> .arg::<#ty>(#key, #doc)),
        Presence::Rest => quote_spanned!(at(ty)=> .rest::<#ty>(#key, #doc)),
        Presence::TypeDefault(_) | Presence::Default(_) => {
            let default = default_fn(argument);
            quote_spanned! {at(ty)=>
                .arg_or::<#ty>(#key, #doc, Self::#default, __mcpq::ValueProbe::<#ty>::TO_VALUE)
            }
        }
    };
    let narrowed = narrowed(argument, &runtime);
    quote_spanned!(Span::mixed_site()=> #declared #narrowed)
}

/// `.minimum(1).maximum(12)`: what follows the declaration of an argument.
fn narrowed(argument: &Argument, runtime: &Ident) -> TokenStream {
    let Argument { limits, examples, .. } = argument;
    let Limits { minimum, maximum, exclusive_maximum, min_length, max_length, pattern } = limits;
    let number = |number: &Number| match number {
        Number::Int(value) => value.to_token_stream(),
        Number::Float(value) => value.to_token_stream(),
    };
    let calls: TokenStream = [
        call("minimum", minimum.as_ref().map(number).as_ref()),
        call("maximum", maximum.as_ref().map(number).as_ref()),
        call("exclusive_maximum", exclusive_maximum.as_ref().map(number).as_ref()),
        call("min_length", min_length.as_ref()),
        call("max_length", max_length.as_ref()),
        call("pattern", pattern.as_ref()),
    ]
    .into_iter()
    .collect();
    let examples = examples.iter().map(|example| {
        quote_spanned! {at(example)=>
            .example(|| { let __example = #example; #runtime::to_value(&__example) })
        }
    });
    quote_spanned!(Span::mixed_site()=> #calls #(#examples)*)
}

fn call(method: &str, value: Option<&impl ToTokens>) -> TokenStream {
    let method = Ident::new(method, Span::mixed_site());
    value.map(|value| quote_spanned!(Span::mixed_site()=> .#method(#value))).unwrap_or_default()
}

/// `.returns::<Result<Report, JobError>, ..>()`: the only place where the return type's bounds are checked.
fn returns(job: &Job) -> TokenStream {
    let output = &job.output;
    // Spelled out: of an alias, rustc would underline its first word alone.
    quote_spanned!(at(output)=> .returns::<#output, __Form, _>(__mcpq::SchemaProbe::<__Ok>::SCHEMA))
}

/// The names of the return type, of its form (whether it is a `Result`, which is asked of the type and not of its name),
/// and of what the job gives: the `Ok` of a `Result`, by whatever name, and else the return type itself.
pub(super) fn returned(job: &Job) -> TokenStream {
    let output = &job.output;
    quote_spanned! {at(output)=>
        type __Returned = #output;
        type __Form = __mcpq::Select<{ __mcpq::Probe::<__Returned>::IS_RESULT }>;
        type __Ok = <__Form as __mcpq::Pick<__Returned>>::Ok;
    }
}

/// `.run(|cx| ..)`: reads the arguments and calls the function.
fn run(function: &Function, job: &Job) -> TokenStream {
    let ident = &function.sig.ident;
    let locals: Vec<Ident> =
        (0..job.params.len()).map(|index| format_ident!("__param{index}", span = Span::mixed_site())).collect();
    // The rest is read last, since it takes all that is left.
    let (rest, named): (Vec<_>, Vec<_>) = job.params.iter().zip(&locals).partition(|(param, _)| is_rest(param));
    let reads = named.into_iter().chain(rest).map(|(param, local)| {
        let (ty, read) = read(param);
        quote_spanned!(at(ty)=> let #local = __call #read?;)
    });
    let call = quote_spanned!(at(ident)=> #ident(#(#locals),*));
    let (method, result) =
        if job.blocking { ("run_blocking", quote_spanned!(at(ident)=> move || #call)) } else { ("run", call) };
    let method = Ident::new(method, at(ident));
    quote_spanned! {at(ident)=>
        .#method(|__call| {
            #(#reads)*
            __mcpq::Ok(#result)
        })
    }
}

fn is_rest(param: &Param) -> bool {
    matches!(param, Param::Argument(argument) if matches!(argument.presence, Presence::Rest))
}

fn read(param: &Param) -> (&Type, TokenStream) {
    match param {
        Param::Injected(ty) => (ty, quote_spanned!(at(ty)=> .inject::<#ty>())),
        Param::Argument(argument) => {
            let Argument { ty, key, .. } = &**argument;
            let read = match argument.presence {
                Presence::Required | Presence::Optional => quote_spanned!(at(ty)=> .arg::<#ty>(#key)),
                Presence::Rest => quote_spanned!(at(ty)=> .rest::<#ty>()),
                Presence::TypeDefault(_) | Presence::Default(_) => {
                    let default = default_fn(argument);
                    quote_spanned!(at(ty)=> .arg_or::<#ty>(#key, Self::#default))
                }
            };
            (ty, read)
        }
    }
}
