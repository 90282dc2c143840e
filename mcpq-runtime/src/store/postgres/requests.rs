//! What people ask for: cancel, replay, remove.

use std::sync::Arc;

use sqlx::Row;

use super::{
    Inner,
    connections::{answer, retried},
    error::Trouble,
    id::Id,
    text::name,
};
use crate::{
    job::{JobId, Scope, Status},
    store::{Bound, CancelReply, Removed, Replayed, StoreError},
};

impl Inner {
    pub(super) async fn request_cancel(
        self: &Arc<Self>,
        scope: &Scope,
        id: JobId,
    ) -> Result<Option<CancelReply>, StoreError> {
        retried!(self.try_cancel(scope, id))
    }

    async fn try_cancel(self: &Arc<Self>, scope: &Scope, id: JobId) -> Result<Option<CancelReply>, Trouble> {
        let mut tx = self.begin().await?;
        let Some(mut slot) = tx.find(scope, id).await? else {
            tx.roll_back().await?;
            return Ok(None);
        };
        let before = slot.record.status;
        match before {
            Status::Pending | Status::InputRequired => {
                slot.record.cancel_requested = true;
                tx.end(&mut slot, Status::Cancelled, None);
                tx.save(&slot).await?;
            }
            Status::Running => {
                if !slot.record.cancel_requested {
                    slot.record.cancel_requested = true;
                    let note = self.sql("UPDATE {schema}.job SET cancel_requested = true WHERE id = $1");
                    answer(note.bind(Id::from(id)).execute(tx.connection())).await??;
                }
                tx.news.changed.push(id);
                tx.news.cancels.push(id);
            }
            _ => {}
        }
        tx.commit().await?;
        Ok(Some(CancelReply { ended: slot.record.status != before, record: slot.record }))
    }

    pub(super) async fn replay(
        self: &Arc<Self>,
        scope: &Scope,
        id: JobId,
        bound: Bound,
    ) -> Result<Replayed, StoreError> {
        let mut tries = 0;
        loop {
            let replayed = retried!(async {
                match self.try_replay(scope, id, bound).await {
                    // An equal job has come meanwhile; the next look finds it.
                    Err(trouble) if trouble.is_duplicate() => Ok(None),
                    done => done.map(Some),
                }
            })?;
            tries += 1;
            match replayed {
                Some(replayed) => return Ok(replayed),
                None if tries < 5 => {}
                None => return Err(super::error::unavailable("equal jobs come and go too fast")),
            }
        }
    }

    async fn try_replay(self: &Arc<Self>, scope: &Scope, id: JobId, bound: Bound) -> Result<Replayed, Trouble> {
        let mut tx = self.begin().await?;
        let depth = tx.depth().await?;
        let Some(mut slot) = tx.find(scope, id).await? else {
            tx.roll_back().await?;
            return Ok(Replayed::NotFound);
        };
        if !slot.record.status.is_replayable() {
            tx.roll_back().await?;
            return Ok(Replayed::NotReplayable(slot.record.status));
        }
        if let (Some(_), Some(hash)) = (slot.unique, &slot.args_hash) {
            let live = self.sql(
                "SELECT id FROM {schema}.job WHERE owner = $1 AND kind = $2 AND args_hash = $3 AND uniqueness > 0 \
                 AND status < 3",
            );
            let live = live.bind(name(slot.record.owner.as_str())).bind(name(&slot.record.job_type)).bind(hash);
            if let Some(live) = answer(live.fetch_optional(tx.connection())).await?? {
                tx.roll_back().await?;
                return Ok(Replayed::Duplicate(live.try_get::<Id, _>(0)?.into()));
            }
        }
        if depth.waiting >= bound.max_pending {
            tx.roll_back().await?;
            return Ok(Replayed::Full(depth));
        }
        tx.remember_last(&slot).await?;
        slot.settled = None;
        tx.wait(&mut slot);
        let record = &mut slot.record;
        record.attempts = 0;
        record.crashes = 0;
        record.progress = 0.0;
        record.progress_message = None;
        record.failure = None;
        record.cancel_requested = false;
        record.finished_at = None;
        record.expires_at = None;
        tx.save(&slot).await?;
        let forget = self.sql("UPDATE {schema}.job SET result = NULL WHERE id = $1 AND result IS NOT NULL");
        answer(forget.bind(Id::from(id)).execute(tx.connection())).await??;
        tx.commit().await?;
        Ok(Replayed::Done(Box::new(slot.record)))
    }

    pub(super) async fn remove(self: &Arc<Self>, scope: &Scope, id: JobId) -> Result<Removed, StoreError> {
        retried!(self.try_remove(scope, id))
    }

    async fn try_remove(self: &Arc<Self>, scope: &Scope, id: JobId) -> Result<Removed, Trouble> {
        let mut tx = self.begin().await?;
        let Some(slot) = tx.find(scope, id).await? else {
            tx.roll_back().await?;
            return Ok(Removed::NotFound);
        };
        if !slot.record.status.is_final() {
            tx.roll_back().await?;
            return Ok(Removed::NotEnded(slot.record.status));
        }
        for table in ["job", "attempt", "journal"] {
            let forget = self.sql(&format!("DELETE FROM {{schema}}.{table} WHERE id = $1"));
            answer(forget.bind(Id::from(id)).execute(tx.connection())).await??;
        }
        tx.count(&slot, -1);
        tx.commit().await?;
        Ok(Removed::Done)
    }
}
