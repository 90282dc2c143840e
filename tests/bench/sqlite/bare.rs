//! The reference: the tables that a queue needs to find jobs, guard leases and keep results, and the statements alone.

use std::time::Instant;

use rusqlite::{Connection, TransactionBehavior, params};
use tempfile::TempDir;

use crate::table;

const SCHEMA: &str = "
    PRAGMA journal_mode = wal;
    PRAGMA synchronous = full;
    CREATE TABLE job (
        seq INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, queue TEXT NOT NULL, kind TEXT NOT NULL,
        status INTEGER NOT NULL DEFAULT 0, priority INTEGER NOT NULL DEFAULT 2, run_at INTEGER NOT NULL,
        attempts INTEGER NOT NULL DEFAULT 0, lease INTEGER NOT NULL DEFAULT 0, lease_until INTEGER, finished_at INTEGER
    ) STRICT;
    CREATE INDEX ready ON job (queue, kind, priority, run_at, seq) WHERE status = 0;
    CREATE INDEX leased ON job (lease_until) WHERE status = 1;
    CREATE INDEX ended ON job (finished_at) WHERE status >= 2;
    CREATE TABLE args (seq INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT;
    CREATE TABLE result (seq INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT;
";

pub(crate) struct Bare {
    connection: Connection,
    _folder: TempDir,
}

impl Bare {
    pub(crate) fn new() -> Self {
        let folder = crate::folder();
        let connection = Connection::open(folder.path().join("bare.db")).unwrap();
        connection.execute_batch(SCHEMA).unwrap();
        Self { connection, _folder: folder }
    }

    pub(crate) fn fill(&mut self, jobs: usize) {
        let transaction = self.connection.transaction().unwrap();
        for value in 0..jobs {
            insert(&transaction, value);
        }
        transaction.commit().unwrap();
    }

    /// Claims and completes all jobs, so many in each commit; jobs a second.
    pub(crate) fn drain(&mut self, jobs: usize, batch: usize) -> f64 {
        let started = Instant::now();
        for _ in 0..jobs / batch {
            let claimed = self.claim(batch);
            self.complete(&claimed);
        }
        table::rate(jobs, started.elapsed())
    }

    fn claim(&mut self, batch: usize) -> Vec<(i64, Vec<u8>, i64)> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate).unwrap();
        let claimed: Vec<(i64, Vec<u8>, i64)> = transaction
            .prepare_cached(
                "UPDATE job SET status = 1, attempts = attempts + 1, lease = lease + 1, lease_until = 99 WHERE seq IN \
                 (SELECT seq FROM job WHERE status = 0 AND queue = 'default' AND kind = 'echo' AND priority = 2 \
                  AND run_at <= 5 ORDER BY run_at, seq LIMIT ?1) RETURNING seq, id, lease",
            )
            .unwrap()
            .query_map([batch as i64], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
            .unwrap()
            .map(Result::unwrap)
            .collect();
        let mut args = transaction.prepare_cached("SELECT body FROM args WHERE seq = ?1").unwrap();
        for (seq, ..) in &claimed {
            std::hint::black_box(args.query_row([seq], |row| row.get::<_, Vec<u8>>(0)).unwrap());
        }
        drop(args);
        transaction.commit().unwrap();
        claimed
    }

    fn complete(&mut self, claimed: &[(i64, Vec<u8>, i64)]) {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate).unwrap();
        let mut end = transaction
            .prepare_cached(
                "UPDATE job SET status = 2, lease_until = NULL, finished_at = 9 WHERE id = ?1 AND lease = ?2 AND status = 1",
            )
            .unwrap();
        let mut keep = transaction.prepare_cached("INSERT INTO result (seq, body) VALUES (?1, ?2)").unwrap();
        for (seq, id, lease) in claimed {
            assert_eq!(end.execute(params![id, lease]).unwrap(), 1);
            keep.execute(params![seq, b"42"]).unwrap();
        }
        drop((end, keep));
        transaction.commit().unwrap();
    }

    /// Inserts one row a commit; rows a second.
    pub(crate) fn insert_one_by_one(&mut self, rows: usize) -> f64 {
        let started = Instant::now();
        for value in 0..rows {
            let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate).unwrap();
            insert(&transaction, value);
            transaction.commit().unwrap();
        }
        table::rate(rows, started.elapsed())
    }
}

fn insert(connection: &Connection, value: usize) {
    let mut id = [0; 16];
    id[8..].copy_from_slice(&(value as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15).to_be_bytes());
    connection
        .prepare_cached("INSERT INTO job (id, queue, kind, run_at) VALUES (?1, 'default', 'echo', 1)")
        .unwrap()
        .execute([id])
        .unwrap();
    connection
        .prepare_cached("INSERT INTO args (seq, body) VALUES (last_insert_rowid(), ?1)")
        .unwrap()
        .execute([format!("{{\"value\":{value}}}").as_bytes()])
        .unwrap();
}
