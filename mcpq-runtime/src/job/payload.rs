//! Arguments and results on their way: raw JSON bytes.

use std::{fmt, sync::Arc};

use serde::de::DeserializeOwned;

/// A JSON document as bytes, cheap to clone. Stores keep it and never look inside.
#[derive(Clone, PartialEq, Eq)]
pub struct Payload(Arc<[u8]>);

impl Payload {
    /// Wraps bytes that are a JSON document.
    pub fn from_json_bytes(bytes: impl Into<Arc<[u8]>>) -> Self {
        Self(bytes.into())
    }

    /// The document's bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Length in bytes.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are no bytes at all, which no JSON document has.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Reads the document as a `T`.
    ///
    /// # Errors
    /// When the document has another shape.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_slice(&self.0)
    }
}

impl fmt::Debug for Payload {
    /// The length alone: payloads are never logged.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Payload({} bytes)", self.0.len())
    }
}
