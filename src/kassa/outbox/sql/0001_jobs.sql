-- Work that must happen after a transaction: put in it, done after it. A job that is done is
-- gone; what happened is written in the tables of whoever put it.

CREATE SCHEMA outbox;

CREATE TABLE outbox.job (
    id           bigint      NOT NULL GENERATED ALWAYS AS IDENTITY,
    kind         text        NOT NULL COLLATE "C",
    key          text        COLLATE "C",            -- one job a key: putting it again renews it
    payload      jsonb       NOT NULL,
    due_at       timestamptz NOT NULL,
    leased_until timestamptz,                        -- somebody is doing it, by the database's clock
    puts         integer     NOT NULL DEFAULT 1,     -- put again while it runs, it runs again
    attempts     integer     NOT NULL DEFAULT 0,
    most         integer     NOT NULL,               -- attempts before it is dead
    last_error   text,
    dead_at      timestamptz,                        -- set aside for a person to look at
    request_id   text,                               -- of what put it
    put_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT job_id PRIMARY KEY (id),
    CONSTRAINT job_key UNIQUE (key),
    CONSTRAINT job_most CHECK (most > 0)
) WITH (
    fillfactor = 70,
    autovacuum_vacuum_scale_factor = 0,
    autovacuum_vacuum_threshold = 2000,
    autovacuum_vacuum_cost_delay = 0
);

CREATE INDEX job_due ON outbox.job (due_at, id) WHERE dead_at IS NULL;
CREATE INDEX job_dead ON outbox.job (dead_at) WHERE dead_at IS NOT NULL;

CREATE TABLE outbox.schedule (
    name   text        NOT NULL COLLATE "C",
    cron   text        NOT NULL,
    due_at timestamptz NOT NULL,
    CONSTRAINT schedule_name PRIMARY KEY (name)
);
