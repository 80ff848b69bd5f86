"""People who talk to a bot that is being killed, and remember what they did."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from tgsandbox import BotAccess, PaymentFailed, Person, Sandbox
from tgsandbox.seen import Seen
from tgsandbox.watching import Late

PEOPLE = 16
PATIENCE = 90.0  # seconds that anybody waits for an answer


class Crowd:
    """Each does one thing after another, and waits for what is said about it."""

    def __init__(self, tg: Sandbox, bot: BotAccess, people: int, chance: random.Random) -> None:
        self._tg = tg
        self._bot = bot
        self._chance = chance
        self._people = [tg.user(f"Person {n}", stars=1_000_000) for n in range(people)]
        self._turn = 0
        self._over = False
        self._startled = asyncio.Event()
        self._startled_at = 0.0
        self._last_answer = time.monotonic()
        self.idle = False
        self.acts = 0
        self.answered = 0
        self.slowest = 0.0  # seconds without a kill until an answer
        self.effects: Counter[str] = Counter()  # those that there must be in the end
        self.silent: list[str] = []
        self.trouble: list[str] = []

    @asynccontextmanager
    async def acting(self) -> AsyncIterator[None]:
        """While the block runs, and until all are answered."""
        tasks = [asyncio.create_task(self._live(each)) for each in self._people]
        try:
            yield
            self._over = True
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def startle(self) -> None:
        """Who is paying closes the sheet."""
        self._startled_at = time.monotonic()
        self._startled.set()
        self._startled = asyncio.Event()

    def answered_lately(self, seconds: float) -> bool:
        return time.monotonic() - self._last_answer < seconds

    async def _live(self, person: Person) -> None:
        ways: list[Callable[[Person], Awaitable[None]]] = [
            *(self._do, self._do_much, self._press, self._talk, self._buy)
        ]
        while not self._over:
            try:
                await self._chance.choice(ways)(person)
            except Late as error:
                self.silent.append(str(error).partition("\n")[0])
            except Exception as error:  # noqa: BLE001 (told by the judge)
                self.trouble.append(f"{person.name}: {type(error).__name__}: {error}"[:300])
                return

    # -- what they do --------------------------------------------------------------

    def _name(self, person: Person) -> str:
        self._turn += 1
        return f"{person.name.split()[1]}-{self._turn}"

    async def _say(self, person: Person, text: str, *effects: str) -> None:
        self.acts += 1
        self.effects.update(effects)
        await person.send(self._bot, text)

    async def _hear(self, person: Person, text: str) -> None:
        begun = time.monotonic()
        await person.sees(text, timeout=PATIENCE)
        self.answered += 1
        self._last_answer = now = time.monotonic()
        self.slowest = max(self.slowest, now - max(begun, self._startled_at))

    async def _do(self, person: Person) -> None:
        act = self._name(person)
        await self._say(person, f"/do {act}", f"done {act}")
        await self._hear(person, f"done {act}.")

    async def _do_much(self, person: Person) -> None:
        """Not waiting for the answers."""
        acts = [self._name(person) for _ in range(3)]
        for act in acts:
            await self._say(person, f"/do {act}", f"done {act}")
        for act in acts:
            await self._hear(person, f"done {act}.")

    async def _press(self, person: Person) -> None:
        act = self._name(person)
        await self._say(person, f"/do {act}", f"done {act}")
        await self._hear(person, f"done {act}.")
        self.acts += 1
        self.effects[f"pressed {act}"] += 1
        await person.press(f"more {act}")
        await self._hear(person, f"pressed {act}.")

    async def _talk(self, person: Person) -> None:
        act = self._name(person)
        await self._say(person, f"/ask {act}")
        await self._hear(person, f"first {act}?")
        await self._say(person, "one")
        await self._hear(person, f"second {act}?")
        await self._say(person, "two", f"told {act}=one+two")
        await self._hear(person, f"told {act}.")

    async def _buy(self, person: Person) -> None:
        act = self._name(person)
        await self._say(person, f"/buy {act}", f"bought {act}")
        invoice = await invoice_of(self._tg, person, act, seconds=PATIENCE)
        begun = time.monotonic()
        why: Counter[str] = Counter()
        while failure := await self._pay(person, invoice):
            why[failure] += 1
            # A question that was left over is answered first, and then this one is "under way".
            if time.monotonic() > max(begun, self._startled_at) + PATIENCE:
                self.silent.append(f"{act} cannot be paid: {dict(why)}")
                return
            await asyncio.sleep(0.2)
        self.acts += 1
        self.effects[f"delivered {act}"] += 1
        await self._hear(person, f"thanks {act}.")

    async def _pay(self, person: Person, invoice: Seen) -> str:
        """Why it failed, if it did."""
        checkout = await person.checkout(invoice)
        paying = asyncio.create_task(checkout.pay())
        startled = asyncio.create_task(self._startled.wait())
        await asyncio.wait((paying, startled), return_when=asyncio.FIRST_COMPLETED)
        startled.cancel()
        checkout.give_up()  # nothing, where it is over
        try:
            await paying
        except PaymentFailed as error:
            return "" if error.code == "INVOICE_ALREADY_PAID" else str(error)
        return ""


async def invoice_of(tg: Sandbox, person: Person, act: str, *, seconds: float = 10) -> Seen:
    """When it is there."""
    world = tg.world

    def found() -> Seen | None:
        for chat in world.chats_of(person.id):
            for message in reversed(chat.messages.values()):
                if message.invoice and world.till.invoices[message.invoice].description == act:
                    return Seen.of(world, message)
        return None

    return await person.until(found, f"the invoice of {act}", seconds)
