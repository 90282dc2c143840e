//! What all calls of one commit share: the time, the counts they change, and what is told afterwards.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use rusqlite::Connection;

use super::{
    clock::Now,
    place::{self, Changes, Db, Place},
};
use crate::{
    job::{JobId, Priority, Status},
    store::{Depth, Listeners, NewJob},
};

/// What this process remembers between commits. It only saves look-ups: the file decides.
#[derive(Default)]
pub(super) struct Local {
    /// Types that a claim found at their limit: an end of one makes room that is worth telling.
    pub(super) full: HashSet<Arc<str>>,
    /// The jobs that this process claimed, until it records their ends.
    pub(super) held: HashMap<JobId, Held>,
    /// What the file knows of the store's clock.
    mark: Option<i64>,
}

/// Where a claimed job is.
pub(super) struct Held {
    pub(super) seq: i64,
    pub(super) place: Arc<Place>,
}

/// How far what the file knows of the store's clock may fall behind, in microseconds.
const MARK_EVERY: i64 = 60_000_000;

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

/// Owner, type, queue and priority.
type Names = (Arc<str>, Arc<str>, Arc<str>, Priority);

/// One commit in the making.
pub(super) struct Tx<'a> {
    pub(super) sql: &'a Db,
    pub(super) now: Now,
    pub(super) news: News,
    pub(super) local: &'a mut Local,
    /// Changes of the counts that are not in the tables yet.
    changed: Changes,
    /// The places of new jobs, by their names.
    named: HashMap<Names, Arc<Place>>,
    /// How full the store is with them; read when it is first asked for.
    depth: Option<Depth>,
    /// Rows that the connection had changed before.
    changes: u64,
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
    pub(super) fn new(sql: &'a Db, now: Now, local: &'a mut Local) -> Self {
        let changes = sql.total_changes();
        Self {
            sql,
            now,
            local,
            news: News::default(),
            changed: Changes::default(),
            named: HashMap::new(),
            depth: None,
            changes,
        }
    }

    /// Counts jobs with a status.
    pub(super) fn count(&mut self, place: &Place, status: Status, by: i64) {
        self.changed.add(place, status, by);
        if let Some(depth) = &mut self.depth {
            let count = match status {
                Status::Pending | Status::InputRequired => &mut depth.waiting,
                Status::Running => &mut depth.running,
                _ => return,
            };
            *count = count.saturating_add_signed(by as isize);
        }
    }

    /// The place of a new job.
    pub(super) fn place_of(&mut self, job: &NewJob) -> rusqlite::Result<Arc<Place>> {
        let names = (job.owner.shared(), job.job_type.clone(), job.queue.clone(), job.priority);
        if let Some(place) = self.named.get(&names) {
            return Ok(place.clone());
        }
        let (owner, kind, queue, priority) = &names;
        let number = place::find_or_make(self.sql, owner, kind, queue, *priority)?;
        let place = self.sql.place(number)?;
        self.named.insert(names, place.clone());
        Ok(place)
    }

    /// How full the store is, with all that this commit has done so far.
    pub(super) fn depth(&mut self) -> rusqlite::Result<Depth> {
        if let Some(depth) = self.depth {
            return Ok(depth);
        }
        self.write_counts()?;
        let depth = self
            .sql
            .prepare_cached("SELECT pending + input_required, running FROM place WHERE number = ?1")?
            .query_row([place::ALL], |row| {
            let count = |column| row.get::<_, i64>(column).map(|count| count.max(0) as usize);
            Ok(Depth { waiting: count(0)?, running: count(1)? })
        })?;
        self.depth = Some(depth);
        Ok(depth)
    }

    /// Brings the counts into their table, for a call that reads them there.
    pub(super) fn write_counts(&mut self) -> rusqlite::Result<()> {
        if !self.changed.is_empty() && self.changed.write(self.sql)? {
            self.named.clear();
        }
        Ok(())
    }

    /// Writes what the commit still owes, and says what is to be told after it.
    pub(super) fn finish(mut self, process: &[u8]) -> rusqlite::Result<News> {
        self.write_counts()?;
        // A commit that changed nothing needs no turn, and must not make one.
        if self.sql.total_changes() != self.changes {
            take_turn(self.sql, process)?;
            self.mark_time()?;
        }
        Ok(self.news)
    }
}

impl Tx<'_> {
    /// Notes in the file what the clock shows, now and then.
    fn mark_time(&mut self) -> rusqlite::Result<()> {
        let now = self.now.due;
        if self.local.mark.is_some_and(|mark| now.saturating_sub(mark) < MARK_EVERY) {
            return Ok(());
        }
        self.sql
            .prepare_cached(
                "INSERT INTO meta (name, value) VALUES ('mark', ?1) \
                 ON CONFLICT (name) DO UPDATE SET value = max(value, excluded.value)",
            )?
            .execute([now])?;
        self.local.mark = Some(now);
        Ok(())
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
