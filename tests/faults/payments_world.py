"""The world around our processes: four providers' fakes with their books, their callbacks, a clock
that is moved, an app that sells, and PostgreSQL. What happens in it follows from its seed."""

import asyncio
import contextvars
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, TypeVar

import aiohttp
import httpx
import stripe

from kassa import clock
from kassa.config import Settings
from kassa.db import OWNER, Address, Database, EmbeddedServer, Tx, lost_connection
from kassa.db.failures import LOST_RACE
from kassa.errors import KassaError
from kassa.ledger import Leg, revenue, wallet
from kassa.payments import Delivered, Inbox, Looking, Payment, Payments, Purpose, Refund
from kassa.payments.providers import configured
from kassa.payments.providers.protocol import Callback, Provider, Refused
from kassa.payments.providers.stripe_client import Client as StripeClient
from kassa.payments.providers.stripe_client import _Http as StripeHttp
from kassa.payments.wallet import TOPUP
from tests.faults.payments_life import Dead, Fate, Harness, Life, MortalDatabase, Wire
from tests.payments.rig import KINDS
from tgsandbox.clock import Clock
from tgsandbox.providers.bank import Bank
from tgsandbox.providers.shop import Shop

T = TypeVar("T")

PROCESSES = 3  # of ours, side by side
BASE = "http://bank.test"
TABLES = """
CREATE TABLE given (payment_id bigint NOT NULL);
CREATE TABLE taken (payment_id bigint NOT NULL, refund_id bigint NOT NULL, amount bigint NOT NULL);
GRANT SELECT, INSERT, UPDATE ON given, taken TO kassa_app;
"""


def passing(error: Exception) -> bool:
    """What may be said to whoever asks while the database or a provider has its trouble."""
    return isinstance(error, KassaError) or lost_connection(error) or isinstance(error, LOST_RACE)


class Process:
    """What one process of ours has in its memory."""

    def __init__(self, life: Life, world: "World") -> None:
        self.life = life
        self.payments = Payments(
            MortalDatabase(life), providers=world.providers, purposes=world.purposes
        )
        self.inbox = Inbox(self.payments)
        self.looking = Looking(self.payments)


class Goods:
    """An app that sells. Its tables would take a second delivery: that must not come to pass."""

    def __init__(self) -> None:
        self.chance = random.Random()
        self.fails = 0.0

    def _may_fail(self, what: str) -> None:
        if self.chance.random() < self.fails:
            raise RuntimeError(what)

    async def on_paid(self, tx: Tx, payment: Payment) -> Delivered:
        await tx.execute("INSERT INTO given VALUES ($1)", payment.id)
        self._may_fail("the shelf is empty")
        price = payment.amount
        to = revenue("goods", price.currency)
        return Delivered([Leg(wallet(payment.user, price.currency), to, price)])

    async def on_refunded(self, tx: Tx, payment: Payment, refund: Refund) -> Delivered:
        share = refund.share
        await tx.execute(
            "INSERT INTO taken VALUES ($1, $2, $3)", payment.id, refund.id, share.amount
        )
        self._may_fail("it has been eaten")
        back = (revenue("goods", share.currency), wallet(payment.user, share.currency))
        return Delivered([Leg(*back, share)])


def selling(goods: Goods) -> list[Purpose]:
    return [
        Purpose("test.goods", goods.on_paid, goods.on_refunded),
        Purpose("test.late", goods.on_paid, goods.on_refunded, deliver_late=True),
        TOPUP,
    ]


class World:
    """Several payments live in it side by side, and so do some processes of ours."""

    def __init__(
        self, address: Address, server: EmbeddedServer, fate: Fate, seed: str, time: Clock
    ) -> None:
        """Made where `kassa.clock` follows `time` already."""
        self.fate = fate
        self.chance = random.Random(seed)
        self.clock = time
        self.bank = _Bank(self)
        self.goods = Goods()
        self.purposes = selling(self.goods)
        self.shops: dict[str, Shop] = {}
        settings: dict[str, Any] = {"debug": True}
        for kind in KINDS.values():
            shop = self.bank.shop(kind.name, callback_url=f"{BASE}/pay/{kind.name}/callback")
            self.shops[kind.name] = shop
            settings |= kind.settings(shop)
        for asset in ("USDT", "TON"):  # the fees are not given back, so that it may have too little
            self.shops["cryptopay"].top_up(asset, 10**14)  # type: ignore[attr-defined]
        self.providers = configured(Settings(**settings))
        self.wire = Wire(self.bank)
        for provider in self.providers.values():
            _connect(provider, self.wire)
        self.harness = Harness(fate, contextvars.copy_context(), address, server)
        self.processes: dict[int, Process] = {}
        self._seed = seed
        self._asked: Counter[str] = Counter()
        self.lives = 0

    def begin(self, chance: random.Random) -> None:
        """Another wave: all dice are new, and all may go wrong."""
        self.chance = chance
        self.bank.random = random.Random(chance.random())
        self.wire.chance = random.Random(chance.random())
        self.goods.chance = random.Random(chance.random())
        self.goods.fails = 0.12
        self.fate.calm = False
        self._seed = str(chance.random())
        self._asked.clear()

    async def calm_down(self) -> None:
        """Nothing more goes wrong."""
        self.fate.calm = True
        self.goods.fails = 0
        for shop in self.shops.values():
            shop.mend()

    # -- our processes -------------------------------------------------------------

    def ours(self, which: int = 0) -> Process:
        """One of those that run now; where it was killed, a new one in its place."""
        which %= PROCESSES
        process = self.processes.get(which)
        if process is None or process.life.dead:
            self.lives += 1
            process = self.processes[which] = Process(Life(self.harness, self.lives), self)
        return process

    def dice(self, who: str) -> random.Random:
        self._asked[who] += 1
        return random.Random(f"{self._seed}:{who}:{self._asked[who]}")

    async def ask(
        self, what: Callable[[Process], Awaitable[T]], which: int = 0, *, who: str = ""
    ) -> T:
        """Something that a user, or a clock, asks of us. Dead: the process died over it."""
        process = self.ours(which)

        async def work() -> T:
            return await what(process)

        return await process.life.run(work(), self.dice(who))

    async def tend(self, which: int = 0) -> None:
        """What runs beside the web server, until nothing is due."""
        who = f"tend {which}"
        for _ in range(40):
            try:
                busy = await self.ask(lambda process: process.inbox.turn(), which, who=who)
                await self.ask(_asked, which, who=who)
                busy += await self.ask(lambda process: process.looking.turn(), which, who=who)
            except Dead:
                continue
            except Exception as error:  # it is begun again, as by the runtime
                if not passing(error):
                    raise
                continue
            if not busy:
                return

    # -- time ----------------------------------------------------------------------

    async def settle_down(self) -> None:
        """What is on its way arrives, and is dealt with."""
        for _ in range(30):
            await self.harness.quiet()
            for shop in self.shops.values():
                await shop.delivered()
            await self.tend()
            if not self.harness.ghosts and not any(s.callbacks._tasks for s in self.shops.values()):
                return

    async def move(self, seconds: float) -> None:
        await self.harness.quiet()  # a call does not last for minutes
        self.clock.move(seconds)
        for shop in self.shops.values():
            await shop.delivered()

    # -- callbacks -----------------------------------------------------------------

    async def deliver(self, method: str, url: str, headers: Any, body: bytes) -> int:
        """The status that our web server answers; no answer where it dies meanwhile."""
        address = httpx.URL(url)
        name = address.path.split("/")[2]
        callback = Callback(
            body,
            {key.lower(): value for key, value in headers.items()},
            method,
            address.query.decode(),
            "127.0.0.1",
        )
        try:
            which = self.dice(f"to {name}").randrange(PROCESSES)
            status, _, _ = await self.ask(
                lambda process: process.inbox.take(name, callback), which, who=name
            )
        except Dead as dead:
            raise aiohttp.ServerDisconnectedError from dead
        except Refused as refused:
            return refused.status
        except Exception:  # noqa: BLE001 (as a web server does)
            return 500
        return status

    async def close(self) -> None:
        for process in self.processes.values():
            process.life.kill()
            await process.life.ended()
        await self.bank.stop()
        for provider in self.providers.values():
            await provider.close()
        await self.harness.close()


async def _asked(process: Process) -> None:
    """The providers have answered what the inbox asked them."""
    while process.inbox._asking:
        await asyncio.wait(set(process.inbox._asking))


def _connect(provider: Provider, wire: Wire) -> None:
    """An adapter keeps nothing but its HTTP client, so all processes may use the same."""
    client: Any = provider._client  # type: ignore[attr-defined]
    if not isinstance(client, StripeClient):
        client._options["transport"] = wire
        return
    http = StripeHttp(httpx.Timeout(20))
    http._client = httpx.AsyncClient(transport=wire)
    made = stripe.StripeClient(
        client._key,
        base_addresses={"api": client._base_url},
        http_client=http,
        max_network_retries=0,
    )
    client._made = (made, http)


class _Bank(Bank):
    """Its callbacks come to us without sockets."""

    def __init__(self, world: World) -> None:
        seed = world.chance.getrandbits(32)
        super().__init__(world.clock, lambda: BASE, seed=seed)
        self._letters = _Letters(world)

    def session(self) -> Any:
        return self._letters


class _Letters:
    """As much of an HTTP client as callbacks need."""

    def __init__(self, world: World) -> None:
        self._world = world

    @asynccontextmanager
    async def request(
        self, method: str, url: str, *, data: bytes | None, headers: Any, **_: object
    ) -> AsyncIterator[Any]:
        status = await self._world.deliver(method, url, headers, data or b"")
        yield _Answer(status)


class _Answer:
    def __init__(self, status: int) -> None:
        self.status = status
        self.content = self

    async def read(self, _: int) -> bytes:
        return b""


def timed(world_clock: Clock) -> Callable[[], datetime]:
    return lambda: datetime.fromtimestamp(world_clock.time(), UTC)


async def prepare(server: EmbeddedServer, name: str) -> None:
    async with Database(server.address(OWNER, name)) as owner:
        await owner.execute(TABLES)


__all__ = ["World", "clock", "prepare", "timed"]
