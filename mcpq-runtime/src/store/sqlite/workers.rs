//! Which workers live.

use std::time::Duration;

use rusqlite::{Connection, params};

use super::{row::micros, transaction::Tx};
use crate::store::LiveWorker;

impl Tx<'_> {
    pub(super) fn heartbeat(&mut self, worker: &LiveWorker, keep: Duration) -> rusqlite::Result<()> {
        let (id, now) = (worker.id.as_uuid().as_bytes(), self.now.lease);
        self.sql.prepare_cached("DELETE FROM worker WHERE id = ?1 OR until <= ?2")?.execute(params![id, now])?;
        if keep.is_zero() {
            return Ok(());
        }
        let about =
            serde_json::to_string(worker).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
        self.sql.prepare_cached("INSERT INTO worker (id, until, about) VALUES (?1, ?2, ?3)")?.execute(params![
            id,
            now.saturating_add(micros(keep)),
            about
        ])?;
        Ok(())
    }
}

/// The workers that live now. What a program of another version says of its own, and this one cannot read, is left out.
pub(super) fn live(sql: &Connection, now: i64) -> rusqlite::Result<Vec<LiveWorker>> {
    let mut statement = sql.prepare_cached("SELECT about FROM worker WHERE until > ?1 LIMIT ?2")?;
    let mut rows = statement.query(params![now, LiveWorker::MOST as i64])?;
    let mut workers = Vec::new();
    while let Some(row) = rows.next()? {
        workers.extend(serde_json::from_str::<LiveWorker>(row.get_ref(0)?.as_str()?).ok());
    }
    Ok(workers)
}
