//! The tables, and how a file of an earlier version becomes one of this.
//!
//! Times are microseconds of the store's clock (`until`) or of the time of day (`*_at`). What a status waits for is one
//! column, `until`: due, end of the lease, end of the question's time, or end of the keeping. Few indexes follow the status,
//! since each of them is looked at with every step of a job, and none grows with what a step does not concern. Owner, type,
//! queue and priority are a number of the table `place`, which also counts; its row 0 counts all jobs. Large payloads
//! stand apart, since a change of a row writes the whole row anew; small ones are cheaper in the row itself.

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior};

use super::{
    busy::retrying,
    clock,
    error::{store_error, unsuitable},
};
use crate::store::StoreError;

/// Marks the file as one of ours: "mcpq".
pub(super) const APPLICATION: i32 = 0x6d63_7071;

/// Each brings a file from the version of its place to the next. Steps are only ever added.
const MIGRATIONS: [&str; 1] = [FIRST];

/// The version that this program writes.
pub(super) const VERSION: i32 = MIGRATIONS.len() as i32;

const FIRST: &str = "
CREATE TABLE meta (
    name TEXT PRIMARY KEY,
    value ANY NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE place (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    lane INTEGER,
    owner TEXT,
    kind TEXT NOT NULL,
    queue TEXT NOT NULL,
    priority INTEGER NOT NULL,
    waits INTEGER NOT NULL DEFAULT 0,
    pending INTEGER NOT NULL DEFAULT 0,
    running INTEGER NOT NULL DEFAULT 0,
    input_required INTEGER NOT NULL DEFAULT 0,
    completed INTEGER NOT NULL DEFAULT 0,
    failed INTEGER NOT NULL DEFAULT 0,
    timeout INTEGER NOT NULL DEFAULT 0,
    cancelled INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE UNIQUE INDEX place_lane ON place (kind, queue, priority) WHERE lane IS NULL;
CREATE UNIQUE INDEX place_owner ON place (owner, lane) WHERE lane > 0;
CREATE INDEX place_waiting ON place (kind) WHERE lane IS NULL AND waits = 1;
INSERT INTO place (number, lane, kind, queue, priority) VALUES (0, 0, '', '', 0);

CREATE TABLE job (
    seq INTEGER PRIMARY KEY,
    id BLOB NOT NULL,
    place INTEGER NOT NULL,
    lane INTEGER NOT NULL,
    status INTEGER NOT NULL,
    until INTEGER NOT NULL,
    lease INTEGER NOT NULL DEFAULT 0,
    attempts INTEGER NOT NULL DEFAULT 0,
    max_attempts INTEGER NOT NULL,
    crashes INTEGER NOT NULL DEFAULT 0,
    cancel_requested INTEGER NOT NULL DEFAULT 0,
    timeout INTEGER NOT NULL,
    keep_result INTEGER,
    keep_failure INTEGER,
    schema INTEGER NOT NULL,
    idempotency_key TEXT,
    args_hash BLOB,
    party BLOB,
    uniqueness INTEGER NOT NULL DEFAULT 0,
    batch BLOB,
    batch_index INTEGER,
    progress REAL NOT NULL DEFAULT 0.0,
    progress_message TEXT,
    error_code TEXT,
    error TEXT,
    created_at INTEGER NOT NULL,
    started_at INTEGER,
    finished_at INTEGER,
    run_at INTEGER,
    settled INTEGER,
    args BLOB,
    result BLOB
) STRICT;

CREATE UNIQUE INDEX job_id ON job (id);
CREATE INDEX job_ready ON job (lane, until, seq) WHERE status = 0;
CREATE INDEX job_time ON job (status, until) WHERE status <> 0;
CREATE INDEX job_cancelling ON job (seq) WHERE cancel_requested = 1 AND status = 1;
CREATE INDEX job_list ON job (place, status, seq) WHERE status <> 1;
CREATE INDEX job_batch ON job (batch, seq) WHERE batch IS NOT NULL;
CREATE UNIQUE INDEX job_key ON job (party, idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE INDEX job_equal ON job (party, args_hash, status, seq) WHERE uniqueness > 0;

CREATE TABLE args (seq INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT;
CREATE TABLE result (seq INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT;

CREATE TABLE attempt (
    job INTEGER NOT NULL,
    lease INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    ended_at INTEGER NOT NULL,
    ending INTEGER NOT NULL,
    error_code TEXT,
    error TEXT,
    PRIMARY KEY (job, lease)
) STRICT, WITHOUT ROWID;

CREATE TABLE journal (
    job INTEGER NOT NULL,
    place INTEGER NOT NULL,
    name TEXT NOT NULL,
    question BLOB,
    value BLOB,
    PRIMARY KEY (job, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE worker (
    id BLOB PRIMARY KEY,
    until INTEGER NOT NULL,
    about TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE bucket (
    kind TEXT PRIMARY KEY,
    tokens REAL NOT NULL,
    at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
";

/// Whether the file is one that this program may use. Nothing is written.
pub(super) fn check(connection: &Connection) -> Result<(), StoreError> {
    // One state of the file: another process may be making it one of ours.
    let _state = connection.unchecked_transaction().map_err(store_error)?;
    version(connection).map(drop)
}

/// Whether there is nothing to write into the file.
fn is_ready(connection: &Connection) -> Result<bool, StoreError> {
    let _state = connection.unchecked_transaction().map_err(store_error)?;
    if version(connection)? != MIGRATIONS.len() {
        return Ok(false);
    }
    let known = remembered(connection).map_err(store_error)?;
    Ok(clock::boot().is_none_or(|boot| known.boot.as_deref() == Some(boot)))
}

/// Makes the file one of this version. Any number of processes may do so at once. One that is needs no lock, so that
/// others who write keep nobody from opening it.
pub(super) fn migrate(connection: &Connection, wait: Duration) -> Result<(), StoreError> {
    if is_ready(connection)? {
        return Ok(());
    }
    let begin = || Transaction::new_unchecked(connection, TransactionBehavior::Immediate);
    let transaction = retrying(wait, begin).map_err(store_error)?;
    let version = version(&transaction)?;
    for step in MIGRATIONS.iter().skip(version) {
        transaction.execute_batch(step).map_err(store_error)?;
    }
    let done = || -> rusqlite::Result<()> {
        if version < MIGRATIONS.len() {
            transaction.pragma_update(None, "application_id", APPLICATION)?;
            transaction.pragma_update(None, "user_version", VERSION)?;
        }
        end_leases_of_an_earlier_start(&transaction)?;
        transaction.commit()
    };
    done().map_err(store_error)
}

/// How many of the steps the file has behind it, in a state that the caller holds.
fn version(connection: &Connection) -> Result<usize, StoreError> {
    let read = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i32>(0));
    let application = read("application_id").map_err(store_error)?;
    let version = read("user_version").map_err(store_error)?;
    let tables: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).map_err(store_error)?;
    match (application, version) {
        (0, 0) if tables == 0 => Ok(0),
        (APPLICATION, 1..=VERSION) => Ok(version as usize),
        (APPLICATION, VERSION..) => Err(unsuitable(format!(
            "the file was written by a newer mcpq (its schema is version {version}, this program knows {VERSION}); update \
             this program, or give it another file"
        ))),
        (APPLICATION, _) => Err(unsuitable("the file has no version, so it is damaged; restore it from a copy")),
        _ => Err(unsuitable("the file is a database of another program; give mcpq a file of its own")),
    }
}

/// Remembers which start of the machine this is. What ran before it runs no more, so its leases are over at once.
fn end_leases_of_an_earlier_start(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    let Some(boot) = clock::boot() else { return Ok(()) };
    let known = remembered(transaction)?;
    if known.boot.as_deref() == Some(boot) {
        return Ok(());
    }
    let offset = clock::Clock::after(known.mark).offset();
    transaction.execute(
        "INSERT INTO meta (name, value) VALUES ('boot', ?1), ('offset', ?2) \
         ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        (boot, offset),
    )?;
    transaction.execute("UPDATE job SET until = 0 WHERE status = 1", [])?;
    transaction.execute("DELETE FROM worker", [])?;
    Ok(())
}

/// What the file knows of clocks.
pub(super) struct Remembered {
    /// The start of the machine.
    boot: Option<String>,
    /// What the store's clock adds to the time since then.
    pub(super) offset: Option<i64>,
    /// What the store's clock has shown, about.
    pub(super) mark: Option<i64>,
}

pub(super) fn remembered(connection: &Connection) -> rusqlite::Result<Remembered> {
    let mut statement = connection.prepare("SELECT value FROM meta WHERE name = ?1")?;
    let boot = statement.query_row(["boot"], |row| row.get(0)).optional()?;
    let mut number = |name: &str| statement.query_row([name], |row| row.get(0)).optional();
    Ok(Remembered { boot, offset: number("offset")?, mark: number("mark")? })
}
