-- Holds: money set aside in a strict account, later captured (whole or in part), voided, or
-- expired. Outcomes are returned, as in 0002.

-- held | replayed | conflict | short (needed, available) | unknown | invalid
CREATE FUNCTION ledger.hold(
    p_key        text,
    p_account    text,
    p_currency   text,
    p_amount     bigint,
    p_expires_at timestamptz,
    p_at         timestamptz,
    OUT id        bigint,
    OUT outcome   text,
    OUT needed    bigint,
    OUT available bigint
)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    account ledger.account;
    earlier ledger.hold;
BEGIN
    SELECT * INTO account FROM ledger.account a WHERE a.code = p_account FOR NO KEY UPDATE;
    IF account.id IS NULL THEN
        outcome := 'unknown';
        RETURN;
    END IF;
    IF account.deferred OR account.currency <> p_currency OR p_amount <= 0 THEN
        outcome := 'invalid';
        RETURN;
    END IF;

    SELECT * INTO earlier FROM ledger.hold h WHERE h.key = p_key;
    IF earlier.id IS NOT NULL THEN
        id := earlier.id;
        outcome := CASE
            WHEN (earlier.account_id, earlier.amount) = (account.id, p_amount) THEN 'replayed'
            ELSE 'conflict'
        END;
        RETURN;
    END IF;

    available := account.posted - account.held - account.floor;
    IF available < p_amount THEN
        outcome := 'short';
        needed := p_amount;
        RETURN;
    END IF;

    INSERT INTO ledger.hold AS h (key, account_id, currency, amount, expires_at, at)
        VALUES (p_key, account.id, p_currency, p_amount, p_expires_at, p_at)
        ON CONFLICT (key) DO NOTHING
        RETURNING h.id INTO id;
    IF id IS NULL THEN
        RAISE EXCEPTION 'a hold with the same key was placed at the same time'
            USING ERRCODE = 'serialization_failure';
    END IF;
    INSERT INTO ledger.open_hold (hold_id, account_id, amount, expires_at)
        VALUES (id, account.id, p_amount, p_expires_at);
    UPDATE ledger.account a SET held = a.held + p_amount WHERE a.id = account.id;
    outcome := 'held';
END
$$;

-- Ends a hold: with p_outcome 'capture' its money (p_amount of it; NULL: all) goes to p_target,
-- with 'void' or 'expire' it is free again. What a capture leaves is free again, too.
--   resolved | replayed   it has ended so, now or since earlier
--   conflict              it has ended otherwise: ended says how
--   unknown | no account  no such hold, no such target
--   invalid               more than was held, or a target that cannot be
--   (and what post says of the target: overflow)
CREATE FUNCTION ledger.resolve(
    p_hold     text,
    p_outcome  text,
    p_target   text,
    p_amount   bigint,
    p_currency text,
    p_kind     text,
    p_at       timestamptz,
    OUT outcome     text,
    OUT ended       text,
    OUT transfer_id bigint
)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    hold     ledger.hold;
    source   text;
    codes    text[];
    earlier  ledger.hold_resolution;
    captured bigint := 0;
    posted   record;
BEGIN
    SELECT * INTO hold FROM ledger.hold h WHERE h.key = p_hold;
    IF hold.id IS NULL THEN
        outcome := 'unknown';
        RETURN;
    END IF;
    source := (SELECT a.code FROM ledger.account a WHERE a.id = hold.account_id);
    IF p_outcome = 'capture' THEN
        captured := coalesce(p_amount, hold.amount);
        IF captured <= 0 OR captured > hold.amount OR p_target = source
           OR coalesce(p_currency, hold.currency) <> hold.currency THEN
            outcome := 'invalid';
            RETURN;
        END IF;
    END IF;

    PERFORM FROM ledger.account a
      WHERE a.code IN (source, p_target) AND NOT a.deferred
      ORDER BY a.code
        FOR NO KEY UPDATE;

    SELECT * INTO earlier FROM ledger.hold_resolution r WHERE r.hold_id = hold.id;
    IF earlier.hold_id IS NOT NULL THEN
        ended := earlier.outcome;
        transfer_id := earlier.transfer_id;
        outcome := CASE
            WHEN earlier.outcome = p_outcome AND earlier.captured = captured
                 AND (p_outcome <> 'capture' OR p_target = (
                     SELECT a.code FROM ledger.posting p JOIN ledger.account a ON a.id = p.credit
                      WHERE p.transfer_id = earlier.transfer_id AND p.n = 1))
                THEN 'replayed'
            ELSE 'conflict'
        END;
        RETURN;
    END IF;

    -- Freed first, so that the posting may take it.
    UPDATE ledger.account a SET held = a.held - hold.amount WHERE a.id = hold.account_id;
    IF p_outcome = 'capture' THEN
        codes := ARRAY(SELECT u FROM unnest(ARRAY[source, p_target]) u ORDER BY u COLLATE "C");
        SELECT * INTO posted
          FROM ledger.post(ARRAY[hold.key || ':capture'], ARRAY[p_kind], ARRAY[p_at],
                           ARRAY[NULL::bigint], ARRAY[1], codes,
                           ARRAY[array_position(codes, source)], ARRAY[array_position(codes, p_target)],
                           ARRAY[hold.currency::text], ARRAY[captured], true);
        IF posted.outcomes[1] <> 'posted' THEN
            UPDATE ledger.account a SET held = a.held + hold.amount WHERE a.id = hold.account_id;
            outcome := CASE posted.outcomes[1] WHEN 'unknown' THEN 'no account' ELSE posted.outcomes[1] END;
            RETURN;
        END IF;
        transfer_id := posted.ids[1];
    END IF;
    INSERT INTO ledger.hold_resolution (hold_id, outcome, captured, transfer_id, at)
        VALUES (hold.id, p_outcome, captured, transfer_id, p_at);
    DELETE FROM ledger.open_hold o WHERE o.hold_id = hold.id;
    outcome := 'resolved';
    ended := p_outcome;
END
$$;

-- Frees what is held past its time, and says how many holds that were.
CREATE FUNCTION ledger.expire_holds(p_at timestamptz, p_limit integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    expired integer := 0;
    due     record;
BEGIN
    FOR due IN
        SELECT h.key
          FROM (SELECT o.hold_id, o.account_id FROM ledger.open_hold o
                 WHERE o.expires_at <= p_at ORDER BY o.expires_at LIMIT p_limit) d
          JOIN ledger.hold h ON h.id = d.hold_id
          JOIN ledger.account a ON a.id = d.account_id
         ORDER BY a.code, d.hold_id
    LOOP
        IF (ledger.resolve(due.key, 'expire', NULL, NULL, NULL, NULL, p_at)).outcome = 'resolved' THEN
            expired := expired + 1;
        END IF;
    END LOOP;
    RETURN expired;
END
$$;
