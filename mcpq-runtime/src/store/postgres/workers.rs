//! Which workers live.

use std::time::Duration;

use sqlx::Row;

use super::{
    Inner,
    connections::{Repeat, query},
    error::{Trouble, unsuitable},
    id::Id,
    row::micros,
};
use crate::store::{LiveWorker, StoreError};

impl Inner {
    pub(super) async fn heartbeat(&self, worker: &LiveWorker, keep: Duration) -> Result<(), StoreError> {
        let id = Id(*worker.id.as_uuid());
        let about = serde_json::to_string(worker)
            .map_err(|error| unsuitable(format!("what the worker serves cannot be written: {error}")))?;
        let beat = || match keep.is_zero() {
            true => query(&self.sql.farewell).bind(id),
            false => query(&self.sql.heartbeat).bind(id).bind(micros(keep)).bind(&about),
        };
        self.reserved.rows(Repeat::Always, beat).await.map(drop)
    }

    /// The workers that live now. What a program of another version says of its own, and this one cannot read, is left
    /// out.
    pub(super) async fn workers(&self) -> Result<Vec<LiveWorker>, StoreError> {
        let ask = || query(&self.sql.workers).bind(LiveWorker::MOST as i64);
        let rows = self.connections.rows(Repeat::Always, ask).await?;
        let mut workers = Vec::with_capacity(rows.len());
        for row in &rows {
            let about: &str = row.try_get(0).map_err(Trouble::from)?;
            workers.extend(serde_json::from_str::<LiveWorker>(about).ok());
        }
        Ok(workers)
    }
}
