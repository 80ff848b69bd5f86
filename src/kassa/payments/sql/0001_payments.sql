-- Payments: what is to be paid, how it was tried, what arrived, what was given back.
--
-- Paid, credited and delivered are three facts: a charge is money that arrived, the ledger has it
-- in somebody's wallet, and `delivery` tells how the app did. Whoever changes a payment holds its
-- user's lock (payments.lock_users), so that everything of one person happens one after another.

CREATE SCHEMA payments;

CREATE DOMAIN payments.currency AS text COLLATE "C"
    CONSTRAINT currency_form CHECK (VALUE ~ '^[A-Z0-9]{2,10}$');

-- The one table of what a payment may become. Nothing follows `succeeded`, and nothing `canceled`.
CREATE FUNCTION payments.may_become(old text, new text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (old, new) IN (
    ('created',        'awaiting_payer'),
    ('created',        'processing'),
    ('created',        'authorized'),
    ('created',        'succeeded'),
    ('created',        'failed'),
    ('created',        'canceled'),
    ('created',        'expired'),
    ('awaiting_payer', 'processing'),
    ('awaiting_payer', 'authorized'),
    ('awaiting_payer', 'succeeded'),
    ('awaiting_payer', 'failed'),
    ('awaiting_payer', 'canceled'),
    ('awaiting_payer', 'expired'),
    ('processing',     'authorized'),
    ('processing',     'succeeded'),
    ('processing',     'failed'),
    ('processing',     'canceled'),
    ('processing',     'expired'),
    ('authorized',     'succeeded'),
    ('authorized',     'failed'),
    ('authorized',     'canceled'),
    ('authorized',     'expired'),
    ('failed',         'awaiting_payer'),  -- another method is tried
    ('failed',         'succeeded'),       -- it was paid after all, and the app still wants it
    ('expired',        'succeeded')        -- likewise
);

CREATE TABLE payments.payment (
    id             bigint            NOT NULL GENERATED ALWAYS AS IDENTITY,
    user_id        bigint            NOT NULL,
    bot            text              NOT NULL,         -- it came from this bot, notices go there
    purpose        text              NOT NULL COLLATE "C",
    subject        text              NOT NULL,         -- the app's own: which package, which order
    amount         bigint            NOT NULL,
    currency       payments.currency NOT NULL,
    description    text              NOT NULL,
    details        jsonb             NOT NULL,         -- payer, lines of a receipt, addresses to return to
    hold           boolean           NOT NULL,         -- captured by us, not by the provider
    key            text              COLLATE "C",      -- of what asked for it: asked twice, made once
    status         text              NOT NULL COLLATE "C" DEFAULT 'created',
    reason         text              NOT NULL DEFAULT '',
    delivery       text              NOT NULL COLLATE "C" DEFAULT 'none',
    delivery_error text,
    created_at     timestamptz       NOT NULL,
    expires_at     timestamptz       NOT NULL,
    paid_at        timestamptz,
    look_at        timestamptz,                        -- when somebody must look after it again
    looks          integer           NOT NULL DEFAULT 0,
    CONSTRAINT payment_id PRIMARY KEY (id),
    CONSTRAINT payment_key UNIQUE (purpose, key),
    CONSTRAINT payment_amount CHECK (amount > 0),
    CONSTRAINT payment_status CHECK (status IN ('created', 'awaiting_payer', 'processing',
        'authorized', 'succeeded', 'failed', 'canceled', 'expired')),
    CONSTRAINT payment_delivery CHECK (delivery IN ('none', 'done', 'failed', 'taken_back')),
    CONSTRAINT payment_paid CHECK (status <> 'succeeded' OR paid_at IS NOT NULL),
    CONSTRAINT payment_delivered CHECK (delivery = 'none' OR status = 'succeeded')
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);

CREATE INDEX payment_of_user ON payments.payment (user_id, id);
CREATE INDEX payment_to_look_at ON payments.payment (look_at) WHERE look_at IS NOT NULL;
CREATE INDEX payment_undelivered ON payments.payment (id) WHERE delivery = 'failed';

CREATE FUNCTION payments.refuse_move() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'payment % is % and cannot become %', OLD.id, OLD.status, NEW.status
        USING ERRCODE = 'restrict_violation';
END
$$;

CREATE TRIGGER payment_moves BEFORE UPDATE OF status ON payments.payment FOR EACH ROW
    WHEN (OLD.status <> NEW.status AND NOT payments.may_become(OLD.status, NEW.status))
    EXECUTE FUNCTION payments.refuse_move();

-- A try with one provider, written down with its key before the provider is called.
CREATE TABLE payments.attempt (
    id         bigint      NOT NULL GENERATED ALWAYS AS IDENTITY,
    payment_id bigint      NOT NULL,
    provider   text        NOT NULL COLLATE "C",
    method     text        NOT NULL,
    key        text        NOT NULL COLLATE "C",  -- ours, by which the provider knows it
    ref        text        COLLATE "C",           -- the provider's
    saved      text        NOT NULL DEFAULT '',   -- a kept payment method that is charged
    status     text        NOT NULL COLLATE "C" DEFAULT 'prepared',
    said       text        NOT NULL COLLATE "C" DEFAULT '',  -- the provider's last word on it
    why        text        NOT NULL DEFAULT '',
    checkout   jsonb,
    capture    text        COLLATE "C",           -- of held money: asked, sent, unknown
    capture_of bigint,
    asked_at   timestamptz,                       -- when the provider was called
    created_at timestamptz NOT NULL,
    CONSTRAINT attempt_id PRIMARY KEY (id),
    CONSTRAINT attempt_key UNIQUE (key),
    CONSTRAINT attempt_ref UNIQUE (provider, ref),
    CONSTRAINT attempt_payment FOREIGN KEY (payment_id) REFERENCES payments.payment (id),
    CONSTRAINT attempt_status CHECK (status IN ('prepared', 'sent', 'ok', 'declined', 'unknown')),
    CONSTRAINT attempt_capture CHECK (capture IN ('asked', 'sent', 'unknown'))
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);

CREATE INDEX attempt_of_payment ON payments.attempt (payment_id);

-- Money that arrived: one row for the provider's name of it, whoever told us and however often.
CREATE TABLE payments.charge (
    id                bigint            NOT NULL GENERATED ALWAYS AS IDENTITY,
    provider          text              NOT NULL COLLATE "C",
    ref               text              NOT NULL COLLATE "C",
    payment_id        bigint,                              -- none: nobody knows whose it is
    attempt_id        bigint,
    amount            bigint            NOT NULL,          -- in the currency that was asked for
    currency          payments.currency NOT NULL,
    received          bigint            NOT NULL,          -- what arrived, less nothing
    received_currency payments.currency NOT NULL,
    fee               bigint,                              -- kept by the provider; NULL: not said yet
    fit               text              NOT NULL COLLATE "C",
    refunded          bigint            NOT NULL DEFAULT 0,
    paid_at           timestamptz       NOT NULL,
    stored_at         timestamptz       NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT charge_id PRIMARY KEY (id),
    CONSTRAINT charge_ref UNIQUE (provider, ref),
    CONSTRAINT charge_payment FOREIGN KEY (payment_id) REFERENCES payments.payment (id),
    CONSTRAINT charge_attempt FOREIGN KEY (attempt_id) REFERENCES payments.attempt (id),
    CONSTRAINT charge_amounts CHECK (amount > 0 AND received > 0 AND fee BETWEEN 0 AND received),
    CONSTRAINT charge_refunded CHECK (refunded >= 0),  -- a provider may give back more than came
    CONSTRAINT charge_fit CHECK (fit IN ('exact', 'over', 'short', 'late', 'twice', 'currency', 'stray')),
    CONSTRAINT charge_whose CHECK ((payment_id IS NULL) = (fit = 'stray'))
) WITH (fillfactor = 90);

CREATE INDEX charge_of_payment ON payments.charge (payment_id);
CREATE INDEX charge_paid ON payments.charge (provider, paid_at);
-- A payment is fulfilled by one charge.
CREATE UNIQUE INDEX charge_fulfils ON payments.charge (payment_id) WHERE fit IN ('exact', 'over');

CREATE TABLE payments.refund (
    id         bigint            NOT NULL GENERATED ALWAYS AS IDENTITY,
    payment_id bigint            NOT NULL,
    charge_id  bigint            NOT NULL,
    key        text              NOT NULL COLLATE "C",
    amount     bigint            NOT NULL,
    currency   payments.currency NOT NULL,
    share      bigint            NOT NULL,          -- of it, what was the price and not paid too much
    status     text              NOT NULL COLLATE "C",
    outside    boolean           NOT NULL,          -- not asked for by us
    ref        text              COLLATE "C",
    reason     text              NOT NULL,
    why        text              NOT NULL DEFAULT '',
    holds      integer           NOT NULL DEFAULT 0, -- set aside in the ledger while it is under way
    taken_back text              NOT NULL COLLATE "C" DEFAULT 'none',
    created_at timestamptz       NOT NULL,
    asked_at   timestamptz,
    done_at    timestamptz,
    CONSTRAINT refund_id PRIMARY KEY (id),
    CONSTRAINT refund_key UNIQUE (payment_id, key),
    CONSTRAINT refund_payment FOREIGN KEY (payment_id) REFERENCES payments.payment (id),
    CONSTRAINT refund_charge FOREIGN KEY (charge_id) REFERENCES payments.charge (id),
    CONSTRAINT refund_amount CHECK (amount > 0 AND share BETWEEN 0 AND amount),
    CONSTRAINT refund_status CHECK (status IN ('prepared', 'sent', 'unknown', 'person', 'done', 'declined')),
    CONSTRAINT refund_taken_back CHECK (taken_back IN ('none', 'done', 'failed'))
);

CREATE INDEX refund_of_charge ON payments.refund (charge_id);
CREATE INDEX refund_for_a_person ON payments.refund (id) WHERE status = 'person';

CREATE TABLE payments.dispute (
    id         bigint            NOT NULL GENERATED ALWAYS AS IDENTITY,
    charge_id  bigint            NOT NULL,
    provider   text              NOT NULL COLLATE "C",
    ref        text              NOT NULL COLLATE "C",
    amount     bigint            NOT NULL,
    currency   payments.currency NOT NULL,
    state      text              NOT NULL COLLATE "C",
    created_at timestamptz       NOT NULL,
    CONSTRAINT dispute_id PRIMARY KEY (id),
    CONSTRAINT dispute_ref UNIQUE (provider, ref),
    CONSTRAINT dispute_charge FOREIGN KEY (charge_id) REFERENCES payments.charge (id),
    CONSTRAINT dispute_state CHECK (state IN ('open', 'won', 'lost')),
    CONSTRAINT dispute_amount CHECK (amount > 0)
);

CREATE INDEX dispute_of_charge ON payments.dispute (charge_id);

-- The timeline. `public` is what the payer may read, too.
CREATE TABLE payments.event (
    id         bigint      NOT NULL GENERATED ALWAYS AS IDENTITY,
    payment_id bigint      NOT NULL,
    at         timestamptz NOT NULL,
    kind       text        NOT NULL COLLATE "C",
    public     boolean     NOT NULL,
    data       jsonb       NOT NULL,
    CONSTRAINT event_id PRIMARY KEY (id),
    CONSTRAINT event_payment FOREIGN KEY (payment_id) REFERENCES payments.payment (id)
);

CREATE INDEX event_of_payment ON payments.event (payment_id, id);

-- What providers sent, as it came, until it is settled; then it is history.
CREATE TABLE payments.inbox (
    id          bigint      NOT NULL GENERATED ALWAYS AS IDENTITY,
    provider    text        NOT NULL COLLATE "C",
    event       text        NOT NULL COLLATE "C",     -- the same event, the same name
    kind        text        NOT NULL,
    confirm     boolean     NOT NULL,                 -- ask the provider before money moves
    method      text        NOT NULL,
    query       text        NOT NULL,
    headers     jsonb       NOT NULL,
    body        bytea       NOT NULL,
    received_at timestamptz NOT NULL,
    copies      integer     NOT NULL DEFAULT 1,
    due_at      timestamptz,                          -- NULL: handled, or dead
    tries       integer     NOT NULL DEFAULT 0,
    handled_at  timestamptz,
    dead_at     timestamptz,                          -- set aside for a person
    said        text        NOT NULL DEFAULT '',      -- what came of it, or why not yet
    CONSTRAINT inbox_id PRIMARY KEY (id),
    CONSTRAINT inbox_event UNIQUE (provider, event)
) WITH (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);

CREATE INDEX inbox_due ON payments.inbox (due_at, id) WHERE due_at IS NOT NULL;
CREATE INDEX inbox_handled ON payments.inbox (handled_at) WHERE handled_at IS NOT NULL;
CREATE INDEX inbox_dead ON payments.inbox (id) WHERE dead_at IS NOT NULL;

-- What a comparison with a provider's list came to.
CREATE TABLE payments.comparison (
    id       bigint      NOT NULL GENERATED ALWAYS AS IDENTITY,
    provider text        NOT NULL COLLATE "C",
    since    timestamptz NOT NULL,
    until    timestamptz NOT NULL,
    at       timestamptz NOT NULL,
    compared integer     NOT NULL,
    findings jsonb       NOT NULL,
    CONSTRAINT comparison_id PRIMARY KEY (id)
);

CREATE INDEX comparison_of_provider ON payments.comparison (provider, until);

-- One after another for each of these people, until the transaction ends.
CREATE FUNCTION payments.lock_users(users bigint[]) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    one bigint;
BEGIN
    FOR one IN SELECT DISTINCT u FROM unnest(users) u ORDER BY u LOOP
        PERFORM pg_advisory_xact_lock(hashtextextended('kassa.payments', one));
    END LOOP;
END
$$;

-- Whose these are: by the provider's name, by ours, or by the money's; with their users' locks
-- taken, so that what is read next is still so when it is changed. No order is lost on the way.
CREATE FUNCTION payments.find_and_lock(
    providers text[], refs text[], keys text[], charges text[]
) RETURNS TABLE (n bigint, attempt_id bigint, payment_id bigint)
LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
#variable_conflict use_column
DECLARE
    of_attempts bigint[];
    of_payments bigint[];
    of_users    bigint[];
BEGIN
    SELECT array_agg(f.attempt_id ORDER BY f.n), array_agg(p.id ORDER BY f.n),
           array_agg(p.user_id) FILTER (WHERE p.id IS NOT NULL)
      INTO of_attempts, of_payments, of_users
      FROM (SELECT w.n, coalesce(
                (SELECT a.id FROM payments.attempt a
                  WHERE a.provider = w.provider AND a.ref = w.ref),
                (SELECT a.id FROM payments.attempt a
                  WHERE a.key = w.key AND a.provider = w.provider),
                (SELECT c.attempt_id FROM payments.charge c
                  WHERE c.provider = w.provider AND c.ref = w.charge)) AS attempt_id
              FROM unnest(providers, refs, keys, charges)
                   WITH ORDINALITY AS w (provider, ref, key, charge, n)) f
      LEFT JOIN payments.attempt a ON a.id = f.attempt_id
      LEFT JOIN payments.payment p ON p.id = a.payment_id;
    PERFORM payments.lock_users(of_users);
    RETURN QUERY SELECT i::bigint, of_attempts[i], of_payments[i]
                   FROM generate_subscripts(of_attempts, 1) i;
END
$$;
