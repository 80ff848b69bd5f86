"""The durable inbox: what providers send is verified, stored, answered, and then settled.

A callback is answered when its row is on the disk. Settling takes many rows in a transaction,
and one by one when a batch fails. What nobody knows yet waits and is tried again; what cannot
be done is set aside for a person, who can replay it.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from kassa import clock, outbox
from kassa.db import Database, Reader, Tx
from kassa.errors import NotFound
from kassa.log import get
from kassa.outbox import NewJob
from kassa.payments import notices, refunds
from kassa.payments.providers.protocol import (
    Callback,
    Incoming,
    Mute,
    NoSuchPayment,
    Refused,
    Report,
    State,
)
from kassa.payments.service import Payments
from kassa.payments.settle import UNKNOWN, Said, Settled, book_stray, settle

if TYPE_CHECKING:
    from asyncpg import Record

BATCH = 200  # rows settled in a transaction
CONFIRMING = 16  # providers' answers waited for at once
LEASE = timedelta(seconds=60)  # a row is somebody's while they ask the provider about it
KEPT = {"content-type", "stripe-signature", "crypto-pay-api-signature"}  # headers of a callback

# Seconds until the next try; after the last one the row is dead.
AGAIN = (2, 10, 60, 300, 1800, 3600, 3 * 3600, 6 * 3600, 12 * 3600)

_COLUMNS = "id, provider, event, kind, confirm, method, query, headers, body, tries, copies"

_log = get(__name__)


@dataclass(frozen=True, slots=True)
class Letter:
    """A row of the inbox, to look at."""

    id: int
    provider: str
    event: str
    kind: str
    received_at: datetime
    copies: int
    tries: int
    due_at: datetime | None
    handled_at: datetime | None
    dead_at: datetime | None
    said: str

    @property
    def state(self) -> str:
        return "dead" if self.dead_at else "handled" if self.handled_at else "waiting"


class Inbox:
    """`await inbox.take("stripe", callback)` at the edge; `await inbox.run()` beside it."""

    def __init__(self, payments: Payments, *, poll: float = 1.0) -> None:
        self._payments = payments
        self._database: Database = payments.database
        self._poll = poll
        self._changed = asyncio.Event()
        self._stored = _Storing(self._database)
        self._asking: set[asyncio.Task[None]] = set()

    # -- taking in -----------------------------------------------------------------

    async def take(self, name: str, callback: Callback) -> tuple[int, bytes, str]:
        """The answer for the provider, once what it sent is stored. Refused raises."""
        provider = self._payments.providers.get(name)
        if provider is None:
            raise Refused("There is no such payment provider here.", 404)
        if callback.method != "POST" and not (callback.method == "GET" and provider.abilities.get):
            raise Refused("Callbacks come as POST.", 405)
        now = clock.now()
        provider.verify(callback, at=now)
        incoming = provider.parse(callback)
        if incoming.reports:
            await self._stored.put(name, incoming, callback, now)
            self._changed.set()
        return provider.answer()

    # -- settling ------------------------------------------------------------------

    async def run(self) -> None:
        """Until it is cancelled."""
        try:
            while True:
                self._changed.clear()
                if not await self.turn():
                    try:
                        async with asyncio.timeout(self._poll):
                            await self._changed.wait()
                    except TimeoutError:
                        pass
        finally:
            for task in self._asking:
                task.cancel()

    async def turn(self) -> int:
        """One round; says how many rows it had in hand."""
        return await self._settle_batch() + await self._settle_singly() + await self._confirm()

    async def drain(self) -> None:
        """Until nothing is due any more. For tests and commands."""
        while await self.turn() or self._asking:
            if self._asking:
                await asyncio.wait(self._asking)

    async def _settle_batch(self) -> int:
        """Rows that need no confirmation and have not failed before."""
        ids: list[int] = []
        try:
            async with self._database.transaction() as tx:
                found = await self._locked(tx, "NOT confirm AND tries = 0", BATCH)
                ids = [row["id"] for row in found]
                answers = await self._batch(tx, found)
                await _handled(tx, {i: a.what for i, a in answers.items() if not _left(a)})
        except Exception as error:
            if not ids:
                raise
            _log.warning("inbox.batch_failed", rows=len(ids), error=repr(error))
            answers = dict.fromkeys(ids, Settled("", more=True))
        for number, answer in answers.items():
            if _left(answer) and not answer.again:
                await self._one(number)
        return len(ids)

    async def _batch(self, tx: Tx, found: Sequence["Record"]) -> dict[int, Settled]:
        """Those that hold one word each; the others are done by themselves."""
        answers: dict[int, Settled] = {}
        said: list[tuple[int, Said]] = []
        for row in found:
            incoming = self._parse(row)
            if isinstance(incoming, Incoming) and len(incoming.reports) == 1:
                said.append((row["id"], Said(row["provider"], incoming.reports[0])))
            else:
                answers[row["id"]] = Settled("", more=True)
        if said:
            settled = await settle(tx, [one for _, one in said], self._payments.purposes)
            answers |= dict(zip([number for number, _ in said], settled, strict=True))
        return answers

    async def _settle_singly(self) -> int:
        found = await self._database.fetch(
            f"""
            SELECT id FROM payments.inbox
             WHERE due_at <= $1 AND NOT confirm AND tries > 0 AND provider = ANY ($2)
             ORDER BY due_at, id LIMIT {BATCH}
            """,
            *(clock.now(), list(self._payments.providers)),
        )
        for row in found:
            await self._one(row["id"])
        return len(found)

    async def _one(
        self, number: int, told: Sequence[Report] | None = None, *, copies: int = 0
    ) -> None:
        """One row by itself: what it says, or what the provider has confirmed instead, when there
        were so many copies of it. Another may have come for good reason: then it is asked again.
        """
        try:
            async with self._database.transaction() as tx:
                row = await tx.fetchrow(
                    f"""
                    SELECT {_COLUMNS} FROM payments.inbox
                     WHERE id = $1 AND due_at IS NOT NULL FOR UPDATE SKIP LOCKED
                    """,
                    number,
                )
                if row is None:
                    return
                reports = self._reports(row) if told is None else told
                what = [await self._word(tx, row, Said(row["provider"], r)) for r in reports]
                if copies in (0, row["copies"]):
                    await _handled(tx, {number: "; ".join(what)})
        except _NotYet as error:
            await self._later(number, str(error))
        except Refused as error:
            await self._dead(number, f"cannot be understood any more: {error}")
        except Exception as error:  # noqa: BLE001 (edge: job; it stays, and is tried again)
            _log.warning("inbox.failed", row=number, exc_info=error)
            await self._later(number, notices.cause(error) or "")

    async def _word(self, tx: Tx, row: "Record", one: Said) -> str:
        (answer,) = await settle(tx, [one], self._payments.purposes, alone=True)
        if not answer.known:
            if row["tries"] < len(AGAIN):
                raise _NotYet("no such payment yet")
            if one.report.state is not State.PAID or one.report.amount is None:
                raise _NotYet("no such payment")
            if await book_stray(tx, one):
                told = {
                    "provider": one.provider,
                    "ref": one.report.ref,
                    "amount": str(one.report.amount),
                }
                operator = {"app": notices.APP, "text": "payment-stray", "args": told}
                await outbox.put_many(tx, [NewJob(notices.TO_OPERATOR, operator)])
            return "nobody's money, in suspense"
        if answer.more:
            back = await refunds.reported(tx, one, self._payments.purposes)
            if back is None:
                raise _NotYet("the money that is given back is not here yet")
            return back if answer.what == "nothing new" else f"{answer.what}, {back}"
        return answer.what

    # -- asking first --------------------------------------------------------------

    async def _confirm(self) -> int:
        """Rows whose word alone moves no money: the provider is asked, with no row locked."""
        free = CONFIRMING - len(self._asking)
        if free <= 0:
            return 0
        now = clock.now()
        async with self._database.transaction() as tx:
            found = await self._locked(tx, "confirm", free)
            await tx.execute(
                "UPDATE payments.inbox SET due_at = $2 WHERE id = ANY ($1)",
                *([row["id"] for row in found], now + LEASE),
            )
        for row in found:
            task = asyncio.create_task(self._ask(row))
            self._asking.add(task)
            task.add_done_callback(self._asked)
        return len(found)

    def _asked(self, task: asyncio.Task[None]) -> None:
        self._asking.discard(task)
        self._changed.set()
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("inbox.asking_failed", exc_info=error)

    async def _ask(self, row: "Record") -> None:
        number, name = row["id"], row["provider"]
        try:
            reports = self._reports(row)
            told = [await self._told(name, report, row["tries"]) for report in reports]
        except _NotYet as error:
            await self._later(number, str(error))
        except NoSuchPayment:
            await self._dead(number, "the provider knows no such payment")
        except (Mute, NotImplementedError) as error:
            await self._later(number, str(error))
        except Refused as error:
            await self._dead(number, f"cannot be understood any more: {error}")
        else:
            await self._one(number, told, copies=row["copies"])

    async def _told(self, name: str, report: Report, tries: int) -> Report:
        """What the provider says itself. A stranger's made-up name must not make us call it, but
        for the last time, when it may be money that nobody here asked for."""
        provider = self._payments.providers[name]
        row = await self._database.fetchrow(
            """
            SELECT coalesce(a.ref, '') AS ref, a.created_at FROM payments.attempt a
             WHERE a.provider = $1
               AND (a.ref = $2 OR a.key = $3
                    OR a.id = (SELECT attempt_id FROM payments.charge
                                WHERE provider = $1 AND ref = $4))
             LIMIT 1
            """,
            *(name, report.ref, report.key, report.charge or report.ref),
        )
        if row is None and (tries < len(AGAIN) or not report.ref):
            raise _NotYet("no such payment yet")
        told = await provider.status(report.ref or (row["ref"] if row is not None else ""))
        if row is None or not report.charge or report.charge == (told.charge or told.ref):
            return told
        if provider.abilities.list:  # paid twice, and the answer is about the other one
            since = row["created_at"] - timedelta(hours=1)
            async for each in provider.list(since, clock.now() + timedelta(hours=1)):
                if each.charge == report.charge:
                    return each
        return told

    # -- rows ----------------------------------------------------------------------

    async def _locked(self, tx: Tx, which: str, most: int) -> list["Record"]:
        return await tx.fetch(
            f"""
            SELECT {_COLUMNS} FROM payments.inbox
             WHERE due_at <= $1 AND {which} AND provider = ANY ($2)
             ORDER BY due_at, id LIMIT {most} FOR UPDATE SKIP LOCKED
            """,
            *(clock.now(), list(self._payments.providers)),
        )

    def _parse(self, row: "Record") -> Incoming | Refused:
        callback = Callback(row["body"], row["headers"], row["method"], row["query"])
        try:
            return self._payments.providers[row["provider"]].parse(callback)
        except Refused as error:
            return error

    def _reports(self, row: "Record") -> tuple[Report, ...]:
        incoming = self._parse(row)
        if isinstance(incoming, Refused):
            raise incoming
        return incoming.reports

    async def _later(self, number: int, why: str) -> None:
        """Tried again, with growing intervals; then a person must look."""
        row = await self._database.fetchrow(
            """
            UPDATE payments.inbox SET tries = tries + 1, said = $2,
                   due_at = $3::timestamptz + coalesce(($4::int[])[tries + 1], 0) * interval '1 s'
             WHERE id = $1 AND due_at IS NOT NULL RETURNING tries
            """,
            *(number, why[:500], clock.now(), list(AGAIN)),
        )
        if row is not None and row["tries"] > len(AGAIN):
            await self._dead(number, why)

    async def _dead(self, number: int, why: str) -> None:
        async with self._database.transaction() as tx:
            row = await tx.fetchrow(
                """
                UPDATE payments.inbox SET dead_at = $2, due_at = NULL, said = $3
                 WHERE id = $1 AND due_at IS NOT NULL RETURNING provider, kind
                """,
                *(number, clock.now(), why[:500]),
            )
            if row is not None:
                _log.error("inbox.dead", row=number, provider=row["provider"], why=why)
                args = {"row": number, "provider": row["provider"], "kind": row["kind"], "why": why}
                operator = {"app": notices.APP, "text": "inbox-dead", "args": args}
                await outbox.put_many(tx, [NewJob(notices.TO_OPERATOR, operator)])


class _NotYet(Exception):
    """What this speaks of is not here yet."""


def _left(answer: Settled) -> bool:
    return answer == UNKNOWN or answer.again or answer.more


async def _handled(tx: Tx, said: dict[int, str]) -> None:
    if said:
        await tx.execute(
            """
            UPDATE payments.inbox i SET handled_at = $3, due_at = NULL, said = w.said
              FROM unnest($1::bigint[], $2::text[]) AS w (id, said)
             WHERE i.id = w.id
            """,
            *(list(said), list(said.values()), clock.now()),
        )


class _Storing:
    """Rows that come at the same time are stored together: one commit for all who wait."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: list[tuple[tuple[Any, ...], asyncio.Future[None]]] = []
        self._running: asyncio.Task[None] | None = None

    async def put(
        self, provider: str, incoming: Incoming, callback: Callback, now: datetime
    ) -> None:
        headers = {name: value for name, value in callback.headers.items() if name in KEPT}
        row = (
            *(provider, incoming.event, incoming.kind, incoming.confirm, callback.method),
            *(callback.query, headers, callback.body, now),
        )
        stored: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((row, stored))
        if self._running is None:
            self._running = asyncio.create_task(self._work())
        await stored

    async def _work(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[:BATCH], self._waiting[BATCH:]
                try:
                    await self._database.run(partial(_store, given=[row for row, _ in batch]))
                except Exception as error:  # noqa: BLE001 (edge: those who wait get it)
                    for _, stored in batch:
                        if not stored.done():
                            stored.set_exception(error)
                else:
                    for _, stored in batch:
                        if not stored.done():
                            stored.set_result(None)
        finally:
            self._running = None


async def _store(tx: Tx, *, given: Sequence[tuple[Any, ...]]) -> None:
    """A copy of what is not handled yet makes it due now; of what is, nothing. But where the
    provider is asked anyway, it is asked again: a stranger may have sent the first one early."""
    once: dict[tuple[str, str], list[Any]] = {}
    for row in given:
        known = once.setdefault((row[0], row[1]), [*row, 0])
        known[-1] += 1
    ordered = [once[key] for key in sorted(once)]  # so that two who store do not wait in a circle
    await tx.execute(
        """
        INSERT INTO payments.inbox AS i (provider, event, kind, confirm, method, query, headers,
                                         body, received_at, due_at, copies)
        SELECT w.provider, w.event, w.kind, w.confirm, w.method, w.query, w.headers, w.body, w.at,
               w.at, w.copies
          FROM unnest($1::text[], $2::text[], $3::text[], $4::boolean[], $5::text[], $6::text[],
                      $7::jsonb[], $8::bytea[], $9::timestamptz[], $10::int[])
               AS w (provider, event, kind, confirm, method, query, headers, body, at, copies)
        ON CONFLICT (provider, event) DO UPDATE
           SET copies = i.copies + EXCLUDED.copies, tries = 0, dead_at = NULL,
               handled_at = NULL, due_at = EXCLUDED.due_at,
               method = EXCLUDED.method, query = EXCLUDED.query,
               headers = EXCLUDED.headers, body = EXCLUDED.body
         WHERE i.handled_at IS NULL OR i.confirm
        """,
        *(list(column) for column in zip(*ordered, strict=True)),
    )


# -- looking at it -----------------------------------------------------------------

_SHOWN = """id, provider, event, kind, received_at, copies, tries, due_at, handled_at, dead_at,
            said"""


async def letters(
    on: Reader,
    *,
    state: str | None = None,
    provider: str | None = None,
    before: int | None = None,
    most: int = 50,
) -> list[Letter]:
    """A page, newest first; the next is `before` its last. `state`: waiting, handled or dead."""
    which = {
        None: "true",
        "waiting": "due_at IS NOT NULL",
        "handled": "handled_at IS NOT NULL",
        "dead": "dead_at IS NOT NULL",
    }[state]
    found = await on.fetch(
        f"""
        SELECT {_SHOWN} FROM payments.inbox
         WHERE {which} AND id < $1 AND ($2::text IS NULL OR provider = $2)
         ORDER BY id DESC LIMIT $3
        """,
        *(2**63 - 1 if before is None else before, provider, most),
    )
    return [Letter(**dict(row)) for row in found]


async def letter(on: Reader, number: int) -> tuple[Letter, Callback]:
    """A row, and what was sent."""
    row = await on.fetchrow(
        f"SELECT {_SHOWN}, method, query, headers, body FROM payments.inbox WHERE id = $1", number
    )
    if row is None:
        raise NotFound(f"There is no row {number} in the inbox.")
    said = dict(row)
    callback = Callback(
        said.pop("body"), said.pop("headers"), said.pop("method"), said.pop("query")
    )
    return Letter(**said), callback


async def replay(tx: Tx, numbers: Sequence[int]) -> int:
    """Rows are settled again, from the start; says how many. What they say is booked once."""
    done = await tx.fetchval(
        """
        WITH again AS (
            UPDATE payments.inbox
               SET due_at = $2, tries = 0, dead_at = NULL, handled_at = NULL
             WHERE id = ANY ($1) RETURNING id
        )
        SELECT count(*) FROM again
        """,
        *(list(numbers), clock.now()),
    )
    return int(done)


async def standing(on: Reader) -> dict[str, float]:
    """How the inbox stands: what is due, how late the oldest is, what is dead."""
    row = await on.fetchrow(
        """
        SELECT (SELECT count(*) FROM payments.inbox WHERE due_at <= $1) AS due,
               (SELECT extract(epoch FROM $1 - min(due_at))::float8 FROM payments.inbox
                 WHERE due_at <= $1) AS oldest,
               (SELECT count(*) FROM payments.inbox WHERE dead_at IS NOT NULL) AS dead
        """,
        clock.now(),
    )
    assert row is not None
    return {"due": row["due"], "oldest_seconds": row["oldest"] or 0.0, "dead": row["dead"]}


async def undelivered(on: Reader) -> int:
    """Payments that are paid, and whose app has failed to deliver so far."""
    return int(await on.fetchval("SELECT count(*) FROM payments.payment WHERE delivery = 'failed'"))
