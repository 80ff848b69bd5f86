-- A job that whoever puts it does himself, as soon as it is committed: it is taken from the start.
-- Should he die, its lease runs out, and another takes it.
CREATE FUNCTION outbox.put_taken(
    p_kind text, p_payload jsonb, p_lease interval, p_request text, p_at timestamptz
) RETURNS TABLE (job bigint, claim bigint) LANGUAGE sql AS $$
    INSERT INTO outbox.job (kind, payload, due_at, most, attempts, leased_until, claim, request_id)
    VALUES (p_kind, p_payload, p_at, 15, 1, clock_timestamp() + p_lease, nextval('outbox.claim'),
            p_request)
    RETURNING id, claim
$$;
