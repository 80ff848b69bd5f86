"""The same with a real process and signal 9, over real HTTP: so that the simulation does not lie.

The process sells by itself; we are the payers, the providers' trouble, the clock and the killer.
"""

import asyncio
import contextlib
import json
import mmap
import random
import signal
import socket
import struct
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from kassa import clock
from kassa.config import Settings
from kassa.db import Address, Database, EmbeddedServer
from kassa.payments import Payments, reconcile
from kassa.payments.providers import configured
from kassa.payments.providers.protocol import Provider
from tests.faults.payments_judge import Verdict, judge
from tests.faults.payments_world import Goods, selling
from tests.payments.rig import KINDS
from tgsandbox import Sandbox
from tgsandbox.providers.faults import CALL_FAULTS, CALLBACK_FAULTS
from tgsandbox.providers.shop import Shop
from tgsandbox.telegram.acts import Impossible

ROOT = Path(__file__).parents[2]
# A callback of what is no payment of ours is tried once a move, ten times, until it is a person's.
AT_LAST = (70, 70, 70, 400, 2_000, 4_000, 15_000, 40_000, 90_000, 400_000, *[50_000] * 6)


class _Books:
    """What the judge wants to know of a world."""

    def __init__(self, shops: dict[str, Shop], providers: dict[str, Provider]) -> None:
        self.shops = shops
        self.providers = providers


class _Payers:
    """As a round, for the judge: what was given back from outside."""

    def __init__(self, pages: dict[str, str]) -> None:
        self.number = -1
        self.payment = None
        self.user = 0
        self.broken: list[str] = []
        self.spent: dict[str, int] = {}
        self.pages = pages
        self.outside: dict[str, int] = {}


def _paid(shops: dict[str, Shop]) -> int:
    return sum(each.state == "paid" for shop in shops.values() for each in shop.payments)


class Real:
    """`kills` times a process is killed at a moment that is random."""

    def __init__(self, home: Path, address: Address, server: EmbeddedServer, seed: str) -> None:
        self.home = home
        self.address = address
        self.server = server
        self.seed = seed
        self.chance = random.Random(f"{seed}:real")
        self.verdict = Verdict()
        self.charges = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._started = 0

    async def run(self, kills: int) -> Verdict:
        moved = self.home / f"clock-{self.seed.replace(':', '-')}"
        moved.write_bytes(struct.pack("d", 0.0))
        with moved.open("r+b") as file, mmap.mmap(file.fileno(), 8) as by:
            async with Sandbox(seed=self.chance.getrandbits(32)) as tg:
                with clock.moved(lambda: datetime.fromtimestamp(tg.world.clock.time(), UTC)):
                    try:
                        await self._run(kills, tg, moved, by)
                    finally:
                        self._end(signal.SIGKILL)
        return self.verdict

    async def _run(self, kills: int, tg: Sandbox, moved: Path, by: Any) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        shops: dict[str, Shop] = {}
        settings: dict[str, Any] = {"debug": True}
        for kind in KINDS.values():
            url = f"http://127.0.0.1:{port}/pay/{kind.name}/callback"
            shops[kind.name] = tg.bank.shop(kind.name, callback_url=url)
            settings |= kind.settings(shops[kind.name])
        shops["cryptopay"].top_up("USDT", 10**14)  # type: ignore[attr-defined]
        pages: dict[str, str] = {}
        payers = _Payers(pages)
        since = clock.now() - timedelta(minutes=5)
        async with Database(self.address) as db:
            for _ in range(kills):
                self._start(moved, port, settings, sells=True)
                await self._up(port)
                deadline, enough = time.monotonic() + 8, _paid(shops) + self.chance.randint(2, 25)
                while time.monotonic() < deadline and _paid(shops) < enough:
                    self._spoil(shops)
                    await self._act(shops, payers)
                    await asyncio.sleep(0.01)
                self._end(signal.SIGKILL)
            for shop in shops.values():
                shop.mend()
            self._start(moved, port, settings, sells=False)
            payments = Payments(
                db, providers=configured(Settings(**settings)), purposes=selling(Goods())
            )
            for seconds in (0, *AT_LAST):
                await tg.clock.move(seconds)
                by[:8] = struct.pack("d", tg.world.clock.moved)
                await self._until_quiet(db, shops, port)
                await self._by_hand(db, payments)
            self._end(signal.SIGTERM)
            for name in shops:
                until_ = clock.now() + timedelta(minutes=1)
                found = await reconcile.compare(payments, name, since=since, until=until_)
                self.verdict.found_by_comparing += len([e for e in found.findings if e.mended])
            books: Any = _Books(shops, payments.providers)
            for name, shop in shops.items():
                pages.update({each.ref: name for each in shop.payments})
            await judge(books, db, [payers], self.verdict)  # type: ignore[list-item]
            self.charges = await db.fetchval("SELECT count(*) FROM payments.charge")
            await payments.close()

    def _start(self, moved: Path, port: int, settings: dict[str, Any], *, sells: bool) -> None:
        self._started += 1
        home = self.home
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-m", "tests.faults.payments_child", str(home)),
                *(str(self.address.database), str(port), str(moved), json.dumps(settings)),
                *(f"{self.seed}:{self._started}", "1" if sells else "0"),
            ],
            cwd=ROOT,
        )

    async def _up(self, port: int) -> None:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
                return
            await asyncio.sleep(0.02)

    def _end(self, by: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if process.poll() is not None:
            self.verdict.says("broken", None, f"a process ended with {process.returncode}")
        process.send_signal(by)
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            self.verdict.says("broken", None, "a process did not stop")

    def _spoil(self, shops: dict[str, Shop]) -> None:
        for shop in shops.values():
            luck = self.chance.random()
            if luck < 0.03:
                shop.fault("*", self.chance.choice(CALL_FAULTS))
            elif luck < 0.06:
                what = self.chance.choice(CALLBACK_FAULTS)
                shop.fault_in_callbacks(what, seconds=self.chance.choice((0.1, 1, 30)))
            elif luck < 0.1:
                shop.mend()

    async def _act(self, shops: dict[str, Shop], payers: _Payers) -> None:
        name = self.chance.choice(sorted(shops))
        shop = shops[name]
        if not shop.payments:
            return
        theirs = self.chance.choice(shop.payments[-12:])
        try:
            if theirs.open and self.chance.random() < 0.85:
                await shop.pay(theirs.ref)
            elif theirs.open:
                await shop.decline(theirs.ref)
            elif theirs.state == "paid" and self.chance.random() < 0.1:
                left = theirs.paid - theirs.refunded
                amount = self.chance.randint(1, max(1, left))
                await shop.refund(theirs.ref, amount)
                payers.outside[theirs.ref] = payers.outside.get(theirs.ref, 0) + amount
        except Impossible:
            pass

    async def _until_quiet(self, db: Database, shops: dict[str, Shop], port: int) -> None:
        """The living process has nothing to do any more."""
        await self._up(port)
        quiet, deadline = 0, time.monotonic() + 30
        while quiet < 3 and time.monotonic() < deadline:
            for shop in shops.values():
                await shop.delivered()
            due = await db.fetchval(
                """
                SELECT (SELECT count(*) FROM payments.inbox WHERE due_at <= $1)
                     + (SELECT count(*) FROM payments.payment WHERE look_at <= $1)
                """,
                clock.now(),
            )
            quiet = 0 if due else quiet + 1
            await asyncio.sleep(0.05)

    async def _by_hand(self, db: Database, payments: Payments) -> None:
        """While time goes on: what is not given back after all is delivered at the next look."""
        for row in await db.fetch("SELECT id FROM payments.refund WHERE status = 'person'"):
            await payments.refunded_by_hand(row["id"], done=self.chance.random() < 0.7)
