//! Which store the command line asks for.

use super::{Command, Failure, Options, end::FAILED};
use crate::{
    queue::QueueBuilder,
    store::{self, StoreError},
};

/// The builder with its store, and where jobs are kept if nobody had said.
pub(super) struct Chosen {
    pub(super) builder: QueueBuilder,
    pub(super) unasked: Option<String>,
}

/// Gives the builder the store of `--store`, else a file of this server's own. One that the program has set itself wins.
pub(super) async fn choose(
    builder: QueueBuilder,
    server: &str,
    options: &Options,
    command: Option<&Command>,
) -> Result<Chosen, Failure> {
    match options.store.as_deref().filter(|url| !url.is_empty()) {
        Some(url) if builder.has_store() => {
            let scheme = url.find(':').map_or("", |end| &url[..=end]);
            tracing::warn!("`--store {scheme}` is ignored: this program sets its own store");
            Ok(Chosen { builder, unasked: None })
        }
        Some(url) => {
            let store = store::open(url).await.map_err(|error| refuse(&error, true))?;
            Ok(Chosen { builder: builder.store_arc(store), unasked: None })
        }
        // What a job looks like does not depend on where it is kept.
        None if builder.has_store() || matches!(command, Some(Command::Schema(_))) => {
            Ok(Chosen { builder, unasked: None })
        }
        None => own_file(builder, server).await,
    }
}

#[cfg(feature = "sqlite")]
async fn own_file(builder: QueueBuilder, server: &str) -> Result<Chosen, Failure> {
    use crate::store::sqlite::SqliteStore;

    let Some(folder) = dirs::data_local_dir() else {
        return Err(Failure::usage("STORE_NOT_AVAILABLE", "this user has no data directory to keep jobs in")
            .tip("name a place: `--store sqlite:PATH`, or `--store memory:` to keep jobs until this process ends"));
    };
    let path = folder.join("mcpq").join(format!("{}.db", file_name(server)));
    let store = SqliteStore::open(&path).await.map_err(|error| refuse(&error, false))?;
    Ok(Chosen { builder: builder.store(store), unasked: Some(path.display().to_string()) })
}

#[cfg(not(feature = "sqlite"))]
async fn own_file(builder: QueueBuilder, _: &str) -> Result<Chosen, Failure> {
    Ok(Chosen { builder, unasked: Some("this process, until it ends".to_owned()) })
}

/// A server's name as one of a file.
#[cfg(feature = "sqlite")]
fn file_name(server: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '-' };
    let name: String = server.chars().take(64).map(plain).collect();
    match name.trim_matches(['.', '-']) {
        "" => "server".to_owned(),
        name => name.to_owned(),
    }
}

fn refuse(error: &StoreError, asked: bool) -> Failure {
    if !asked || error.is_transient() {
        let failure = Failure { code: FAILED, ..Failure::usage("STORE_UNAVAILABLE", error.to_string()) };
        return failure
            .tip("`--store sqlite:PATH` names another place, `--store memory:` keeps jobs until this process ends");
    }
    Failure::usage("STORE_NOT_AVAILABLE", error.to_string())
        .tip("`--store memory:` keeps jobs in this process until it ends, `--store sqlite:PATH` in a file")
}

#[cfg(all(test, feature = "sqlite"))]
mod tests {
    use super::*;

    #[test]
    fn any_name_makes_a_file() {
        let long = "x".repeat(200);
        for (server, expected) in [
            ("analytics", "analytics"),
            ("My Server/2", "My-Server-2"),
            ("../..", "server"),
            ("", "server"),
            (&long, &long[..64]),
        ] {
            assert_eq!(file_name(server), expected);
        }
    }
}
