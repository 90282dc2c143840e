//! Where jobs are counted. An owner's jobs of one type, queue and priority share a place, and the places of all owners a
//! lane, from which workers take. Both are rows of one table, under numbers that are never used twice, so that jobs and
//! indexes hold a number instead of names.

use std::{cell::RefCell, collections::HashMap, ops::Deref, sync::Arc};

use rusqlite::{Connection, OptionalExtension, params};
use sha2::{Digest, Sha256};

use super::row::{known, text};
use crate::job::{Owner, Priority, Status};

/// Most places that a connection remembers.
const MAX_REMEMBERED: usize = 10_000;

/// The number under which all jobs are counted.
pub(super) const ALL: i64 = 0;

/// The columns that count jobs, in the order of [`Status::ALL`].
pub(super) const COUNTS: [&str; 7] =
    ["pending", "running", "input_required", "completed", "failed", "timeout", "cancelled"];

/// A place of jobs.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) number: i64,
    /// The number of its lane.
    pub(super) lane: i64,
    pub(super) owner: Owner,
    pub(super) kind: Arc<str>,
    pub(super) queue: Arc<str>,
    pub(super) priority: Priority,
}

/// A connection, and the places that it has read. What is remembered of a place stays true, even where the place is gone.
pub(super) struct Db {
    connection: Connection,
    places: RefCell<HashMap<i64, Arc<Place>>>,
}

impl Deref for Db {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.connection
    }
}

impl Db {
    pub(super) fn new(connection: Connection) -> Self {
        Self { connection, places: RefCell::default() }
    }

    /// The place with this number.
    pub(super) fn place(&self, number: i64) -> rusqlite::Result<Arc<Place>> {
        if let Some(place) = self.places.borrow().get(&number) {
            return Ok(place.clone());
        }
        let place = self
            .prepare_cached("SELECT lane, owner, kind, queue, priority FROM place WHERE number = ?1")?
            .query_row([number], |row| {
                Ok(Place {
                    number,
                    lane: row.get(0)?,
                    owner: Owner::new(text(row, 1)?),
                    kind: text(row, 2)?,
                    queue: text(row, 3)?,
                    priority: known(row, 4, &Priority::ALL)?,
                })
            })?;
        let place = Arc::new(place);
        let mut places = self.places.borrow_mut();
        if places.len() >= MAX_REMEMBERED {
            places.clear();
        }
        places.insert(number, place.clone());
        Ok(place)
    }

    /// Forgets all places: what was written with them has been taken back.
    pub(super) fn forget_places(&self) {
        self.places.borrow_mut().clear();
    }
}

/// The number of the place with these names, which is made where there is none.
pub(super) fn find_or_make(
    sql: &Connection,
    owner: &str,
    kind: &str,
    queue: &str,
    priority: Priority,
) -> rusqlite::Result<i64> {
    let priority = priority.rank();
    let lane: Option<i64> = sql
        .prepare_cached("SELECT number FROM place WHERE lane IS NULL AND kind = ?1 AND queue = ?2 AND priority = ?3")?
        .query_row(params![kind, queue, priority], |row| row.get(0))
        .optional()?;
    let make = "INSERT INTO place (lane, owner, kind, queue, priority) VALUES (?1, ?2, ?3, ?4, ?5)";
    let lane = match lane {
        Some(lane) => lane,
        None => {
            sql.prepare_cached(make)?.execute(params![None::<i64>, None::<&str>, kind, queue, priority])?;
            sql.last_insert_rowid()
        }
    };
    let place: Option<i64> = sql
        .prepare_cached("SELECT number FROM place WHERE lane = ?1 AND lane > 0 AND owner = ?2")?
        .query_row(params![lane, owner], |row| row.get(0))
        .optional()?;
    match place {
        Some(place) => Ok(place),
        None => {
            sql.prepare_cached(make)?.execute(params![lane, owner, kind, queue, priority])?;
            Ok(sql.last_insert_rowid())
        }
    }
}

/// Changes of the counts of places and their lanes, and of all.
#[derive(Default)]
pub(super) struct Changes(HashMap<i64, [i64; 7]>);

impl Changes {
    pub(super) fn add(&mut self, place: &Place, status: Status, by: i64) {
        for number in [place.number, place.lane, ALL] {
            self.0.entry(number).or_default()[status as usize] += by;
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Brings them into the table. Owners and types come and go, so a place that is empty goes with its last job; true
    /// where one has.
    pub(super) fn write(&mut self, sql: &Connection) -> rusqlite::Result<bool> {
        let mut gone = false;
        let mut change = sql.prepare_cached(
            "UPDATE place SET pending = pending + ?2, running = running + ?3, input_required = input_required + ?4, \
             completed = completed + ?5, failed = failed + ?6, timeout = timeout + ?7, cancelled = cancelled + ?8 \
             WHERE number = ?1 \
             RETURNING pending + running + input_required + completed + failed + timeout + cancelled, waits, pending > 0",
        )?;
        for (number, [a, b, c, d, e, f, g]) in self.0.drain() {
            let (left, waits, wait): (i64, bool, bool) = change
                .query_row(params![number, a, b, c, d, e, f, g], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
            // Apart from the counts, so that the index is written only when it changes.
            if waits != wait {
                sql.prepare_cached("UPDATE place SET waits = ?2 WHERE number = ?1")?.execute(params![number, wait])?;
            }
            if left == 0 && number != ALL {
                sql.prepare_cached("DELETE FROM place WHERE number = ?1")?.execute([number])?;
                gone = true;
            }
        }
        Ok(gone)
    }
}

/// Stands for an owner and a type, where a key is theirs alone: a digest, since the names are not in a job's row.
pub(super) fn party(owner: &str, kind: &str) -> [u8; 16] {
    let mut hasher = Sha256::new();
    hasher.update((owner.len() as u64).to_be_bytes());
    hasher.update(owner);
    hasher.update(kind);
    let digest: [u8; 32] = hasher.finalize().into();
    let mut party = [0; 16];
    party.copy_from_slice(&digest[..16]);
    party
}
