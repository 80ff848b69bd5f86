-- The proof that payments and the books say the same. Nothing is returned where all is well.
CREATE FUNCTION payments.audit() RETURNS TABLE (invariant text, subject text, detail text)
LANGUAGE sql STABLE AS $$
    -- Money that arrived is in the ledger, under its own name ...
    SELECT 'a charge is in the books', 'charge ' || c.id, format('no transfer %s', k.key)
      FROM payments.charge c
     CROSS JOIN LATERAL (SELECT CASE WHEN c.fit = 'stray' THEN 'payments.stray:'
                                     ELSE 'payments.paid:' END || c.provider || ':' || c.ref AS key) k
     WHERE NOT EXISTS (SELECT FROM ledger.transfer t WHERE t.key = k.key)
UNION ALL
    -- ... all of it in its payer's wallet, to the cent ...
    SELECT 'a charge is credited in full', 'charge ' || c.id,
           format('%s paid, %s credited', c.amount, coalesce(g.amount, 0))
      FROM payments.charge c
      JOIN payments.payment p ON p.id = c.payment_id
      JOIN ledger.transfer t ON t.key = 'payments.paid:' || c.provider || ':' || c.ref
      LEFT JOIN LATERAL (
               SELECT sum(x.amount) AS amount FROM ledger.posting x
                 JOIN ledger.account a ON a.id = x.credit
                WHERE x.transfer_id = t.id
                  AND a.code = 'wallet:' || p.user_id || ':' || c.currency) g ON true
     WHERE c.amount IS DISTINCT FROM g.amount
UNION ALL
    -- ... and nothing is in the ledger that did not arrive.
    SELECT 'what is credited was paid', t.key, 'no charge has this name'
      FROM ledger.transfer t
     WHERE t.kind IN ('payments.paid', 'payments.stray')
       AND NOT EXISTS (SELECT FROM payments.charge c
                        WHERE t.key IN ('payments.paid:' || c.provider || ':' || c.ref,
                                        'payments.stray:' || c.provider || ':' || c.ref))
UNION ALL
    SELECT 'a payment has succeeded when a charge fulfils it', 'payment ' || p.id,
           format('%s, and %s', p.status, CASE WHEN c.id IS NULL THEN 'no charge' ELSE 'a charge' END)
      FROM payments.payment p
      LEFT JOIN payments.charge c ON c.payment_id = p.id AND c.fit IN ('exact', 'over')
     WHERE (p.status = 'succeeded') <> (c.id IS NOT NULL)
UNION ALL
    SELECT 'a charge fits as it says', 'charge ' || c.id,
           format('%s: %s %s of %s %s', c.fit, c.amount, c.currency, p.amount, p.currency)
      FROM payments.charge c
      JOIN payments.payment p ON p.id = c.payment_id
     WHERE CASE c.fit WHEN 'exact'    THEN (c.amount, c.currency) <> (p.amount, p.currency)
                      WHEN 'over'     THEN c.amount <= p.amount OR c.currency <> p.currency
                      WHEN 'short'    THEN c.amount >= p.amount OR c.currency <> p.currency
                      WHEN 'currency' THEN c.currency = p.currency
                      ELSE false END
UNION ALL
    SELECT 'what is delivered was paid', t.key, 'its payment says otherwise'
      FROM ledger.transfer t
      LEFT JOIN payments.payment p ON t.key = 'payments.delivered:' || p.id
     WHERE t.kind = 'payments.delivered'
       AND p.delivery IS DISTINCT FROM 'done' AND p.delivery IS DISTINCT FROM 'taken_back'
UNION ALL
    -- (What was given back, and came back since it could not be taken, counts as not given.)
    SELECT 'a charge knows what was given back', 'charge ' || c.id,
           format('%s noted, %s in refunds, %s came back', c.refunded, coalesce(r.amount, 0),
                  coalesce(b.amount, 0))
      FROM payments.charge c
      LEFT JOIN (SELECT charge_id, sum(amount) AS amount FROM payments.refund
                  WHERE status = 'done' GROUP BY charge_id) r ON r.charge_id = c.id
      LEFT JOIN (SELECT split_part(t.key, ':', 2)::bigint AS charge_id, sum(x.amount) AS amount
                   FROM ledger.transfer t
                   JOIN ledger.posting x ON x.transfer_id = t.id
                   JOIN ledger.account a ON a.id = x.credit
                  WHERE t.kind = 'payments.refund_returned' AND a.code LIKE 'wallet:%'
                  GROUP BY 1) b ON b.charge_id = c.id
     WHERE c.refunded <> coalesce(r.amount, 0) - coalesce(b.amount, 0)
UNION ALL
    -- What was given back left the payer: from the wallet, or as a debt.
    SELECT 'a refund is in the books', 'refund ' || r.id,
           format('%s given back, %s taken from the payer', r.amount, coalesce(g.amount, 0))
      FROM payments.refund r
      JOIN payments.payment p ON p.id = r.payment_id
      LEFT JOIN ledger.transfer t ON t.key = 'payments.refunded:' || r.id
      LEFT JOIN LATERAL (
               SELECT sum(x.amount) AS amount FROM ledger.posting x
                 JOIN ledger.account a ON a.id = x.debit
                 JOIN ledger.account b ON b.id = x.credit
                WHERE x.transfer_id = t.id
                  AND a.code IN ('wallet:' || p.user_id || ':' || r.currency,
                                 'debt:' || p.user_id || ':' || r.currency)
                  AND split_part(b.code, ':', 1) IN ('clearing', 'exchange', 'suspense')) g ON true
     WHERE (r.status = 'done') <> (t.id IS NOT NULL)
        OR (r.status = 'done' AND r.amount IS DISTINCT FROM g.amount)
UNION ALL
    SELECT 'nothing is held for a refund that has ended', 'refund ' || r.id, h.key
      FROM payments.refund r
      JOIN ledger.hold h ON h.key LIKE 'payments.refund:' || r.id || ':%'
      JOIN ledger.open_hold o ON o.hold_id = h.id
     WHERE r.status IN ('done', 'declined')
UNION ALL
    -- A debt is not paid back twice.
    SELECT 'nobody is owed by those who owe', a.code, format('%s too much was repaid', a.posted)
      FROM ledger.account a
     WHERE a.code LIKE 'debt:%' AND a.posted > 0
UNION ALL
    SELECT 'a dispute is in the books', d.provider || ' ' || d.ref, 'no transfer'
      FROM payments.dispute d
     WHERE d.state IN ('open', 'lost')
       AND NOT EXISTS (SELECT FROM ledger.transfer t
                        WHERE t.key = 'payments.dispute:' || d.provider || ':' || d.ref)
$$;
