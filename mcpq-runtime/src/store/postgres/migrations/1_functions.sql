-- Functions make each transition one round trip and one transaction. One that is here is never changed: another version
-- has another name, so that programs of this version go on beside newer ones. The planner is told to go by index,
-- whatever it believes of tables that were empty when it looked.

-- Brings changes into the counts. Rows are taken in one order, and this comes last in a transaction.
CREATE FUNCTION {schema}.count_1(changes {schema}.change[], in_shard smallint) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    -- -1 is one of a few that sessions share; -2 one that an open transaction can hold without being in anybody's way.
    mine smallint := CASE in_shard WHEN -1 THEN pg_backend_pid() % 16 WHEN -2 THEN 1000 + pg_backend_pid() % 30000
        ELSE in_shard END;
BEGIN
    IF changes IS NULL THEN RETURN; END IF;
    INSERT INTO {schema}.count_by_owner AS known
        SELECT c.owner, c.kind, c.queue, mine,
            coalesce(sum(c.by) FILTER (WHERE c.status = 0), 0), coalesce(sum(c.by) FILTER (WHERE c.status = 1), 0),
            coalesce(sum(c.by) FILTER (WHERE c.status = 2), 0), coalesce(sum(c.by) FILTER (WHERE c.status = 3), 0),
            coalesce(sum(c.by) FILTER (WHERE c.status = 4), 0), coalesce(sum(c.by) FILTER (WHERE c.status = 5), 0),
            coalesce(sum(c.by) FILTER (WHERE c.status = 6), 0)
        FROM unnest(changes) c GROUP BY c.owner, c.kind, c.queue ORDER BY c.owner, c.kind, c.queue
        ON CONFLICT (owner, kind, queue, shard) DO UPDATE SET
            pending = known.pending + excluded.pending, running = known.running + excluded.running,
            parked = known.parked + excluded.parked, completed = known.completed + excluded.completed,
            failed = known.failed + excluded.failed, timeout = known.timeout + excluded.timeout,
            cancelled = known.cancelled + excluded.cancelled;
    INSERT INTO {schema}.count_by_queue AS known
        SELECT c.queue, mine,
            coalesce(sum(c.by) FILTER (WHERE c.status = 0), 0), coalesce(sum(c.by) FILTER (WHERE c.status = 1), 0),
            coalesce(sum(c.by) FILTER (WHERE c.status = 2), 0), coalesce(sum(c.by) FILTER (WHERE c.status = 3), 0),
            coalesce(sum(c.by) FILTER (WHERE c.status = 4), 0), coalesce(sum(c.by) FILTER (WHERE c.status = 5), 0),
            coalesce(sum(c.by) FILTER (WHERE c.status = 6), 0)
        FROM unnest(changes) c GROUP BY c.queue ORDER BY c.queue
        ON CONFLICT (queue, shard) DO UPDATE SET
            pending = known.pending + excluded.pending, running = known.running + excluded.running,
            parked = known.parked + excluded.parked, completed = known.completed + excluded.completed,
            failed = known.failed + excluded.failed, timeout = known.timeout + excluded.timeout,
            cancelled = known.cancelled + excluded.cancelled;
END $$;

-- Adds shards together, and forgets what counts nothing any more: owners and types come and go.
CREATE FUNCTION {schema}.fold_1(most integer) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    WITH gone AS (
        DELETE FROM {schema}.count_by_owner WHERE ctid = ANY (ARRAY(
            SELECT ctid FROM {schema}.count_by_owner WHERE shard > 0 LIMIT most FOR UPDATE SKIP LOCKED))
        RETURNING *)
    INSERT INTO {schema}.count_by_owner AS known
        SELECT owner, kind, queue, 0, sum(pending), sum(running), sum(parked), sum(completed), sum(failed), sum(timeout),
            sum(cancelled)
        FROM gone GROUP BY owner, kind, queue ORDER BY owner, kind, queue
        ON CONFLICT (owner, kind, queue, shard) DO UPDATE SET
            pending = known.pending + excluded.pending, running = known.running + excluded.running,
            parked = known.parked + excluded.parked, completed = known.completed + excluded.completed,
            failed = known.failed + excluded.failed, timeout = known.timeout + excluded.timeout,
            cancelled = known.cancelled + excluded.cancelled;
    WITH gone AS (
        DELETE FROM {schema}.count_by_queue WHERE ctid = ANY (ARRAY(
            SELECT ctid FROM {schema}.count_by_queue WHERE shard > 0 LIMIT most FOR UPDATE SKIP LOCKED))
        RETURNING *)
    INSERT INTO {schema}.count_by_queue AS known
        SELECT queue, 0, sum(pending), sum(running), sum(parked), sum(completed), sum(failed), sum(timeout),
            sum(cancelled)
        FROM gone GROUP BY queue ORDER BY queue
        ON CONFLICT (queue, shard) DO UPDATE SET
            pending = known.pending + excluded.pending, running = known.running + excluded.running,
            parked = known.parked + excluded.parked, completed = known.completed + excluded.completed,
            failed = known.failed + excluded.failed, timeout = known.timeout + excluded.timeout,
            cancelled = known.cancelled + excluded.cancelled;
    DELETE FROM {schema}.count_by_owner WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM {schema}.count_by_owner
        WHERE pending = 0 AND running = 0 AND parked = 0 AND completed = 0 AND failed = 0 AND timeout = 0
            AND cancelled = 0
        LIMIT most FOR UPDATE SKIP LOCKED));
    DELETE FROM {schema}.count_by_queue WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM {schema}.count_by_queue
        WHERE pending = 0 AND running = 0 AND parked = 0 AND completed = 0 AND failed = 0 AND timeout = 0
            AND cancelled = 0
        LIMIT most FOR UPDATE SKIP LOCKED));
END $$;

-- Adds jobs of several calls, each call all or none. Answers with what is not plainly created: 1 another job stands for it,
-- 2 its key belongs to another, 3 the call is refused, 4 nothing was done, since the bound is near: ask again exactly.
-- Whoever adds few jobs far from the bound holds one of eight locks, so that what others add unseen meanwhile is
-- bounded too; whoever comes near it holds all of them, and sees the true depth.
CREATE FUNCTION {schema}.insert_1(
    lock_class integer, exactly boolean, bounds bigint[], in_shard smallint, is_plain boolean,
    calls integer[], ids uuid[], owners text[], kinds text[], queues text[], priorities smallint[],
    delays bigint[], ats bigint[], argss bytea[], schemas bigint[], hashes bytea[], keys text[], uniques smallint[],
    maxima bigint[], timeouts bigint[], keep_results bigint[], keep_failures bigint[], batches uuid[],
    batch_indexes bigint[]
) RETURNS TABLE (n integer, reply smallint, other uuid, waiting bigint, running bigint)
LANGUAGE plpgsql
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET jit = off
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    now_at bigint;
    total integer := cardinality(ids);
    least_bound bigint := (SELECT min(b) FROM unnest(bounds) b);
    is_bounded boolean := least_bound < 4611686018427387904;
    depth bigint := 0;
    runs bigint := 0;
    changes {schema}.change[] := '{}';
    before {schema}.change[];
    depth_before bigint;
    c integer;
    i integer := 1;
    first integer;
    known {schema}.job%ROWTYPE;
    delay bigint;
    added boolean;
BEGIN
    IF is_bounded AND NOT exactly THEN
        IF total > 128 THEN
            RETURN QUERY SELECT 0, 4::smallint, NULL::uuid, 0::bigint, 0::bigint;
            RETURN;
        END IF;
        PERFORM pg_advisory_xact_lock(lock_class, pg_backend_pid() % 8);
    ELSIF is_bounded AND in_shard = -1 THEN
        FOR c IN 0..7 LOOP PERFORM pg_advisory_xact_lock(lock_class, c); END LOOP;
    END IF;
    IF is_bounded THEN
        SELECT coalesce(sum(q.pending + q.parked), 0), coalesce(sum(q.running), 0) INTO depth, runs
            FROM {schema}.count_by_queue q;
        IF NOT exactly AND depth + total + 1024 > least_bound THEN
            RETURN QUERY SELECT 0, 4::smallint, NULL::uuid, 0::bigint, 0::bigint;
            RETURN;
        END IF;
    END IF;
    now_at := {schema}.micros();
    IF is_plain AND depth + total <= least_bound THEN
        WITH new AS (
            INSERT INTO {schema}.job (id, owner, kind, queue, priority, due, run_at, args, schema, max_attempts, timeout,
                keep_result, keep_failure, batch, batch_index, created_at)
            SELECT j.id, j.owner, j.kind, j.queue, j.priority, now_at + w.delay,
                CASE WHEN w.delay > 0 THEN now_at + w.delay END, j.args, j.schema, j.max_attempts, j.timeout,
                j.keep_result, j.keep_failure, j.batch, j.batch_index, now_at
            FROM unnest(ids, owners, kinds, queues, priorities, delays, ats, argss, schemas, maxima, timeouts,
                    keep_results, keep_failures, batches, batch_indexes) WITH ORDINALITY
                AS j(id, owner, kind, queue, priority, delay, at, args, schema, max_attempts, timeout, keep_result,
                    keep_failure, batch, batch_index, n)
                CROSS JOIN LATERAL (SELECT coalesce(j.delay, greatest(j.at - now_at, 0)) AS delay) w
            ORDER BY j.n
            ON CONFLICT (id) DO NOTHING
            RETURNING job.owner, job.kind, job.queue)
        SELECT array_agg(ROW(s.owner, s.kind, s.queue, 0, s.jobs)::{schema}.change) INTO changes
            FROM (SELECT new.owner, new.kind, new.queue, count(*) AS jobs FROM new GROUP BY 1, 2, 3) s;
        PERFORM {schema}.count_1(changes, in_shard);
        RETURN;
    END IF;
    FOR c IN 1..cardinality(bounds) LOOP
        before := changes;
        depth_before := depth;
        first := i;
        BEGIN
            WHILE i <= total AND calls[i] = c LOOP
                delay := coalesce(delays[i], greatest(ats[i] - now_at, 0));
                added := false;
                -- Again where somebody else's job came or went meanwhile.
                WHILE NOT added LOOP
                    IF keys[i] IS NOT NULL THEN
                        SELECT * INTO known FROM {schema}.job j
                            WHERE j.owner = owners[i] AND j.kind = kinds[i] AND j.idempotency_key = keys[i];
                        IF FOUND THEN
                            IF known.id <> ids[i] THEN
                                RETURN QUERY SELECT i, (CASE WHEN known.args_hash IS NOT DISTINCT FROM hashes[i]
                                    THEN 1 ELSE 2 END)::smallint, known.id, 0::bigint, 0::bigint;
                            END IF;
                            EXIT;
                        END IF;
                    END IF;
                    IF uniques[i] > 0 AND hashes[i] IS NOT NULL THEN
                        SELECT * INTO known FROM {schema}.job j
                            WHERE j.owner = owners[i] AND j.kind = kinds[i] AND j.args_hash = hashes[i]
                                AND j.uniqueness > 0 AND j.status < 3;
                        IF NOT FOUND AND uniques[i] = 2 THEN
                            SELECT * INTO known FROM {schema}.job j
                                WHERE j.owner = owners[i] AND j.kind = kinds[i] AND j.args_hash = hashes[i]
                                    AND j.uniqueness > 0 AND j.status > 2
                                ORDER BY j.seq DESC LIMIT 1;
                        END IF;
                        IF FOUND THEN
                            IF known.id <> ids[i] AND NOT EXISTS (SELECT FROM {schema}.job j WHERE j.id = ids[i]) THEN
                                RETURN QUERY SELECT i, 1::smallint, known.id, 0::bigint, 0::bigint;
                            END IF;
                            EXIT;
                        END IF;
                    END IF;
                    IF depth >= bounds[c] THEN
                        -- One that is stored already needs no room.
                        EXIT WHEN EXISTS (SELECT FROM {schema}.job j WHERE j.id = ids[i]);
                        RAISE EXCEPTION 'full' USING ERRCODE = 'MQ001';
                    END IF;
                    INSERT INTO {schema}.job (id, owner, kind, queue, priority, due, run_at, args, schema, args_hash,
                        idempotency_key, uniqueness, max_attempts, timeout, keep_result, keep_failure, batch,
                        batch_index, created_at)
                    VALUES (ids[i], owners[i], kinds[i], queues[i], priorities[i], now_at + delay,
                        CASE WHEN delay > 0 THEN now_at + delay END, argss[i], schemas[i], hashes[i], keys[i],
                        uniques[i], maxima[i], timeouts[i], keep_results[i], keep_failures[i], batches[i],
                        batch_indexes[i], now_at)
                    ON CONFLICT DO NOTHING;
                    IF FOUND THEN
                        added := true;
                        depth := depth + 1;
                        changes := changes || ROW(owners[i], kinds[i], queues[i], 0, 1)::{schema}.change;
                    ELSE
                        EXIT WHEN EXISTS (SELECT FROM {schema}.job j WHERE j.id = ids[i]);
                    END IF;
                END LOOP;
                i := i + 1;
            END LOOP;
        EXCEPTION WHEN SQLSTATE 'MQ001' THEN
            changes := before;
            depth := depth_before;
            WHILE i <= total AND calls[i] = c LOOP i := i + 1; END LOOP;
            RETURN QUERY SELECT first, 3::smallint, NULL::uuid, depth, runs;
        END;
    END LOOP;
    PERFORM {schema}.count_1(changes, in_shard);
END $$;

-- Returns jobs whose lease has run out to pending, or ends them; ends parked jobs whose time is up. One session at a time.
CREATE FUNCTION {schema}.rescue_1(lock_class integer, most integer, max_crashes bigint) RETURNS SETOF {schema}.job
LANGUAGE plpgsql
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET jit = off
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    forever CONSTANT bigint := 2305843009213693951;
    now_at bigint := {schema}.micros();
    lost uuid[];
    parked uuid[];
    changes {schema}.change[];
BEGIN
    IF NOT pg_try_advisory_xact_lock(lock_class, 8) THEN RETURN; END IF;
    lost := ARRAY(SELECT j.id FROM {schema}.job j WHERE j.status = 1 AND j.leased_until <= now_at
        ORDER BY j.leased_until LIMIT most FOR UPDATE SKIP LOCKED);
    parked := ARRAY(SELECT j.id FROM {schema}.job j WHERE j.status = 2 AND j.due <= now_at
        ORDER BY j.due LIMIT most - cardinality(lost) FOR UPDATE SKIP LOCKED);
    IF cardinality(lost) + cardinality(parked) = 0 THEN RETURN; END IF;
    INSERT INTO {schema}.attempt
        SELECT j.id, j.lease, coalesce(j.started_at, now_at), now_at, 5, NULL, NULL
        FROM unnest(lost) AS l(id) JOIN {schema}.job j ON j.id = l.id ON CONFLICT DO NOTHING;
    DELETE FROM {schema}.attempt a USING unnest(lost) AS l(id) JOIN {schema}.job j ON j.id = l.id
        WHERE a.id = l.id AND a.lease <= j.lease - 128;
    UPDATE {schema}.job j SET
        status = s.now_is,
        attempts = greatest(j.attempts - 1, 0),
        crashes = j.crashes + 1,
        due = CASE s.now_is WHEN 0 THEN now_at
            WHEN 4 THEN now_at + least(coalesce(j.keep_failure, forever), forever - now_at)
            ELSE now_at + least(coalesce(j.keep_result, forever), forever - now_at) END,
        error_code = CASE s.now_is WHEN 0 THEN j.error_code WHEN 4 THEN 'WORKER_LOST' END,
        error = CASE s.now_is WHEN 0 THEN j.error
            WHEN 4 THEN 'its worker died or was cut off ' || j.crashes + 1 || ' times while it ran' END,
        run_at = NULL,
        finished_at = CASE WHEN s.now_is > 2 THEN now_at END
    FROM unnest(lost) AS l(id) JOIN {schema}.job f ON f.id = l.id CROSS JOIN LATERAL (
        SELECT (CASE WHEN f.cancel_requested THEN 6 WHEN f.crashes + 1 < max_crashes THEN 0 ELSE 4 END)::smallint
            AS now_is) s
    WHERE j.id = l.id;
    UPDATE {schema}.job j SET status = 4, due = now_at + least(coalesce(j.keep_failure, forever), forever - now_at),
        error_code = 'INPUT_EXPIRED', error = 'nobody answered the job''s question in time', run_at = NULL,
        finished_at = now_at
    FROM unnest(parked) AS l(id) WHERE j.id = l.id;
    RETURN QUERY SELECT j.* FROM unnest(lost || parked) WITH ORDINALITY AS l(id, place)
        JOIN {schema}.job j ON j.id = l.id ORDER BY l.place;
    SELECT array_agg(ROW(s.owner, s.kind, s.queue, s.status, s.jobs)::{schema}.change) INTO changes FROM (
        SELECT j.owner, j.kind, j.queue, j.status, count(*) AS jobs
            FROM unnest(lost || parked) AS l(id) JOIN {schema}.job j ON j.id = l.id GROUP BY 1, 2, 3, 4
        UNION ALL
        SELECT j.owner, j.kind, j.queue, 1, -count(*)
            FROM unnest(lost) AS l(id) JOIN {schema}.job j ON j.id = l.id GROUP BY 1, 2, 3
        UNION ALL
        SELECT j.owner, j.kind, j.queue, 2, -count(*)
            FROM unnest(parked) AS l(id) JOIN {schema}.job j ON j.id = l.id GROUP BY 1, 2, 3) s;
    PERFORM {schema}.count_1(changes, (-1)::smallint);
END $$;

-- Forgets jobs that have been kept long enough, and says how many. One session at a time.
CREATE FUNCTION {schema}.prune_1(lock_class integer, most integer) RETURNS integer
LANGUAGE plpgsql
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET jit = off
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    forever CONSTANT bigint := 2305843009213693951;
    now_at bigint := {schema}.micros();
    old uuid[];
    changes {schema}.change[];
BEGIN
    IF NOT pg_try_advisory_xact_lock(lock_class, 9) THEN RETURN 0; END IF;
    old := ARRAY(SELECT j.id FROM {schema}.job j WHERE j.status > 2 AND j.due <= least(now_at, forever - 1)
        ORDER BY j.due LIMIT most FOR UPDATE SKIP LOCKED);
    IF cardinality(old) = 0 THEN RETURN 0; END IF;
    DELETE FROM {schema}.attempt a USING unnest(old) AS o(id) WHERE a.id = o.id;
    DELETE FROM {schema}.journal e USING unnest(old) AS o(id) WHERE e.id = o.id;
    WITH gone AS (
        DELETE FROM {schema}.job j USING unnest(old) AS o(id) WHERE j.id = o.id
        RETURNING j.owner, j.kind, j.queue, j.status)
    SELECT array_agg(ROW(s.owner, s.kind, s.queue, s.status, s.jobs)::{schema}.change) INTO changes
        FROM (SELECT g.owner, g.kind, g.queue, g.status, -count(*) AS jobs FROM gone g GROUP BY 1, 2, 3, 4) s;
    PERFORM {schema}.count_1(changes, (-1)::smallint);
    RETURN cardinality(old);
END $$;
