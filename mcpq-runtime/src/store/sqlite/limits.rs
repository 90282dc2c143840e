//! How many jobs of a type may start: running at once, and starts per period, across all processes of the file.

use std::collections::HashMap;
use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, params};

use super::transaction::Tx;
use crate::store::{ClaimType, RateLimit};

/// A token bucket at one moment.
#[derive(Clone, Copy)]
pub(super) struct Bucket {
    tokens: f64,
    at: i64,
}

impl Bucket {
    pub(super) fn read(sql: &Connection, kind: &str, rate: &RateLimit, now: i64) -> rusqlite::Result<Self> {
        let known = sql
            .prepare_cached("SELECT tokens, at FROM bucket WHERE kind = ?1")?
            .query_row([kind], |row| Ok(Self { tokens: row.get(0)?, at: row.get(1)? }))
            .optional()?;
        let most = f64::from(rate.count);
        let Some(Self { tokens, at }) = known else {
            return Ok(Self { tokens: most, at: now });
        };
        let gained = now.saturating_sub(at).max(0) as f64 * most / (rate.per.as_micros().max(1) as f64);
        Ok(Self { tokens: (tokens + gained).min(most), at: now })
    }

    /// Microseconds until the next token is there; nothing where one is.
    pub(super) fn wait(&self, rate: &RateLimit) -> i64 {
        if self.tokens >= 1.0 {
            return 0;
        }
        let micros = (1.0 - self.tokens) * rate.per.as_micros() as f64 / f64::from(rate.count.max(1));
        micros.ceil().max(1.0) as i64
    }
}

/// How many jobs of a type run.
pub(super) fn running(sql: &Connection, kind: &str) -> rusqlite::Result<usize> {
    sql.prepare_cached(
        "SELECT coalesce(sum(running), 0) FROM place INDEXED BY place_lane WHERE lane IS NULL AND kind = ?1",
    )?
    .query_row([kind], |row| row.get::<_, i64>(0))
    .map(|jobs| jobs.max(0) as usize)
}

/// The room that one claim finds, type by type.
#[derive(Default)]
pub(super) struct Rooms(HashMap<Arc<str>, Room>);

struct Room {
    left: usize,
    bucket: Option<Bucket>,
}

impl Rooms {
    /// Takes a place, if there is one.
    pub(super) fn take(&mut self, tx: &mut Tx<'_>, limits: Option<&ClaimType>) -> rusqlite::Result<bool> {
        let Some(limits) = limits else {
            return Ok(true);
        };
        if !self.0.contains_key(&limits.name) {
            let room = Room::read(tx, limits)?;
            self.0.insert(limits.name.clone(), room);
        }
        let Some(room) = self.0.get_mut(&limits.name).filter(|room| room.left > 0) else {
            // Its jobs are left for want of room: an end is worth telling.
            if limits.concurrency.is_some() && !tx.local.full.contains(&limits.name) {
                tx.local.full.insert(limits.name.clone());
            }
            return Ok(false);
        };
        room.left -= 1;
        if let Some(bucket) = &mut room.bucket {
            bucket.tokens -= 1.0;
        }
        Ok(true)
    }

    /// Keeps what was taken from the buckets.
    pub(super) fn write(self, sql: &Connection) -> rusqlite::Result<()> {
        for (kind, bucket) in self.0.into_iter().filter_map(|(kind, room)| Some((kind, room.bucket?))) {
            sql.prepare_cached(
                "INSERT INTO bucket (kind, tokens, at) VALUES (?1, ?2, ?3) \
                 ON CONFLICT DO UPDATE SET tokens = excluded.tokens, at = excluded.at",
            )?
            .execute(params![kind, bucket.tokens, bucket.at])?;
        }
        Ok(())
    }
}

impl Room {
    fn read(tx: &mut Tx<'_>, limits: &ClaimType) -> rusqlite::Result<Self> {
        let mut left = usize::MAX;
        if let Some(most) = limits.concurrency {
            left = (most as usize).saturating_sub(running(tx.sql, &limits.name)?);
        }
        let bucket = match &limits.rate {
            Some(rate) => Some(Bucket::read(tx.sql, &limits.name, rate, tx.now.due)?),
            None => None,
        };
        let by_rate = bucket.map_or(usize::MAX, |bucket| bucket.tokens.max(0.0) as usize);
        Ok(Self { left: left.min(by_rate), bucket })
    }
}
