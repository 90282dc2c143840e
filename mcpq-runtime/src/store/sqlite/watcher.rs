//! Notices what other processes write: one look for the whole process, however many wait in it.

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use rusqlite::Connection;

use super::row;
use crate::store::Listeners;

/// Shortest and longest time between two looks: short while others are at work.
const PAUSES: (Duration, Duration) = (Duration::from_millis(10), Duration::from_millis(50));

/// Starts the thread. It ends when the listeners are gone.
pub(super) fn start(connection: Connection, listeners: &Arc<Listeners>, process: Vec<u8>) -> std::io::Result<()> {
    let listeners = Arc::downgrade(listeners);
    let watch = move || {
        if let Err(error) = run(&connection, &listeners, &process) {
            tracing::error!(%error, "the store is not watched any more; what other processes write is seen late");
        }
    };
    std::thread::Builder::new().name("mcpq-sqlite-watch".into()).spawn(watch).map(drop)
}

fn run(connection: &Connection, listeners: &Weak<Listeners>, process: &[u8]) -> rusqlite::Result<()> {
    let mut pause = PAUSES.1;
    let mut version: i64 = 0;
    let mut turn: i64 = -1;
    let mut failures = 0;
    loop {
        std::thread::sleep(pause);
        let Some(listeners) = listeners.upgrade() else { return Ok(()) };
        pause = pause.mul_f64(1.25).min(PAUSES.1);
        match look(connection, &mut version, &mut turn, process) {
            Ok(true) => {
                pause = PAUSES.0;
                for id in cancelled(connection)? {
                    listeners.each(|listener| listener.cancel_requested(id));
                }
                listeners.each(|listener| listener.resync());
                failures = 0;
            }
            Ok(false) => failures = 0,
            // Another process may hold the file for a moment, to bring its log home.
            Err(error) if failures < 100 => {
                failures += 1;
                tracing::debug!(%error, "the store could not be looked at");
            }
            Err(error) => return Err(error),
        }
    }
}

/// Whether another process has written since the last look.
fn look(connection: &Connection, version: &mut i64, turn: &mut i64, process: &[u8]) -> rusqlite::Result<bool> {
    let now: i64 = connection.pragma_query_value(None, "data_version", |row| row.get(0))?;
    if std::mem::replace(version, now) == now {
        return Ok(false);
    }
    let mut statement = connection.prepare_cached("SELECT value FROM meta WHERE name = ?1")?;
    let mut rows = statement.query(["turn"])?;
    let Some(row) = rows.next()? else { return Ok(false) };
    let now: i64 = row.get(0)?;
    drop(rows);
    let changed = std::mem::replace(turn, now) != now;
    let writer: Vec<u8> = statement.query_row(["writer"], |row| row.get(0))?;
    // A turn that went to another and came back counts as well.
    Ok(changed || writer != process)
}

fn cancelled(connection: &Connection) -> rusqlite::Result<Vec<crate::job::JobId>> {
    let mut statement = connection
        .prepare_cached("SELECT id FROM job INDEXED BY job_cancelling WHERE cancel_requested = 1 AND status = 1")?;
    let ids = statement.query_map([], |row| row::id(row, 0))?;
    ids.collect()
}
