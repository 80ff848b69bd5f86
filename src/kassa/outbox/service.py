"""Putting jobs, and looking after those that wait or are dead."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from kassa import clock
from kassa.db import Reader, Tx
from kassa.errors import Invalid
from kassa.log import request_id
from kassa.outbox.models import Job, NewJob, Waiting

WAKE = "outbox"
_MAX_TEXT = 200


async def put(
    tx: Tx,
    kind: str,
    payload: dict[str, Any] | None = None,
    *,
    key: str | None = None,
    after: timedelta | datetime | None = None,
    most: int = 15,
) -> None:
    """The job runs if and when the transaction commits. With a key there is one such job:
    putting it again renews its payload, and it runs once more even if it is running now."""
    await put_many(tx, [NewJob(kind, payload or {}, key, after, most)])


async def put_many(tx: Tx, jobs: Sequence[NewJob]) -> None:
    for job in jobs:
        _check(job)
    now = clock.now()
    due = [_due(job.after, now) for job in jobs]
    arguments = (
        [job.kind for job in jobs],
        [job.key for job in jobs],
        [job.payload for job in jobs],
        due,
        [job.most for job in jobs],
        request_id(),
    )
    insert = """
        INSERT INTO outbox.job AS j (kind, key, payload, due_at, most, request_id)
        SELECT n.kind, n.key, n.payload, n.due_at, n.most, $6
          FROM unnest($1::text[], $2::text[], $3::jsonb[], $4::timestamptz[], $5::int[])
               AS n (kind, key, payload, due_at, most)
    """
    if any(job.key for job in jobs):
        insert += """
         ORDER BY n.key
        ON CONFLICT (key) DO UPDATE
           SET payload = EXCLUDED.payload, puts = j.puts + 1, most = EXCLUDED.most,
               due_at = CASE WHEN j.dead_at IS NULL THEN least(j.due_at, EXCLUDED.due_at)
                             ELSE EXCLUDED.due_at END,
               attempts = CASE WHEN j.dead_at IS NULL THEN j.attempts ELSE 0 END,
               dead_at = NULL, last_error = NULL, request_id = EXCLUDED.request_id
        """
    await tx.execute(insert, *arguments)
    if min(due, default=now) <= now:
        tx.after_commit(lambda: tx.database.wake.wake(WAKE))


def _check(job: NewJob) -> None:
    for text in (job.kind, job.key or "-"):
        if not 0 < len(text) <= _MAX_TEXT or not text.isprintable():
            raise Invalid(f"A job's kind and key are 1 to {_MAX_TEXT} printable characters.")
    if job.most < 1:
        raise Invalid("A job is tried at least once.")


def _due(after: timedelta | datetime | None, now: datetime) -> datetime:
    if after is None:
        return now
    return now + after if isinstance(after, timedelta) else after


async def finish(tx: Tx, job: Job) -> bool:
    """Ends the job in the handler's own transaction, so that its effect happens exactly once.

    False: another worker has the job now. Then roll back.
    """
    done = await tx.fetchval(
        """
        WITH finished AS (
            DELETE FROM outbox.job WHERE id = $1 AND attempts = $2 AND puts = $3 RETURNING id
        ), renewed AS (
            UPDATE outbox.job SET leased_until = NULL, attempts = 0
             WHERE id = $1 AND attempts = $2 AND puts <> $3 RETURNING id
        )
        SELECT count(*) FROM (SELECT * FROM finished UNION ALL SELECT * FROM renewed) d
        """,
        job.id,
        job.attempt,
        job.puts,
    )
    return bool(done)


async def list_jobs(
    on: Reader, *, dead: bool | None = None, kind: str | None = None, after: int = 0, most: int = 50
) -> list[Waiting]:
    """A page of jobs by id; the next one is `after` its last."""
    rows = await on.fetch(
        """
        SELECT id, kind, key, payload, due_at, attempts, most, last_error, dead_at,
               coalesce(leased_until > clock_timestamp(), false) AS running
          FROM outbox.job
         WHERE id > $1 AND ($2::boolean IS NULL OR (dead_at IS NOT NULL) = $2)
           AND ($3::text IS NULL OR kind = $3)
         ORDER BY id LIMIT $4
        """,
        after,
        dead,
        kind,
        most,
    )
    return [Waiting(**dict(row)) for row in rows]


async def retry(tx: Tx, *, ids: Sequence[int] = (), kind: str | None = None) -> int:
    """Dead jobs, by id or all of a kind, are tried again from the start; says how many."""
    done = await tx.fetchval(
        """
        WITH again AS (
            UPDATE outbox.job
               SET dead_at = NULL, attempts = 0, due_at = $3
             WHERE dead_at IS NOT NULL AND (id = ANY ($1) OR kind = $2)
            RETURNING id
        )
        SELECT count(*) FROM again
        """,
        list(ids),
        kind,
        clock.now(),
    )
    tx.after_commit(lambda: tx.database.wake.wake(WAKE))
    return int(done)


async def drop(tx: Tx, *, ids: Sequence[int]) -> int:
    """Jobs that nobody is doing are thrown away; says how many."""
    done = await tx.fetchval(
        """
        WITH gone AS (
            DELETE FROM outbox.job
             WHERE id = ANY ($1)
               AND (leased_until IS NULL OR leased_until < clock_timestamp())
            RETURNING id
        )
        SELECT count(*) FROM gone
        """,
        list(ids),
    )
    return int(done)


async def lag(on: Reader) -> dict[str, float]:
    """How the outbox stands: jobs that are due, dead ones, and the oldest due one's wait."""
    row = await on.fetchrow(
        """
        SELECT count(*) FILTER (WHERE leased_until IS NULL)                AS due,
               extract(epoch FROM $1 - min(due_at)
                       FILTER (WHERE leased_until IS NULL))::float8        AS oldest,
               (SELECT count(*) FROM outbox.job WHERE dead_at IS NOT NULL) AS dead
          FROM (SELECT due_at, leased_until FROM outbox.job
                 WHERE dead_at IS NULL AND due_at <= $1
                 ORDER BY due_at LIMIT 10000) j
        """,
        clock.now(),
    )
    assert row is not None
    return {"due": row["due"], "oldest_seconds": row["oldest"] or 0.0, "dead": row["dead"]}
