//! What all calls of one commit share: the time, the counts they change, and what is told afterwards.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use rusqlite::{Connection, params};

use super::clock::Now;
use crate::{
    job::{JobId, JobRecord, Status},
    store::{Depth, Listeners},
};

/// What this process remembers between commits. It only saves look-ups: the file decides.
#[derive(Default)]
pub(super) struct Local {
    /// Types that a claim found at their limit: an end of one makes room that is worth telling.
    pub(super) full: HashSet<Arc<str>>,
    /// The jobs that this process claimed, until it records their ends.
    pub(super) held: HashMap<JobId, Held>,
}

/// Where a claimed job is.
pub(super) struct Held {
    pub(super) seq: i64,
    pub(super) place: Place,
}

/// Most claimed jobs that are remembered; those of lost leases are never asked for again.
const MAX_HELD: usize = 100_000;

impl Local {
    pub(super) fn hold(&mut self, id: JobId, held: Held) {
        if self.held.len() >= MAX_HELD {
            self.held.clear();
        }
        self.held.insert(id, held);
    }
}

/// One commit in the making.
pub(super) struct Tx<'a> {
    pub(super) sql: &'a Connection,
    pub(super) now: Now,
    pub(super) news: News,
    pub(super) local: &'a mut Local,
    /// Changes of the counts that are not in the tables yet.
    counts: HashMap<(Place, Status), i64>,
    /// How full the store is with them; read when it is first asked for.
    depth: Option<Depth>,
    /// Rows that the connection had changed before.
    changes: u64,
}

/// Where a job is counted, by status.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Place {
    owner: Arc<str>,
    pub(super) kind: Arc<str>,
    queue: Arc<str>,
    priority: u8,
}

impl Place {
    pub(super) fn of(record: &JobRecord) -> Self {
        Self {
            owner: record.owner.shared(),
            kind: record.job_type.clone(),
            queue: record.queue.clone(),
            priority: record.priority.rank(),
        }
    }
}

/// What the listeners hear once it is committed.
#[derive(Debug, Default)]
pub(super) struct News {
    pub(super) ready: bool,
    pub(super) changed: Vec<JobId>,
    pub(super) cancels: Vec<JobId>,
}

impl News {
    pub(super) fn tell(self, listeners: &Listeners) {
        if !self.ready && self.changed.is_empty() && self.cancels.is_empty() {
            return;
        }
        listeners.each(|listener| {
            self.changed.iter().for_each(|id| listener.changed(*id));
            self.cancels.iter().for_each(|id| listener.cancel_requested(*id));
            if self.ready {
                listener.ready();
            }
        });
    }
}

impl<'a> Tx<'a> {
    pub(super) fn new(sql: &'a Connection, now: Now, local: &'a mut Local) -> Self {
        let changes = sql.total_changes();
        Self { sql, now, local, news: News::default(), counts: HashMap::new(), depth: None, changes }
    }

    /// Counts a job where its record says it is, or no more.
    pub(super) fn count(&mut self, record: &JobRecord, by: i64) {
        self.count_at(Place::of(record), record.status, by);
    }

    pub(super) fn count_at(&mut self, place: Place, status: Status, by: i64) {
        *self.counts.entry((place, status)).or_default() += by;
        if let Some(depth) = &mut self.depth {
            let count = match status {
                Status::Pending | Status::InputRequired => &mut depth.waiting,
                Status::Running => &mut depth.running,
                _ => return,
            };
            *count = count.saturating_add_signed(by as isize);
        }
    }

    /// How full the store is, with all that this commit has done so far.
    pub(super) fn depth(&mut self) -> rusqlite::Result<Depth> {
        if let Some(depth) = self.depth {
            return Ok(depth);
        }
        self.write_counts()?;
        let mut statement = self.sql.prepare_cached("SELECT coalesce(sum(jobs), 0) FROM lane WHERE status = ?1")?;
        let mut of = |status: Status| statement.query_row([status as i64], |row| row.get::<_, i64>(0));
        let waiting = of(Status::Pending)? + of(Status::InputRequired)?;
        let depth = Depth { waiting: waiting as usize, running: of(Status::Running)? as usize };
        self.depth = Some(depth);
        Ok(depth)
    }

    /// Brings the counts into their tables, for a call that reads them there.
    pub(super) fn write_counts(&mut self) -> rusqlite::Result<()> {
        if self.counts.is_empty() {
            return Ok(());
        }
        let mut shelf = self.sql.prepare_cached(
            "INSERT INTO shelf (owner, kind, queue, status, jobs) VALUES (?1, ?2, ?3, ?4, ?5) \
             ON CONFLICT DO UPDATE SET jobs = jobs + excluded.jobs RETURNING jobs",
        )?;
        let mut lane = self.sql.prepare_cached(
            "INSERT INTO lane (status, kind, queue, priority, jobs) VALUES (?1, ?2, ?3, ?4, ?5) \
             ON CONFLICT DO UPDATE SET jobs = jobs + excluded.jobs RETURNING jobs",
        )?;
        let left = |row: &rusqlite::Row<'_>| row.get::<_, i64>(0);
        for ((place, status), by) in self.counts.drain().filter(|(_, by)| *by != 0) {
            let Place { owner, kind, queue, priority } = place;
            let status = status as i64;
            // Owners and types come and go; what they leave must not pile up.
            if shelf.query_row(params![owner, kind, queue, status, by], left)? == 0 {
                self.sql
                    .prepare_cached("DELETE FROM shelf WHERE owner = ?1 AND kind = ?2 AND queue = ?3 AND status = ?4")?
                    .execute(params![owner, kind, queue, status])?;
            }
            if lane.query_row(params![status, kind, queue, priority, by], left)? == 0 {
                self.sql
                    .prepare_cached(
                        "DELETE FROM lane WHERE status = ?1 AND kind = ?2 AND queue = ?3 AND priority = ?4",
                    )?
                    .execute(params![status, kind, queue, priority])?;
            }
        }
        Ok(())
    }

    /// Writes what the commit still owes, and says what is to be told after it.
    pub(super) fn finish(mut self, process: &[u8]) -> rusqlite::Result<News> {
        self.write_counts()?;
        // A commit that changed nothing needs no turn, and must not make one.
        if self.sql.total_changes() != self.changes {
            take_turn(self.sql, process)?;
        }
        Ok(self.news)
    }
}

/// Notes in the file that this process writes now, unless it did so last: how others know that it was somebody else.
fn take_turn(sql: &Connection, process: &[u8]) -> rusqlite::Result<()> {
    let mine = sql.prepare_cached("SELECT 1 FROM meta WHERE name = 'writer' AND value = ?1")?.exists([process])?;
    if !mine {
        sql.prepare_cached(
            "INSERT INTO meta (name, value) VALUES ('writer', ?1), ('turn', 1) \
             ON CONFLICT (name) DO UPDATE SET value = CASE name WHEN 'turn' THEN value + 1 ELSE excluded.value END",
        )?
        .execute([process])?;
    }
    Ok(())
}
