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

/// What the attribute says of one argument, apart from its type.
#[derive(Clone, Debug)]
pub struct ArgSpec {
    pub(in crate::job) name: &'static str,
    pub(super) doc: Option<&'static str>,
    pub(super) minimum: Option<Number>,
    pub(super) maximum: Option<Number>,
    pub(super) exclusive_maximum: Option<Number>,
    pub(super) min_length: Option<u64>,
    pub(super) max_length: Option<u64>,
    pub(super) pattern: Option<&'static str>,
    pub(super) examples: Vec<fn() -> Value>,
}

impl ArgSpec {
    /// An argument of this name and nothing more.
    pub const fn new(name: &'static str) -> Self {
        Self {
            name,
            doc: None,
            minimum: None,
            maximum: None,
            exclusive_maximum: None,
            min_length: None,
            max_length: None,
            pattern: None,
            examples: Vec::new(),
        }
    }

    /// Its description.
    pub const fn doc(mut self, text: &'static str) -> Self {
        self.doc = Some(text);
        self
    }

    /// Smallest value.
    pub const fn minimum(mut self, bound: Number) -> Self {
        self.minimum = Some(bound);
        self
    }

    /// Largest value.
    pub const fn maximum(mut self, bound: Number) -> Self {
        self.maximum = Some(bound);
        self
    }

    /// First value that is too large.
    pub const fn exclusive_maximum(mut self, bound: Number) -> Self {
        self.exclusive_maximum = Some(bound);
        self
    }

    /// Fewest characters, items or properties.
    pub const fn min_length(mut self, length: u64) -> Self {
        self.min_length = Some(length);
        self
    }

    /// Most characters, items or properties.
    pub const fn max_length(mut self, length: u64) -> Self {
        self.max_length = Some(length);
        self
    }

    /// A regular expression that the text must match somewhere.
    pub const fn pattern(mut self, regex: &'static str) -> Self {
        self.pattern = Some(regex);
        self
    }

    /// An example value; may be given more than once.
    pub fn example(mut self, value: fn() -> Value) -> Self {
        self.examples.push(value);
        self
    }
}
