//! Claims: from the heads of the lanes that may be served, in order.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashMap, VecDeque},
    sync::Arc,
};

use rusqlite::{Connection, params};

use super::{
    limits,
    row::{COLUMNS, Slot, micros, payload, text},
    transaction::Tx,
};
use crate::{
    job::{Priority, Status},
    store::{ClaimRequest, ClaimType, Claimed, Selection},
};

/// Jobs that are taken from one lane before the others are looked at again.
const CHUNK: usize = 16;

/// The waiting jobs of one type, queue and priority.
pub(super) struct Lane {
    pub(super) kind: Arc<str>,
    pub(super) queue: Arc<str>,
    pub(super) priority: u8,
}

/// The lanes of a selection that have waiting jobs.
pub(super) fn lanes(sql: &Connection, selection: &Selection) -> rusqlite::Result<Vec<Lane>> {
    let mut statement = sql.prepare_cached("SELECT kind, queue, priority FROM lane WHERE status = 0")?;
    let mut rows = statement.query([])?;
    let mut lanes = Vec::new();
    while let Some(row) = rows.next()? {
        let (kind, queue) = (row.get_ref(0)?.as_str()?, row.get_ref(1)?.as_str()?);
        let served = selection.any_type || selection.types.iter().any(|known| *known.name == *kind);
        if served && (selection.queues.is_empty() || selection.queues.iter().any(|known| **known == *queue)) {
            lanes.push(Lane { kind: text(row, 0)?, queue: text(row, 1)?, priority: row.get(2)? });
        }
    }
    Ok(lanes)
}

/// The limits of a type, where it has any.
pub(super) fn limits_of<'a>(selection: &'a Selection, kind: &str) -> Option<&'a ClaimType> {
    let limited = |known: &&ClaimType| known.concurrency.is_some() || known.rate.is_some();
    selection.types.iter().filter(limited).find(|known| *known.name == *kind)
}

impl Tx<'_> {
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
        let until = self.now.lease.saturating_add(micros(request.lease));
        taken.into_iter().map(|slot| self.start(slot, until)).collect()
    }

    /// Takes due jobs of one priority: of all lanes the one that has been due longest, and so on.
    fn take(
        &mut self,
        lanes: &[&Lane],
        request: &ClaimRequest,
        rooms: &mut limits::Rooms,
        taken: &mut Vec<Slot>,
    ) -> rusqlite::Result<()> {
        let share =
            ((request.max - taken.len()) / lanes.len()).clamp(1, if lanes.len() == 1 { usize::MAX } else { CHUNK });
        let mut fetched: HashMap<usize, VecDeque<Slot>> = HashMap::new();
        let mut heads = BinaryHeap::new();
        for (index, lane) in lanes.iter().enumerate() {
            let slots = self.due(lane, (i64::MIN, 0), share)?;
            heads.extend(slots.front().map(|slot| Reverse((slot.until, slot.seq, index))));
            fetched.insert(index, slots);
        }
        while taken.len() < request.max
            && let Some(Reverse((_, _, index))) = heads.pop()
        {
            let lane = lanes[index];
            let limits = limits_of(&request.selection, &lane.kind);
            if !rooms.take(self, limits)? {
                continue; // the lane is out: its type has no room
            }
            let Some(slots) = fetched.get_mut(&index) else { continue };
            let Some(slot) = slots.pop_front() else { continue };
            if slots.is_empty() {
                *slots = self.due(lane, (slot.until, slot.seq), share)?;
            }
            heads.extend(slots.front().map(|slot| Reverse((slot.until, slot.seq, index))));
            taken.push(slot);
        }
        Ok(())
    }

    /// The next due jobs of a lane, after the one with this time and number.
    fn due(&self, lane: &Lane, after: (i64, i64), most: usize) -> rusqlite::Result<VecDeque<Slot>> {
        static SQL: std::sync::LazyLock<String> = std::sync::LazyLock::new(|| {
            format!(
                "SELECT {COLUMNS} FROM job INDEXED BY job_ready WHERE status = 0 AND kind = ?1 AND queue = ?2 AND \
                 priority = ?3 AND until <= ?4 AND (until, seq) > (?5, ?6) ORDER BY until, seq LIMIT ?7"
            )
        });
        let Lane { kind, queue, priority } = lane;
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        self.sql
            .prepare_cached(&SQL)?
            .query_map(params![kind, queue, priority, self.now.due, after.0, after.1, most], Slot::read)?
            .collect()
    }

    fn start(&mut self, slot: Slot, until: i64) -> rusqlite::Result<Claimed> {
        let mut slot = slot.with_history(self.sql)?;
        self.count(&slot.record, -1);
        slot.until = until;
        let record = &mut slot.record;
        record.status = Status::Running;
        record.attempts += 1;
        record.lease += 1;
        record.started_at = Some(super::clock::time(self.now.wall));
        record.run_at = None;
        self.count(&slot.record, 1);
        slot.save(self.sql)?;
        self.news.changed.push(slot.record.id);
        let args = self
            .sql
            .prepare_cached("SELECT body FROM args WHERE seq = ?1")?
            .query_row([slot.seq], |row| payload(row, 0))?;
        Ok(Claimed { record: slot.record, args, schema: slot.schema })
    }
}
