-- Payments of an older bot: shown to who made them, and never money of ours.

CREATE TABLE subscriptions.old_payment (
    id       bigint      NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id  bigint      NOT NULL REFERENCES users.person,
    key      text        NOT NULL CHECK (length(key) <= 400),  -- the same again is the same payment
    paid_at  timestamptz NOT NULL,
    amount   bigint      NOT NULL CHECK (amount >= 0),
    currency text        NOT NULL,
    provider text        NOT NULL,
    ref      text        NOT NULL,                   -- what the provider called it
    months   integer     NOT NULL CHECK (months >= 0),  -- 0: nobody knows
    UNIQUE (user_id, key)
);

CREATE INDEX old_payment_user ON subscriptions.old_payment (user_id, paid_at);
