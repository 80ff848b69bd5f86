-- The proof: every invariant of the books, and the rows where one fails. Nothing is returned
-- where all is well.
CREATE FUNCTION ledger.audit() RETURNS TABLE (invariant text, subject text, detail text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    -- Money comes from somewhere: all balances of a currency add up to nothing.
    SELECT 'balances add up to zero', b.currency, 'they add up to ' || sum(b.amount)
      FROM (SELECT a.currency, a.posted::numeric AS amount FROM ledger.account a
            UNION ALL
            SELECT a.currency, t.amount FROM ledger.tail t JOIN ledger.account a ON a.id = t.account_id) b
     GROUP BY b.currency
    HAVING sum(b.amount) <> 0
UNION ALL
    -- An account is what its postings say, less what is still in the tail.
    SELECT 'a balance is the sum of its postings', a.code,
           format('balance %s, postings %s', a.posted, coalesce(p.amount, 0))
      FROM ledger.account a
      LEFT JOIN (SELECT s.account_id, sum(s.amount) AS amount
                   FROM (SELECT credit AS account_id, amount FROM ledger.posting
                         UNION ALL SELECT debit, -amount FROM ledger.posting
                         UNION ALL SELECT account_id, -amount FROM ledger.tail) s
                  GROUP BY s.account_id) p ON p.account_id = a.id
     WHERE a.posted <> coalesce(p.amount, 0)
UNION ALL
    -- Its book is complete: numbered without gaps up to the account's version ...
    SELECT 'a book has no gaps', a.code,
           format('version %s, entries %s, last %s', a.version, coalesce(e.entries, 0), e.last)
      FROM ledger.account a
      LEFT JOIN (SELECT account_id, count(*) AS entries, max(version) AS last
                   FROM ledger.entry GROUP BY account_id) e ON e.account_id = a.id
     WHERE (a.version, a.version) IS DISTINCT FROM (coalesce(e.entries, 0), coalesce(e.last, 0))
UNION ALL
    -- ... and every entry follows from the one before it.
    SELECT 'an entry follows from the one before', a.code,
           format('entry %s: %s and %s make %s', c.version, c.before, c.amount, c.after)
      FROM (SELECT account_id, version, amount, after,
                   lag(after, 1, 0::bigint) OVER (PARTITION BY account_id ORDER BY version) AS before
              FROM ledger.entry) c
      JOIN ledger.account a ON a.id = c.account_id
     WHERE c.after::numeric <> c.before::numeric + c.amount
UNION ALL
    SELECT 'a book ends with the balance', a.code, format('balance %s, book %s', a.posted, e.after)
      FROM ledger.account a
      JOIN ledger.entry e ON e.account_id = a.id AND e.version = a.version
     WHERE e.after <> a.posted
UNION ALL
    -- Both sides of every posting are in a book or in the tail, once, as they were posted.
    SELECT 'both sides of a posting are booked once', format('transfer %s', s.transfer_id),
           format('leg %s, account %s, amount %s, booked %s times', s.n, s.account_id, s.amount, s.times)
      FROM (SELECT transfer_id, n, account_id, amount, sum(weight) AS times
              FROM (SELECT transfer_id, n, debit AS account_id, -amount AS amount, -1 AS weight
                      FROM ledger.posting
                    UNION ALL SELECT transfer_id, n, credit, amount, -1 FROM ledger.posting
                    UNION ALL SELECT transfer_id, n, account_id, amount, 1 FROM ledger.entry
                    UNION ALL SELECT transfer_id, n, account_id, amount, 1 FROM ledger.tail) u
             GROUP BY transfer_id, n, account_id, amount) s
     WHERE s.times <> 0
UNION ALL
    SELECT 'a transfer has its legs', t.key, format('transfer %s has none, or numbers are missing', t.id)
      FROM ledger.transfer t
      LEFT JOIN (SELECT transfer_id, count(*) AS legs, max(n) AS last
                   FROM ledger.posting GROUP BY transfer_id) p ON p.transfer_id = t.id
     WHERE p.legs IS NULL OR p.legs <> p.last
UNION ALL
    SELECT 'a posting has its transfer', format('transfer %s', p.transfer_id), format('leg %s', p.n)
      FROM ledger.posting p
     WHERE NOT EXISTS (SELECT FROM ledger.transfer t WHERE t.id = p.transfer_id)
UNION ALL
    SELECT 'what is held is what open holds say', a.code,
           format('held %s, open holds %s', a.held, coalesce(h.amount, 0))
      FROM ledger.account a
      LEFT JOIN (SELECT h.account_id, sum(h.amount) AS amount
                   FROM ledger.hold h
                  WHERE NOT EXISTS (SELECT FROM ledger.hold_resolution r WHERE r.hold_id = h.id)
                  GROUP BY h.account_id) h ON h.account_id = a.id
     WHERE a.held <> coalesce(h.amount, 0)
UNION ALL
    SELECT 'open holds are the unresolved ones', h.key, format('hold %s', h.id)
      FROM ledger.hold h
      LEFT JOIN ledger.open_hold o
             ON (o.hold_id, o.account_id, o.amount) = (h.id, h.account_id, h.amount)
     WHERE (o.hold_id IS NULL) <> EXISTS (SELECT FROM ledger.hold_resolution r WHERE r.hold_id = h.id)
UNION ALL
    SELECT 'a capture is its posting', h.key, format('captured %s of %s', r.captured, h.amount)
      FROM ledger.hold_resolution r
      JOIN ledger.hold h ON h.id = r.hold_id
      LEFT JOIN ledger.posting p
             ON (p.transfer_id, p.n, p.debit, p.amount) = (r.transfer_id, 1, h.account_id, r.captured)
     WHERE r.outcome = 'capture' AND (p.transfer_id IS NULL OR r.captured > h.amount)
UNION ALL
    SELECT 'an account keeps its floor', a.code,
           format('posted %s, held %s, floor %s', a.posted, a.held, a.floor)
      FROM ledger.account a
     WHERE a.posted - a.held < a.floor OR a.held < 0
UNION ALL
    SELECT 'a reversal mirrors its original', t.key, format('transfer %s of %s', t.id, t.reverses)
      FROM ledger.transfer t
     WHERE t.reverses IS NOT NULL
       AND (SELECT array_agg((p.debit, p.credit, p.currency, p.amount) ORDER BY p.n)
              FROM ledger.posting p WHERE p.transfer_id = t.id)
           IS DISTINCT FROM
           (SELECT array_agg((p.credit, p.debit, p.currency, p.amount) ORDER BY p.n)
              FROM ledger.posting p WHERE p.transfer_id = t.reverses);
$$;
