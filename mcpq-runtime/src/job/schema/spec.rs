//! What `#[arg(..)]` says of one argument.

use serde_json::Value;

/// A bound of `#[arg(range(..))]`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Number {
    /// An integer bound.
    Int(i128),
    /// A bound with a fraction.
    Float(f64),
}

impl Number {
    pub(super) fn to_json(self) -> Value {
        match self {
            Self::Int(value) => match (i64::try_from(value), u64::try_from(value)) {
                (Ok(small), _) => small.into(),
                (_, Ok(large)) => large.into(),
                _ => (value as f64).into(),
            },
            Self::Float(value) => value.into(),
        }
    }

    pub(super) fn as_f64(self) -> f64 {
        match self {
            Self::Int(value) => value as f64,
            Self::Float(value) => value,
        }
    }
}

impl From<i128> for Number {
    fn from(value: i128) -> Self {
        Self::Int(value)
    }
}

impl From<f64> for Number {
    fn from(value: f64) -> Self {
        Self::Float(value)
    }
}

/// What the attribute says of one argument, apart from its type.
#[derive(Clone, Debug)]
pub struct ArgSpec {
    pub(crate) name: &'static str,
    pub(super) doc: Option<&'static str>,
    /// Smallest value.
    pub(crate) minimum: Option<Number>,
    /// Largest value.
    pub(crate) maximum: Option<Number>,
    /// First value that is too large.
    pub(crate) exclusive_maximum: Option<Number>,
    /// Fewest characters, items or properties.
    pub(crate) min_length: Option<u64>,
    /// Most characters, items or properties.
    pub(crate) max_length: Option<u64>,
    /// A regular expression that the text must match somewhere.
    pub(crate) pattern: Option<&'static str>,
    pub(crate) examples: Vec<fn() -> Value>,
}

impl ArgSpec {
    /// An argument of this name and description, which may be empty, and nothing more.
    pub(crate) fn new(name: &'static str, doc: &'static str) -> Self {
        Self {
            name,
            doc: Some(doc).filter(|doc| !doc.is_empty()),
            minimum: None,
            maximum: None,
            exclusive_maximum: None,
            min_length: None,
            max_length: None,
            pattern: None,
            examples: Vec::new(),
        }
    }
}
