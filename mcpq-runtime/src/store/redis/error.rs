//! What the server says, as the store says it.

use redis::{ErrorKind, RedisError, ServerErrorKind};

use crate::store::{StoreCause, StoreError};

/// Whether a connection is of no use after this error; what was asked may or may not have happened.
pub(super) fn is_lost(error: &RedisError) -> bool {
    matches!(error.kind(), ErrorKind::Io | ErrorKind::Parse) || error.is_connection_dropped() || error.is_timeout()
}

/// What went wrong in a call.
pub(super) fn store_error(error: RedisError) -> StoreError {
    let code = error.code().unwrap_or_default().to_owned();
    let said = error.detail().unwrap_or_default().to_owned();
    let lost = is_lost(&error);
    let kind = error.kind();
    let message = match kind {
        ErrorKind::Io if error.is_timeout() => "the Redis server did not answer in time".to_owned(),
        _ if lost => {
            format!("the connection to the Redis server failed ({error}): is the server running where the URL says?")
        }
        // These may repeat what the URL says, which may be a password.
        ErrorKind::InvalidClientConfig | ErrorKind::AuthenticationFailed => {
            "the connection's settings were refused; check user, password and database of the URL".to_owned()
        }
        _ => format!("Redis answered {code} {said}"),
    };
    let unsuitable = matches!(kind, ErrorKind::InvalidClientConfig | ErrorKind::AuthenticationFailed);
    let source: Option<StoreCause> = if unsuitable { None } else { Some(Box::new(error)) };
    if lost {
        return StoreError::Unavailable { message, source };
    }
    if unsuitable {
        return StoreError::Unsuitable { message, source };
    }
    let hint = match &*code {
        "OOM" => {
            let message = format!("{message}; raise `maxmemory` of the server, or let jobs be kept for a shorter time");
            return StoreError::OutOfSpace { message, source };
        }
        "MISCONF" => {
            let message = format!("{message}; the server cannot write to its disk");
            return StoreError::OutOfSpace { message, source };
        }
        "READONLY" => "the server takes no writes: name the primary server, not a replica",
        "NOAUTH" | "WRONGPASS" => "check user and password of the URL",
        "NOPERM" => "let the user run EVALSHA, EVAL, SUBSCRIBE and PUBLISH, and all data commands on mcpq's keys",
        "WRONGTYPE" => "something else has written to mcpq's keys; choose another `name`",
        "MOVED" | "CROSSSLOT" | "CLUSTERDOWN" => {
            "mcpq uses one server: in a cluster, name the one that holds the store's keys, or use a proxy"
        }
        _ if kind == ErrorKind::Server(ServerErrorKind::ResponseError) && said.contains("unknown command") => {
            "mcpq needs Redis 6.2 or newer"
        }
        _ => return StoreError::Unavailable { message, source },
    };
    StoreError::Unsuitable { message: format!("{message}; {hint}"), source }
}

/// Why a server cannot be used, however often that is tried.
pub(super) fn unsuitable(message: impl Into<String>) -> StoreError {
    StoreError::Unsuitable { message: message.into(), source: None }
}
