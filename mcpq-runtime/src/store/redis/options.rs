//! How a store is opened.

use std::{fmt, sync::Arc};

use redis::{Client, ConnectionInfo, IntoConnectionInfo, ProtocolVersion};
use tokio_util::sync::CancellationToken;

use super::{Inner, RedisStore, connections::Connections, error::unsuitable, hearing, open};
use crate::store::{Listeners, StoreError};

/// How to open a [`RedisStore`].
///
/// ```no_run
/// # async fn open() -> Result<(), Box<dyn std::error::Error>> {
/// use mcpq_runtime::{Queue, store::redis::RedisStore};
///
/// let store = RedisStore::at("redis://cache.internal/0")?.name("analytics").open().await?;
/// let queue = Queue::builder().store(store).build().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[must_use = "a store is opened by `open`"]
pub struct RedisOptions {
    server: ConnectionInfo,
    name: String,
    allow_eviction: bool,
}

impl fmt::Debug for RedisOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisOptions").field("name", &self.name).finish_non_exhaustive()
    }
}

impl RedisOptions {
    /// What a URL says: the server, and behind a question mark `name` and `eviction`.
    pub(super) fn of_url(url: &str) -> Result<Self, StoreError> {
        let (server, options) = url.split_once('?').unwrap_or((url, ""));
        let (mut name, mut allow_eviction, mut rest) = ("mcpq".to_owned(), false, Vec::new());
        for option in options.split('&').filter(|option| !option.is_empty()) {
            match option.split_once('=') {
                Some(("name", value)) => value.clone_into(&mut name),
                Some(("eviction", "allow")) => allow_eviction = true,
                Some(("eviction", "refuse")) => allow_eviction = false,
                // Those of a socket.
                Some(("db" | "user" | "pass", _)) => rest.push(option),
                _ => {
                    let option = crate::suggest::quote(option.split('=').next().unwrap_or_default());
                    return Err(unsuitable(format!(
                        "a `redis:` URL has no option `{option}` like this; the options are `name=NAME`, \
                         `eviction=allow` and `eviction=refuse`"
                    )));
                }
            }
        }
        let server = if rest.is_empty() { server.to_owned() } else { format!("{server}?{}", rest.join("&")) };
        // What is wrong is not repeated, since it may hold a password.
        let server = server.as_str().into_connection_info().map_err(|_| {
            unsuitable(
                "a Redis server is named by a URL such as `redis://user:password@host:6379/0`, `rediss://host` or \
                 `redis+unix:///path/to/socket`",
            )
        })?;
        let settings = server.redis_settings().clone().set_protocol(ProtocolVersion::RESP2);
        Ok(Self { server: server.set_redis_settings(settings), name, allow_eviction })
    }

    /// The name of the store, `mcpq` unless told otherwise. It is part of every key: stores of different names on one server
    /// do not see each other.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Whether a server may be used that forgets keys when it is short of memory: not unless told otherwise, since it
    /// would forget jobs.
    pub fn allow_eviction(mut self, allow: bool) -> Self {
        self.allow_eviction = allow;
        self
    }

    /// Connects, and looks at the server's settings and at what it keeps.
    ///
    /// # Errors
    /// `Unavailable` where the server cannot be reached; `Unsuitable` where it refuses, may forget keys, or holds jobs of
    /// a newer version.
    pub async fn open(self) -> Result<RedisStore, StoreError> {
        open::check_name(&self.name)?;
        let prefix = format!("{{{}}}:", self.name);
        let client = Client::open(self.server).map_err(super::error::store_error)?;
        let connections = Connections::new(client);
        open::prepare(&connections, &prefix, self.allow_eviction).await?;
        let stop = CancellationToken::new();
        let inner = Arc::new(Inner {
            prefix,
            origin: uuid::Uuid::now_v7().as_simple().to_string(),
            connections,
            listeners: Listeners::default(),
            _stop: stop.clone().drop_guard(),
        });
        hearing::start(&inner, stop);
        Ok(RedisStore(inner))
    }
}
