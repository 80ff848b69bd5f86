-- People: made when they are seen first, known by their Telegram id ever after.

CREATE SCHEMA users;

-- Eight letters and digits, none of which looks like another (no 0 O, no 1 I). A random UUID has
-- no fixed bits in the bytes that are taken.
CREATE FUNCTION users.new_referral_code() RETURNS text LANGUAGE sql VOLATILE AS $$
    SELECT string_agg(substr('23456789ABCDEFGHJKLMNPQRSTUVWXYZ', (get_byte(b.random, i) & 31) + 1, 1), '')
      FROM (SELECT uuid_send(gen_random_uuid()) AS random) b,
           unnest(ARRAY[0, 1, 2, 3, 4, 5, 9, 10]) i
$$;

CREATE TABLE users.person (
    id              bigint      NOT NULL GENERATED ALWAYS AS IDENTITY,
    uid             uuid        NOT NULL DEFAULT gen_random_uuid(),   -- what others may see
    telegram_id     bigint      NOT NULL,                             -- also of the private chat
    first_name      text        NOT NULL,
    last_name       text        NOT NULL,
    username        text        NOT NULL,                             -- without @
    language        text        NOT NULL COLLATE "C",
    language_chosen boolean     NOT NULL DEFAULT false,               -- by them, not by Telegram
    phone           text        NOT NULL COLLATE "C" DEFAULT '',      -- E.164
    phone_proved    boolean     NOT NULL DEFAULT false,               -- Telegram shared it
    terms_version   text        NOT NULL DEFAULT '',
    terms_at        timestamptz,
    referral_code   text        NOT NULL COLLATE "C" DEFAULT users.new_referral_code(),
    referred_by     bigint,
    blocked_at      timestamptz,                                      -- by the operator
    created_at      timestamptz NOT NULL,
    CONSTRAINT person_id PRIMARY KEY (id),
    CONSTRAINT person_uid UNIQUE (uid),
    CONSTRAINT person_telegram_id UNIQUE (telegram_id),
    CONSTRAINT person_referral_code UNIQUE (referral_code),
    CONSTRAINT person_referred_by FOREIGN KEY (referred_by) REFERENCES users.person (id),
    CONSTRAINT person_is_one CHECK (telegram_id > 0),
    CONSTRAINT person_language CHECK (language IN ('ru', 'uz', 'en')),
    CONSTRAINT person_phone CHECK (phone = '' OR phone ~ '^\+[1-9][0-9]{4,14}$'),
    CONSTRAINT person_phone_proved CHECK (phone <> '' OR NOT phone_proved),
    CONSTRAINT person_terms CHECK ((terms_version = '') = (terms_at IS NULL)),
    -- Who invites was here before: so nobody invites themselves, and there are no circles.
    CONSTRAINT person_referred_by_earlier CHECK (referred_by < id)
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);

CREATE INDEX person_referred ON users.person (referred_by) WHERE referred_by IS NOT NULL;

-- models.User, in its order.
CREATE TYPE users.seen AS (
    id            bigint,
    uid           uuid,
    telegram_id   bigint,
    first_name    text,
    last_name     text,
    username      text,
    language      text,
    phone         text,
    phone_proved  boolean,
    terms_version text,
    terms_at      timestamptz,
    referral_code text,
    referred_by   bigint,
    blocked_at    timestamptz,
    created_at    timestamptz,
    is_new        boolean
);

-- Which of our languages Telegram's code asks for.
CREATE FUNCTION users.spoken(code text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN lower(code) ~ '^(uz|en)([-_]|$)' THEN lower(left(code, 2)) ELSE 'ru' END;

-- Called for each update, so whoever is known and unchanged costs one read. What is NULL was not
-- told: a known person keeps what they have. Of two at once, one makes the person.
CREATE FUNCTION users.see(
    p_telegram_id bigint, p_first_name text, p_last_name text, p_username text,
    p_language_code text, p_at timestamptz
) RETURNS users.seen LANGUAGE plpgsql AS $$
DECLARE
    person  users.person;
    wanted  users.person;
    made    boolean := false;
BEGIN
    SELECT * INTO person FROM users.person WHERE telegram_id = p_telegram_id;
    WHILE person.id IS NULL LOOP
        -- No conflict is named: where a referral code exists already, another is made.
        INSERT INTO users.person (telegram_id, first_name, last_name, username, language, created_at)
             VALUES (p_telegram_id, left(coalesce(p_first_name, ''), 256),
                     left(coalesce(p_last_name, ''), 256), left(coalesce(p_username, ''), 64),
                     users.spoken(p_language_code), p_at)
        ON CONFLICT DO NOTHING
          RETURNING * INTO person;
        made := person.id IS NOT NULL;
        IF NOT made THEN
            SELECT * INTO person FROM users.person WHERE telegram_id = p_telegram_id;
        END IF;
    END LOOP;
    IF NOT made THEN
        wanted := person;
        wanted.first_name := left(coalesce(p_first_name, person.first_name), 256);
        wanted.last_name := left(coalesce(p_last_name, person.last_name), 256);
        wanted.username := left(coalesce(p_username, person.username), 64);
        IF NOT person.language_chosen AND p_language_code <> '' THEN
            wanted.language := users.spoken(p_language_code);
        END IF;
        IF (wanted.first_name, wanted.last_name, wanted.username, wanted.language)
           <> (person.first_name, person.last_name, person.username, person.language) THEN
            UPDATE users.person p
               SET first_name = wanted.first_name,
                   last_name = wanted.last_name,
                   username = wanted.username,
                   language = CASE WHEN p.language_chosen THEN p.language ELSE wanted.language END
             WHERE p.id = person.id
            RETURNING * INTO person;
        END IF;
    END IF;
    RETURN ROW(person.id, person.uid, person.telegram_id, person.first_name, person.last_name,
               person.username, person.language, person.phone, person.phone_proved,
               person.terms_version, person.terms_at, person.referral_code, person.referred_by,
               person.blocked_at, person.created_at, made)::users.seen;
END $$;
