//! The limits of one argument: `range(..)`, `length(..)` and `pattern`.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::{Expr, ExprLit, ExprRange, Lit, RangeLimits, Token};

use crate::entry::{Entry, Given, Key};
use crate::value::{Number, mistake, number, plain_number, ungrouped};

/// What `#[arg(..)]` narrows an argument's values to.
#[derive(Default, Debug, PartialEq)]
pub(crate) struct Limits {
    pub(crate) minimum: Option<Number>,
    pub(crate) maximum: Option<Number>,
    pub(crate) exclusive_maximum: Option<Number>,
    pub(crate) min_length: Option<u64>,
    pub(crate) max_length: Option<u64>,
    pub(crate) pattern: Option<String>,
}

/// The two ends of a range, as they were written.
struct Ends {
    first: Option<Number>,
    last: Option<Number>,
    /// Whether the last value belongs to the range.
    closed: bool,
}

impl Limits {
    pub(crate) fn set_range(&mut self, entry: &Entry) -> syn::Result<()> {
        let ends = ends(entry, "1..=12")?;
        self.minimum = ends.first;
        if ends.closed {
            self.maximum = ends.last;
        } else {
            self.exclusive_maximum = ends.last;
        }
        Ok(())
    }

    pub(crate) fn set_length(&mut self, entry: &Entry) -> syn::Result<()> {
        let ends = ends(entry, "1..=200")?;
        self.min_length = ends.first.map(|first| length(entry, first)).transpose()?;
        self.max_length = match ends.last.map(|last| length(entry, last)).transpose()? {
            Some(last) if !ends.closed => match last.checked_sub(1) {
                Some(last) => Some(last),
                None => return mistake(inside(entry), format!("the range of {} is empty", entry.key)),
            },
            last => last,
        };
        Ok(())
    }
}

fn ends(entry: &Entry, example: &str) -> syn::Result<Ends> {
    let key = &entry.key;
    let help = |range: &str| format!("help: write `{}({range})`", key.word);
    let needs = |range: &str| format!("{key} needs a range\n{}", help(range));
    let parsed = match &entry.given {
        Given::Parens(tokens) if !tokens.is_empty() => match syn::parse2(tokens.clone()) {
            Ok(parsed) => parsed,
            Err(_) => return mistake(tokens, needs(meant(tokens).as_deref().unwrap_or(example))),
        },
        Given::Value(value) => value.clone(),
        Given::Parens(_) | Given::Alone | Given::Other => return mistake(key, needs(example)),
    };
    let Expr::Range(range) = ungrouped(&parsed) else {
        return mistake(&parsed, needs(meant(&parsed.to_token_stream()).as_deref().unwrap_or(example)));
    };
    let help = help(example);
    let ends = Ends {
        first: bound(key, range.start.as_deref())?,
        last: bound(key, range.end.as_deref())?,
        closed: matches!(range.limits, RangeLimits::Closed(_)),
    };
    not_empty(key, range, &ends, &help)?;
    Ok(ends)
}

/// The range in what other notations say: `1, 12`, `min = 1, max = 12`, `[1, 12]` or `"1..=12"`.
fn meant(tokens: &TokenStream) -> Option<String> {
    let number = |part: &Expr| match part {
        Expr::Assign(named) => plain_number(&named.right),
        plain => plain_number(plain),
    };
    let parts: Vec<Expr> = match syn::parse2(tokens.clone()) {
        Ok(Expr::Lit(ExprLit { lit: Lit::Str(text), .. })) => {
            return text.parse::<ExprRange>().ok().map(|_| text.value());
        }
        Ok(Expr::Array(list)) => list.elems.into_iter().collect(),
        Ok(_) => return None,
        Err(_) => Punctuated::<Expr, Token![,]>::parse_terminated.parse2(tokens.clone()).ok()?.into_iter().collect(),
    };
    match &parts[..] {
        [first, last] => Some(format!("{}..={}", number(first)?, number(last)?)),
        _ => None,
    }
}

fn bound(key: &Key, value: Option<&Expr>) -> syn::Result<Option<Number>> {
    let Some(value) = value else { return Ok(None) };
    match number(key, value)? {
        Some(number) => Ok(Some(number)),
        None => mistake(value, format!("the bounds of {key} must be number literals")),
    }
}

fn not_empty(key: &Key, range: &ExprRange, ends: &Ends, help: &str) -> syn::Result<()> {
    let empty = match (ends.first, ends.last) {
        (None, None) => return mistake(range, format!("{key} needs at least one bound\n{help}")),
        (Some(Number::Int(first)), Some(Number::Int(last))) => first > last || (first == last && !ends.closed),
        (Some(first), Some(last)) => {
            let (first, last) = (first.as_f64(), last.as_f64());
            first > last || (first >= last && !ends.closed)
        }
        (Some(_), None) | (None, Some(_)) => false,
    };
    if empty { mistake(range, format!("the range of {key} is empty\n{help}")) } else { Ok(()) }
}

fn length(entry: &Entry, bound: Number) -> syn::Result<u64> {
    let key = &entry.key;
    match bound {
        Number::Int(value) if value < 0 => mistake(inside(entry), format!("{key} cannot be negative")),
        Number::Int(value) => match u64::try_from(value) {
            Ok(length) => Ok(length),
            Err(_) => mistake(inside(entry), format!("{key} is out of range")),
        },
        Number::Float(_) => mistake(inside(entry), format!("the bounds of {key} must be whole numbers")),
    }
}

/// What stands in the parentheses, for the place of a message.
pub(crate) fn inside(entry: &Entry) -> TokenStream {
    match &entry.given {
        Given::Parens(tokens) => tokens.clone(),
        Given::Value(value) => quote::quote!(#value),
        Given::Alone | Given::Other => TokenStream::new(),
    }
}
