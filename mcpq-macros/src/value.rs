//! Reads the value of an option as a literal.

use std::fmt;

use quote::ToTokens;
use syn::ext::IdentExt;
use syn::{Expr, ExprLit, ExprUnary, Ident, Lit, LitStr, UnOp};

use crate::entry::{Entry, Given, Key};

/// A number as it was written.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Number {
    Int(i128),
    Float(f64),
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Int(value) => value.fmt(f),
            Self::Float(value) => value.fmt(f),
        }
    }
}

impl Number {
    #[expect(clippy::cast_precision_loss, reason = "only compared, and only where the precision does not matter")]
    pub(crate) fn as_f64(self) -> f64 {
        match self {
            Self::Int(value) => value as f64,
            Self::Float(value) => value,
        }
    }
}

/// A mistake whose mending is an edit of `tokens`.
pub(crate) fn mistake<T>(tokens: impl ToTokens, message: impl std::fmt::Display) -> syn::Result<T> {
    Err(syn::Error::new_spanned(tokens, message))
}

/// The value of `key = value`.
pub(crate) fn given<'a>(entry: &'a Entry, example: &str) -> syn::Result<&'a Expr> {
    match &entry.given {
        Given::Value(value) => Ok(value),
        Given::Alone | Given::Parens(_) | Given::Other => {
            let Entry { key, .. } = entry;
            mistake(key, format!("{key} needs a value\nhelp: write `{} = {example}`", key.word))
        }
    }
}

/// A string that is not empty.
pub(crate) fn text(entry: &Entry) -> syn::Result<LitStr> {
    let string = string(entry)?;
    if string.value().trim().is_empty() {
        let help = format!("help: write something between the quotes, or leave `{}` out", entry.key.word);
        return mistake(&string, format!("{} cannot be empty\n{help}", entry.key));
    }
    Ok(string)
}

/// A string literal.
pub(crate) fn string(entry: &Entry) -> syn::Result<LitStr> {
    let value = given(entry, "\"...\"")?;
    match literal(value) {
        Some((false, Lit::Str(string))) => Ok(string.clone()),
        _ => {
            let Entry { key, .. } = entry;
            let word = word(value).map_or_else(|| "...".to_owned(), |word| word.unraw().to_string());
            mistake(value, format!("{key} must be a string literal\nhelp: write `{} = \"{word}\"`", key.word))
        }
    }
}

/// The only word of an expression, which was meant to stand between quotes unless it has the look of a constant.
fn word(value: &Expr) -> Option<&Ident> {
    match ungrouped(value) {
        Expr::Path(path) if path.qself.is_none() => path.path.get_ident(),
        _ => None,
    }
    .filter(|word| word.to_string().contains(char::is_lowercase))
}

/// `true` or `false`.
pub(crate) fn boolean(entry: &Entry) -> syn::Result<bool> {
    let value = given(entry, "true")?;
    match literal(value) {
        Some((false, Lit::Bool(boolean))) => Ok(boolean.value),
        _ => mistake(value, format!("{} must be `true` or `false`", entry.key)),
    }
}

/// A number literal without a suffix; `None` when the value is something else.
pub(crate) fn number(key: &Key, value: &Expr) -> syn::Result<Option<Number>> {
    let (negative, digits, suffix) = match literal(value) {
        Some((negative, Lit::Int(int))) => (negative, int.base10_digits(), int.suffix()),
        Some((negative, Lit::Float(float))) => (negative, float.base10_digits(), float.suffix()),
        _ => return Ok(None),
    };
    let sign = if negative { "-" } else { "" };
    let digits = format!("{sign}{digits}");
    if !suffix.is_empty() {
        return mistake(value, format!("{key} must not have the suffix `{suffix}`\nhelp: write `{digits}`"));
    }
    let int = digits.parse().ok().map(Number::Int);
    let float = || digits.parse().ok().filter(|value: &f64| value.is_finite()).map(Number::Float);
    match int.or_else(float) {
        Some(number) => Ok(Some(number)),
        None => mistake(value, format!("{key} is out of range")),
    }
}

/// The number that an expression is, whatever its suffix.
pub(crate) fn plain_number(value: &Expr) -> Option<Number> {
    let (negative, digits) = match literal(value)? {
        (negative, Lit::Int(int)) => (negative, int.base10_digits()),
        (negative, Lit::Float(float)) => (negative, float.base10_digits()),
        _ => return None,
    };
    let digits = format!("{}{digits}", if negative { "-" } else { "" });
    digits.parse().ok().map(Number::Int).or_else(|| digits.parse().ok().map(Number::Float))
}

/// A number between two bounds, both included.
pub(crate) fn number_within(entry: &Entry, example: &str, least: f64, most: f64) -> syn::Result<f64> {
    let (key, value) = (&entry.key, given(entry, example)?);
    match number(key, value)?.map(Number::as_f64) {
        Some(number) if (least..=most).contains(&number) => Ok(number),
        Some(number) if number < 0.0 && least == 0.0 => mistake(value, format!("{key} cannot be negative")),
        Some(_) => mistake(value, format!("{key} is out of range\nnote: the range is {least} to {most}")),
        None => mistake(value, format!("{key} must be a number\nhelp: write `{} = {example}`", key.word)),
    }
}

/// A whole number between two bounds, both included.
pub(crate) fn integer_within(entry: &Entry, example: &str, least: i128, most: i128) -> syn::Result<i128> {
    let (key, value) = (&entry.key, given(entry, example)?);
    match number(key, value)? {
        Some(Number::Int(number)) if (least..=most).contains(&number) => Ok(number),
        Some(Number::Int(number)) if number < 0 && least == 0 => mistake(value, format!("{key} cannot be negative")),
        Some(Number::Int(number)) => {
            // Zero is how other tools spell "no limit".
            let help = match number {
                0 => format!("\nhelp: leave `{}` out for no limit", key.word),
                _ => String::new(),
            };
            mistake(value, format!("{key} is out of range\nnote: the range is {least} to {most}{help}"))
        }
        Some(Number::Float(_)) | None => {
            mistake(value, format!("{key} must be a whole number\nhelp: write `{} = {example}`", key.word))
        }
    }
}

/// The expression itself, without the groups in which a macro's `$x:expr` arrives.
pub(crate) fn ungrouped(value: &Expr) -> &Expr {
    match value {
        Expr::Group(group) => ungrouped(&group.expr),
        other => other,
    }
}

/// The literal that an expression is, and whether a minus stands before it.
fn literal(value: &Expr) -> Option<(bool, &Lit)> {
    match ungrouped(value) {
        Expr::Lit(ExprLit { attrs, lit }) if attrs.is_empty() => Some((false, lit)),
        Expr::Unary(ExprUnary { op: UnOp::Neg(_), expr, .. }) => {
            literal(expr).filter(|(negative, _)| !negative).map(|(_, lit)| (true, lit))
        }
        _ => None,
    }
}
