//! Waiting for a file that another process holds.

use std::time::{Duration, Instant};

use rusqlite::ErrorCode;

/// Whether another process holds what a statement needs.
pub(super) fn is_busy(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
}

/// Makes a call until the file is free for it, for so long.
///
/// SQLite's own waiting looks less and less often. A process that commits one thing after the other lets go of the file
/// for a moment only, so whoever looks seldom never gets it.
pub(super) fn retrying<T>(limit: Duration, mut call: impl FnMut() -> rusqlite::Result<T>) -> rusqlite::Result<T> {
    let deadline = Instant::now() + limit;
    loop {
        match call() {
            Err(error) if is_busy(&error) && Instant::now() < deadline => {
                std::thread::sleep(Duration::from_micros(fastrand::u64(500..1500)));
            }
            done => return done,
        }
    }
}
