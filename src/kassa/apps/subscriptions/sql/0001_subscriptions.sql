-- Subscriptions: until when somebody is let in, every change of that with its cause, what was
-- chosen and paid for, promo codes, gifts and invitations. Money itself is the ledger's.

CREATE SCHEMA subscriptions;

-- One a person. What they have is `expires_at`; `term` says how it came about.
CREATE TABLE subscriptions.subscription (
    user_id       bigint      NOT NULL PRIMARY KEY REFERENCES users.person,
    bot           text        NOT NULL DEFAULT '',        -- the number of the bot that speaks of it
    username      text        NOT NULL UNIQUE,            -- at the panel, for ever
    tier          text        NOT NULL,
    rate          integer     NOT NULL CHECK (rate > 0),  -- what a day is worth against others
    devices       integer     NOT NULL CHECK (devices >= 0),
    traffic       bigint      NOT NULL CHECK (traffic >= 0),
    expires_at    timestamptz,                            -- NULL: has never had any
    anchor        smallint    NOT NULL DEFAULT 1 CHECK (anchor BETWEEN 1 AND 31),
    grace_until   timestamptz,                            -- let in so long while a renewal fails

    -- What is said of its end: nothing before `looked_at` is to be decided any more.
    looked_at     timestamptz,
    due_at        timestamptz,

    -- Auto-renewal: by the balance, a kept card, or Telegram itself (Stars).
    renews        text        NOT NULL DEFAULT ''
                              CHECK (renews IN ('', 'balance', 'saved', 'stars')),
    renew_plan    text        NOT NULL DEFAULT '',
    renew_with    text        NOT NULL DEFAULT '',        -- in which currency
    renew_saved   bigint,                                 -- the kept card; NULL: the newest
    renew_price   bigint,                                 -- what they know that they will pay
    renew_for     timestamptz,                            -- of which end the tries are
    renew_at      timestamptz,                            -- the next try
    renew_tries   integer     NOT NULL DEFAULT 0,
    renew_payment bigint      REFERENCES payments.payment, -- the try under way; of Stars the first

    -- The panel: what is wanted, and what it has confirmed, as numbers of versions.
    wanted        bigint      NOT NULL DEFAULT 0,
    provisioned   bigint      NOT NULL DEFAULT 0,
    panel_id      text        NOT NULL DEFAULT '',
    link          text        NOT NULL DEFAULT '',
    panel_tries   integer     NOT NULL DEFAULT 0,
    panel_error   text        NOT NULL DEFAULT '',
    created_at    timestamptz NOT NULL
) WITH (fillfactor = 80);

CREATE INDEX subscription_due ON subscriptions.subscription (due_at, user_id)
    WHERE due_at IS NOT NULL;
CREATE INDEX subscription_renew ON subscriptions.subscription (renew_at, user_id)
    WHERE renew_at IS NOT NULL;
CREATE INDEX subscription_behind ON subscriptions.subscription (user_id) WHERE provisioned < wanted;
CREATE INDEX subscription_in ON subscriptions.subscription (expires_at) WHERE link <> '';
CREATE INDEX subscription_ends ON subscriptions.subscription (expires_at);

-- What was chosen, at the price that was agreed, whatever becomes of the plan. Payments hang on
-- it; the first that is paid fulfils it.
CREATE TABLE subscriptions.purchase (
    id       bigint      NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id  bigint      NOT NULL REFERENCES users.person,
    bot      text        NOT NULL,
    plan     text        NOT NULL,
    months   integer     NOT NULL CHECK (months > 0),
    tier     text        NOT NULL,
    rate     integer     NOT NULL CHECK (rate > 0),
    devices  integer     NOT NULL CHECK (devices >= 0),
    traffic  bigint      NOT NULL CHECK (traffic >= 0),
    prices   jsonb       NOT NULL,                     -- {"RUB": 29000}, in the smallest units
    gift     boolean     NOT NULL DEFAULT false,
    renews   boolean     NOT NULL DEFAULT false,       -- and is to be renewed by itself
    promo    text,
    status   text        NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'done', 'gone')),
    paid_by  bigint      UNIQUE REFERENCES payments.payment,  -- NULL when done: from the balance
    price    bigint,                                   -- what was paid
    currency text,
    refunded bigint      NOT NULL DEFAULT 0,
    taken    bigint      NOT NULL DEFAULT 0,           -- seconds taken back for refunds
    at       timestamptz NOT NULL,
    done_at  timestamptz,
    CHECK ((status = 'done') = (done_at IS NOT NULL)),
    CHECK (refunded BETWEEN 0 AND coalesce(price, 0))
);

CREATE INDEX purchase_user ON subscriptions.purchase (user_id, id);
CREATE INDEX purchase_open ON subscriptions.purchase (at) WHERE status = 'open';
-- The operator's numbers read this alone.
CREATE INDEX purchase_done ON subscriptions.purchase (done_at) INCLUDE (currency, price)
    WHERE done_at IS NOT NULL;

-- The ledger of time: every change of somebody's `expires_at`, once for its cause.
CREATE TABLE subscriptions.term (
    id          bigint      NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id     bigint      NOT NULL REFERENCES subscriptions.subscription,
    kind        text        NOT NULL CHECK (kind IN ('paid', 'gift', 'trial', 'referral', 'welcome',
                                                     'promo', 'admin', 'import', 'change',
                                                     'refund', 'reversal')),
    cause       text        NOT NULL UNIQUE CHECK (length(cause) BETWEEN 1 AND 200),
    months      integer     NOT NULL DEFAULT 0,
    seconds     bigint      NOT NULL,
    rate        integer     NOT NULL,
    before      timestamptz,
    after       timestamptz NOT NULL,
    purchase_id bigint      REFERENCES subscriptions.purchase,
    given_by    bigint      REFERENCES users.person,     -- an admin
    reason      text        NOT NULL DEFAULT '',
    at          timestamptz NOT NULL
);

CREATE INDEX term_user ON subscriptions.term (user_id, id);
CREATE INDEX term_purchase ON subscriptions.term (purchase_id) WHERE purchase_id IS NOT NULL;
CREATE INDEX term_at ON subscriptions.term (at) INCLUDE (kind, before);  -- likewise

-- What is to be said once the panel has done it.
CREATE TABLE subscriptions.news (
    id      bigint      NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id bigint      NOT NULL REFERENCES subscriptions.subscription,
    version bigint      NOT NULL,
    text    text        NOT NULL,
    args    jsonb       NOT NULL,
    waiting boolean     NOT NULL DEFAULT false,          -- that it takes longer has been said
    at      timestamptz NOT NULL
);

-- Of what the operator was told, and when, so that it is not said a thousand times.
CREATE TABLE subscriptions.told (
    what text        NOT NULL PRIMARY KEY,
    at   timestamptz NOT NULL
);

CREATE INDEX news_user ON subscriptions.news (user_id);

-- Who has brought whom, and what it was worth.
CREATE TABLE subscriptions.referral (
    friend_id   bigint      NOT NULL PRIMARY KEY REFERENCES users.person,
    inviter_id  bigint      NOT NULL REFERENCES users.person,
    purchase_id bigint      NOT NULL REFERENCES subscriptions.purchase,
    days        integer     NOT NULL,
    gift_days   integer     NOT NULL,
    at          timestamptz NOT NULL,
    reversed_at timestamptz,
    CHECK (friend_id <> inviter_id)
);

CREATE INDEX referral_inviter ON subscriptions.referral (inviter_id);

CREATE TABLE subscriptions.promo (
    code       text        NOT NULL PRIMARY KEY CHECK (length(code) BETWEEN 2 AND 32),  -- canonical
    title      text        NOT NULL,                     -- as the operator wrote it
    kind       text        NOT NULL CHECK (kind IN ('percent', 'amount', 'days')),
    value      integer     NOT NULL DEFAULT 0 CHECK (value >= 0),  -- percent, or days
    amounts    jsonb       NOT NULL DEFAULT '{}',        -- {"RUB": 10000}: what an amount takes off
    most       integer     CHECK (most > 0),             -- uses in all
    each       integer     NOT NULL DEFAULT 1 CHECK (each > 0),
    since      timestamptz,
    until      timestamptz,
    used       integer     NOT NULL DEFAULT 0 CHECK (used >= 0),
    closed_at  timestamptz,
    created_at timestamptz NOT NULL,
    CHECK (kind <> 'percent' OR value BETWEEN 1 AND 99),
    CHECK (kind <> 'days' OR value > 0)
);

-- Reserved while somebody pays, so that the last use is one person's.
CREATE TABLE subscriptions.promo_use (
    id          bigint      NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code        text        NOT NULL REFERENCES subscriptions.promo,
    user_id     bigint      NOT NULL REFERENCES users.person,
    purchase_id bigint      UNIQUE REFERENCES subscriptions.purchase,
    status      text        NOT NULL CHECK (status IN ('reserved', 'used', 'released')),
    at          timestamptz NOT NULL
);

CREATE INDEX promo_use_user ON subscriptions.promo_use (user_id, code);

-- Codes that are none, and who said them: nobody tries out thousands.
CREATE TABLE subscriptions.promo_guess (
    user_id bigint      NOT NULL PRIMARY KEY REFERENCES users.person,
    count   integer     NOT NULL,
    since   timestamptz NOT NULL
);

CREATE TABLE subscriptions.gift (
    code        text        NOT NULL PRIMARY KEY CHECK (length(code) BETWEEN 8 AND 64),
    purchase_id bigint      NOT NULL UNIQUE REFERENCES subscriptions.purchase,
    buyer_id    bigint      NOT NULL REFERENCES users.person,
    redeemed_by bigint      REFERENCES users.person,
    redeemed_at timestamptz,
    revoked_at  timestamptz,
    at          timestamptz NOT NULL,
    CHECK ((redeemed_by IS NULL) = (redeemed_at IS NULL))
);

CREATE INDEX gift_buyer ON subscriptions.gift (buyer_id);

-- What the API was asked for by a key of the caller's: two requests are one purchase.
CREATE TABLE subscriptions.request (
    user_id     bigint      NOT NULL REFERENCES users.person,
    key         text        NOT NULL CHECK (length(key) <= 128),
    asked       text        NOT NULL,                     -- the same again, or it is refused
    purchase_id bigint      REFERENCES subscriptions.purchase,
    at          timestamptz NOT NULL,
    PRIMARY KEY (user_id, key)
);

CREATE INDEX request_at ON subscriptions.request (at);

-- Access without a panel: keys that were bought elsewhere, and links of private channels.
CREATE TABLE subscriptions.key (
    id            bigint      NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    content       text        NOT NULL UNIQUE CHECK (length(content) BETWEEN 1 AND 4000),
    user_id       bigint      REFERENCES users.person,
    given_at      timestamptz,
    taken_back_at timestamptz,
    CHECK ((user_id IS NULL) = (given_at IS NULL))
);

CREATE UNIQUE INDEX key_user ON subscriptions.key (user_id)
    WHERE user_id IS NOT NULL AND taken_back_at IS NULL;
CREATE INDEX key_free ON subscriptions.key (id) WHERE user_id IS NULL;

CREATE TABLE subscriptions.channel (
    bot  bigint NOT NULL,
    chat bigint NOT NULL,
    link text   NOT NULL,
    PRIMARY KEY (bot, chat)
);

-- A message of an admin's to many, and how far it is. Whoever sends it (`run`, a claim of its job)
-- takes people by their numbers, a few at a time: `reached` is the last that was taken, `flying`
-- are those of whom it is not written yet what came of it. So nobody gets it twice.
CREATE TABLE subscriptions.broadcast (
    id         bigint      NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    admin_id   bigint      NOT NULL REFERENCES users.person,
    bot        bigint      NOT NULL,
    audience   text        NOT NULL CHECK (audience IN ('all', 'active', 'lapsed', 'trial')),
    from_chat  bigint      NOT NULL,
    message    bigint      NOT NULL,
    shown_at   bigint,                                   -- the message that shows the progress
    status     text        NOT NULL DEFAULT 'draft'
                           CHECK (status IN ('draft', 'running', 'stopped', 'done', 'dropped')),
    total      bigint      NOT NULL DEFAULT 0,
    sent       bigint      NOT NULL DEFAULT 0,
    gone       bigint      NOT NULL DEFAULT 0,           -- have blocked the bot
    failed     bigint      NOT NULL DEFAULT 0,           -- Telegram did not take it
    unknown    bigint      NOT NULL DEFAULT 0,           -- perhaps they have it: we were killed
    reached    bigint      NOT NULL DEFAULT 0,           -- the last person's number
    until      bigint      NOT NULL DEFAULT 0,           -- whoever comes after this one is too late
    flying     bigint[]    NOT NULL DEFAULT '{}',
    put_off    bigint[]    NOT NULL DEFAULT '{}',        -- passed by while Telegram wanted a rest
    run        bigint      NOT NULL DEFAULT 0,
    why        text        NOT NULL DEFAULT '',          -- Telegram's last no
    at         timestamptz NOT NULL,
    done_at    timestamptz
);

-- The invariants of time; nothing is returned where all is well.
CREATE FUNCTION subscriptions.audit() RETURNS TABLE (invariant text, subject text, detail text)
LANGUAGE sql STABLE AS $$
    SELECT 'a subscription ends where its last term does', 'person ' || s.user_id,
           format('ends %s, the last term says %s', s.expires_at, t.after)
      FROM subscriptions.subscription s
      LEFT JOIN LATERAL (SELECT after FROM subscriptions.term
                          WHERE user_id = s.user_id ORDER BY id DESC LIMIT 1) t ON true
     WHERE s.expires_at IS DISTINCT FROM t.after
UNION ALL
    SELECT 'each term begins where the one before it ended', 'term ' || t.id,
           format('begins %s, the one before ended %s', t.before, t.previous)
      FROM (SELECT id, before, lag(after) OVER (PARTITION BY user_id ORDER BY id) AS previous
              FROM subscriptions.term) t
     WHERE t.before IS DISTINCT FROM t.previous
UNION ALL
    SELECT 'what is done has its term or its gift, and only that', 'purchase ' || p.id,
           format('%s, with %s terms and %s gifts', p.status, n.terms, n.gifts)
      FROM subscriptions.purchase p
     CROSS JOIN LATERAL (
           SELECT (SELECT count(*) FROM subscriptions.term
                    WHERE cause = 'purchase:' || p.id) AS terms,
                  (SELECT count(*) FROM subscriptions.gift WHERE purchase_id = p.id) AS gifts) n
     WHERE (n.terms, n.gifts) <> (CASE WHEN p.status = 'done' AND NOT p.gift THEN 1 ELSE 0 END,
                                  CASE WHEN p.status = 'done' AND p.gift THEN 1 ELSE 0 END)
UNION ALL
    -- ... or its price was no promise any more, and the money stays where it is.
    SELECT 'what was delivered fulfilled a purchase', 'payment ' || m.id, m.delivery
      FROM payments.payment m
     WHERE m.purpose = 'subscriptions.plan' AND m.delivery = 'done'
       AND NOT EXISTS (SELECT FROM subscriptions.purchase p
                        WHERE p.paid_by = m.id
                           OR (p.id = m.subject::bigint AND p.status = 'done')
                           OR (p.id = m.subject::bigint AND p.status = 'gone'
                               AND EXISTS (SELECT FROM subscriptions.promo_use u
                                             JOIN subscriptions.promo_use o
                                               ON (o.code, o.user_id) = (u.code, u.user_id)
                                              AND o.id <> u.id
                                            WHERE u.purchase_id = p.id AND u.status = 'released')
                               AND NOT EXISTS (SELECT FROM ledger.transfer t
                                                WHERE t.key = 'payments.delivered:' || m.id)))
UNION ALL
    SELECT 'who paid for a purchase paid its price', 'purchase ' || p.id,
           format('%s %s, paid %s %s', p.price, p.currency, m.amount, m.currency)
      FROM subscriptions.purchase p
      JOIN payments.payment m ON m.id = p.paid_by
     WHERE m.delivery NOT IN ('done', 'taken_back')
        OR (m.currency, coalesce((m.details->>'listed')::bigint, m.amount))
           <> (p.currency, p.price)
UNION ALL
    SELECT 'what the balance paid for was taken from it', 'purchase ' || p.id,
           format('%s %s, taken %s', p.price, p.currency, coalesce(b.amount, 0))
      FROM subscriptions.purchase p
      LEFT JOIN LATERAL (
           SELECT sum(o.amount) AS amount
             FROM ledger.transfer t JOIN ledger.posting o ON o.transfer_id = t.id
            WHERE t.key = 'subscriptions.balance:' || p.id AND o.currency = p.currency) b ON true
     WHERE p.status = 'done' AND p.paid_by IS NULL AND b.amount IS DISTINCT FROM p.price
UNION ALL
    SELECT 'what went back took its part of the time', 'purchase ' || p.id,
           format('%s of %s went back, of which %s here; %s of %s seconds', coalesce(b.share, 0),
                  p.price, p.refunded, p.taken, g.seconds)
      FROM subscriptions.purchase p
      LEFT JOIN LATERAL (SELECT sum(share) AS share FROM payments.refund
                          WHERE payment_id = p.paid_by AND taken_back = 'done') b ON true
     CROSS JOIN LATERAL (SELECT coalesce(sum(seconds), 0)::bigint AS seconds
                           FROM subscriptions.term
                          WHERE purchase_id = p.id AND kind IN ('paid', 'gift')) g
     WHERE p.status = 'done'
       AND (p.refunded, p.taken) <> (coalesce(b.share, 0), g.seconds * p.refunded / p.price)
UNION ALL
    SELECT 'a term is as long as it says', 'term ' || t.id,
           format('%s seconds of %s from %s to %s', t.seconds, t.at, t.before, t.after)
      FROM subscriptions.term t
     WHERE (t.after = t.before + t.seconds * interval '1 second'
            OR t.after = t.at + t.seconds * interval '1 second'
            OR (t.kind = 'import' AND t.seconds = 0)) IS NOT TRUE
UNION ALL
    SELECT 'a gift that was opened is one person''s time', 'gift ' || g.code,
           format('opened by %s, revoked %s', g.redeemed_by, g.revoked_at)
      FROM subscriptions.gift g
     WHERE (SELECT max(t.user_id) FROM subscriptions.term t WHERE t.cause = 'gift:' || g.code)
           IS DISTINCT FROM g.redeemed_by
        OR (g.redeemed_by IS NOT NULL AND g.revoked_at IS NOT NULL)
UNION ALL
    SELECT 'a code for days gave them', 'use ' || u.id, format('%s of %s', u.code, u.user_id)
      FROM subscriptions.promo_use u
     WHERE u.purchase_id IS NULL
       AND NOT EXISTS (SELECT FROM subscriptions.term t
                        WHERE t.cause = 'promo:' || u.id AND t.user_id = u.user_id)
UNION ALL
    SELECT 'a promo code counts its uses', 'promo ' || p.code, format('%s, and %s', p.used, u.uses)
      FROM subscriptions.promo p
     CROSS JOIN LATERAL (SELECT count(*) AS uses FROM subscriptions.promo_use
                          WHERE code = p.code AND status <> 'released') u
     WHERE p.used <> u.uses
UNION ALL
    SELECT 'an invitation was rewarded once', 'friend ' || r.friend_id,
           format('%s terms', n.terms)
      FROM subscriptions.referral r
     CROSS JOIN LATERAL (SELECT count(*) AS terms FROM subscriptions.term
                          WHERE cause = 'referral:' || r.friend_id) n
     WHERE n.terms <> CASE WHEN r.days > 0 THEN 1 ELSE 0 END
$$;
