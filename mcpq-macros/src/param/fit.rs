//! What can be told of an argument's options before the compiler knows its type: a spelling such as `String` is nearly
//! always what it looks like. The rest is found when the queue is built.

use quote::ToTokens;
use syn::{Expr, ExprUnary, GenericArgument, PathArguments, Type, UnOp};

use super::{is_option, last_segment};
use crate::entry::Entry;
use crate::limits::{self, Limits};
use crate::value::{Number, mistake, plain_number, ungrouped};

const NUMBERS: [&str; 14] =
    ["u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64", "i128", "isize", "f32", "f64"];
const TEXTS: [&str; 2] = ["String", "PathBuf"];
const LISTS: [&str; 8] = ["Vec", "VecDeque", "LinkedList", "BinaryHeap", "BTreeSet", "HashSet", "IndexSet", "SmallVec"];
const MAPS: [&str; 2] = ["BTreeMap", "HashMap"];

/// The integers that JSON carries, with their smallest and largest values.
const INTEGERS: [(&str, i128, i128); 10] = [
    ("u8", 0, u8::MAX as i128),
    ("u16", 0, u16::MAX as i128),
    ("u32", 0, u32::MAX as i128),
    ("u64", 0, u64::MAX as i128),
    ("usize", 0, u64::MAX as i128),
    ("i8", i8::MIN as i128, i8::MAX as i128),
    ("i16", i16::MIN as i128, i16::MAX as i128),
    ("i32", i32::MIN as i128, i32::MAX as i128),
    ("i64", i64::MIN as i128, i64::MAX as i128),
    ("isize", i64::MIN as i128, i64::MAX as i128),
];

/// What a type is by its spelling.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Spelling {
    Number,
    Text,
    List,
    Map,
    Bool,
    Unknown,
}

/// Whether the option of `entry` can mean anything for an argument of the type `ty`.
pub(super) fn check(entry: &Entry, ty: &Type) -> syn::Result<()> {
    use Spelling::{List, Map, Number, Text, Unknown};

    let (fits, needs): (&[Spelling], _) = match entry.key.word.as_str() {
        "range" => (&[Number, Unknown], "a number"),
        "length" => (&[Text, List, Map, Unknown], "a text, a list or a map"),
        "pattern" => (&[Text, Unknown], "a text"),
        _ => return Ok(()),
    };
    if fits.contains(&spelling(ty)) {
        return Ok(());
    }
    let instead = match spelling(ty) {
        Text | List | Map if needs == "a number" => "help: for its length, write `length(..)`",
        Number => "help: for its bounds, write `range(..)`",
        _ => "help: remove it",
    };
    mistake(&entry.key, format!("{} needs {needs}\n{instead}", entry.key))
}

/// The type of the parameter that takes the rest is a map, or one that may be.
pub(super) fn rest(ty: &Type) -> syn::Result<()> {
    let map = matches!(spelling(ty), Spelling::Map | Spelling::Unknown) && !is_option(ty);
    if map && !matches!(ty, Type::Tuple(_) | Type::Array(_)) {
        return Ok(());
    }
    let rule = format!("parameter option `rest` needs a map, and `{}` is none", written(ty));
    mistake(ty, format!("{rule}\nhelp: use `serde_json::Map<String, Value>` or `HashMap<String, T>`"))
}

/// A range allows nothing that the type cannot hold.
pub(super) fn range(entry: &Entry, limits: &Limits, ty: &Type) -> syn::Result<()> {
    let ty = inside(ty).filter(|_| is_option(ty)).unwrap_or(ty);
    let Some(segment) = last_segment(ty) else { return Ok(()) };
    let Some((name, least, most)) = INTEGERS.into_iter().find(|(name, ..)| segment.ident == name) else {
        return Ok(());
    };
    let Limits { minimum, maximum, exclusive_maximum, .. } = limits;
    let holds = |bound: Number, most: i128| match bound {
        Number::Int(bound) => (least..=most).contains(&bound),
        Number::Float(_) => (Number::Int(least).as_f64()..=Number::Int(most).as_f64()).contains(&bound.as_f64()),
    };
    let bounds = [(minimum, most), (maximum, most), (exclusive_maximum, most + 1)];
    if bounds.iter().all(|(bound, most)| bound.is_none_or(|bound| holds(bound, *most))) {
        return Ok(());
    }
    let rule = format!("the range of {} goes beyond its type", entry.key);
    let help = "help: stay within that, or take a wider type";
    mistake(limits::inside(entry), format!("{rule}\nnote: `{name}` holds {least} to {most}\n{help}"))
}

/// A default that is a plain literal does not fit an `Option`, which needs none.
pub(super) fn default(value: &Expr, ty: &Type) -> syn::Result<()> {
    let literal = match ungrouped(value) {
        Expr::Unary(ExprUnary { op: UnOp::Neg(_), expr, .. }) => ungrouped(expr),
        other => other,
    };
    match literal {
        Expr::Lit(_) if is_option(ty) => {
            let inner = inside(ty).map(written).unwrap_or_default();
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

/// A type as one writes it.
pub(super) fn written(ty: &Type) -> String {
    const SPACED: [(&str, &str); 8] =
        [(" ::", "::"), (":: ", "::"), (" <", "<"), ("< ", "<"), (" >", ">"), (" ,", ","), (" ;", ";"), ("& ", "&")];
    let tokens = ty.to_token_stream().to_string();
    SPACED.iter().fold(tokens, |shown, (spaced, close)| shown.replace(spaced, close))
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
        () if is(&LISTS) => Spelling::List,
        () if is(&MAPS) => Spelling::Map,
        () if is(&["bool"]) => Spelling::Bool,
        () => Spelling::Unknown,
    }
}
