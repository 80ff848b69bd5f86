"""Putting jobs, and looking after those that wait or are dead."""

import json
import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from kassa import clock
from kassa.db import Database, Reader, Tx
from kassa.errors import Invalid
from kassa.log import new_request_id, request_id
from kassa.outbox.models import Job, LeaseLost, NewJob, Waiting

WAKE = "outbox"
MAX_NAME = 200
MAX_ATTEMPTS = 1000
_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000").search  # PostgreSQL keeps no such character

_INSERT = """
    INSERT INTO outbox.job AS j (kind, key, payload, due_at, most, request_id)
    SELECT n.kind, n.key, n.payload::jsonb, n.due_at, n.most, $6
      FROM unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::int[])
           WITH ORDINALITY AS n (kind, key, payload, due_at, most, i)
     ORDER BY n.i
"""
_RENEW = """
    ON CONFLICT (kind, key) WHERE key IS NOT NULL DO UPDATE
       SET payload = EXCLUDED.payload, most = EXCLUDED.most,
           request_id = EXCLUDED.request_id, last_error = NULL, dead_at = NULL,
           again_at = CASE WHEN j.leased_until IS NOT NULL
                           THEN least(j.again_at, EXCLUDED.due_at) END,
           due_at = CASE WHEN j.dead_at IS NOT NULL      THEN EXCLUDED.due_at
                         WHEN j.leased_until IS NOT NULL THEN j.due_at
                         ELSE least(j.due_at, EXCLUDED.due_at) END,
           attempts = CASE WHEN j.dead_at IS NULL THEN j.attempts ELSE 0 END
"""


async def put(
    tx: Tx,
    kind: str,
    payload: dict[str, Any] | None = None,
    *,
    key: str | None = None,
    after: timedelta | datetime | None = None,
    most: int = 15,
) -> None:
    """The job runs if and when the transaction commits. With a key there is one such job of its
    kind: putting it again renews its payload, and it runs once more even if it is running now."""
    await put_many(tx, [NewJob(kind, {} if payload is None else payload, key, after, most)])


async def put_many(tx: Tx, jobs: Sequence[NewJob]) -> None:
    """All of them; of several with one key the last."""
    keyed = {(job.kind, job.key): job for job in jobs if job.key is not None}
    jobs = [job for job in jobs if job.key is None] + [keyed[each] for each in sorted(keyed)]
    if not jobs:
        return
    for job in jobs:
        check_name(job.kind, "kind")
        check_name("-" if job.key is None else job.key, "key")
        if not 1 <= job.most <= MAX_ATTEMPTS:
            raise Invalid(f"A job is tried 1 to {MAX_ATTEMPTS} times, not {job.most}.")
    now = clock.now()
    due = [_due(job, now) for job in jobs]
    await tx.execute(
        _INSERT + _RENEW if keyed else _INSERT,
        [job.kind for job in jobs],
        [job.key for job in jobs],
        [_as_json(job) for job in jobs],
        due,
        [job.most for job in jobs],
        request_id() or new_request_id(),
    )
    if min(due) <= now:
        tx.after_commit(lambda: tx.database.wake.wake(WAKE))


def check_name(text: str, what: str) -> None:
    if not 0 < len(text) <= MAX_NAME or not text.isprintable():
        raise Invalid(f"A job's {what} is 1 to {MAX_NAME} printable characters.")


def _as_json(job: NewJob) -> str:
    """As text, so that what cannot be stored is told before it is sent."""
    if not isinstance(job.payload, dict):
        raise Invalid(f"The payload of {job.kind} is not a dict.")
    try:
        text = json.dumps(job.payload, ensure_ascii=False, allow_nan=False)
        text.encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise Invalid(f"The payload of {job.kind} is not JSON: {error}") from None
    if _NUL(text):
        raise Invalid(f"The payload of {job.kind} holds a NUL character.")
    return text


def _due(job: NewJob, now: datetime) -> datetime:
    try:
        due = now + job.after if isinstance(job.after, timedelta) else job.after or now
    except OverflowError:
        raise Invalid(f"{job.kind} cannot be due so far away: {job.after}.") from None
    if due.tzinfo is None:
        raise Invalid(f"When {job.kind} is due needs a time zone: {due}.")
    return due


async def finish(tx: Tx, job: Job) -> None:
    """Ends the job in the handler's own transaction, so that its effect happens exactly once.

    LeaseLost undoes the effect: somebody else has the job now, or has done it.
    """
    if not await tx.fetchval(ending("SELECT count(*) FROM ours"), [job.id], [job.claim]):
        raise LeaseLost(f"The job {job.id} ({job.kind}) is not ours any more.")


async def amend(on: Database, job: Job, payload: dict[str, Any]) -> None:
    """What is left of the job, when a part of it is done: a next try does only that."""
    await on.execute(
        "UPDATE outbox.job SET payload = $3 WHERE id = $1 AND claim = $2",
        *(job.id, job.claim, json.loads(_as_json(NewJob(job.kind, payload)))),
    )


def ending(then: str, *, locked: str = "") -> str:
    """What is done is gone; what was put again while it ran waits for its next run."""
    return f"""
        WITH ours AS MATERIALIZED (
            SELECT id, claim, again_at FROM outbox.job
             WHERE id = ANY ($1) AND claim = ANY ($2)
               FOR UPDATE {locked}
        ), again AS (
            UPDATE outbox.job j
               SET due_at = j.again_at, again_at = NULL, leased_until = NULL, claim = NULL,
                   attempts = 0, last_error = NULL
              FROM ours
             WHERE j.id = ours.id AND ours.again_at IS NOT NULL
        ), gone AS (
            DELETE FROM outbox.job j USING ours
             WHERE j.id = ours.id AND ours.again_at IS NULL
        )
        {then}
    """  # noqa: S608 (both are texts of ours)


async def list_jobs(
    on: Reader, *, dead: bool | None = None, kind: str | None = None, after: int = 0, most: int = 50
) -> list[Waiting]:
    """A page of jobs by id; the next one is `after` its last."""
    if kind is not None:
        check_name(kind, "kind")
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
    if kind is not None:
        check_name(kind, "kind")
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
        SELECT count(*)                                                    AS due,
               extract(epoch FROM $1 - min(due_at))::float8                AS oldest,
               (SELECT count(*) FROM outbox.job WHERE dead_at IS NOT NULL) AS dead
          FROM (SELECT due_at FROM outbox.job
                 WHERE dead_at IS NULL AND due_at <= $1
                   AND (leased_until IS NULL OR leased_until < clock_timestamp())
                 ORDER BY due_at LIMIT 10000) j
        """,
        clock.now(),
    )
    assert row is not None
    return {"due": row["due"], "oldest_seconds": row["oldest"] or 0.0, "dead": row["dead"]}
