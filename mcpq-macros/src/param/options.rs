//! The options of `#[arg(..)]`: which there are, and what each may be.

use quote::ToTokens;
use syn::spanned::Spanned;
use syn::{Expr, LitStr, Meta, Type};

use crate::entry::{self, Entry, Given, Key, Kind};
use crate::errors::Errors;
use crate::job::Presence;
use crate::limits::Limits;
use crate::param::fit;
use crate::param::marks::Marks;
use crate::suggest::{list, nearest};
use crate::value::{given, mistake, string, text, ungrouped};

/// The options that are there, in the order of the documentation.
const KNOWN: [&str; 7] = ["default", "name", "range", "length", "pattern", "example", "rest"];

/// What to tell people who mean one of the options, or something that is no option.
const MEANT: [(&str, &str); 14] = [
    ("rename", "use `name`"),
    ("min", "use `range`: `range(1..)`"),
    ("max", "use `range`: `range(..=12)`"),
    ("minimum", "use `range`: `range(1..)`"),
    ("maximum", "use `range`: `range(..=12)`"),
    ("regex", "use `pattern`"),
    ("len", "use `length`: `length(..=200)`"),
    ("examples", "use `example`, once for each"),
    ("flatten", "use `rest`"),
    ("optional", "give the parameter the type `Option<...>`"),
    ("required", "remove it: an argument without a default that is no `Option` must be given"),
    ("description", "write a doc comment on the parameter"),
    ("desc", "write a doc comment on the parameter"),
    ("doc", "write a doc comment on the parameter"),
];

/// The options of one argument.
#[derive(Default)]
pub(crate) struct ArgOptions {
    pub(crate) name: Option<LitStr>,
    pub(crate) presence: Option<Presence>,
    pub(crate) limits: Limits,
    pub(crate) examples: Vec<Expr>,
}

impl ArgOptions {
    /// Reads the lists of all `#[arg(..)]` of a parameter. An option with a mistake counts as not set.
    pub(crate) fn read(marks: &Marks, ty: &Type, errors: &mut Errors) -> Self {
        let mut options = Self::default();
        let mut seen: Vec<String> = Vec::new();
        for entry in entries(marks) {
            if let Err(error) = entry.and_then(|entry| options.add(&entry, ty, &mut seen)) {
                errors.push(error);
            }
        }
        if let Some(Presence::Default(value)) = &options.presence
            && let Err(error) = fit::default_within(value, &options.limits)
        {
            errors.push(error);
        }
        options
    }

    fn add(&mut self, entry: &Entry, ty: &Type, seen: &mut Vec<String>) -> syn::Result<()> {
        let Key { word, .. } = &entry.key;
        if seen.contains(word) && word != "example" {
            return mistake(&entry.key, format!("{} is set more than once", entry.key));
        }
        let clash = if word == "rest" { seen.first() } else { seen.iter().find(|other| *other == "rest") };
        let clash = clash.cloned();
        seen.push(word.clone());
        match clash {
            Some(other) => {
                let note = "note: `rest` takes what no other parameter takes, which may be nothing";
                mistake(&entry.key, format!("{} cannot be combined with `{other}`\n{note}", entry.key))
            }
            None => self.set(entry, ty),
        }
    }

    fn set(&mut self, entry: &Entry, ty: &Type) -> syn::Result<()> {
        let key = &entry.key;
        fit::check(entry, ty)?;
        match key.word.as_str() {
            "default" => self.presence = Some(default(entry, ty)?),
            "rest" => {
                if !matches!(entry.given, Given::Alone) {
                    return mistake(key, format!("{key} takes no value"));
                }
                fit::rest(ty)?;
                self.presence = Some(Presence::Rest);
            }
            "name" => self.name = Some(string(entry)?),
            "range" => {
                self.limits.set_range(entry)?;
                fit::range(entry, &self.limits, ty)?;
            }
            "length" => self.limits.set_length(entry)?,
            "pattern" => self.limits.pattern = Some(text(entry)?.value()),
            "example" => self.examples.push(given(entry, "...")?.clone()),
            "ask" => return mistake(key, format!("{key} is not available in this version of mcpq\nhelp: remove it")),
            word => return mistake(key, format!("unknown parameter option `{word}`\n{}", instead(word))),
        }
        Ok(())
    }
}

/// Reports the options of a parameter that is injected, where none has a meaning.
pub(crate) fn refuse_all(marks: &Marks, ty: &str, errors: &mut Errors) {
    for entry in entries(marks) {
        match entry {
            Ok(Entry { key, .. }) => {
                let help = format!("help: remove it, or add `#[arg]` if `{ty}` is a type of your own");
                errors.at(&key, format!("`{}` has no meaning for `{ty}`\n{help}", key.word));
            }
            Err(error) => errors.push(error),
        }
    }
}

fn entries(marks: &Marks) -> impl Iterator<Item = syn::Result<Entry>> {
    marks.options.iter().flat_map(|list| entry::parse(Kind::Param, list.clone()))
}

fn default(entry: &Entry, ty: &Type) -> syn::Result<Presence> {
    match &entry.given {
        Given::Alone => Ok(Presence::TypeDefault(entry.key.span())),
        Given::Value(value) => {
            fit::default(value, ty)?;
            Ok(Presence::Default(Box::new(ungrouped(value).clone())))
        }
        Given::Parens(_) | Given::Other => {
            let rule = if matches!(entry.given, Given::Other) { "needs a value" } else { "takes no list" };
            let help = "help: write `default` for the type's own, or `default = ...`";
            mistake(&entry.key, format!("{} {rule}\n{help}", entry.key))
        }
    }
}

/// What to write instead of an attribute on the parameter that has the name of an option, or of what people mean by one.
pub(super) fn as_option(meta: &Meta) -> Option<String> {
    let word = meta.path().get_ident()?.to_string();
    if let Some((_, help)) = MEANT.iter().find(|(wrong, _)| *wrong == word) {
        return Some(format!("help: {help}"));
    }
    let given = match meta {
        Meta::Path(_) => String::new(),
        Meta::List(list) if ["range", "length"].contains(&&*word) => {
            format!("({})", list.tokens.to_string().replace(' ', ""))
        }
        Meta::List(list) => format!(" = {}", list.tokens),
        Meta::NameValue(pair) => format!(" = {}", pair.value.to_token_stream()),
    };
    KNOWN.contains(&&*word).then(|| format!("help: write `#[arg({word}{given})]`"))
}

fn instead(word: &str) -> String {
    if let Some((_, help)) = MEANT.iter().find(|(wrong, _)| *wrong == word) {
        return format!("help: {help}");
    }
    match nearest(word, &KNOWN) {
        Some(known) => format!("help: an option with a similar name exists: `{known}`"),
        None => format!("note: the parameter options are {}", list(&KNOWN)),
    }
}
