//! Claims: from the heads of the lanes that may be served, in order.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashMap, VecDeque},
    sync::{Arc, LazyLock},
};

use rusqlite::{Connection, Row, params};

use super::{
    clock::time,
    limits,
    row::{COLUMNS, PAYLOAD, Slot, micros, payload, text},
    sweep::readable,
    transaction::{Held, Tx},
};
use crate::{
    job::{Priority, Status},
    store::{ClaimRequest, ClaimType, Claimed, Selection},
};

/// Jobs that are taken from one lane before the others are looked at again.
const CHUNK: usize = 16;

/// Types that are looked up one by one, and not among all that wait.
const FEW: usize = 8;

/// Comes behind every name.
const LAST: &str = "\u{10FFFF}";

/// The waiting jobs of one type, queue and priority.
pub(super) struct Lane {
    pub(super) number: i64,
    pub(super) kind: Arc<str>,
    pub(super) priority: u8,
}

/// The lanes of a selection that have waiting jobs. Others cost nothing, however many there are.
pub(super) fn lanes(sql: &Connection, selection: &Selection) -> rusqlite::Result<Vec<Lane>> {
    let mut statement = sql.prepare_cached(
        "SELECT kind, queue, priority, number FROM place INDEXED BY place_waiting \
         WHERE lane IS NULL AND waits = 1 AND kind >= ?1 AND kind <= ?2",
    )?;
    let mut lanes = Vec::new();
    let mut find = |from: &str, to: &str| -> rusqlite::Result<()> {
        let mut rows = statement.query([from, to])?;
        while let Some(row) = rows.next()? {
            let (kind, queue) = (row.get_ref(0)?.as_str()?, row.get_ref(1)?.as_str()?);
            let served = selection.any_type || selection.types.iter().any(|known| *known.name == *kind);
            if served && (selection.queues.is_empty() || selection.queues.iter().any(|known| **known == *queue)) {
                lanes.push(Lane { number: row.get(3)?, kind: text(row, 0)?, priority: row.get(2)? });
            }
        }
        Ok(())
    };
    if selection.any_type || selection.types.len() > FEW {
        find("", LAST)?;
    } else {
        selection.types.iter().try_for_each(|claim| find(&claim.name, &claim.name))?;
    }
    Ok(lanes)
}

/// The limits of a type, where it has any.
pub(super) fn limits_of<'a>(selection: &'a Selection, kind: &str) -> Option<&'a ClaimType> {
    let limited = |known: &&ClaimType| known.concurrency.is_some() || known.rate.is_some();
    selection.types.iter().filter(limited).find(|known| *known.name == *kind)
}

/// A waiting job: when it is due, and its number.
type Waiting = (i64, i64);

impl Tx<'_> {
    /// Claims along with other writes, which stay where the claim fails.
    pub(super) fn claim_along(&mut self, request: &ClaimRequest) -> rusqlite::Result<Vec<Claimed>> {
        self.write_counts()?;
        self.sql.prepare_cached("SAVEPOINT claim")?.execute([])?;
        let claimed = self.claim(request).or_else(|error| {
            tracing::error!(%error, "jobs could not be claimed");
            self.sql.prepare_cached("ROLLBACK TO claim")?.execute([])?;
            Ok(Vec::new())
        });
        self.sql.prepare_cached("RELEASE claim")?.execute([])?;
        claimed
    }

    pub(super) fn claim(&mut self, request: &ClaimRequest) -> rusqlite::Result<Vec<Claimed>> {
        self.write_counts()?;
        let lanes = lanes(self.sql, &request.selection)?;
        let mut rooms = limits::Rooms::default();
        let mut taken = Vec::new();
        for priority in Priority::ALL {
            let lanes: Vec<&Lane> = lanes.iter().filter(|lane| lane.priority == priority.rank()).collect();
            if taken.len() < request.max && !lanes.is_empty() {
                self.take(&lanes, request, &mut rooms, &mut taken)?;
            }
        }
        rooms.write(self.sql)?;
        self.start(&taken, self.now.lease.saturating_add(micros(request.lease)))
    }

    /// Takes due jobs of one priority: of all lanes the one that has been due longest, and so on.
    fn take(
        &mut self,
        lanes: &[&Lane],
        request: &ClaimRequest,
        rooms: &mut limits::Rooms,
        taken: &mut Vec<i64>,
    ) -> rusqlite::Result<()> {
        let left = request.max - taken.len();
        let share = if lanes.len() == 1 { left } else { (left / lanes.len()).clamp(1, CHUNK) };
        let mut fetched: Vec<VecDeque<Waiting>> = Vec::with_capacity(lanes.len());
        let mut heads = BinaryHeap::new();
        for (index, lane) in lanes.iter().enumerate() {
            let waiting = self.due(lane, (i64::MIN, 0), share)?;
            heads.extend(waiting.front().map(|first| Reverse((*first, index))));
            fetched.push(waiting);
        }
        while taken.len() < request.max
            && let Some(Reverse((first, index))) = heads.pop()
        {
            let limits = limits_of(&request.selection, &lanes[index].kind);
            if !rooms.take(self, limits)? {
                continue; // the lane is out: its type has no room
            }
            taken.push(first.1);
            let waiting = &mut fetched[index];
            waiting.pop_front();
            if waiting.is_empty() && taken.len() < request.max {
                *waiting = self.due(lanes[index], first, share)?;
            }
            heads.extend(waiting.front().map(|first| Reverse((*first, index))));
        }
        Ok(())
    }

    /// The next due jobs of a lane, after one.
    fn due(&self, lane: &Lane, after: Waiting, most: usize) -> rusqlite::Result<VecDeque<Waiting>> {
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        self.sql
            .prepare_cached(
                "SELECT until, seq FROM job INDEXED BY job_ready WHERE status = 0 AND lane = ?1 AND until <= ?2 \
                 AND (until, seq) > (?3, ?4) ORDER BY until, seq LIMIT ?5",
            )?
            .query_map(params![lane.number, self.now.due, after.0, after.1, most], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })?
            .collect()
    }

    /// Makes jobs running under their next lease: two statements for all of them, since to begin one costs as much as a job.
    fn start(&mut self, taken: &[i64], until: i64) -> rusqlite::Result<Vec<Claimed>> {
        static SQL: LazyLock<String> = LazyLock::new(|| {
            format!(
                "SELECT {COLUMNS}, coalesce(args, (SELECT body FROM args WHERE args.seq = job.seq)) \
                 FROM job WHERE seq IN (SELECT value FROM json_each(?1))"
            )
        });
        if taken.is_empty() {
            return Ok(Vec::new());
        }
        let mut statement = self.sql.prepare_cached(&SQL)?;
        let read = |row: &Row<'_>| {
            let slot = Slot::read(self.sql, row)?.with_history(self.sql)?;
            Ok((slot, payload(row, PAYLOAD)?))
        };
        let found = statement.query_map([list(taken)], |row| readable(row, read))?;
        let mut claimed = Vec::with_capacity(taken.len());
        let mut starting = Vec::with_capacity(taken.len());
        let mut unreadable = Vec::new();
        for found in found {
            let (mut slot, args) = match found? {
                Ok(found) => found,
                Err(seq) => {
                    unreadable.push(seq);
                    continue;
                }
            };
            let record = &mut slot.record;
            starting.push((slot.place.clone(), record.id, slot.seq));
            record.status = Status::Running;
            record.attempts += 1;
            record.lease += 1;
            record.started_at = Some(time(self.now.wall));
            record.run_at = None;
            claimed.push((slot.seq, Claimed { record: slot.record, args, schema: slot.schema }));
        }
        self.set_aside(&unreadable, self.now.due)?;
        let seqs: Vec<i64> = claimed.iter().map(|(seq, _)| *seq).collect();
        self.sql
            .prepare_cached(
                "UPDATE job SET status = 1, until = ?2, attempts = attempts + 1, lease = lease + 1, started_at = ?3, \
                 run_at = NULL WHERE seq IN (SELECT value FROM json_each(?1))",
            )?
            .execute(params![list(&seqs), until, self.now.wall])?;
        for (place, id, seq) in starting {
            self.count(&place, Status::Pending, -1);
            self.count(&place, Status::Running, 1);
            self.news.changed.push(id);
            self.local.hold(id, Held { seq, place });
        }
        // They come in an order of the statement's own.
        let places: HashMap<i64, usize> = taken.iter().copied().zip(0..).collect();
        claimed.sort_by_key(|(seq, _)| places.get(seq).copied());
        Ok(claimed.into_iter().map(|(_, claimed)| claimed).collect())
    }
}

/// Numbers as a JSON list: how a statement takes any number of them.
fn list(numbers: &[i64]) -> String {
    let numbers: Vec<String> = numbers.iter().map(i64::to_string).collect();
    format!("[{}]", numbers.join(","))
}
