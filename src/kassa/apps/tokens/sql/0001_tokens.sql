-- Tokens that were bought, what became of them, and pictures that are drawn for tokens. The
-- balances themselves are the ledger's: wallet:USER:TOK, and debt:USER:TOK.

CREATE SCHEMA tokens;

-- A payment's tokens. What is given back is added up, so that the tokens taken for many small
-- refunds are those that one large refund would take.
CREATE TABLE tokens.topup (
    payment_id bigint      NOT NULL PRIMARY KEY REFERENCES payments.payment,
    user_id    bigint      NOT NULL REFERENCES users.person,
    tokens     bigint      NOT NULL CHECK (tokens > 0),
    price      bigint      NOT NULL CHECK (price > 0),
    refunded   bigint      NOT NULL DEFAULT 0 CHECK (refunded BETWEEN 0 AND price),
    taken      bigint      NOT NULL DEFAULT 0 CHECK (taken BETWEEN 0 AND tokens),
    at         timestamptz NOT NULL
);
CREATE INDEX topup_user ON tokens.topup (user_id) INCLUDE (tokens, taken);

-- What the page remembers of a buyer.
CREATE TABLE tokens.buyer (
    user_id bigint NOT NULL PRIMARY KEY REFERENCES users.person,
    email   text   NOT NULL CHECK (length(email) <= 254)
);

CREATE TABLE tokens.drawing (
    id        bigint      NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id   bigint      NOT NULL REFERENCES users.person,
    bot       bigint      NOT NULL,
    words     text        NOT NULL CHECK (length(words) BETWEEN 1 AND 200),
    variation integer     NOT NULL CHECK (variation >= 0),
    size      text        NOT NULL CHECK (size IN ('small', 'medium', 'large')),
    cost      bigint      NOT NULL CHECK (cost > 0),
    status    text        NOT NULL DEFAULT 'wanted' CHECK (status IN ('wanted', 'done', 'failed')),
    at        timestamptz NOT NULL,
    ended_at  timestamptz,
    CHECK ((status = 'wanted') = (ended_at IS NULL))
);

CREATE INDEX drawing_words ON tokens.drawing (user_id, words);

-- One at a time: a button that is pressed twice costs once.
CREATE UNIQUE INDEX drawing_wanted ON tokens.drawing (user_id) WHERE status = 'wanted';

-- What a person can spend and what they owe. Until the transaction ends nobody else spends it.
CREATE FUNCTION tokens.purse(p_user bigint, OUT available bigint, OUT owed bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    SELECT a.posted - a.held INTO available
      FROM ledger.account a WHERE a.code = 'wallet:' || p_user || ':TOK' FOR NO KEY UPDATE;
    SELECT -a.posted INTO owed FROM ledger.account a WHERE a.code = 'debt:' || p_user || ':TOK';
    available := coalesce(available, 0);
    owed := coalesce(owed, 0);
END
$$;
