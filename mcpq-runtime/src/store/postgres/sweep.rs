//! What time brings: lost leases, unanswered questions, the end of keeping. And what is written so often that it waits for
//! no disk: renewals and progress.

use std::{sync::Arc, time::Duration};

use sqlx::Row;

use super::{
    Inner,
    connections::{Repeat, query},
    error::Trouble,
    id::Id,
    news::News,
    row::{Slot, micros},
    text::said,
};
use crate::{
    job::JobId,
    store::{LeaseRef, ProgressWrite, Renewed, Rescued, StoreError},
};

/// Rows of the counts that are folded at a time.
const FOLD: i32 = 5_000;

impl Inner {
    pub(super) async fn renew(&self, leases: &[LeaseRef], lease: Duration) -> Result<Vec<Renewed>, StoreError> {
        if leases.is_empty() {
            return Ok(Vec::new());
        }
        let ids = sorted(leases.iter().enumerate().map(|(place, lease)| (*lease, place)));
        let ask = || {
            query(&self.sql.renew)
                .bind(ids.iter().map(|(lease, _)| lease.id.into()).collect::<Vec<Id>>())
                .bind(ids.iter().map(|(lease, _)| lease.lease as i64).collect::<Vec<_>>())
                .bind(micros(lease))
        };
        let rows = self.reserved.rows(Repeat::Always, ask).await?;
        let mut kept = std::collections::HashMap::with_capacity(rows.len());
        for row in rows {
            let read =
                || -> sqlx::Result<((Id, i64), bool)> { Ok(((row.try_get(0)?, row.try_get(1)?), row.try_get(2)?)) };
            let ((id, lease), cancel_requested) = read().map_err(Trouble::from)?;
            kept.insert(LeaseRef { id: id.into(), lease: lease as u64 }, cancel_requested);
        }
        let renewed = |lease: &LeaseRef| match kept.get(lease) {
            Some(cancel_requested) => Renewed::Kept { cancel_requested: *cancel_requested },
            None => Renewed::Lost,
        };
        Ok(leases.iter().map(renewed).collect())
    }

    pub(super) async fn progress(self: &Arc<Self>, writes: &[ProgressWrite]) -> Result<Vec<bool>, StoreError> {
        // Of one lease the last message and the most progress counts, so one row is enough.
        let mut merged: std::collections::BTreeMap<(uuid::Uuid, u64), (f64, Option<&str>)> = Default::default();
        for ProgressWrite { lease, update } in writes {
            let (fraction, message) = merged.entry((*lease.id.as_uuid(), lease.lease)).or_default();
            *fraction = fraction.max(update.fraction);
            *message = update.message.as_deref().or(*message);
        }
        if merged.is_empty() {
            return Ok(Vec::new());
        }
        let ask = || {
            query(&self.sql.progress)
                .bind(merged.keys().map(|(id, _)| Id(*id)).collect::<Vec<_>>())
                .bind(merged.keys().map(|(_, lease)| *lease as i64).collect::<Vec<_>>())
                .bind(merged.values().map(|(fraction, _)| *fraction).collect::<Vec<_>>())
                .bind(merged.values().map(|(_, message)| message.map(said)).collect::<Vec<_>>())
        };
        let rows = self.connections.rows(Repeat::Always, ask).await?;
        let mut held = std::collections::HashSet::with_capacity(rows.len());
        for row in rows {
            let read = || -> sqlx::Result<(Id, i64)> { Ok((row.try_get(0)?, row.try_get(1)?)) };
            let (id, lease) = read().map_err(Trouble::from)?;
            held.insert(LeaseRef { id: id.into(), lease: lease as u64 });
        }
        let changed: Vec<JobId> = held.iter().map(|lease| lease.id).collect();
        self.tell(News { changed, ..News::default() });
        Ok(writes.iter().map(|write| held.contains(&write.lease)).collect())
    }

    pub(super) async fn rescue(self: &Arc<Self>, max_crashes: u32, limit: usize) -> Result<Vec<Rescued>, StoreError> {
        let limit = i32::try_from(limit).unwrap_or(i32::MAX);
        let ask = || query(&self.sql.rescue).bind(self.locks.sweep).bind(limit).bind(i64::from(max_crashes));
        let rows = self.connections.rows(Repeat::Never, ask).await?;
        let mut ids: Vec<Id> = Vec::with_capacity(rows.len());
        let mut rescued = Vec::with_capacity(rows.len());
        for row in rows {
            match Slot::read(&row, 0) {
                Ok(slot) => {
                    ids.push(slot.record.id.into());
                    rescued.push(Rescued { record: slot.record });
                }
                Err(error) => tracing::error!(%error, "a rescued job cannot be read"),
            }
        }
        if rescued.is_empty() {
            return Ok(rescued);
        }
        let mut histories = self.histories(&ids).await?;
        for Rescued { record } in &mut rescued {
            if let Some(history) = histories.remove(&record.id) {
                record.history = history;
            }
        }
        let changed = rescued.iter().map(|rescued| rescued.record.id).collect();
        self.take_full();
        self.tell(News { ready: true, changed, ..News::default() });
        Ok(rescued)
    }

    pub(super) async fn prune(&self, limit: usize) -> Result<usize, StoreError> {
        let most = i32::try_from(limit).unwrap_or(i32::MAX);
        let ask = || query(&self.sql.prune).bind(self.locks.sweep).bind(most);
        let rows = self.connections.rows(Repeat::Never, ask).await?;
        let pruned: i32 = match rows.first() {
            Some(row) => row.try_get(0).map_err(Trouble::from)?,
            None => 0,
        };
        if pruned < most {
            self.connections.rows(Repeat::Never, || query(&self.sql.fold).bind(FOLD)).await?;
        }
        Ok(pruned.max(0) as usize)
    }
}

/// By id, so that nobody waits in a circle.
fn sorted(leases: impl Iterator<Item = (LeaseRef, usize)>) -> Vec<(LeaseRef, usize)> {
    let mut leases: Vec<_> = leases.collect();
    leases.sort_by_key(|(lease, _)| (*lease.id.as_uuid(), lease.lease));
    leases.dedup_by_key(|(lease, _)| *lease);
    leases
}
