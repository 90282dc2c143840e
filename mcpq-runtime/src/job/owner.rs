//! Whose job it is.

use std::{fmt, sync::Arc};

/// Whom a job belongs to: a principal's name, or `local` where nobody is authenticated.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Owner(Arc<str>);

impl Owner {
    /// The owner with this name. An HTTP server's authentication puts one into the request's extensions.
    pub fn new(name: impl Into<Arc<str>>) -> Self {
        Self(name.into())
    }

    /// The owner on stdio, on the command line and on unauthenticated HTTP.
    pub fn local() -> Self {
        Self::new("local")
    }

    /// The owner's name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name, shared.
    pub fn shared(&self) -> Arc<str> {
        self.0.clone()
    }
}

impl Default for Owner {
    fn default() -> Self {
        Self::local()
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Owner({})", self.0)
    }
}

/// Which jobs a caller may see and touch. Another's job answers exactly like one that does not exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The jobs of one owner.
    Owner(Owner),
    /// Every job: the operator.
    All,
}

impl Scope {
    /// Whether a job of `owner` is inside.
    pub fn includes(&self, owner: &str) -> bool {
        match self {
            Self::Owner(mine) => mine.as_str() == owner,
            Self::All => true,
        }
    }
}
