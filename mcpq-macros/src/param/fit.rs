//! What can be told of an argument's options before the compiler knows its type: a spelling such as `String` is nearly
//! always what it looks like. The rest is found when the queue is built.

use quote::ToTokens;
use syn::{Expr, ExprUnary, GenericArgument, PathArguments, Type, UnOp};

use super::{is_option, last_segment};
use crate::entry::Entry;
use crate::limits::Limits;
use crate::value::{mistake, plain_number};

const NUMBERS: [&str; 14] =
    ["u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64", "i128", "isize", "f32", "f64"];
const TEXTS: [&str; 2] = ["String", "PathBuf"];
const SEVERAL: [&str; 6] = ["Vec", "VecDeque", "BTreeSet", "HashSet", "BTreeMap", "HashMap"];

/// What a type is by its spelling.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Spelling {
    Number,
    Text,
    Several,
    Bool,
    Unknown,
}

/// Whether the option of `entry` can mean anything for an argument of the type `ty`.
pub(super) fn check(entry: &Entry, ty: &Type) -> syn::Result<()> {
    use Spelling::{Number, Several, Text, Unknown};

    let (fits, needs): (&[Spelling], _) = match entry.key.word.as_str() {
        "range" => (&[Number, Unknown], "a number"),
        "length" => (&[Text, Several, Unknown], "a text, a list or a map"),
        "pattern" => (&[Text, Unknown], "a text"),
        _ => return Ok(()),
    };
    if fits.contains(&spelling(ty)) {
        return Ok(());
    }
    let instead = match spelling(ty) {
        Text | Several if needs == "a number" => "help: for its length, write `length(..)`",
        Number => "help: for its bounds, write `range(..)`",
        _ => "help: remove it",
    };
    mistake(&entry.key, format!("{} needs {needs}\n{instead}", entry.key))
}

/// A default that is a plain literal does not fit an `Option`, which needs none.
pub(super) fn default(value: &Expr, ty: &Type) -> syn::Result<()> {
    let literal = match value {
        Expr::Unary(ExprUnary { op: UnOp::Neg(_), expr, .. }) => expr,
        other => other,
    };
    match literal {
        Expr::Lit(_) if is_option(ty) => {
            let inner = inside(ty).map(|inner| inner.to_token_stream().to_string().replace(' ', ""));
            let inner = inner.unwrap_or_default();
            let help = format!("make the type `{inner}`, without `Option`: an argument with a default may be left out");
            mistake(value, format!("the default of an `Option` cannot be a plain value\nhelp: {help}"))
        }
        _ => Ok(()),
    }
}

/// A number that is written as the default must be within the range that is written beside it.
pub(super) fn default_within(value: &Expr, limits: &Limits) -> syn::Result<()> {
    let Some(number) = plain_number(value) else { return Ok(()) };
    let Limits { minimum, maximum, exclusive_maximum, .. } = limits;
    let is = number.as_f64();
    let rule = match (minimum, maximum, exclusive_maximum) {
        (Some(least), _, _) if is < least.as_f64() => format!("the smallest value is {least}"),
        (_, Some(most), _) if is > most.as_f64() => format!("the largest value is {most}"),
        (_, _, Some(end)) if is >= end.as_f64() => format!("every value is less than {end}"),
        _ => return Ok(()),
    };
    mistake(value, format!("the default is outside of the argument's range\nnote: {rule}"))
}

/// The `T` of an `Option<T>`.
fn inside(ty: &Type) -> Option<&Type> {
    match &last_segment(ty)?.arguments {
        PathArguments::AngleBracketed(arguments) => arguments.args.iter().find_map(|argument| match argument {
            GenericArgument::Type(inner) => Some(inner),
            _ => None,
        }),
        _ => None,
    }
}

fn spelling(ty: &Type) -> Spelling {
    if let (true, Some(inner)) = (is_option(ty), inside(ty)) {
        return spelling(inner);
    }
    let Some(segment) = last_segment(ty) else { return Spelling::Unknown };
    let is = |names: &[&str]| names.iter().any(|name| segment.ident == name);
    match () {
        () if is(&NUMBERS) => Spelling::Number,
        () if is(&TEXTS) => Spelling::Text,
        () if is(&SEVERAL) => Spelling::Several,
        () if is(&["bool"]) => Spelling::Bool,
        () => Spelling::Unknown,
    }
}
