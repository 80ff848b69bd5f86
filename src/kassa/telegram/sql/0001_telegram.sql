-- What bots hear, where conversations stand, and whom a bot can reach.

CREATE SCHEMA telegram;

-- An update, once. Its body is kept until it is done (polling acknowledges what is on the disk), or
-- while a person has to look at it.
CREATE TABLE telegram.update (
    bot         bigint      NOT NULL,
    id          bigint      NOT NULL,
    chat        bigint      NOT NULL,      -- updates of one chat go one after another
    body        bytea,
    tries       integer     NOT NULL DEFAULT 0,
    error       text,
    received_at timestamptz NOT NULL,
    done_at     timestamptz,
    dead_at     timestamptz,               -- set aside for a person
    CONSTRAINT update_id PRIMARY KEY (bot, id),
    CONSTRAINT update_body CHECK (done_at IS NOT NULL OR body IS NOT NULL),
    CONSTRAINT update_ends CHECK (done_at IS NULL OR dead_at IS NULL)
) WITH (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0);

CREATE INDEX update_waits ON telegram.update (bot, id) WHERE done_at IS NULL AND dead_at IS NULL;
CREATE INDEX update_dead ON telegram.update (dead_at) WHERE dead_at IS NOT NULL;
CREATE INDEX update_done ON telegram.update (done_at) WHERE done_at IS NOT NULL;

-- Where a person's conversation with a bot stands, in a chat.
CREATE TABLE telegram.dialog (
    bot        bigint      NOT NULL,
    chat       bigint      NOT NULL,
    person     bigint      NOT NULL,       -- their number at Telegram
    state      text,
    data       jsonb       NOT NULL DEFAULT '{}',
    changed_at timestamptz NOT NULL,
    CONSTRAINT dialog_id PRIMARY KEY (bot, chat, person)
) WITH (fillfactor = 70);

-- A bot may write to those who have written to it and have not blocked it.
CREATE TABLE telegram.reach (
    bot     bigint      NOT NULL,
    user_id bigint      NOT NULL,
    since   timestamptz NOT NULL,
    gone_at timestamptz,
    CONSTRAINT reach_id PRIMARY KEY (bot, user_id),
    CONSTRAINT reach_person FOREIGN KEY (user_id) REFERENCES users.person (id)
) WITH (fillfactor = 80);

CREATE INDEX reach_of ON telegram.reach (user_id);

-- What Telegram was told of a bot's commands, buttons and descriptions.
CREATE TABLE telegram.face (
    bot    bigint      NOT NULL,
    print  text        NOT NULL,           -- of all that was said
    set_at timestamptz NOT NULL,
    CONSTRAINT face_id PRIMARY KEY (bot)
);

CREATE TYPE telegram.begun AS (
    fresh  boolean,                        -- false: it was done before, or is set aside
    person users.seen,
    state  text,
    data   jsonb
);

-- The first statement of an update's transaction. Whoever holds the chat's lock has its turn.
CREATE FUNCTION telegram.begin_update(
    p_bot bigint, p_id bigint, p_chat bigint, p_private boolean, p_from bigint,
    p_first_name text, p_last_name text, p_username text, p_language_code text, p_at timestamptz
) RETURNS telegram.begun LANGUAGE plpgsql AS $$
DECLARE
    begun telegram.begun;
    gone  timestamptz;
BEGIN
    PERFORM pg_advisory_xact_lock(hashint8extended(p_chat, p_bot));
    INSERT INTO telegram.update AS u (bot, id, chat, received_at, done_at)
    VALUES (p_bot, p_id, p_chat, p_at, p_at)
    ON CONFLICT (bot, id) DO UPDATE SET done_at = p_at, body = NULL, error = NULL
        WHERE u.done_at IS NULL AND u.dead_at IS NULL;
    begun.fresh := FOUND;
    IF NOT begun.fresh OR p_from IS NULL THEN
        RETURN begun;
    END IF;
    begun.person := users.see(p_from, p_first_name, p_last_name, p_username, p_language_code, p_at);
    IF p_private THEN
        SELECT r.gone_at INTO gone FROM telegram.reach r
         WHERE r.bot = p_bot AND r.user_id = (begun.person).id;
        IF NOT FOUND OR gone IS NOT NULL THEN
            INSERT INTO telegram.reach (bot, user_id, since)
            VALUES (p_bot, (begun.person).id, p_at)
            ON CONFLICT (bot, user_id) DO UPDATE SET gone_at = NULL;
        END IF;
    END IF;
    SELECT d.state, d.data INTO begun.state, begun.data FROM telegram.dialog d
     WHERE d.bot = p_bot AND d.chat = p_chat AND d.person = p_from;
    RETURN begun;
END $$;

-- And the last: where the conversation stands now (if `p_moved`), and what is to be said, as a job
-- that this process has taken already.
CREATE FUNCTION telegram.end_update(
    p_bot bigint, p_chat bigint, p_from bigint, p_moved boolean, p_state text, p_data jsonb,
    p_kind text, p_payload jsonb, p_lease interval, p_request text, p_at timestamptz
) RETURNS TABLE (job bigint, claim bigint) LANGUAGE plpgsql AS $$
BEGIN
    IF p_moved AND p_state IS NULL AND p_data = '{}' THEN
        DELETE FROM telegram.dialog d WHERE d.bot = p_bot AND d.chat = p_chat AND d.person = p_from;
    ELSIF p_moved THEN
        INSERT INTO telegram.dialog AS d (bot, chat, person, state, data, changed_at)
        VALUES (p_bot, p_chat, p_from, p_state, p_data, p_at)
        ON CONFLICT (bot, chat, person) DO UPDATE
           SET state = EXCLUDED.state, data = EXCLUDED.data, changed_at = EXCLUDED.changed_at;
    END IF;
    IF p_payload IS NOT NULL THEN
        RETURN QUERY SELECT * FROM outbox.put_taken(p_kind, p_payload, p_lease, p_request, p_at);
    END IF;
END $$;

-- An update that could not be done; says how often that was. Asked about before, it is no news.
CREATE FUNCTION telegram.fail_update(
    p_bot bigint, p_id bigint, p_chat bigint, p_body bytea, p_error text, p_most integer,
    p_at timestamptz
) RETURNS integer LANGUAGE sql AS $$
    INSERT INTO telegram.update AS u (bot, id, chat, body, tries, error, received_at, dead_at)
    VALUES (p_bot, p_id, p_chat, p_body, 1, p_error, p_at, CASE WHEN p_most <= 1 THEN p_at END)
    ON CONFLICT (bot, id) DO UPDATE
       SET tries = u.tries + 1, error = EXCLUDED.error, body = EXCLUDED.body,
           dead_at = CASE WHEN u.tries + 1 >= p_most THEN p_at END
     WHERE u.done_at IS NULL AND u.dead_at IS NULL
    RETURNING u.tries
$$;
