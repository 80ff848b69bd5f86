-- The only way to write to the books.
--
-- A rule of money that is broken is an outcome that is returned, not an error that is raised:
-- in a batch the others go on, and in a caller's transaction nothing is lost by it.

CREATE FUNCTION ledger.open_accounts(
    p_codes      text[],
    p_currencies text[],
    p_floors     bigint[],
    p_deferred   boolean[]
) RETURNS TABLE (id bigint, code text, currency text, floor bigint, deferred boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
    INSERT INTO ledger.account (code, currency, floor, deferred)
        SELECT w.code, w.currency, w.floor, w.deferred
          FROM unnest(p_codes, p_currencies, p_floors, p_deferred)
               AS w (code, currency, floor, deferred)
         ORDER BY w.code
        ON CONFLICT (code) DO NOTHING;
    RETURN QUERY
        SELECT a.id, a.code::text, a.currency::text, a.floor, a.deferred
          FROM ledger.account a
         WHERE a.code = ANY (p_codes);
END
$$;

-- Posts transfers, each with its legs. Transfer i has p_legs[i] legs, taken one after another
-- from p_debits and p_credits (positions in p_accounts, which is in order), p_currencies and
-- p_amounts. Outcomes:
--   posted | replayed   there it is, now or since earlier
--   conflict            the key is taken by a transfer with another content
--   short               not enough money: account, needed, available
--   overflow            the balance of this account would not fit
--   unknown             there is no such account
--   invalid             a leg that cannot be: no amount, another currency, one account twice
--   reversed            what is to be reversed has been reversed already
-- `culprits` are positions in p_accounts. With p_whole nothing is posted unless everything can be.
CREATE FUNCTION ledger.post(
    p_keys       text[],
    p_kinds      text[],
    p_ats        timestamptz[],
    p_reverses   bigint[],
    p_legs       integer[],
    p_accounts   text[],
    p_debits     integer[],
    p_credits    integer[],
    p_currencies text[],
    p_amounts    bigint[],
    p_whole      boolean,
    OUT ids       bigint[],
    OUT outcomes  text[],
    OUT culprits  integer[],
    OUT needed    bigint[],
    OUT available bigint[]
)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
AS $$
DECLARE
    transfers  constant integer := cardinality(p_keys);
    legs       constant integer := cardinality(p_amounts);
    most       constant bigint  := 9223372036854775807;
    -- the accounts; balance and version are kept up to date for strict ones
    a_id       bigint[];
    a_currency text[];
    a_deferred boolean[];
    a_balance  bigint[];
    a_least    bigint[];   -- floor and holds: what must remain
    a_version  bigint[];
    a_before   bigint[];   -- the version we found
    -- the legs; transfer is NULL where nothing is to be written, version where it is deferred
    l_transfer bigint[]  := array_fill(NULL::bigint, ARRAY[legs]);
    l_n        integer[] := array_fill(NULL::integer, ARRAY[legs]);
    d_version  bigint[]  := array_fill(NULL::bigint, ARRAY[legs]);
    d_after    bigint[]  := array_fill(NULL::bigint, ARRAY[legs]);
    c_version  bigint[]  := array_fill(NULL::bigint, ARRAY[legs]);
    c_after    bigint[]  := array_fill(NULL::bigint, ARRAY[legs]);
    any_known  boolean;
    posted     integer := 0;
    failed     boolean := false;
    outcome    text;
    first      integer;
    last       integer := 0;
    done       integer;
    d          integer;
    c          integer;
    amount     bigint;
    number     bigint;
    stored     bigint;
    same       boolean;
BEGIN
    ids := array_fill(NULL::bigint, ARRAY[transfers]);
    outcomes := array_fill(NULL::text, ARRAY[transfers]);
    culprits := array_fill(NULL::integer, ARRAY[transfers]);
    needed := ids;
    available := ids;

    FOR i IN 2 .. cardinality(p_accounts) LOOP
        IF p_accounts[i - 1] COLLATE "C" >= p_accounts[i] THEN
            RAISE EXCEPTION 'the accounts are not in order' USING ERRCODE = 'invalid_parameter_value';
        END IF;
    END LOOP;

    -- Locks first, and everywhere in the order of codes, so that nobody waits in a circle.
    SELECT array_agg(coalesce(s.id, f.id)), array_agg(coalesce(s.currency, f.currency)::text),
           array_agg(s.id IS NULL), array_agg(s.posted), array_agg(s.floor + s.held),
           array_agg(s.version)
      INTO a_id, a_currency, a_deferred, a_balance, a_least, a_version
      FROM unnest(p_accounts) AS w (code)
      LEFT JOIN LATERAL (SELECT * FROM ledger.account a
                          WHERE a.code = w.code AND NOT a.deferred
                            FOR NO KEY UPDATE) s ON true
      LEFT JOIN ledger.account f ON f.code = w.code AND f.deferred;
    a_before := a_version;

    any_known := EXISTS (
        SELECT FROM unnest(p_keys) AS k (key) JOIN ledger.transfer t ON t.key = k.key
    );

    FOR i IN 1 .. transfers LOOP
        first := last + 1;
        last := last + p_legs[i];

        IF any_known THEN
            SELECT t.id INTO stored FROM ledger.transfer t WHERE t.key = p_keys[i];
            IF stored IS NOT NULL THEN
                SELECT coalesce(t.kind = p_kinds[i]
                       AND t.reverses IS NOT DISTINCT FROM p_reverses[i]
                       AND g.debits = ARRAY(SELECT a_id[x] FROM unnest(p_debits[first:last]) x)
                       AND g.credits = ARRAY(SELECT a_id[x] FROM unnest(p_credits[first:last]) x)
                       AND g.currencies = p_currencies[first:last]
                       AND g.amounts = p_amounts[first:last], false)
                  INTO same
                  FROM ledger.transfer t,
                       (SELECT array_agg(p.debit ORDER BY p.n)    AS debits,
                               array_agg(p.credit ORDER BY p.n)   AS credits,
                               array_agg(p.currency ORDER BY p.n) AS currencies,
                               array_agg(p.amount ORDER BY p.n)   AS amounts
                          FROM ledger.posting p WHERE p.transfer_id = stored) g
                 WHERE t.id = stored;
                ids[i] := stored;
                outcomes[i] := CASE WHEN same THEN 'replayed' ELSE 'conflict' END;
                failed := failed OR NOT same;
                CONTINUE;
            END IF;
        END IF;

        outcome := 'posted';
        FOR j IN first .. last LOOP
            d := p_debits[j];
            c := p_credits[j];
            IF a_id[d] IS NULL OR a_id[c] IS NULL THEN
                outcome := 'unknown';
                culprits[i] := CASE WHEN a_id[d] IS NULL THEN d ELSE c END;
                EXIT;
            ELSIF d = c OR p_amounts[j] <= 0 OR p_amounts[j] IS NULL
                  OR a_currency[d] IS DISTINCT FROM p_currencies[j]
                  OR a_currency[c] IS DISTINCT FROM p_currencies[j] THEN
                outcome := 'invalid';
                culprits[i] := CASE WHEN a_currency[d] <> p_currencies[j] THEN d ELSE c END;
                EXIT;
            END IF;
        END LOOP;
        IF last < first THEN
            outcome := 'invalid';
        ELSIF outcome = 'posted' AND p_reverses[i] IS NOT NULL
              AND EXISTS (SELECT FROM ledger.transfer t WHERE t.reverses = p_reverses[i]) THEN
            outcome := 'reversed';
        ELSIF outcome = 'posted' THEN
            -- Apply all legs to the balances we keep; look at floors when all are applied.
            number := nextval('ledger.transfer_number');
            done := first - 1;
            FOR j IN first .. last LOOP
                d := p_debits[j];
                c := p_credits[j];
                amount := p_amounts[j];
                IF NOT a_deferred[d] THEN
                    IF a_balance[d] < amount - most THEN
                        outcome := 'overflow';
                        culprits[i] := d;
                        EXIT;
                    END IF;
                    a_balance[d] := a_balance[d] - amount;
                    a_version[d] := a_version[d] + 1;
                    d_after[j] := a_balance[d];
                    d_version[j] := a_version[d];
                END IF;
                IF NOT a_deferred[c] THEN
                    IF a_balance[c] > most - amount THEN
                        outcome := 'overflow';
                        culprits[i] := c;
                        IF NOT a_deferred[d] THEN
                            a_balance[d] := a_balance[d] + amount;
                            a_version[d] := a_version[d] - 1;
                        END IF;
                        EXIT;
                    END IF;
                    a_balance[c] := a_balance[c] + amount;
                    a_version[c] := a_version[c] + 1;
                    c_after[j] := a_balance[c];
                    c_version[j] := a_version[c];
                END IF;
                l_transfer[j] := number;
                l_n[j] := j - first + 1;
                done := j;
            END LOOP;
            IF outcome = 'posted' THEN
                FOR j IN first .. last LOOP
                    d := p_debits[j];
                    IF a_balance[d] < a_least[d] AND NOT a_deferred[d] THEN
                        outcome := 'short';
                        culprits[i] := d;
                        available[i] := -a_least[d];
                        needed[i] := -a_balance[d];
                        EXIT;
                    END IF;
                END LOOP;
            END IF;
            IF outcome <> 'posted' THEN
                FOR j IN REVERSE done .. first LOOP
                    d := p_debits[j];
                    c := p_credits[j];
                    IF NOT a_deferred[c] THEN
                        a_balance[c] := a_balance[c] - p_amounts[j];
                        a_version[c] := a_version[c] - 1;
                    END IF;
                    IF NOT a_deferred[d] THEN
                        a_balance[d] := a_balance[d] + p_amounts[j];
                        a_version[d] := a_version[d] - 1;
                    END IF;
                    l_transfer[j] := NULL;
                END LOOP;
                IF outcome = 'short' THEN
                    d := culprits[i];
                    available[i] := available[i] + a_balance[d];
                    needed[i] := needed[i] + a_balance[d];
                END IF;
            END IF;
        END IF;

        outcomes[i] := outcome;
        IF outcome = 'posted' THEN
            ids[i] := number;
            posted := posted + 1;
        ELSE
            failed := true;
        END IF;
    END LOOP;
    IF last <> legs THEN
        RAISE EXCEPTION 'the legs do not add up' USING ERRCODE = 'invalid_parameter_value';
    END IF;

    IF posted = 0 OR (p_whole AND failed) THEN
        RETURN;
    END IF;

    INSERT INTO ledger.transfer (id, key, kind, at, reverses)
        SELECT t.id, t.key, t.kind, t.at, t.reverses
          FROM unnest(ids, p_keys, p_kinds, p_ats, p_reverses, outcomes)
               AS t (id, key, kind, at, reverses, outcome)
         WHERE t.outcome = 'posted'
        ON CONFLICT DO NOTHING;
    GET DIAGNOSTICS done = ROW_COUNT;
    IF done < posted THEN
        -- Somebody posted the same key after we had looked. The next try will see it.
        RAISE EXCEPTION 'a transfer with the same key was posted at the same time'
            USING ERRCODE = 'serialization_failure';
    END IF;

    INSERT INTO ledger.posting (transfer_id, n, debit, credit, currency, amount)
        SELECT l.transfer_id, l.n, a_id[l.debit], a_id[l.credit], l.currency, l.amount
          FROM unnest(l_transfer, l_n, p_debits, p_credits, p_currencies, p_amounts)
               AS l (transfer_id, n, debit, credit, currency, amount)
         WHERE l.transfer_id IS NOT NULL;

    IF false = ANY (a_deferred) THEN
        INSERT INTO ledger.entry (account_id, version, transfer_id, n, amount, after)
            SELECT a_id[l.debit], l.version, l.transfer_id, l.n, -l.amount, l.after
              FROM unnest(p_debits, d_version, l_transfer, l_n, p_amounts, d_after)
                   AS l (debit, version, transfer_id, n, amount, after)
             WHERE l.transfer_id IS NOT NULL AND l.version IS NOT NULL
            UNION ALL
            SELECT a_id[l.credit], l.version, l.transfer_id, l.n, l.amount, l.after
              FROM unnest(p_credits, c_version, l_transfer, l_n, p_amounts, c_after)
                   AS l (credit, version, transfer_id, n, amount, after)
             WHERE l.transfer_id IS NOT NULL AND l.version IS NOT NULL;

        UPDATE ledger.account a
           SET posted = u.balance, version = u.version
          FROM unnest(a_id, a_balance, a_version, a_before) AS u (id, balance, version, before)
         WHERE a.id = u.id AND u.version <> u.before;
    END IF;

    IF true = ANY (a_deferred) THEN
        INSERT INTO ledger.tail (account_id, transfer_id, n, amount)
            SELECT a_id[l.debit], l.transfer_id, l.n, -l.amount
              FROM unnest(p_debits, d_version, l_transfer, l_n, p_amounts)
                   AS l (debit, version, transfer_id, n, amount)
             WHERE l.transfer_id IS NOT NULL AND l.version IS NULL
            UNION ALL
            SELECT a_id[l.credit], l.transfer_id, l.n, l.amount
              FROM unnest(p_credits, c_version, l_transfer, l_n, p_amounts)
                   AS l (credit, version, transfer_id, n, amount)
             WHERE l.transfer_id IS NOT NULL AND l.version IS NULL;
    END IF;
END
$$;

-- The same legs the other way round. Outcomes as of post; `unknown` where there is no such transfer.
CREATE FUNCTION ledger.reverse(
    p_key      text,
    p_kind     text,
    p_at       timestamptz,
    p_original text,
    OUT id        bigint,
    OUT outcome   text,
    OUT culprit   text,
    OUT currency  text,
    OUT needed    bigint,
    OUT available bigint
)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    original bigint := (SELECT t.id FROM ledger.transfer t WHERE t.key = p_original);
    codes    text[];
    legs     record;
    posted   record;
BEGIN
    IF original IS NULL THEN
        outcome := 'unknown';
        RETURN;
    END IF;
    codes := ARRAY(
        SELECT a.code::text FROM ledger.account a
         WHERE a.id IN (SELECT unnest(ARRAY[p.debit, p.credit])
                          FROM ledger.posting p WHERE p.transfer_id = original)
         ORDER BY a.code
    );
    SELECT array_agg(array_position(codes, c.code::text) ORDER BY p.n) AS debits,
           array_agg(array_position(codes, d.code::text) ORDER BY p.n) AS credits,
           array_agg(p.currency ORDER BY p.n) AS currencies,
           array_agg(p.amount ORDER BY p.n)   AS amounts
      INTO legs
      FROM ledger.posting p
      JOIN ledger.account d ON d.id = p.debit
      JOIN ledger.account c ON c.id = p.credit
     WHERE p.transfer_id = original;
    SELECT * INTO posted
      FROM ledger.post(ARRAY[p_key], ARRAY[p_kind], ARRAY[p_at], ARRAY[original],
                       ARRAY[cardinality(legs.amounts)], codes, legs.debits, legs.credits,
                       legs.currencies, legs.amounts, true);
    id := posted.ids[1];
    outcome := posted.outcomes[1];
    culprit := codes[posted.culprits[1]];
    currency := (SELECT a.currency FROM ledger.account a WHERE a.code = culprit);
    needed := posted.needed[1];
    available := posted.available[1];
END
$$;
