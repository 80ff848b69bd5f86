CREATE SCHEMA stamps;
CREATE TABLE stamps.stamp (
    id      bigint      NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id bigint      NOT NULL REFERENCES users.person,
    said    text        NOT NULL,
    at      timestamptz NOT NULL
);
