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

-- Records how attempts ended, each guarded by its lease, then claims. Answers with a row of number 0, which holds the
-- places of the ends that were accepted, the statuses they gave, and the types that were found at their limit; then with
-- the claimed jobs in order. An end is 0 completed, 1 failed, 2 timeout, 3 cancelled, 4 released; `after` makes it a retry.
CREATE FUNCTION {schema}.step_1(
    ids uuid[], leases bigint[], endings smallint[], afters bigint[], results bytea[], codes text[], errors text[],
    attempt_codes text[], attempt_errors text[], fractions double precision[], messages text[],
    most integer, lease_time bigint, queues text[], kinds text[], limit_class integer,
    limited text[], running_limits bigint[], rates double precision[], periods double precision[]
) RETURNS TABLE (n integer, ends integer[], statuses smallint[], fulls text[],
    job_seq bigint, job_id uuid, job_due bigint, job_lease bigint, job_timeout bigint, job_keep_result bigint,
    job_keep_failure bigint, job_schema bigint, job_max_attempts bigint, job_batch_index bigint, job_created_at
    bigint, job_started_at bigint, job_finished_at bigint, job_run_at bigint, job_settled bigint, job_progress double
    precision, job_batch uuid, job_attempts integer, job_crashes integer, job_status smallint, job_priority smallint,
    job_uniqueness smallint, job_cancel_requested boolean, job_owner text, job_kind text, job_queue text,
    job_idempotency_key text, job_args_hash bytea, job_progress_message text, job_error_code text, job_error text,
    job_args bytea
)
LANGUAGE plpgsql
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET jit = off
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    forever CONSTANT bigint := 2305843009213693951;
    now_at bigint := {schema}.micros();
    changes {schema}.change[];
    more {schema}.change[];
    ended integer[] := '{}';
    ended_as smallint[] := '{}';
    full_kinds text[] := '{}';
    lane_queues text[];
    lane_kinds text[];
    lane_priorities smallint[];
    rooms bigint[];
    -- Where the rows are that this session has locked, in order.
    picked tid[] := '{}';
    got tid[];
    candidates uuid[];
    tried uuid[];
    level smallint;
    of_level integer[];
    left_over integer;
    i integer;
    k text;
    room bigint;
    used bigint;
    started bigint;
    bucket_tokens double precision;
BEGIN
    IF cardinality(ids) > 0 THEN
        WITH e AS MATERIALIZED (
            SELECT *, (CASE WHEN e.after IS NULL AND e.ending < 4 THEN e.ending + 3 END)::smallint AS final
            FROM unnest(ids, leases, endings, afters, results, codes, errors, attempt_codes, attempt_errors,
                fractions, messages) WITH ORDINALITY AS e(id, lease, ending, after, result, code, error, attempt_code,
                attempt_error, fraction, message, place)),
        done AS (
            UPDATE {schema}.job j SET
                status = coalesce(e.final, CASE WHEN j.cancel_requested THEN 6 ELSE 0 END),
                attempts = j.attempts - CASE WHEN e.ending = 4 AND j.attempts > 0 THEN 1 ELSE 0 END,
                due = CASE
                    WHEN e.final IS NULL AND NOT j.cancel_requested THEN now_at + coalesce(e.after, 0)
                    WHEN e.final IN (4, 5) THEN now_at + least(coalesce(j.keep_failure, forever), forever - now_at)
                    ELSE now_at + least(coalesce(j.keep_result, forever), forever - now_at) END,
                progress = CASE WHEN e.final = 3 THEN 1.0 ELSE greatest(j.progress, e.fraction) END,
                progress_message = coalesce(e.message, j.progress_message),
                error_code = CASE WHEN e.final IN (3, 6) OR e.final IS NULL AND j.cancel_requested THEN NULL
                    WHEN e.ending = 4 THEN j.error_code ELSE e.code END,
                error = CASE WHEN e.final IN (3, 6) OR e.final IS NULL AND j.cancel_requested THEN NULL
                    WHEN e.ending = 4 THEN j.error ELSE e.error END,
                run_at = CASE WHEN e.final IS NULL AND NOT j.cancel_requested AND e.after > 0 THEN now_at + e.after END,
                finished_at = CASE WHEN e.final IS NOT NULL OR j.cancel_requested THEN now_at END,
                settled = CASE WHEN e.ending = 4 THEN j.settled ELSE (j.lease << 8) | (e.ending::integer << 4)
                    | coalesce(e.final::integer, CASE WHEN j.cancel_requested THEN 6 ELSE 0 END) END,
                result = e.result
            FROM e WHERE j.id = e.id AND j.lease = e.lease AND j.status = 1
            RETURNING e.place::integer, j.id, j.lease, j.owner, j.kind, j.queue, j.status, j.started_at, e.ending,
                e.after, e.attempt_code, e.attempt_error),
        remembered AS (
            INSERT INTO {schema}.attempt
                SELECT d.id, d.lease, coalesce(d.started_at, now_at), now_at, d.ending, d.attempt_code, d.attempt_error
                FROM done d WHERE d.after IS NOT NULL OR d.ending = 4
                ON CONFLICT DO NOTHING),
        forgotten AS (
            DELETE FROM {schema}.attempt a USING (
                SELECT d.id, d.lease FROM done d WHERE d.lease > 128 AND (d.after IS NOT NULL OR d.ending = 4)) o
            WHERE a.id = o.id AND a.lease <= o.lease - 128)
        SELECT array_agg(d.place), array_agg(d.status), (
                SELECT array_agg(ROW(s.owner, s.kind, s.queue, s.status, s.jobs)::{schema}.change) FROM (
                    SELECT d.owner, d.kind, d.queue, 1 AS status, -count(*) AS jobs FROM done d GROUP BY 1, 2, 3
                    UNION ALL
                    SELECT d.owner, d.kind, d.queue, d.status, count(*) FROM done d GROUP BY 1, 2, 3, 4) s)
            INTO ended, ended_as, changes FROM done d;
    END IF;

    IF most > 0 THEN
        -- The served lanes (queue, type and priority) whose first job is due, found from head to head.
        WITH RECURSIVE lane AS (
            (SELECT j.queue, j.kind, j.priority, j.due FROM {schema}.job j WHERE j.status = 0
                ORDER BY j.queue, j.kind, j.priority, j.due LIMIT 1)
            UNION ALL
            SELECT o.queue, o.kind, o.priority, o.due FROM lane l CROSS JOIN LATERAL (
                SELECT j.queue, j.kind, j.priority, j.due FROM {schema}.job j
                WHERE j.status = 0 AND (j.queue, j.kind, j.priority) > (l.queue, l.kind, l.priority)
                ORDER BY j.queue, j.kind, j.priority, j.due LIMIT 1) o)
        SELECT array_agg(l.queue), array_agg(l.kind), array_agg(l.priority)
            INTO lane_queues, lane_kinds, lane_priorities
            FROM lane l WHERE l.due <= now_at AND (queues IS NULL OR l.queue = ANY (queues))
                AND (kinds IS NULL OR l.kind = ANY (kinds));
    END IF;

    IF lane_kinds IS NOT NULL THEN
        rooms := array_fill(forever, ARRAY[cardinality(limited)]);
        FOR i IN 1..cardinality(limited) LOOP
            k := limited[i];
            CONTINUE WHEN k <> ALL (lane_kinds);
            -- Held until the commit, so that nobody counts while somebody starts. They come in one order.
            PERFORM pg_advisory_xact_lock(limit_class, hashtext(k));
            room := forever;
            IF running_limits[i] IS NOT NULL THEN
                SELECT running_limits[i] - count(*) INTO room FROM (
                    SELECT FROM {schema}.job j WHERE j.status = 1 AND j.kind = k LIMIT running_limits[i]) r;
                IF room <= 0 THEN full_kinds := full_kinds || k; END IF;
            END IF;
            IF rates[i] IS NOT NULL THEN
                SELECT least(b.tokens + greatest(now_at - b.at, 0) * rates[i] / periods[i], rates[i])
                    INTO bucket_tokens FROM {schema}.bucket b WHERE b.kind = k;
                room := least(room, floor(coalesce(bucket_tokens, rates[i]))::bigint);
            END IF;
            rooms[i] := greatest(room, 0);
        END LOOP;

        FOR level IN 0..3 LOOP
            SELECT array_agg(l.place) INTO of_level
                FROM unnest(lane_priorities, lane_kinds) WITH ORDINALITY AS l(priority, kind, place)
                WHERE l.priority = level;
            CONTINUE WHEN of_level IS NULL;
            tried := '{}';
            LOOP
                left_over := most - cardinality(picked);
                EXIT WHEN left_over <= 0;
                IF cardinality(of_level) = 1 THEN
                    i := array_position(limited, lane_kinds[of_level[1]]);
                    room := CASE WHEN i IS NULL THEN left_over ELSE least(left_over, rooms[i]) END;
                    got := ARRAY(SELECT j.ctid FROM {schema}.job j
                        WHERE j.status = 0 AND j.queue = lane_queues[of_level[1]] AND j.kind = lane_kinds[of_level[1]]
                            AND j.priority = level AND j.due <= now_at
                        ORDER BY j.due, j.seq LIMIT room FOR UPDATE SKIP LOCKED);
                    IF i IS NOT NULL THEN rooms[i] := rooms[i] - cardinality(got); END IF;
                    picked := picked || got;
                    EXIT;
                END IF;
                -- The heads of all lanes of this priority, merged; then those that nobody else holds are taken.
                candidates := ARRAY(
                    SELECT r.id FROM (
                        SELECT h.id, h.due, h.seq, coalesce(rooms[array_position(limited, lane_kinds[o.place])], forever)
                            AS room,
                            row_number() OVER (PARTITION BY lane_kinds[o.place] ORDER BY h.due, h.seq) AS rank
                        FROM unnest(of_level) AS o(place) CROSS JOIN LATERAL (
                            SELECT j.id, j.due, j.seq FROM {schema}.job j
                            WHERE j.status = 0 AND j.queue = lane_queues[o.place] AND j.kind = lane_kinds[o.place]
                                AND j.priority = level AND j.due <= now_at AND j.id <> ALL (tried)
                            ORDER BY j.due, j.seq LIMIT left_over) h) r
                    WHERE r.rank <= r.room ORDER BY r.due, r.seq LIMIT left_over);
                EXIT WHEN cardinality(candidates) = 0;
                WITH mine AS MATERIALIZED (
                    SELECT j.ctid AS at, c.place FROM unnest(candidates) WITH ORDINALITY AS c(id, place)
                        JOIN {schema}.job j ON j.id = c.id
                    WHERE j.status = 0 AND j.due <= now_at ORDER BY c.place FOR UPDATE OF j SKIP LOCKED)
                SELECT coalesce(array_agg(m.at ORDER BY m.place), '{}') INTO got FROM mine m;
                picked := picked || got;
                IF cardinality(limited) > 0 AND cardinality(got) > 0 THEN
                    FOR i IN 1..cardinality(limited) LOOP
                        CONTINUE WHEN rooms[i] = forever;
                        SELECT rooms[i] - count(*) INTO room FROM unnest(got) AS s(at) JOIN {schema}.job j ON j.ctid = s.at
                            WHERE j.kind = limited[i];
                        rooms[i] := room;
                    END LOOP;
                END IF;
                EXIT WHEN cardinality(got) = cardinality(candidates);
                tried := tried || candidates;
            END LOOP;
        END LOOP;
    END IF;

    IF ended <> '{}' OR full_kinds <> '{}' THEN
        n := 0;
        ends := ended;
        statuses := ended_as;
        fulls := full_kinds;
        RETURN NEXT;
    END IF;
    IF cardinality(picked) > 0 THEN
        -- Before they move.
        FOR i IN 1..cardinality(limited) LOOP
            CONTINUE WHEN rates[i] IS NULL OR limited[i] <> ALL (lane_kinds);
            SELECT count(*) INTO used FROM unnest(picked) AS p(at) JOIN {schema}.job j ON j.ctid = p.at
                WHERE j.kind = limited[i];
            INSERT INTO {schema}.bucket AS b (kind, tokens, at) VALUES (limited[i], rates[i] - used, now_at)
                ON CONFLICT (kind) DO UPDATE SET at = now_at,
                    tokens = least(b.tokens + greatest(now_at - b.at, 0) * rates[i] / periods[i], rates[i]) - used;
        END LOOP;
        SELECT array_agg(ROW(s.owner, s.kind, s.queue, x.status, x.by * s.jobs)::{schema}.change) INTO more FROM (
            SELECT j.owner, j.kind, j.queue, count(*) AS jobs FROM unnest(picked) AS p(at)
                JOIN {schema}.job j ON j.ctid = p.at GROUP BY 1, 2, 3) s
            CROSS JOIN (VALUES (0, -1), (1, 1)) AS x(status, by);
        changes := coalesce(changes, '{}') || more;
        RETURN QUERY UPDATE {schema}.job j SET status = 1, leased_until = now_at + lease_time, lease = j.lease + 1,
                attempts = j.attempts + 1, started_at = now_at, run_at = NULL
            FROM unnest(picked) WITH ORDINALITY AS p(at, place) WHERE j.ctid = p.at AND j.status = 0
            RETURNING p.place::integer, NULL::integer[], NULL::smallint[], NULL::text[],
                j.seq, j.id, j.due, j.lease, j.timeout, j.keep_result, j.keep_failure, j.schema, j.max_attempts,
                j.batch_index, j.created_at, j.started_at, j.finished_at, j.run_at, j.settled, j.progress, j.batch,
                j.attempts, j.crashes, j.status, j.priority, j.uniqueness, j.cancel_requested, j.owner, j.kind,
                j.queue, j.idempotency_key, j.args_hash, j.progress_message, j.error_code, j.error, j.args;
        GET DIAGNOSTICS started = ROW_COUNT;
        IF started <> cardinality(picked) THEN
            RAISE EXCEPTION 'a job that was locked has moved' USING ERRCODE = 'serialization_failure';
        END IF;
    END IF;
    PERFORM {schema}.count_1(changes, (-1)::smallint);
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
