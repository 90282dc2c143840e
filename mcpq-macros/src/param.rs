//! The parameters of the function: which are arguments, which are injected, and the rules between them.

mod fit;
mod marks;
mod options;

use proc_macro2::Ident;
use quote::{ToTokens, quote};
use syn::ext::IdentExt;
use syn::{GenericArgument, Pat, PatIdent, PatType, PathArguments, PathSegment, Type};

use crate::description;
use crate::errors::Errors;
use crate::job::{Argument, Param, Presence};
use crate::name;
use crate::param::marks::Marks;
pub(crate) use crate::param::marks::is_kept;
use crate::param::options::ArgOptions;
use crate::types::{self, Place};

/// What the last segment of a type must be for its parameter to be injected without being marked.
const INJECTED: [&str; 6] = ["Progress", "CancelToken", "JobContext", "State", "Steps", "Input"];
/// Injected types of which one is enough.
const SINGLE: [&str; 3] = ["Progress", "CancelToken", "JobContext"];
/// Injected types that this version does not have.
const LATER: [&str; 2] = ["Steps", "Input"];

struct Params<'a> {
    job: &'a str,
    errors: &'a mut Errors,
    list: Vec<Param>,
    injected: Vec<(String, Ident)>,
    /// Whether every parameter could be understood.
    sound: bool,
}

/// Reads all parameters, and says whether all of them could be understood.
pub(crate) fn read_all<'a>(
    inputs: impl Iterator<Item = &'a PatType>,
    job: &str,
    errors: &mut Errors,
) -> (Vec<Param>, bool) {
    let mut params = Params { job, errors, list: Vec::new(), injected: Vec::new(), sound: true };
    for input in inputs {
        params.read(input);
    }
    (params.list, params.sound)
}

impl Params<'_> {
    fn read(&mut self, input: &PatType) {
        let marks = Marks::read(&input.attrs, self.errors);
        let ident = self.plain_name(input);
        let kind = injected_kind(&input.ty);
        let injected = marks.inject || kind.is_some() && !marks.arg;

        let place = if injected { Place::Injected } else { Place::Argument };
        let owned = types::check(&input.ty, place, self.job, self.errors);
        let (Some(ident), true) = (ident, owned) else {
            self.sound = false;
            return;
        };
        if !injected {
            if !marks.arg {
                self.foreign(input);
            }
            let options = ArgOptions::read(&marks, &input.ty, self.errors);
            self.argument(input, ident, options);
            return;
        }
        options::refuse_all(&marks, &shown(&input.ty), self.errors);
        if let Some(kind) = kind.filter(|_| !marks.inject) {
            self.known_injected(input, kind, &ident);
        }
        self.list.push(Param::Injected(input.ty.clone()));
    }

    fn plain_name(&mut self, input: &PatType) -> Option<Ident> {
        const RULE: &str = "a job parameter must be a plain name, not a pattern";
        let message = match &*input.pat {
            Pat::Ident(PatIdent { by_ref: None, subpat: None, ident, .. }) => return Some(ident.clone()),
            Pat::Wild(_) => "a job parameter needs a name\n\
                 note: the name becomes the argument's key in the job's input schema"
                .to_owned(),
            pat => match inside_state(pat, &input.ty) {
                Some(inner) => {
                    let ty = fit::written(&input.ty);
                    format!("{RULE}\nhelp: write `{inner}: {ty}`; it dereferences to what is inside")
                }
                None => format!("{RULE}\nhelp: take the value by name and destructure it in the body"),
            },
        };
        self.errors.at(&input.pat, message);
        None
    }

    /// The token of tokio-util, whose name people know.
    fn foreign(&mut self, input: &PatType) {
        if last_segment(&input.ty).is_some_and(|segment| segment.ident == "CancellationToken") {
            self.sound = false;
            let help = "help: take `mcpq::CancelToken`; if the type is your own, mark the parameter with `#[arg]`";
            let rule = "`CancellationToken` is not what mcpq stops a job with";
            self.errors.at(&input.ty, format!("{rule}\n{help}"));
        }
    }

    fn known_injected(&mut self, input: &PatType, kind: &'static str, ident: &Ident) {
        if LATER.contains(&kind) {
            self.sound = false;
            let help = format!("help: if `{kind}` is a type of your own, mark the parameter with `#[arg]`");
            self.errors.at(&input.ty, format!("`{kind}` is not available in this version of mcpq\n{help}"));
        }
        if let ("State", Some(unsized_type)) = (kind, unsized_inside(&input.ty)) {
            self.sound = false;
            let shown = unsized_type.to_token_stream().to_string();
            let help =
                format!("help: take `State<Arc<{shown}>>`, and give the builder such an `Arc` with `.state(..)`");
            self.errors.at(unsized_type, format!("`State` cannot hold `{shown}`, whose size is not known\n{help}"));
        }
        if !SINGLE.contains(&kind) {
            return;
        }
        match self.injected.iter().find(|(other, _)| other == kind) {
            Some((_, first)) => {
                let message = format!("job `{}` takes `{kind}` twice\nnote: the first one is `{first}`", self.job);
                let PatType { pat, colon_token, ty, .. } = input;
                self.errors.at(quote!(#pat #colon_token #ty), message);
            }
            None => self.injected.push((kind.to_owned(), ident.clone())),
        }
    }

    fn argument(&mut self, input: &PatType, ident: Ident, options: ArgOptions) {
        if arguments(&self.list).any(|other| other.ident == ident) {
            // rustc tells that a name is used twice.
            self.sound = false;
            return;
        }
        let (key, renamed) = match options.name {
            Some(name) => (name.value(), Some(name)),
            None => (ident.unraw().to_string(), None),
        };
        let is_rest = matches!(options.presence, Some(Presence::Rest));
        if is_rest {
            self.single_rest(&ident);
        } else {
            self.argument_name(&key, renamed.as_ref(), &ident);
        }
        let presence = match options.presence {
            Some(presence) => presence,
            None if is_option(&input.ty) => Presence::Optional,
            None => Presence::Required,
        };
        self.list.push(Param::Argument(Box::new(Argument {
            ident,
            ty: (*input.ty).clone(),
            key,
            doc: description::of(&input.attrs),
            presence,
            limits: options.limits,
            examples: options.examples,
        })));
    }

    fn argument_name(&mut self, key: &str, renamed: Option<&syn::LitStr>, ident: &Ident) {
        let place = renamed.map_or_else(|| ident.to_token_stream(), ToTokens::to_token_stream);
        let shown = if renamed.is_some() { format!("\"{key}\"") } else { format!("`{key}`") };
        if let Err(message) = name::argument(key, &shown) {
            let help = match renamed {
                Some(_) if key.is_empty() => "\nhelp: leave `name` out to use the parameter's name".to_owned(),
                Some(_) => name::instead(key),
                None => "\nhelp: set one with `#[arg(name = \"...\")]`".to_owned(),
            };
            self.errors.at(&place, format!("{message}{help}"));
        }
        let named = |argument: &&Argument| argument.key == key && !matches!(argument.presence, Presence::Rest);
        if let Some(first) = arguments(&self.list).find(named) {
            let renamed = if first.ident.unraw() == key { "" } else { ", renamed" };
            let note = format!("note: the first one is `{}`{renamed}", first.ident);
            self.errors.at(&place, format!("two arguments are named `{key}`\n{note}"));
        }
    }

    fn single_rest(&mut self, ident: &Ident) {
        let first = arguments(&self.list).find(|argument| matches!(argument.presence, Presence::Rest));
        if let Some(first) = first {
            let message = format!("job `{}` takes the rest twice\nnote: the first one is `{}`", self.job, first.ident);
            self.errors.at(ident, message);
        }
    }
}

fn arguments(params: &[Param]) -> impl Iterator<Item = &Argument> {
    params.iter().filter_map(|param| match param {
        Param::Argument(argument) => Some(&**argument),
        Param::Injected(_) => None,
    })
}

/// The name in a `State(db): State<Db>`, as other frameworks have it.
fn inside_state<'a>(pat: &'a Pat, ty: &Type) -> Option<&'a Ident> {
    match pat {
        Pat::TupleStruct(pattern) if injected_kind(ty) == Some("State") && pattern.elems.len() == 1 => {
            match &pattern.elems[0] {
                Pat::Ident(PatIdent { subpat: None, ident, .. }) => Some(ident),
                _ => None,
            }
        }
        _ => None,
    }
}

fn injected_kind(ty: &Type) -> Option<&'static str> {
    let ident = &last_segment(ty)?.ident;
    INJECTED.into_iter().find(|kind| ident == kind)
}

/// The `T` of a `State<T>` that has no size by its spelling.
fn unsized_inside(ty: &Type) -> Option<&Type> {
    let PathArguments::AngleBracketed(arguments) = &last_segment(ty)?.arguments else { return None };
    arguments.args.iter().find_map(|argument| match argument {
        GenericArgument::Type(inner @ (Type::TraitObject(_) | Type::Slice(_))) => Some(inner),
        GenericArgument::Type(inner @ Type::Path(path)) if path.path.is_ident("str") => Some(inner),
        _ => None,
    })
}

/// Aliases of `Option` are seen by the runtime, which looks at the type itself.
fn is_option(ty: &Type) -> bool {
    let Some(PathSegment { ident, arguments: PathArguments::AngleBracketed(arguments) }) = last_segment(ty) else {
        return false;
    };
    let one_type = arguments.args.len() == 1 && matches!(arguments.args[0], GenericArgument::Type(_));
    ident == "Option" && one_type
}

fn last_segment(ty: &Type) -> Option<&PathSegment> {
    match ty {
        Type::Path(path) if path.qself.is_none() => path.path.segments.last(),
        // A macro's `$t:ty` arrives in a group without delimiters.
        Type::Group(group) => last_segment(&group.elem),
        Type::Paren(paren) => last_segment(&paren.elem),
        _ => None,
    }
}

/// The last word of a type, for messages.
fn shown(ty: &Type) -> String {
    match last_segment(ty) {
        Some(segment) => segment.ident.to_string(),
        None => ty.to_token_stream().to_string(),
    }
}
