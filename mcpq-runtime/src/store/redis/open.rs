//! Opening: whether a server can keep jobs, and whether what it keeps is ours.

use redis::{Cmd, Value, cmd};

use super::{
    connections::Connections,
    error::{store_error, unsuitable},
};
use crate::store::StoreError;

/// The layout of the keys that this version writes. It grows with every change that an older version could not read.
const LAYOUT: u64 = 1;

/// The longest name of a store.
const LONGEST: usize = 100;

/// Whether a store may be called so: what would end the hash tag is no part of a name.
pub(super) fn check_name(name: &str) -> Result<(), StoreError> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.:".contains(&byte);
    if name.is_empty() || name.len() > LONGEST || !name.bytes().all(plain) {
        return Err(unsuitable(format!(
            "the name of a Redis store must be 1 to {LONGEST} letters, digits, `_`, `-`, `.` or `:`"
        )));
    }
    Ok(())
}

/// Looks at the server, and marks the keys as ours.
pub(super) async fn prepare(connections: &Connections, prefix: &str, allow_eviction: bool) -> Result<(), StoreError> {
    let memory = text(connections, cmd("INFO").arg("memory")).await?;
    let policy = memory.lines().find_map(|line| line.strip_prefix("maxmemory_policy:")).map(str::trim);
    match policy {
        Some("noeviction") | None => {}
        Some(policy) if allow_eviction => {
            tracing::warn!(policy, "the Redis server may forget jobs when it is short of memory");
        }
        Some(policy) => {
            return Err(unsuitable(format!(
                "the Redis server has `maxmemory-policy {policy}`, so it may forget jobs when it is short of memory: set \
                 `maxmemory-policy noeviction`, or accept that with `eviction=allow` in the URL"
            )));
        }
    }
    let persistence = text(connections, cmd("INFO").arg("persistence")).await?;
    if persistence.lines().any(|line| line.trim() == "aof_enabled:0") {
        tracing::warn!(
            "the Redis server keeps no append-only file: what it was told since its last snapshot is lost when it ends; \
             set `appendonly yes`"
        );
    }
    let meta = format!("{prefix}m");
    connections.send(cmd("HSETNX").arg(&meta).arg("layout").arg(LAYOUT)).await.map_err(store_error)?;
    let known = text(connections, cmd("HGET").arg(&meta).arg("layout")).await?;
    match known.parse::<u64>() {
        Ok(known) if known <= LAYOUT => Ok(()),
        Ok(known) => Err(unsuitable(format!(
            "its jobs were written by a newer mcpq (layout {known}, this version knows {LAYOUT}): update this program"
        ))),
        Err(_) => Err(unsuitable(format!("the key `{meta}` is none of mcpq's; choose another `name`"))),
    }
}

async fn text(connections: &Connections, command: &Cmd) -> Result<String, StoreError> {
    match connections.send(command).await.map_err(store_error)? {
        Value::BulkString(bytes) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
        Value::VerbatimString { text, .. } | Value::SimpleString(text) => Ok(text),
        _ => Ok(String::new()),
    }
}
