-- Folding: the tail of a deferred account goes into its book and its balance.

-- Folds up to p_limit of the oldest sides of every deferred account, or of one, and says how many.
CREATE FUNCTION ledger.fold(p_limit integer, p_account bigint DEFAULT NULL) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
AS $$
DECLARE
    folded  bigint := 0;
    account ledger.account;
    next    bigint := coalesce(p_account, 0) - 1;
    total   bigint;
    entries bigint;
BEGIN
    LOOP
        SELECT min(t.account_id) INTO next FROM ledger.tail t WHERE t.account_id > next;
        EXIT WHEN next IS NULL OR next <> coalesce(p_account, next);
        SELECT * INTO account FROM ledger.account a WHERE a.id = next FOR NO KEY UPDATE;
        BEGIN
            WITH oldest AS (
                SELECT t.account_id, t.transfer_id, t.n FROM ledger.tail t
                 WHERE t.account_id = account.id
                 ORDER BY t.transfer_id, t.n LIMIT p_limit
            ), taken AS (
                DELETE FROM ledger.tail t USING oldest o
                 WHERE (t.account_id, t.transfer_id, t.n) = (o.account_id, o.transfer_id, o.n)
                RETURNING t.transfer_id, t.n, t.amount
            ), numbered AS (
                SELECT transfer_id, n, amount, row_number() OVER w AS number, sum(amount) OVER w AS sum
                  FROM taken WINDOW w AS (ORDER BY transfer_id, n)
            ), written AS (
                INSERT INTO ledger.entry (account_id, version, transfer_id, n, amount, after)
                    SELECT account.id, account.version + number, transfer_id, n, amount,
                           (account.posted + sum)::bigint
                      FROM numbered
                RETURNING amount
            )
            SELECT count(*), coalesce(sum(amount), 0)::bigint INTO entries, total FROM written;
        EXCEPTION WHEN numeric_value_out_of_range THEN
            -- Beyond what fits; it stays in the tail, counted and reported, and others go on.
            RAISE WARNING 'the balance of % no longer fits', account.code;
            CONTINUE;
        END;
        UPDATE ledger.account a
           SET posted = a.posted + total, version = a.version + entries
         WHERE a.id = account.id;
        folded := folded + entries;
    END LOOP;
    RETURN folded;
END
$$;
