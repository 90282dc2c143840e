//! The reference: the table that a queue needs to find jobs, guard leases and keep results, and the statements alone.

use std::time::Instant;

use sqlx::{AssertSqlSafe, Connection, PgConnection, Row};

use crate::{
    servers::{Server, new_schema},
    table,
};

pub(crate) struct Bare {
    connection: PgConnection,
}

impl Bare {
    pub(crate) async fn new(server: &Server) -> Self {
        let mut connection = PgConnection::connect(&server.url()).await.unwrap();
        let schema = new_schema();
        let make = format!(
            "CREATE SCHEMA {schema}; SET search_path = {schema}; \
             CREATE TABLE job (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, queue text NOT NULL, \
                 kind text NOT NULL, status smallint NOT NULL DEFAULT 0, priority smallint NOT NULL DEFAULT 2, \
                 run_at timestamptz NOT NULL DEFAULT now(), attempts int NOT NULL DEFAULT 0, \
                 lease bigint NOT NULL DEFAULT 0, lease_until timestamptz, finished_at timestamptz, \
                 args bytea NOT NULL, result bytea) WITH (fillfactor = 70); \
             CREATE INDEX ON job (queue, kind, priority, run_at, id) WHERE status = 0; \
             CREATE INDEX ON job (lease_until) WHERE status = 1; \
             CREATE INDEX ON job (finished_at) WHERE status > 1"
        );
        sqlx::raw_sql(AssertSqlSafe(make)).execute(&mut connection).await.unwrap();
        Self { connection }
    }

    pub(crate) async fn fill(&mut self, jobs: usize) {
        let fill = "INSERT INTO job (queue, kind, args) SELECT 'default', 'echo', \
            convert_to(format('{\"value\":%s}', n), 'UTF8') FROM generate_series(1, $1) AS n";
        sqlx::query(fill).bind(jobs as i32).execute(&mut self.connection).await.unwrap();
    }

    /// Claims and completes all jobs, so many in each commit; jobs a second.
    pub(crate) async fn drain(&mut self, jobs: usize, batch: usize) -> f64 {
        let started = Instant::now();
        for _ in 0..jobs / batch {
            let claimed = self.claim(batch).await;
            self.complete(&claimed).await;
        }
        table::rate(jobs, started.elapsed())
    }

    async fn claim(&mut self, batch: usize) -> Vec<(i64, i64)> {
        let rows = sqlx::query(
            "WITH c AS MATERIALIZED (SELECT id FROM job WHERE status = 0 AND queue = 'default' AND kind = 'echo' \
                 AND priority = 2 AND run_at <= now() ORDER BY run_at, id LIMIT $1 FOR UPDATE SKIP LOCKED) \
             UPDATE job SET status = 1, attempts = attempts + 1, lease = lease + 1, \
                 lease_until = now() + interval '30 seconds' FROM c WHERE job.id = c.id \
             RETURNING job.id, job.lease, job.args",
        )
        .bind(batch as i64)
        .fetch_all(&mut self.connection)
        .await
        .unwrap();
        assert_eq!(rows.len(), batch);
        rows.iter().map(|row| (row.get(0), row.get(1))).collect()
    }

    async fn complete(&mut self, claimed: &[(i64, i64)]) {
        let (ids, leases): (Vec<i64>, Vec<i64>) = claimed.iter().copied().unzip();
        let done = sqlx::query(
            "UPDATE job SET status = 2, lease_until = NULL, finished_at = now(), result = d.result \
             FROM unnest($1::bigint[], $2::bigint[], $3::bytea[]) AS d(id, lease, result) \
             WHERE job.id = d.id AND job.lease = d.lease AND job.status = 1",
        )
        .bind(ids)
        .bind(leases)
        .bind(vec![b"42".as_slice(); claimed.len()])
        .execute(&mut self.connection)
        .await
        .unwrap();
        assert_eq!(done.rows_affected() as usize, claimed.len());
    }

    /// Inserts one row a commit; rows a second.
    pub(crate) async fn insert_one_by_one(&mut self, rows: usize) -> f64 {
        let started = Instant::now();
        for _ in 0..rows {
            sqlx::query("INSERT INTO job (queue, kind, args) VALUES ('default', 'echo', $1)")
                .bind(b"{\"value\":42}".as_slice())
                .execute(&mut self.connection)
                .await
                .unwrap();
        }
        table::rate(rows, started.elapsed())
    }
}
