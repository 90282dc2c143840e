//! The model of one job: plain data, and all that the expansion looks at besides the function's own tokens.

use proc_macro2::{Ident, Span, TokenStream};
use quote::format_ident;
use syn::ext::IdentExt;
use syn::{Attribute, Expr, FnArg, Path, ReturnType, Type, parse_quote, parse_quote_spanned};

use crate::check;
use crate::description::{self, Description};
use crate::errors::Errors;
use crate::item::Function;
use crate::limits::Limits;
use crate::name;
use crate::options::{Options, Policy};
use crate::param;
use crate::types::{self, Place};

/// What is known about a job. Where an option was wrong, it stands as if it had been left out.
pub(crate) struct Job {
    /// The name that agents use.
    pub(crate) name: String,
    pub(crate) description: Description,
    /// The name of the argument struct.
    pub(crate) args: Ident,
    /// The path of the crate `mcpq`.
    pub(crate) krate: Path,
    pub(crate) policy: Policy,
    /// A plain `fn`.
    pub(crate) blocking: bool,
    pub(crate) params: Vec<Param>,
    /// The whole return type.
    pub(crate) output: Type,
    /// Attributes of the function that everything beside it needs too.
    pub(crate) shared_attrs: Vec<Attribute>,
    /// Whether the signature allows to generate code that calls the function.
    pub(crate) sound: bool,
}

/// One parameter of the function, in its order.
pub(crate) enum Param {
    Argument(Box<Argument>),
    Injected(Box<Type>),
}

/// A parameter that the caller of the job fills in.
pub(crate) struct Argument {
    pub(crate) ident: Ident,
    pub(crate) ty: Type,
    /// The name that agents use.
    pub(crate) key: String,
    pub(crate) doc: Description,
    pub(crate) presence: Presence,
    pub(crate) limits: Limits,
    pub(crate) examples: Vec<Expr>,
}

/// What happens when an argument is not given.
pub(crate) enum Presence {
    /// An error.
    Required,
    /// `None`: the type is written `Option<..>`.
    Optional,
    /// The type's own default. The span is that of the word `default`.
    TypeDefault(Span),
    /// This value.
    Default(Box<Expr>),
    /// It takes what no other argument took.
    Rest,
}

impl Job {
    /// Applies every rule to the parsed function and its options.
    pub(crate) fn build(options: TokenStream, function: &Function, errors: &mut Errors) -> Self {
        let options = Options::read(options, errors);
        let ident = &function.sig.ident;
        let shown = ident.unraw().to_string();
        let name = options.name.unwrap_or_else(|| name_of(ident, errors));
        let description = options.description.unwrap_or_else(|| description_of(function, &shown, errors));

        let mut sound = check::function(function, &shown, errors);
        let output = match &function.sig.output {
            ReturnType::Default => parse_quote!(()),
            ReturnType::Type(_, ty) => (**ty).clone(),
        };
        sound &= types::check(&output, Place::Output, &shown, errors);
        let typed = function.sig.inputs.iter().filter_map(|input| match input {
            FnArg::Typed(typed) => Some(typed),
            FnArg::Receiver(_) => None,
        });
        let (params, understood) = param::read_all(typed, &shown, errors);
        sound &= understood;

        Self {
            name,
            description,
            args: args_of(options.args.unwrap_or_else(|| ident.clone()), errors),
            krate: options.krate.unwrap_or_else(|| parse_quote_spanned!(Span::mixed_site()=> ::mcpq)),
            policy: options.policy,
            blocking: function.sig.asyncness.is_none(),
            params,
            output,
            shared_attrs: function.attrs.iter().filter(|attr| is_shared(attr)).cloned().collect(),
            sound,
        }
    }

    pub(crate) fn arguments(&self) -> impl Iterator<Item = &Argument> {
        self.params.iter().filter_map(|param| match param {
            Param::Argument(argument) => Some(&**argument),
            Param::Injected(_) => None,
        })
    }
}

fn name_of(ident: &Ident, errors: &mut Errors) -> String {
    let name = ident.unraw().to_string();
    if let Err(message) = name::job(&name, &format!("`{name}`")) {
        errors.at(ident, format!("{message}\nhelp: set one with `#[mcp_job(name = \"...\")]`"));
    }
    name
}

/// A struct named like a primitive would take its place in the whole module. After the mistake it has another name.
fn args_of(args: Ident, errors: &mut Errors) -> Ident {
    const PRIMITIVES: [&str; 17] = [
        "bool", "char", "str", "u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64", "i128", "isize",
        "f32", "f64",
    ];
    let name = args.unraw();
    if !PRIMITIVES.iter().any(|primitive| name == primitive) {
        return args;
    }
    let rule = format!("the struct of arguments cannot have the name of the primitive type `{name}`");
    let note = format!("note: it would stand for `{name}` wherever this module says so");
    let help = "help: rename the function, or name the struct with `#[mcp_job(args = \"...\")]`";
    errors.at(&args, format!("{rule}\n{note}\n{help}"));
    format_ident!("{name}_args")
}

fn description_of(function: &Function, job: &str, errors: &mut Errors) -> Description {
    let description = description::of(&function.attrs);
    if description.is_empty() {
        let note = "note: an agent chooses a job by its description";
        let help = format!("help: add a doc comment above `{job}`, or set `description = \"...\"`");
        errors.at(&function.sig.ident, format!("job `{job}` has no description\n{note}\n{help}"));
    }
    description
}

/// `#[cfg(..)]` decides over all that belongs to the job, `#[doc(hidden)]` over all that documentation would show.
fn is_shared(attr: &Attribute) -> bool {
    let hidden = || attr.parse_args::<Ident>().is_ok_and(|word| word == "hidden");
    attr.path().is_ident("cfg") || attr.path().is_ident("doc") && hidden()
}
