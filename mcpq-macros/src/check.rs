//! The rules of the function itself, one function a rule: its qualifiers, its generics and its other attributes.

use quote::ToTokens;
use syn::{Attribute, FnArg, GenericParam, Meta, ReturnType, Safety};

use crate::errors::Errors;
use crate::item::{Body, Function};
use crate::types;

/// Reports what a job must not be. Says whether the function can be called by generated code.
pub(crate) fn function(function: &Function, job: &str, errors: &mut Errors) -> bool {
    let before = errors.count();
    receiver(function, job, errors);
    body(function, errors);
    generics(function, job, errors);
    qualifiers(function, job, errors);
    future(function, job, errors);
    for attr in &function.attrs {
        attribute(attr, job, errors);
    }
    let sig = &function.sig;
    // rustc refuses it by itself.
    let left_to_rustc = sig.constness.is_some() && sig.asyncness.is_some();
    errors.count() == before && !left_to_rustc
}

fn receiver(function: &Function, job: &str, errors: &mut Errors) {
    if let Some(receiver) = function.sig.receiver() {
        let help = "help: move the job out of the `impl` block";
        errors.at(receiver, format!("job `{job}` must not take `self`\n{help}"));
    }
}

fn body(function: &Function, errors: &mut Errors) {
    if let Body::Missing(semicolon) = &function.body {
        errors.at(semicolon, "a job needs a body\nhelp: put the job outside the trait");
    }
}

fn generics(function: &Function, job: &str, errors: &mut Errors) {
    let generics = &function.sig.generics;
    for param in &generics.params {
        let rule = match param {
            GenericParam::Type(_) => "must not be generic\n\
                 note: one job has one fixed argument schema\n\
                 help: write one job for each concrete type and share the body"
                .to_owned(),
            GenericParam::Const(param) => {
                format!("must not have const generics\nhelp: make `{}` an argument", param.ident)
            }
            GenericParam::Lifetime(_) => "must not have lifetime parameters\n\
                 note: a job outlives the call that submits it, so it owns its arguments"
                .to_owned(),
        };
        errors.at(param, format!("job `{job}` {rule}"));
    }
    // One that says nothing has no tokens, and is as good as none.
    if let Some(clause) = generics.where_clause.as_ref().filter(|clause| !clause.predicates.is_empty()) {
        errors.at(clause, format!("job `{job}` must not have a `where` clause"));
    }
}

fn qualifiers(function: &Function, job: &str, errors: &mut Errors) {
    if let Safety::Unsafe(keyword) = &function.sig.safety {
        let note = "note: mcpq calls a job from safe code, with arguments an agent chose";
        errors.at(keyword, format!("job `{job}` must not be `unsafe`\n{note}"));
    }
    if let Some(abi) = &function.sig.abi {
        errors.at(abi, format!("job `{job}` must not have an explicit ABI"));
    }
    if let Some(variadic) = &function.sig.variadic {
        let help = "help: take a list, such as `Vec<String>`";
        errors.at(variadic, format!("job `{job}` must not take `...`\n{help}"));
    }
}

/// A boxed future is what a function returns that cannot be `async`; a job can be.
fn future(function: &Function, job: &str, errors: &mut Errors) {
    if let ReturnType::Type(_, ty) = &function.sig.output
        && types::is_boxed_future(ty)
    {
        let help = "help: write `async fn`, and the type that it ends with";
        errors.at(ty, format!("job `{job}` must return its result, not a future of it\n{help}"));
    }
}

fn attribute(attr: &Attribute, job: &str, errors: &mut Errors) {
    let message = match Unfit::of(attr) {
        None => return,
        Some(Unfit::Repeated) => format!("job `{job}` has `#[mcp_job]` twice"),
        Some(Unfit::Exported) => format!("job `{job}` must not be exported as a symbol"),
        Some(Unfit::Entry) => {
            let help = "help: keep the job free of it and call the job from a separate function";
            format!("`#[{}]` cannot be combined with `#[mcp_job]`\n{help}", path(attr))
        }
        Some(Unfit::Tool) => {
            let help = "help: remove it: agents reach the job through the queue's tools";
            format!("`#[{}]` cannot be combined with `#[mcp_job]`\n{help}", path(attr))
        }
    };
    errors.at(attr, message);
}

/// Attributes that a job cannot bear, and that are therefore not passed on either.
pub(crate) enum Unfit {
    /// `#[mcp_job]` again.
    Repeated,
    /// `#[no_mangle]` and its like.
    Exported,
    /// `#[test]`, `#[tokio::main]` and the like.
    Entry,
    /// The attribute for tools of the MCP SDK.
    Tool,
}

impl Unfit {
    pub(crate) fn of(attr: &Attribute) -> Option<Self> {
        let inner = match &attr.meta {
            Meta::List(list) if list.path.is_ident("unsafe") => list.parse_args::<Meta>().ok()?.path().clone(),
            meta => meta.path().clone(),
        };
        match inner.segments.last()?.ident.to_string().as_str() {
            "mcp_job" => Some(Self::Repeated),
            "no_mangle" | "export_name" => Some(Self::Exported),
            "test" | "main" | "bench" => Some(Self::Entry),
            "tool" => Some(Self::Tool),
            _ => None,
        }
    }
}

fn path(attr: &Attribute) -> String {
    attr.path().to_token_stream().to_string().replace(' ', "")
}

/// Whether there is a receiver, which means that the function stands in an `impl` or a `trait`.
pub(crate) fn is_method(function: &Function) -> bool {
    matches!(function.sig.inputs.first(), Some(FnArg::Receiver(_)))
}
