//! Why a server does not serve.

use std::{fmt, io};

use crate::{mcp::MountError, registry::BuildError, worker::StartError};

/// Why a server could not start, or ended early.
///
/// Its `Debug` is its message, since that is what `main` prints of an error.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum ServerError {
    /// The queue is not well defined.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// The queue does not fit on the server.
    #[error(transparent)]
    Mount(#[from] MountError),
    /// The workers could not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// Signals cannot be heard.
    #[error("cannot listen for signals: {0}")]
    Signals(#[source] io::Error),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: String,
        /// Why.
        source: io::Error,
    },
    /// The HTTP server failed.
    #[error("the HTTP server failed: {0}")]
    Http(#[source] io::Error),
    /// The client did not open a session as the protocol asks.
    #[error("no session with the client: {0}")]
    Session(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl fmt::Debug for ServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
