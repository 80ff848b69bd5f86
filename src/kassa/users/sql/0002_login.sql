-- How people and services prove who they are. Nothing here opens a door to whoever reads it: codes
-- are kept as HMACs, tokens and keys as hashes.

CREATE TABLE users.login_code (
    user_id    bigint      NOT NULL,                 -- one at a time a person
    digest     bytea       NOT NULL,
    tries      integer     NOT NULL DEFAULT 0,       -- wrong ones
    expires_at timestamptz NOT NULL,
    CONSTRAINT login_code_user PRIMARY KEY (user_id),
    CONSTRAINT login_code_person FOREIGN KEY (user_id) REFERENCES users.person (id)
);

CREATE INDEX login_code_expired ON users.login_code (expires_at);

-- One login, and the refresh tokens that come of it one after another. Only the last is good; the
-- one before it, for a moment, in case its answer was lost.
CREATE TABLE users.session (
    id         uuid        NOT NULL,
    user_id    bigint      NOT NULL,
    current    bytea       NOT NULL,                 -- SHA-256 of the last refresh token's jti
    previous   bytea,                                -- ... of the one before it
    rotated_at timestamptz NOT NULL,                 -- when the last was made
    expires_at timestamptz NOT NULL,                 -- when it ends
    created_at timestamptz NOT NULL,
    revoked_at timestamptz,
    CONSTRAINT session_id PRIMARY KEY (id),
    CONSTRAINT session_person FOREIGN KEY (user_id) REFERENCES users.person (id)
);

CREATE INDEX session_of_user ON users.session (user_id);
CREATE INDEX session_expired ON users.session (expires_at);

-- Of services that may say who somebody is, such as a bot that lives elsewhere.
CREATE TABLE users.service_key (
    id           bigint      NOT NULL GENERATED ALWAYS AS IDENTITY,
    name         text        NOT NULL,
    digest       bytea       NOT NULL,               -- SHA-256 of 256 random bits
    created_at   timestamptz NOT NULL,
    expires_at   timestamptz,
    last_used_at timestamptz,                        -- to the minute
    revoked_at   timestamptz,
    CONSTRAINT service_key_id PRIMARY KEY (id),
    CONSTRAINT service_key_digest UNIQUE (digest),
    CONSTRAINT service_key_name CHECK (length(name) BETWEEN 1 AND 100)
);
