//! Stores by URL, as the command line and configuration files name them.

use std::sync::Arc;

use super::{Store, StoreError, memory::MemoryStore};

/// Opens the store that a URL names: `memory:`, `sqlite:PATH` with the options `synchronous=full|normal` and
/// `max_bytes=N` behind a question mark, `postgres://user:password@host/database` with `schema=NAME`, `listen=on|off`,
/// `max_connections=N` and PostgreSQL's own options, or `redis://user:password@host:port/database` with `name=NAME` and
/// `eviction=allow|refuse`. Each but the first needs the cargo feature of its name.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use mcpq_runtime::{Queue, store};
///
/// let queue = Queue::builder().store_arc(store::open("memory:").await?).build().await?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// `Unsuitable` for a URL that names no store; else as the store says when it is opened. What a URL says beyond its scheme
/// is not repeated in a message, since it may hold a password.
pub async fn open(url: &str) -> Result<Arc<dyn Store>, StoreError> {
    let Some((scheme, rest)) = url.split_once(':') else {
        return Err(unsuitable("a store is named by a URL, such as `sqlite:jobs.db` or `memory:`"));
    };
    match scheme {
        "memory" if rest.is_empty() => Ok(Arc::new(MemoryStore::new())),
        "memory" => Err(unsuitable("`memory:` takes nothing after the colon")),
        "sqlite" => sqlite(rest).await,
        "postgres" | "postgresql" => postgres(url).await,
        "redis" | "rediss" | "redis+unix" => redis(url).await,
        other => Err(unsuitable(format!("there is no store `{}:`", crate::suggest::quote(other)))),
    }
}

#[cfg(feature = "sqlite")]
async fn sqlite(rest: &str) -> Result<Arc<dyn Store>, StoreError> {
    use super::sqlite::{SqliteStore, Synchronous};

    let (path, options) = rest.split_once('?').unwrap_or((rest, ""));
    // Two slashes are what people write who know URLs of servers.
    let path = path.strip_prefix("//").unwrap_or(path);
    let mut file = SqliteStore::at(path);
    for option in options.split('&').filter(|option| !option.is_empty()) {
        file = match option.split_once('=') {
            Some(("synchronous", "full")) => file.synchronous(Synchronous::Full),
            Some(("synchronous", "normal")) => file.synchronous(Synchronous::Normal),
            Some(("max_bytes", bytes)) => match bytes.parse() {
                Ok(bytes) => file.max_bytes(bytes),
                Err(_) => return Err(unsuitable("`max_bytes` of a `sqlite:` URL must be a number of bytes")),
            },
            _ => {
                let option = crate::suggest::quote(option);
                return Err(unsuitable(format!(
                    "a `sqlite:` URL has no option `{option}`; the options are `synchronous=full`, `synchronous=normal` \
                     and `max_bytes=N`"
                )));
            }
        };
    }
    Ok(Arc::new(file.open().await?))
}

#[cfg(not(feature = "sqlite"))]
async fn sqlite(_: &str) -> Result<Arc<dyn Store>, StoreError> {
    Err(unsuitable("`sqlite:` stores need the cargo feature `sqlite`"))
}

#[cfg(feature = "postgres")]
async fn postgres(url: &str) -> Result<Arc<dyn Store>, StoreError> {
    Ok(Arc::new(super::postgres::PostgresStore::connect(url).await?))
}

#[cfg(not(feature = "postgres"))]
async fn postgres(_: &str) -> Result<Arc<dyn Store>, StoreError> {
    Err(unsuitable("`postgres:` stores need the cargo feature `postgres`"))
}

#[cfg(feature = "redis")]
async fn redis(url: &str) -> Result<Arc<dyn Store>, StoreError> {
    Ok(Arc::new(super::redis::RedisStore::connect(url).await?))
}

#[cfg(not(feature = "redis"))]
async fn redis(_: &str) -> Result<Arc<dyn Store>, StoreError> {
    Err(unsuitable("`redis:` stores need the cargo feature `redis`"))
}

fn unsuitable(message: impl Into<String>) -> StoreError {
    StoreError::Unsuitable { message: message.into(), source: None }
}
