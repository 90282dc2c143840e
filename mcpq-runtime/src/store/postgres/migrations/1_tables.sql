-- Times are microseconds since 1970 of the database's clock. What a status waits for is one column, `due`: when a pending
-- job may start, when a parked job's question expires, when an ended job is forgotten. `leased_until` is in no index, so
-- that a renewal writes no index either; running jobs are few and found by their status. There are no CHECKs, which the
-- database would parse anew for every statement: only the functions below write.

CREATE FUNCTION {schema}.micros() RETURNS bigint LANGUAGE sql VOLATILE AS $$
    SELECT (date_part('epoch', clock_timestamp()) * 1000000)::bigint
$$;

CREATE TABLE {schema}.job (
    seq bigint GENERATED ALWAYS AS IDENTITY,
    id uuid NOT NULL,
    due bigint NOT NULL,
    leased_until bigint NOT NULL DEFAULT 0,
    lease bigint NOT NULL DEFAULT 0,
    timeout bigint NOT NULL,
    keep_result bigint,
    keep_failure bigint,
    schema bigint NOT NULL,
    max_attempts bigint NOT NULL,
    batch_index bigint,
    created_at bigint NOT NULL,
    started_at bigint,
    finished_at bigint,
    run_at bigint,
    settled bigint,
    progress double precision NOT NULL DEFAULT 0,
    batch uuid,
    attempts integer NOT NULL DEFAULT 0,
    crashes integer NOT NULL DEFAULT 0,
    status smallint NOT NULL DEFAULT 0,
    priority smallint NOT NULL,
    uniqueness smallint NOT NULL DEFAULT 0,
    cancel_requested boolean NOT NULL DEFAULT false,
    owner text COLLATE "C" NOT NULL,
    kind text COLLATE "C" NOT NULL,
    queue text COLLATE "C" NOT NULL,
    idempotency_key text COLLATE "C",
    args_hash bytea,
    progress_message text,
    error_code text,
    error text,
    args bytea NOT NULL,
    result bytea
) WITH (
    fillfactor = 70,
    toast_tuple_target = 1024,
    autovacuum_vacuum_scale_factor = 0.02,
    autovacuum_vacuum_threshold = 2000,
    autovacuum_analyze_scale_factor = 0.1,
    autovacuum_vacuum_cost_delay = 0
);

CREATE UNIQUE INDEX job_id ON {schema}.job (id);
CREATE UNIQUE INDEX job_seq ON {schema}.job (seq);
CREATE INDEX job_ready ON {schema}.job (queue, kind, priority, due, seq) WHERE status = 0;
CREATE INDEX job_running ON {schema}.job (kind, seq) WHERE status = 1;
CREATE INDEX job_parked ON {schema}.job (due) WHERE status = 2;
CREATE INDEX job_ended ON {schema}.job (due) WHERE status > 2;
CREATE INDEX job_list ON {schema}.job (owner, kind, queue, status, seq) WHERE status <> 1;
CREATE INDEX job_batch ON {schema}.job (batch, seq) WHERE batch IS NOT NULL;
CREATE UNIQUE INDEX job_key ON {schema}.job (owner, kind, idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE UNIQUE INDEX job_live ON {schema}.job (owner, kind, args_hash) WHERE uniqueness > 0 AND status < 3;
CREATE INDEX job_equal ON {schema}.job (owner, kind, args_hash, seq) WHERE uniqueness > 0;

CREATE TABLE {schema}.attempt (
    id uuid NOT NULL,
    lease bigint NOT NULL,
    started_at bigint NOT NULL,
    ended_at bigint NOT NULL,
    ending smallint NOT NULL,
    error_code text,
    error text,
    PRIMARY KEY (id, lease)
);

CREATE TABLE {schema}.journal (
    id uuid NOT NULL,
    place bigint GENERATED ALWAYS AS IDENTITY,
    name text COLLATE "C" NOT NULL,
    question bytea,
    value bytea,
    PRIMARY KEY (id, name)
);

CREATE TABLE {schema}.bucket (
    kind text COLLATE "C" PRIMARY KEY,
    tokens double precision NOT NULL,
    at bigint NOT NULL
) WITH (fillfactor = 50);

CREATE TABLE {schema}.worker (
    id uuid PRIMARY KEY,
    until bigint NOT NULL,
    about text NOT NULL
) WITH (fillfactor = 50);

-- How many jobs there are, by shards, so that sessions do not wait for each other. The sum is what counts.

CREATE TABLE {schema}.count_by_queue (
    queue text COLLATE "C" NOT NULL,
    shard smallint NOT NULL,
    pending bigint NOT NULL,
    running bigint NOT NULL,
    parked bigint NOT NULL,
    completed bigint NOT NULL,
    failed bigint NOT NULL,
    timeout bigint NOT NULL,
    cancelled bigint NOT NULL,
    PRIMARY KEY (queue, shard)
) WITH (fillfactor = 20, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);

CREATE TABLE {schema}.count_by_owner (
    owner text COLLATE "C" NOT NULL,
    kind text COLLATE "C" NOT NULL,
    queue text COLLATE "C" NOT NULL,
    shard smallint NOT NULL,
    pending bigint NOT NULL,
    running bigint NOT NULL,
    parked bigint NOT NULL,
    completed bigint NOT NULL,
    failed bigint NOT NULL,
    timeout bigint NOT NULL,
    cancelled bigint NOT NULL,
    PRIMARY KEY (owner, kind, queue, shard)
) WITH (fillfactor = 30, autovacuum_vacuum_scale_factor = 0.1, autovacuum_vacuum_threshold = 1000);

-- So many jobs more, or fewer, have a status.
CREATE TYPE {schema}.change AS (
    owner text COLLATE "C", kind text COLLATE "C", queue text COLLATE "C", status smallint, by bigint
);

-- For people who look: what is where, in words.
CREATE VIEW {schema}.jobs AS SELECT
    seq, id, owner, kind, queue,
    (ARRAY['critical', 'high', 'normal', 'low'])[priority + 1] AS priority,
    (ARRAY['pending', 'running', 'input_required', 'completed', 'failed', 'timeout', 'cancelled'])[status + 1] AS status,
    attempts, max_attempts, crashes, lease, cancel_requested, progress, progress_message, error_code, error,
    to_timestamp(created_at / 1e6) AS created_at, to_timestamp(started_at / 1e6) AS started_at,
    to_timestamp(finished_at / 1e6) AS finished_at,
    CASE status WHEN 0 THEN to_timestamp(least(due, 253402300799000000) / 1e6) END AS due,
    CASE status WHEN 1 THEN to_timestamp(least(leased_until, 253402300799000000) / 1e6) END AS leased_until
FROM {schema}.job;
