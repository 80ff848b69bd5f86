"""The durable inbox: what providers send is verified, stored, answered, and then settled.

A callback is answered when its row is on the disk. Settling takes many rows in a transaction,
and one by one when a batch fails. What nobody knows yet waits and is tried again; what cannot
be done is set aside for a person, who can replay it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from kassa import clock, outbox
from kassa.db import Database, Tx
from kassa.errors import KassaError
from kassa.log import get
from kassa.outbox import NewJob
from kassa.payments import notices, refunds, renewals
from kassa.payments.cases import Said
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
from kassa.payments.settle import UNKNOWN, Settled, book_stray, settle
from kassa.payments.storing import Storing

if TYPE_CHECKING:
    from asyncpg import Record

BATCH = 200  # rows settled in a transaction
CONFIRMING = 16  # providers' answers waited for at once
LEASE = timedelta(seconds=60)  # a row is somebody's while they ask the provider about it

# Seconds until the next try; after the last one the row is dead.
AGAIN = (2, 10, 60, 300, 1800, 3600, 3 * 3600, 6 * 3600, 12 * 3600)

_COLUMNS = "id, provider, event, kind, confirm, method, query, headers, body, tries, copies"

_log = get(__name__)


class Inbox:
    """`await inbox.take("stripe", callback)` at the edge; `await inbox.run()` beside it."""

    def __init__(self, payments: Payments, *, poll: float = 1.0) -> None:
        self._payments = payments
        self._database: Database = payments.database
        self._poll = poll
        self._changed = asyncio.Event()
        self._to_ask = asyncio.Event()
        self._stored = Storing(self._database)
        self._asking: set[asyncio.Task[None]] = set()
        payments.waking.append(self._changed.set)

    # -- taking in -----------------------------------------------------------------

    async def take(
        self, name: str, callback: Callback, *, unproved: Callable[[], float] = lambda: 0.0
    ) -> tuple[int, bytes, str]:
        """The answer for the provider, once what it sent is stored. Refused raises.

        What anybody could have made up is kept while `unproved` gives 0: it is asked for
        payments that nobody here knows.
        """
        provider = self._payments.providers.get(name)
        if provider is None:
            raise Refused("There is no such payment provider here.", 404)
        if callback.method != "POST" and not (callback.method == "GET" and provider.abilities.get):
            raise Refused("Callbacks come as POST.", 405)
        now = clock.now()
        provider.verify(callback, at=now)
        incoming = provider.parse(callback)
        if incoming.confirm and not await self._known(name, incoming.reports) and unproved():
            raise Refused("Too many payments that nobody here knows.", 429)
        if incoming.reports:
            await self._stored.put(provider, incoming, callback, now)
            (self._to_ask if incoming.confirm else self._changed).set()
        return provider.answer()

    async def _known(self, name: str, reports: Sequence[Report]) -> bool:
        """Whether they are of payments of ours, as far as they say."""
        if not reports:
            return True
        return bool(
            await self._database.fetchval(
                """
                SELECT EXISTS (SELECT FROM payments.attempt
                                WHERE (provider = $1 AND ref = ANY ($2)) OR key = ANY ($3))
                    OR EXISTS (SELECT FROM payments.charge WHERE provider = $1 AND ref = ANY ($4))
                """,
                name,
                [each.ref for each in reports if each.ref],
                [each.key for each in reports if each.key],
                [each.charge or each.ref for each in reports],
            )
        )

    # -- settling ------------------------------------------------------------------

    async def run(self) -> None:
        """Until it is cancelled. What is tried again, or asked about, holds up nothing new."""
        lanes = [
            asyncio.create_task(self._again(self._settle_batch, self._changed)),
            asyncio.create_task(self._again(self._settle_singly, asyncio.Event())),
            asyncio.create_task(self._again(self._confirm, self._to_ask)),
        ]
        try:
            await asyncio.gather(*lanes)
        finally:
            for task in (*lanes, *self._asking):
                task.cancel()
            await asyncio.gather(*lanes, return_exceptions=True)

    async def _again(self, turn: Callable[[], Awaitable[int]], changed: asyncio.Event) -> None:
        while True:
            changed.clear()
            if not await turn():
                try:
                    async with asyncio.timeout(self._poll):
                        await changed.wait()
                except TimeoutError:
                    pass

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
            plain = isinstance(incoming, Incoming) and len(incoming.reports) == 1
            if isinstance(incoming, Incoming) and plain and incoming.reports[0].renews is False:
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
        return sum([await self._one(row["id"]) for row in found])

    async def _one(
        self, number: int, told: Sequence[Report] | None = None, *, copies: int = 0
    ) -> bool:
        """One row by itself: what it says, or what the provider has confirmed instead, when there
        were so many copies of it. Another may have come for good reason: then it is asked again.
        False where somebody else has it in hand.
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
                    return False
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
        return True

    async def _word(self, tx: Tx, row: "Record", one: Said) -> str:
        one = await renewals.placed(tx, one)
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
            if not found:
                return 0
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
        self._to_ask.set()
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
        except KassaError as error:  # an adapter may have been changed since
            return error if isinstance(error, Refused) else Refused(str(error))

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
