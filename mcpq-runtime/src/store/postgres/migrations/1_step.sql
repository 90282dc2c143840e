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
