-- What a payment may become (0001), and one thing more: one that failed, and could be tried again, is
-- called off.
CREATE OR REPLACE FUNCTION payments.may_become(old text, new text) RETURNS boolean
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
    ('failed',         'canceled'),        -- or none: its payer calls it off
    ('failed',         'succeeded'),       -- it was paid after all, and the app still wants it
    ('expired',        'succeeded')        -- likewise
);
