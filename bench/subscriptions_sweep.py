"""The sweep of ends, and updates that come meanwhile."""

import asyncio
import statistics
import time
from dataclasses import dataclass

from bench import start, subscriptions_served, update_served
from bench.settle_load import Caller, callers
from bench.subscriptions_served import Served
from kassa import outbox
from kassa.apps.subscriptions import reminding
from kassa.db import Database, EmbeddedServer
from kassa.db.embedded import SUPERUSER
from kassa.payments import notices

FIRST = 50_000_000  # a person's number at Telegram
UPDATES = 20  # a second

FILE = """
[app.subscriptions]
quiet = [0, 0]  # else what is swept at night waits for the morning
"""


@dataclass(frozen=True)
class Swept:
    seconds: float
    said: int
    memory: float  # MB, the most so far
    median: float  # ms of an update, while it was swept
    longest: float
    idle_median: float  # and before
    idle_longest: float

    @property
    def waited(self) -> float:
        """How much longer than usual the longest was under way."""
        return self.longest - self.idle_median


async def sweeps(running: EmbeddedServer, *, many: int, seconds: int) -> tuple[Swept, Swept]:
    """The worst day of so many subscriptions, and a usual one."""
    with update_served.stub() as api:
        settings = {"TELEGRAM_API_URL": api}
        async with subscriptions_served.kassa(running, settings, file=FILE) as served:
            requests = update_served.Served(served.port, api, served.secret)
            async with callers(served.port, 8) as lines:
                stream = Stream(lines, requests)
                await stream.idle(seconds=2)  # the first ones find all cold
                given = {"first": FIRST, "many": many, "bot": update_served.BOT}
                worst = await _swept(running, served, stream, _ALL.format(**given), seconds)
                usual = await _swept(running, served, stream, _SOME.format(few=many // 10), seconds)
    for swept, count in ((worst, many), (usual, many // 10)):  # some have been said already
        assert count * 0.98 < swept.said <= count, swept
    return worst, usual


async def _swept(
    running: EmbeddedServer, served: Served, stream: "Stream", fill: str, seconds: int
) -> Swept:
    idle = await stream.idle(seconds=seconds)
    async with Database(running.address(SUPERUSER, "bench"), connections=1) as root:
        async with root.transaction() as tx:
            await tx.execute("SET LOCAL statement_timeout = 0")
            await tx.execute("SET LOCAL session_replication_role = replica")
            for statement in fill.split(";\n"):
                await tx.execute(statement)
            await tx.execute("ANALYZE subscriptions.subscription, users.person")
        # That so many rows were made at once is this bench's doing, and nobody's to wait for.
        await root.execute("VACUUM subscriptions.subscription, outbox.job")
        await root.execute("CHECKPOINT")
        async with root.transaction() as tx:
            await outbox.put(tx, reminding.SWEEP, key=f"cron:{reminding.SWEEP}")
        begun = time.monotonic()
        async with stream.beside() as took:
            deadline = begun + 120
            while await root.fetchval(_LEFT):
                if time.monotonic() > deadline:
                    raise RuntimeError("not all were swept")
                await asyncio.sleep(0.1)
            ended = time.monotonic()
        said = await _waiting(root)
    return Swept(
        ended - begun,
        said,
        start.peak(served.worker),
        statistics.median(took),
        max(took),
        statistics.median(idle),
        max(idle),
    )


async def _waiting(root: Database) -> int:
    """How many are to be said."""
    found: int = await root.fetchval(
        "SELECT count(*) FROM outbox.job WHERE kind = $1 AND key LIKE 'subscriptions.ends:%'",
        notices.TO_PERSON,
    )
    return found


class Stream:
    """Updates at an even pace, whether answered or not."""

    def __init__(self, lines: list[Caller], requests: update_served.Served) -> None:
        self._lines = lines
        self._requests = requests
        self._took: list[float] = []
        self._turn = 0

    async def idle(self, *, seconds: float) -> list[float]:
        async with self.beside() as took:
            await asyncio.sleep(seconds)
        return took

    def beside(self) -> "Beside":
        return Beside(self)

    async def run(self, took: list[float], stop: asyncio.Event) -> None:
        begun = time.monotonic()
        free: asyncio.Queue[Caller] = asyncio.Queue()
        for each in self._lines:
            free.put_nowait(each)

        async def one(due: float, request: bytes) -> None:
            line = await free.get()
            answered = await line.send(request)
            took.append((answered - due) * 1000)
            free.put_nowait(line)

        number = 0
        async with asyncio.TaskGroup() as under_way:
            while not stop.is_set():
                due = begun + number / UPDATES
                await asyncio.sleep(max(0.0, due - time.monotonic()))
                (request,) = self._requests.requests("/subscription", [self._turn])
                under_way.create_task(one(due, request))
                number, self._turn = number + 1, self._turn + 1


class Beside:
    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._stop = asyncio.Event()
        self._took: list[float] = []

    async def __aenter__(self) -> list[float]:
        self._task = asyncio.create_task(self._stream.run(self._took, self._stop))
        return self._took

    async def __aexit__(self, *_: object) -> None:
        self._stop.set()
        await self._task


_LEFT = """
    SELECT EXISTS (SELECT FROM subscriptions.subscription WHERE due_at <= now())
        OR EXISTS (SELECT FROM outbox.job WHERE kind = 'subscriptions.ends')
"""

# Three days left, one day left, or over just now; one in ten is to be renewed from the balance.
_ALL = """
INSERT INTO users.person (telegram_id, first_name, last_name, username, language, created_at)
SELECT {first} + n, 'Покупатель', '', '', (ARRAY['ru', 'uz', 'en'])[1 + n % 3],
       now() - interval '40 days'
  FROM generate_series(1, {many}) n;
INSERT INTO subscriptions.subscription
       (user_id, bot, username, tier, rate, devices, traffic, expires_at, anchor, looked_at, due_at,
        renews, renew_plan, renew_with, renew_price, renew_for, wanted, provisioned, created_at)
SELECT p.id, '{bot}', 'kassa_' || left(replace(p.uid::text, '-', ''), 16), 'standard',
       100, 3, 0, e.ends, 1, e.due - interval '1 day', e.due,
       CASE WHEN p.id % 30 = 0 THEN 'balance' ELSE '' END, '1m', 'RUB', 29000, e.ends, 1, 1,
       now() - interval '40 days'
  FROM users.person p
 CROSS JOIN LATERAL (SELECT now() - p.id % 3600 * interval '1 second' AS due) d
 CROSS JOIN LATERAL (SELECT d.due, d.due + (ARRAY[3, 1, 0])[1 + p.id % 3] * interval '1 day' AS ends
                    ) e
 WHERE p.telegram_id > {first};
INSERT INTO subscriptions.term (user_id, kind, cause, months, seconds, rate, after, at)
SELECT user_id, 'paid', 'bench:' || user_id, 1, 2678400, 100, expires_at, created_at
  FROM subscriptions.subscription
"""

_SOME = """
DELETE FROM outbox.job WHERE kind = 'telegram.send';
UPDATE subscriptions.subscription
   SET expires_at = now() + (ARRAY[3, 1, 0])[1 + user_id % 3] * interval '1 day',
       looked_at = now() - interval '1 day', due_at = now(), renews = ''
 WHERE user_id IN (SELECT user_id FROM subscriptions.subscription ORDER BY user_id LIMIT {few})
"""
