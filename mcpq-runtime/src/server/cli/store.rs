//! Which store the command line asks for.

use super::{Failure, Options};
use crate::{queue::QueueBuilder, store::memory::MemoryStore};

/// Gives the builder the store of `--store`. One that the program has set itself wins.
pub(super) fn choose(builder: QueueBuilder, options: &Options) -> Result<QueueBuilder, Failure> {
    match options.store.as_deref().filter(|url| !url.is_empty()) {
        Some(url) if builder.has_store() => {
            tracing::warn!("`--store {}` is ignored: this program sets its own store", scheme(url));
            Ok(builder)
        }
        Some("memory:") => Ok(builder.store(MemoryStore::new())),
        Some(url) => Err(refuse(url)),
        None => Ok(builder),
    }
}

fn refuse(url: &str) -> Failure {
    let message = match scheme(url) {
        "sqlite:" | "postgres:" | "postgresql:" | "redis:" | "rediss:" => {
            format!("`{}` stores are not available in this version", scheme(url))
        }
        "" => "`--store` takes a URL".to_owned(),
        other => format!("there is no store `{}`", crate::suggest::quote(other)),
    };
    Failure::usage("STORE_NOT_AVAILABLE", message)
        .tip("`--store memory:` is available: it keeps jobs in this process until it ends")
}

/// The scheme with its colon. Nothing else of a URL is shown, since it may hold a password.
fn scheme(url: &str) -> &str {
    url.find(':').map_or("", |end| &url[..=end])
}
