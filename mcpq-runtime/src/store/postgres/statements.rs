//! The statements of single calls, written out once: they are looked up by their text.

use super::{
    connections::Sql,
    row::{HISTORY, HISTORY_COLUMNS, columns},
};

pub(super) struct Statements {
    pub(super) insert: Sql,
    pub(super) step: Sql,
    pub(super) settled: Sql,
    pub(super) histories: Sql,
    pub(super) get: Sql,
    pub(super) get_result: Sql,
    pub(super) renew: Sql,
    pub(super) progress: Sql,
    pub(super) next_due: Sql,
    pub(super) rescue: Sql,
    pub(super) prune: Sql,
    pub(super) fold: Sql,
    pub(super) journal: Sql,
    pub(super) journal_write: Sql,
    pub(super) notify: Sql,
    pub(super) heartbeat: Sql,
    pub(super) farewell: Sql,
    pub(super) workers: Sql,
}

/// The heads of all lanes (queue, type and priority) that have pending jobs, from one to the next.
const LANES: &str = "RECURSIVE lane AS (\
    (SELECT j.queue, j.kind, j.priority, j.due FROM {schema}.job j WHERE j.status = 0 \
        ORDER BY j.queue, j.kind, j.priority, j.due LIMIT 1) \
    UNION ALL \
    SELECT o.queue, o.kind, o.priority, o.due FROM lane l CROSS JOIN LATERAL (\
        SELECT j.queue, j.kind, j.priority, j.due FROM {schema}.job j \
        WHERE j.status = 0 AND (j.queue, j.kind, j.priority) > (l.queue, l.kind, l.priority) \
        ORDER BY j.queue, j.kind, j.priority, j.due LIMIT 1) o)";

/// What is written so waits for no disk: a worker whose machine loses power is gone with it.
const NO_WAIT: &str = "quick AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true) AS set)";

impl Statements {
    pub(super) fn new(schema: &str) -> Self {
        let sql = |text: &str| -> Sql { text.replace("{schema}", schema).into() };
        let placeholders = |count: usize| (1..=count).map(|n| format!("${n}")).collect::<Vec<_>>().join(", ");
        let (slot, slot_of_step) = (columns("j."), columns("job_"));
        Self {
            insert: sql(&format!(
                "SELECT n, reply, other, waiting, running FROM {{schema}}.insert_1({})",
                placeholders(24)
            )),
            step: sql(&format!(
                "SELECT n, ends, statuses, fulls, {slot_of_step}, job_args FROM {{schema}}.step_1({})",
                placeholders(20)
            )),
            settled: sql("SELECT id, settled FROM {schema}.job WHERE id = ANY ($1) AND settled IS NOT NULL"),
            histories: sql(&format!(
                "SELECT {slot}, {HISTORY_COLUMNS} FROM unnest($1::uuid[]) AS i(id) JOIN {{schema}}.job j ON j.id = i.id \
                 {HISTORY}"
            )),
            get: sql(&format!("SELECT {slot}, {HISTORY_COLUMNS} FROM {{schema}}.job j {HISTORY} WHERE j.id = $1")),
            get_result: sql(&format!(
                "SELECT {slot}, {HISTORY_COLUMNS}, j.result FROM {{schema}}.job j {HISTORY} WHERE j.id = $1"
            )),
            renew: sql(&format!(
                "WITH {NO_WAIT} UPDATE {{schema}}.job j SET leased_until = {{schema}}.micros() + $3 \
                 FROM unnest($1::uuid[], $2::bigint[]) AS r(id, lease), quick \
                 WHERE j.id = r.id AND j.lease = r.lease AND j.status = 1 AND quick.set IS NOT NULL \
                 RETURNING j.id, j.lease, j.cancel_requested"
            )),
            progress: sql(&format!(
                "WITH {NO_WAIT} UPDATE {{schema}}.job j SET progress = greatest(j.progress, p.fraction), \
                 progress_message = coalesce(p.message, j.progress_message) \
                 FROM unnest($1::uuid[], $2::bigint[], $3::float8[], $4::text[]) AS p(id, lease, fraction, message), \
                 quick WHERE j.id = p.id AND j.lease = p.lease AND j.status = 1 AND quick.set IS NOT NULL \
                 RETURNING j.id, j.lease"
            )),
            next_due: sql(&format!(
                "WITH {LANES}, now AS MATERIALIZED (SELECT {{schema}}.micros() AS at), \
                 served AS (SELECT l.kind, min(l.due) AS due FROM lane l \
                     WHERE ($1::text[] IS NULL OR l.queue = ANY ($1)) AND ($2::text[] IS NULL OR l.kind = ANY ($2)) \
                     GROUP BY l.kind), \
                 limited AS (SELECT * FROM unnest($3::text[], $4::bigint[], $5::float8[], $6::float8[]) \
                     AS u(kind, most, count, per)) \
                 SELECT min(greatest(s.due - now.at, CASE WHEN u.count IS NULL THEN 0 ELSE ceil(greatest(1 - least(\
                     coalesce(b.tokens + greatest(now.at - b.at, 0) * u.count / u.per, u.count), u.count), 0) \
                     * u.per / greatest(u.count, 1))::bigint END)) \
                 FROM now CROSS JOIN served s LEFT JOIN limited u ON u.kind = s.kind \
                     LEFT JOIN {{schema}}.bucket b ON b.kind = s.kind \
                 WHERE u.most IS NULL OR u.most > (SELECT count(*) FROM (\
                     SELECT FROM {{schema}}.job j WHERE j.status = 1 AND j.kind = s.kind LIMIT u.most) r)"
            )),
            rescue: sql(&format!("SELECT {slot} FROM {{schema}}.rescue_1($1, $2, $3) j")),
            prune: sql("SELECT {schema}.prune_1($1, $2)"),
            fold: sql("SELECT {schema}.fold_1($1)"),
            journal: sql(
                "SELECT e.name, e.question, e.value FROM {schema}.job j LEFT JOIN {schema}.journal e ON e.id = j.id \
                 WHERE j.id = $1 AND j.lease = $2 AND j.status = 1 ORDER BY e.place",
            ),
            journal_write: sql("WITH held AS MATERIALIZED (\
                     SELECT id FROM {schema}.job WHERE id = $1 AND lease = $2 AND status = 1 FOR UPDATE), \
                 written AS (\
                     INSERT INTO {schema}.journal AS known (id, name, value) SELECT id, $3, $4 FROM held \
                     ON CONFLICT (id, name) DO UPDATE SET value = excluded.value WHERE known.value IS NULL \
                     RETURNING 1) \
                 SELECT EXISTS (SELECT FROM held), EXISTS (SELECT FROM written)"),
            notify: sql("SELECT pg_notify($1, n.text) FROM unnest($2::text[]) AS n(text)"),
            heartbeat: sql(&format!(
                "WITH {NO_WAIT}, gone AS (\
                     DELETE FROM {{schema}}.worker WHERE id = ANY (ARRAY(\
                         SELECT w.id FROM {{schema}}.worker w WHERE w.id <> $1 AND w.until <= {{schema}}.micros() \
                         FOR UPDATE SKIP LOCKED))) \
                 INSERT INTO {{schema}}.worker AS known (id, until, about) \
                     SELECT $1, {{schema}}.micros() + $2, $3 FROM quick WHERE quick.set IS NOT NULL \
                 ON CONFLICT (id) DO UPDATE SET until = excluded.until, about = excluded.about"
            )),
            farewell: sql("DELETE FROM {schema}.worker WHERE id = $1"),
            workers: sql("SELECT about FROM {schema}.worker WHERE until > {schema}.micros() LIMIT $1"),
        }
    }
}
