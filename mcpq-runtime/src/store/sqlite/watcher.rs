//! Notices what other processes write: one look for the whole process, however many wait in it.

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use rusqlite::{Connection, OptionalExtension};

use super::row;
use crate::{job::JobId, store::Listeners};

/// Shortest and longest time between two looks: short while others are at work.
const PAUSES: (Duration, Duration) = (Duration::from_millis(10), Duration::from_millis(50));

/// Longest time between two looks that failed.
const PAUSE_OF_FAILURES: Duration = Duration::from_secs(2);

/// So many looks fail one after the other before an operator is told.
const MANY: u32 = 20;

/// Starts the thread. It ends when the listeners are gone.
pub(super) fn start(connection: Connection, listeners: &Arc<Listeners>, process: Vec<u8>) -> std::io::Result<()> {
    let listeners = Arc::downgrade(listeners);
    let watch = move || run(&connection, &listeners, &process);
    std::thread::Builder::new().name("mcpq-sqlite-watch".into()).spawn(watch).map(drop)
}

fn run(connection: &Connection, listeners: &Weak<Listeners>, process: &[u8]) {
    let mut pause = PAUSES.1;
    let mut seen = Seen { version: 0, turn: -1 };
    let mut failures: u32 = 0;
    loop {
        std::thread::sleep(pause);
        let Some(listeners) = listeners.upgrade() else { return };
        match look(connection, &seen, process) {
            Ok((now, news)) => {
                seen = now;
                failures = 0;
                pause = pause.mul_f64(1.25).min(PAUSES.1);
                let Some(cancelled) = news else { continue };
                pause = PAUSES.0;
                for id in cancelled {
                    listeners.each(|listener| listener.cancel_requested(id));
                }
                listeners.each(|listener| listener.resync());
            }
            // Another process may hold the file for a moment, to bring its log home. Whatever it is, it may pass.
            Err(error) => {
                failures = failures.saturating_add(1);
                pause = pause.saturating_mul(2).min(PAUSE_OF_FAILURES);
                if failures == MANY {
                    tracing::error!(%error, "the store cannot be watched; what other processes write is seen late");
                }
            }
        }
    }
}

/// What the last look saw.
struct Seen {
    version: i64,
    turn: i64,
}

/// The jobs that are asked to stop.
type Cancelled = Vec<JobId>;

/// Looks whether another process has written since the last look, and for what must not wait.
fn look(connection: &Connection, seen: &Seen, process: &[u8]) -> rusqlite::Result<(Seen, Option<Cancelled>)> {
    let version: i64 = connection.pragma_query_value(None, "data_version", |row| row.get(0))?;
    if version == seen.version {
        return Ok((Seen { version, turn: seen.turn }, None));
    }
    let mut statement = connection.prepare_cached("SELECT value FROM meta WHERE name = ?1")?;
    let turn: Option<i64> = statement.query_row(["turn"], |row| row.get(0)).optional()?;
    let Some(turn) = turn else { return Ok((Seen { version, turn: seen.turn }, None)) };
    let writer: Vec<u8> = statement.query_row(["writer"], |row| row.get(0))?;
    // A turn that went to another and came back counts as well.
    let news = if turn != seen.turn || writer != process { Some(cancelled(connection)?) } else { None };
    Ok((Seen { version, turn }, news))
}

fn cancelled(connection: &Connection) -> rusqlite::Result<Cancelled> {
    let mut statement = connection
        .prepare_cached("SELECT id FROM job INDEXED BY job_cancelling WHERE cancel_requested = 1 AND status = 1")?;
    let ids = statement.query_map([], |row| row::id(row, 0))?;
    ids.collect()
}
