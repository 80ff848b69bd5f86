-- The books. A posting takes from one account and gives to another, so they always balance.
--
-- Accounts are of two kinds. A strict one carries its balance in its row: whoever posts to it
-- locks the row. A deferred one is for accounts that every transfer touches (fees, clearing):
-- what is posted waits in `tail` and is folded into the balance later, so nobody waits.
--
-- Everything is written by functions (0002), locks are taken in the order of account codes, and
-- history is never changed: corrections are new transfers.

CREATE SCHEMA ledger;

-- Forms are domains: checked when a value comes in, not whenever a balance moves.
CREATE DOMAIN ledger.code AS text COLLATE "C"
    CONSTRAINT code_form CHECK (VALUE ~ '^[!-~]{1,200}$');
CREATE DOMAIN ledger.currency AS text COLLATE "C"
    CONSTRAINT currency_form CHECK (VALUE ~ '^[A-Z0-9]{2,10}$');
CREATE DOMAIN ledger.key AS text COLLATE "C"
    CONSTRAINT key_form CHECK (length(VALUE) BETWEEN 1 AND 200);

CREATE TABLE ledger.account (
    id       bigint  NOT NULL GENERATED ALWAYS AS IDENTITY,
    code     ledger.code     NOT NULL,
    currency ledger.currency NOT NULL,
    floor    bigint,                                -- what must always remain; NULL: no limit
    deferred boolean NOT NULL,
    posted   bigint  NOT NULL DEFAULT 0,            -- credits less debits (deferred: the folded ones)
    held     bigint  NOT NULL DEFAULT 0,            -- set aside by open holds
    version  bigint  NOT NULL DEFAULT 0,            -- how many entries the account has
    CONSTRAINT account_id PRIMARY KEY (id),
    CONSTRAINT account_code UNIQUE (code),
    CONSTRAINT account_id_currency UNIQUE (id, currency),
    CONSTRAINT account_held CHECK (held >= 0),
    CONSTRAINT account_floor CHECK (posted - held >= floor),
    CONSTRAINT account_deferred CHECK (NOT deferred OR (floor IS NULL AND held = 0))
) WITH (
    fillfactor = 50,
    autovacuum_vacuum_scale_factor = 0.02,
    autovacuum_vacuum_cost_delay = 0
);

CREATE SEQUENCE ledger.transfer_number CACHE 64;

CREATE TABLE ledger.transfer (
    id        bigint      NOT NULL,
    key       ledger.key  NOT NULL,                 -- of its cause: the same cause, the same transfer
    kind      text        NOT NULL COLLATE "C",
    at        timestamptz NOT NULL,                 -- when it counts
    reverses  bigint,
    stored_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT transfer_id PRIMARY KEY (id),
    CONSTRAINT transfer_key UNIQUE (key),
    CONSTRAINT transfer_reverses FOREIGN KEY (reverses) REFERENCES ledger.transfer (id)
);

CREATE UNIQUE INDEX transfer_reversed_once ON ledger.transfer (reverses) WHERE reverses IS NOT NULL;

CREATE TABLE ledger.posting (
    transfer_id bigint   NOT NULL,
    n           integer  NOT NULL,
    debit       bigint   NOT NULL,                  -- takes from
    credit      bigint   NOT NULL,                  -- gives to
    currency    text     NOT NULL COLLATE "C",
    amount      bigint   NOT NULL,
    CONSTRAINT posting_id PRIMARY KEY (transfer_id, n),
    CONSTRAINT posting_amount CHECK (amount > 0),
    CONSTRAINT posting_two_accounts CHECK (debit <> credit),
    CONSTRAINT posting_debit FOREIGN KEY (debit, currency) REFERENCES ledger.account (id, currency),
    CONSTRAINT posting_credit FOREIGN KEY (credit, currency) REFERENCES ledger.account (id, currency)
);

-- An account's own book: its side of every posting, numbered without gaps.
CREATE TABLE ledger.entry (
    account_id  bigint  NOT NULL,
    version     bigint  NOT NULL,
    transfer_id bigint  NOT NULL,
    n           integer NOT NULL,
    amount      bigint  NOT NULL,                   -- given is positive, taken is negative
    after       bigint  NOT NULL,                   -- the balance with this entry
    CONSTRAINT entry_id PRIMARY KEY (account_id, version)
);

-- Sides of postings that are not in a deferred account's book yet.
CREATE TABLE ledger.tail (
    account_id  bigint  NOT NULL,
    transfer_id bigint  NOT NULL,
    n           integer NOT NULL,
    amount      bigint  NOT NULL,
    CONSTRAINT tail_id PRIMARY KEY (account_id, transfer_id, n)
) WITH (
    autovacuum_vacuum_scale_factor = 0,
    autovacuum_vacuum_threshold = 5000,
    autovacuum_vacuum_cost_delay = 0
);

CREATE TABLE ledger.hold (
    id         bigint      NOT NULL GENERATED ALWAYS AS IDENTITY,
    key        ledger.key  NOT NULL,
    account_id bigint      NOT NULL,
    currency   text        NOT NULL COLLATE "C",
    amount     bigint      NOT NULL,
    expires_at timestamptz,
    at         timestamptz NOT NULL,
    CONSTRAINT hold_id PRIMARY KEY (id),
    CONSTRAINT hold_key UNIQUE (key),
    CONSTRAINT hold_amount CHECK (amount > 0),
    CONSTRAINT hold_account FOREIGN KEY (account_id, currency) REFERENCES ledger.account (id, currency)
);

-- How a hold ended. The primary key decides every race.
CREATE TABLE ledger.hold_resolution (
    hold_id     bigint      NOT NULL,
    outcome     text        NOT NULL,
    captured    bigint      NOT NULL,
    transfer_id bigint,
    at          timestamptz NOT NULL,
    CONSTRAINT hold_resolution_id PRIMARY KEY (hold_id),
    CONSTRAINT hold_resolution_hold FOREIGN KEY (hold_id) REFERENCES ledger.hold (id),
    CONSTRAINT hold_resolution_transfer FOREIGN KEY (transfer_id) REFERENCES ledger.transfer (id),
    CONSTRAINT hold_resolution_outcome CHECK (
        (outcome = 'capture' AND captured > 0 AND transfer_id IS NOT NULL)
        OR (outcome IN ('void', 'expire') AND captured = 0 AND transfer_id IS NULL)
    )
);

-- The holds that have not ended: what is to be looked through for expired ones.
CREATE TABLE ledger.open_hold (
    hold_id    bigint NOT NULL,
    account_id bigint NOT NULL,
    amount     bigint NOT NULL,
    expires_at timestamptz,
    CONSTRAINT open_hold_id PRIMARY KEY (hold_id)
) WITH (autovacuum_vacuum_scale_factor = 0.1, autovacuum_vacuum_cost_delay = 0);

CREATE INDEX open_hold_expiry ON ledger.open_hold (expires_at) WHERE expires_at IS NOT NULL;

-- History is never changed, not even by the owner of the tables.
CREATE FUNCTION ledger.refuse_change() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'ledger.% is history and is never changed: post a reversal', TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END
$$;

CREATE TRIGGER account_stays BEFORE DELETE OR TRUNCATE ON ledger.account
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER transfer_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.transfer
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER posting_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.posting
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER entry_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.entry
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER hold_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.hold
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER hold_resolution_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.hold_resolution
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
