-- Work that must happen after a transaction: put in it, done after it. A job that is done is
-- gone; what happened is written in the tables of whoever put it.

CREATE SCHEMA outbox;

CREATE TABLE outbox.job (
    id           bigint      NOT NULL GENERATED ALWAYS AS IDENTITY,
    kind         text        NOT NULL COLLATE "C",
    key          text        COLLATE "C",            -- one job a kind and key: put again, renewed
    payload      jsonb       NOT NULL,
    due_at       timestamptz NOT NULL,
    again_at     timestamptz,                        -- put again while it runs: when it runs again
    leased_until timestamptz,                        -- somebody is doing it, by the database's clock
    claim        bigint,                             -- who is doing it
    attempts     integer     NOT NULL DEFAULT 0,
    most         integer     NOT NULL,               -- attempts before it is dead
    last_error   text,
    dead_at      timestamptz,                        -- set aside for a person to look at
    request_id   text,                               -- of what put it
    put_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT job_id PRIMARY KEY (id),
    CONSTRAINT job_most CHECK (most > 0)
) WITH (
    fillfactor = 70,
    autovacuum_vacuum_scale_factor = 0,
    autovacuum_vacuum_threshold = 2000,
    autovacuum_vacuum_cost_delay = 0
);

CREATE UNIQUE INDEX job_key ON outbox.job (kind, key) WHERE key IS NOT NULL;
CREATE INDEX job_due ON outbox.job (due_at, id) WHERE dead_at IS NULL;
CREATE INDEX job_dead ON outbox.job (dead_at) WHERE dead_at IS NOT NULL;

-- Every time that a job is taken has a number of its own, so that whoever lost it cannot end it.
-- It belongs to no column: a table that is emptied does not start it anew.
CREATE SEQUENCE outbox.claim;

CREATE TABLE outbox.schedule (
    name   text        NOT NULL COLLATE "C",
    cron   text        NOT NULL,
    due_at timestamptz NOT NULL,
    CONSTRAINT schedule_name PRIMARY KEY (name)
);

-- Takes jobs that are due, the oldest first. One whose tries are used up, its worker having died
-- each time, is set aside instead. The plan is forced: where the planner thinks that little is
-- waiting, it sorts all that does.
CREATE FUNCTION outbox.take(at timestamptz, kinds text[], most_jobs int, lease interval)
RETURNS SETOF outbox.job LANGUAGE plpgsql
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off AS $$
BEGIN
    RETURN QUERY
    UPDATE outbox.job j
       SET claim = nextval('outbox.claim'),
           leased_until = CASE WHEN j.attempts < j.most THEN clock_timestamp() + lease END,
           attempts = least(j.attempts + 1, j.most),
           again_at = CASE WHEN j.again_at > at THEN j.again_at END,
           dead_at = CASE WHEN j.attempts >= j.most THEN at END,
           last_error = CASE WHEN j.attempts < j.most THEN j.last_error
                             ELSE coalesce(j.last_error, 'its worker died each time') END
     WHERE j.id = ANY (ARRAY(
               SELECT d.id FROM outbox.job d
                WHERE d.dead_at IS NULL AND d.due_at <= at AND d.kind = ANY (kinds)
                  AND (d.leased_until IS NULL OR d.leased_until < clock_timestamp())
                ORDER BY d.due_at, d.id LIMIT most_jobs
                  FOR UPDATE SKIP LOCKED))
    RETURNING j.*;
END $$;
