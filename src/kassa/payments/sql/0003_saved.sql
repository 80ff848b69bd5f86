-- Payment methods that a payer let us keep, to be charged again. The provider's name of one opens
-- a purse, so it is never shown, and never taken from a request.
CREATE TABLE payments.saved (
    id           bigint      NOT NULL GENERATED ALWAYS AS IDENTITY,
    user_id      bigint      NOT NULL,
    provider     text        NOT NULL COLLATE "C",
    ref          text        NOT NULL COLLATE "C",
    title        text        NOT NULL,               -- "MasterCard *4444"
    payment_id   bigint      NOT NULL,               -- with which it was kept
    created_at   timestamptz NOT NULL,
    forgotten_at timestamptz,
    CONSTRAINT saved_id PRIMARY KEY (id),
    CONSTRAINT saved_ref UNIQUE (user_id, provider, ref),
    CONSTRAINT saved_payment FOREIGN KEY (payment_id) REFERENCES payments.payment (id)
);
