//! The attributes of one parameter, sorted.

use proc_macro2::TokenStream;
use syn::{Attribute, Meta};

use crate::errors::Errors;
use crate::param::options;

/// Attributes that keep their meaning on the parameter of the kept function.
const LINTS: [&str; 5] = ["allow", "expect", "warn", "deny", "forbid"];

/// How the parameter was marked.
#[derive(Default)]
pub(crate) struct Marks {
    /// `#[inject]`
    pub(crate) inject: bool,
    /// `#[arg]` without options, which makes an argument of any type.
    pub(crate) arg: bool,
    /// The lists of `#[arg(..)]`.
    pub(crate) options: Vec<TokenStream>,
}

/// Whether an attribute of a parameter stays on the kept function.
pub(crate) fn is_kept(attr: &Attribute) -> bool {
    LINTS.iter().any(|lint| attr.path().is_ident(lint))
}

impl Marks {
    pub(crate) fn read(attrs: &[Attribute], errors: &mut Errors) -> Self {
        let mut marks = Self::default();
        for attr in attrs {
            if let Err(error) = marks.add(attr) {
                errors.push(error);
            }
        }
        marks
    }

    fn add(&mut self, attr: &Attribute) -> syn::Result<()> {
        let path = attr.path();
        if path.is_ident("arg") {
            if self.inject {
                return both(attr);
            }
            match &attr.meta {
                Meta::List(list) if !list.tokens.is_empty() => self.options.push(list.tokens.clone()),
                Meta::Path(_) | Meta::List(_) => self.arg = true,
                Meta::NameValue(_) => {
                    let help = "help: for a default, write `#[arg(default = ...)]`";
                    return refuse(attr, &format!("parameter options are written `#[arg(...)]`\n{help}"));
                }
            }
        } else if path.is_ident("inject") {
            if self.arg || !self.options.is_empty() {
                return both(attr);
            }
            if !matches!(attr.meta, Meta::Path(_)) {
                return refuse(attr, "`#[inject]` takes no options\nhelp: write `#[inject]`");
            }
            self.inject = true;
        } else if path.is_ident("cfg") || path.is_ident("cfg_attr") {
            let word = if path.is_ident("cfg") { "cfg" } else { "cfg_attr" };
            let rule = format!("`{word}` is not supported on a job parameter");
            let note = "note: the argument schema would differ from build to build";
            return refuse(attr, &format!("{rule}\n{note}\nhelp: put `#[cfg]` on the whole job instead"));
        } else if !path.is_ident("doc") && !is_kept(attr) {
            let name = quote::quote!(#path).to_string().replace(' ', "");
            let help = options::as_option(&attr.meta)
                .unwrap_or_else(|| "help: parameter options are written `#[arg(...)]`".to_owned());
            return refuse(attr, &format!("unknown attribute `{name}` on a job parameter\n{help}"));
        }
        Ok(())
    }
}

fn both(attr: &Attribute) -> syn::Result<()> {
    let rule = "a parameter cannot be both `#[arg]` and `#[inject]`";
    refuse(attr, &format!("{rule}\nnote: callers give what is `#[arg]`, and mcpq gives what is `#[inject]`"))
}

fn refuse(attr: &Attribute, message: &str) -> syn::Result<()> {
    Err(syn::Error::new_spanned(attr, message))
}
