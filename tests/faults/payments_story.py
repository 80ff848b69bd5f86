"""A round: one payment, and all that its payer, its shop and its provider may do, at random."""

import contextlib
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import aiohttp

from kassa import clock, ledger
from kassa.ledger import InsufficientFunds, Leg, revenue, wallet
from kassa.money import Money
from kassa.payments import Payer, Payment, Started, Status
from tests.faults.payments_life import Dead
from tests.faults.payments_world import Process, World, passing
from tgsandbox.providers.records import Payment as Theirs
from tgsandbox.telegram.acts import Impossible

PRICES = {
    "stripe": (Money(500, "USD"), Money(50_000, "RUB")),
    "oneplat": (Money(50_000, "RUB"),),
    "cryptopay": (Money(5_000_000, "USDT"), Money(50_000, "RUB")),
    "yookassa": (Money(50_000, "RUB"),),
}
HOLDS = ("stripe", "yookassa")
PURPOSES = ("test.goods", "test.goods", "test.late", "wallet.topup")


@dataclass
class Round:
    number: int
    world: World
    chance: random.Random
    story: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    payment: Payment | None = None
    pages: dict[str, str] = field(default_factory=dict)  # what the payer was shown: ref, provider
    outside: dict[str, int] = field(default_factory=dict)  # given back there, by ref
    asked: list[tuple[str, Money | None, int | None]] = field(default_factory=list)
    spent: dict[str, int] = field(default_factory=dict)  # keys of transfers
    elsewhere: bool = False

    def __post_init__(self) -> None:
        chance, self.ticks = self.chance, 0
        self.seed = chance.random()
        self.user = 1_000 + self.number // 2  # two rounds are of one person
        self.provider = chance.choice(sorted(PRICES))
        self.price = chance.choice(PRICES[self.provider])
        self.hold = self.provider in HOLDS and chance.random() < 0.15
        self.purpose = chance.choice(PURPOSES)
        self.expires = timedelta(minutes=chance.choice((3, 12, 35, 35, 60, 180)))
        self.lazy = chance.random() < 0.1  # never pays
        self.late = chance.random() < 0.1  # pays when it is too late, where the provider lets them
        held, late = ", held" * self.hold, ", late" * self.late
        self.saw(f"{self.price} by {self.provider}, {self.purpose}{held}{late}")

    def saw(self, what: str) -> None:
        self.story.append(what)

    async def ask(self, what: str, work: Callable[[Process], Awaitable[Any]]) -> Any:
        """Of our process, as a user does, who tries again or gives up: then it is None."""
        for _ in range(4):
            try:
                answer = await self.world.ask(work, self.number, who=f"round {self.number}")
            except Dead:
                self.saw(f"{what}: killed")
                if self.chance.random() < 0.25:
                    return None
            except Exception as error:  # noqa: BLE001 (what is not to be said is kept)
                self.saw(f"{what}: {type(error).__name__}: {error}")
                if not passing(error):
                    self.broken.append(f"{what}: {error!r}")
                return None
            else:
                self.saw(what)
                return answer
        return None

    # -- one thing after the other ---------------------------------------------------

    async def step(self) -> None:
        """One tick. Its dice are its own, however the ticks before it went."""
        self.ticks += 1
        self.chance = random.Random(f"{self.seed}:{self.ticks}")
        if self.payment is None:
            await self.create()
            if self.payment is None or self.chance.random() < 0.1:
                return
        if not self.pages:
            await self.start()
            return
        act = self.chance.choices(*zip(*self.acts(), strict=True))[0]
        try:
            await act()
        except Impossible as error:
            self.saw(f"({error})")

    def acts(self) -> list[tuple[Callable[[], Awaitable[None]], int]]:
        paid = any(self.theirs(ref).paid for ref in self.pages)
        acts: list[tuple[Callable[[], Awaitable[None]], int]] = [
            (self.check, 2),
            (self.start, 1),
            (self.replayed, 2),
            (self.forged, 1),
            (self.cancel, 1),
        ]
        over = self.payment is not None and clock.now() > self.payment.expires_at
        if not self.lazy and (over or not self.late):
            acts.append((self.pay, 3 if paid else 14))
        if paid:
            acts += [(self.refund, 8), (self.by_hand, 4), (self.from_outside, 3), (self.spend, 2)]
            acts += [(self.dispute, 2), (self.close_dispute, 3)] if self.is_stripe else []
        else:
            acts += [(self.decline, 2), (self.wait, 2)]
        if self.hold:
            acts.append((self.capture, 6))
        return acts

    @property
    def is_stripe(self) -> bool:
        return "stripe" in self.pages.values()

    def theirs(self, ref: str) -> Theirs:
        return self.world.shops[self.pages[ref]].payment(ref)

    def page(self) -> str:
        return self.chance.choice(sorted(self.pages))

    # -- what is asked of us ---------------------------------------------------------

    async def create(self) -> None:
        """The app's key makes it one, however often the app is killed."""

        async def create(process: Process) -> Payment:
            payments = process.payments
            return await payments.database.run(
                lambda tx: payments.create(
                    tx,
                    user=self.user,
                    amount=self.price,
                    purpose=self.purpose,
                    description="A thing",
                    payer=Payer(telegram_id=100_000 + self.user, email="buyer@example.com"),
                    return_url="https://shop.example.com/success",
                    cancel_url="https://shop.example.com/cancel",
                    hold=self.hold,
                    expires_in=self.expires,
                    key=f"round:{self.number}",
                )
            )

        self.payment = await self.ask("create", create)

    async def start(self) -> None:
        provider, method = self.provider, ""
        if self.elsewhere or self.chance.random() < 0.15:
            offers = self.world.ours().payments.offers(self.price)
            if self.hold:
                offers = tuple(each for each in offers if each.provider in HOLDS)
            other = self.chance.choice(offers)
            provider, method = other.provider, other.method
        number = self.number_of
        started: Started | None = await self.ask(
            f"start {provider}",
            lambda process: process.payments.start(number, provider=provider, method=method),
        )
        if started is None:
            return
        if started.checkout is None or started.attempt.ref is None:
            self.elsewhere = True
            self.saw(f"  not there: {started.why} {started.attempt.why}")
        else:
            self.pages[started.attempt.ref] = provider

    @property
    def number_of(self) -> int:
        assert self.payment is not None
        return self.payment.id

    async def check(self) -> None:
        await self.ask("check", lambda process: process.payments.check(self.number_of))

    async def cancel(self) -> None:
        if self.chance.random() < 0.3:
            await self.ask("cancel", lambda process: process.payments.cancel(self.number_of))

    async def capture(self) -> None:
        await self.ask("capture", lambda process: process.payments.capture(self.number_of))

    async def refund(self) -> None:
        """A new one, or once more one that was asked for."""
        if self.asked and self.chance.random() < 0.4:
            key, amount, charge = self.chance.choice(self.asked)
        else:
            part = Money(self.chance.randint(1, self.price.amount), self.price.currency)
            amount = part if self.chance.random() < 0.5 else None
            key, charge = f"refund:{len(self.asked)}", None
            if self.chance.random() < 0.3:
                charges = await self.ask(
                    "charges", lambda process: process.payments.charges(self.number_of)
                )
                charge = self.chance.choice(charges).id if charges else None
            self.asked.append((key, amount, charge))
        spent = self.chance.random() < 0.3
        await self.ask(
            f"refund {key} of {amount or 'all'}",
            lambda process: process.payments.refund(
                self.number_of, amount, key=key, charge=charge, even_if_spent=spent
            ),
        )

    async def by_hand(self, *, all_of_them: bool = False) -> None:
        """The operator gives back what 1Plat has no call for."""
        refunds = await self.ask(
            "refunds", lambda process: process.payments.refunds(self.number_of)
        )
        for refund in refunds or ():
            if refund.status == "person" and (all_of_them or self.chance.random() < 0.7):
                done = self.chance.random() < 0.7
                number = refund.id
                await self.ask(
                    f"{refund.amount} by hand: {done}",
                    lambda process: process.payments.refunded_by_hand(number, done=done),  # noqa: B023
                )

    async def spend(self) -> None:
        """What lies in the wallet is spent elsewhere."""
        key = f"spent:{self.number}:{len(self.spent)}"
        purse = wallet(self.user, self.price.currency)

        async def spend(process: Process) -> None:
            has = (await ledger.balance(process.payments.database, purse)).available
            if has.amount > 0:
                self.spent[key] = has.amount
                to = revenue("market", has.currency)
                with contextlib.suppress(InsufficientFunds):
                    legs = [Leg(purse, to, has)]
                    await ledger.post(process.payments.database, key=key, legs=legs)

        await self.ask("spend", spend)

    # -- what payers and providers do ------------------------------------------------

    async def pay(self) -> None:
        ref = self.page()
        shop, theirs = self.world.shops[self.pages[ref]], self.theirs(ref)
        more: dict[str, Any] = {}
        if self.pages[ref] == "oneplat":
            luck = self.chance.random()
            if theirs.state == "paid":
                more["again"] = True
            if luck < 0.1:
                more["amount"] = theirs.amount // 2
            elif luck < 0.2:
                more["amount"] = theirs.amount * 2
        if self.pages[ref] == "cryptopay" and theirs.currency == "RUB":
            more["asset"] = self.chance.choice(("USDT", "TON"))
        if self.is_stripe and theirs.state == "waiting" and self.chance.random() < 0.1:
            await shop.start(ref)
            self.saw(f"begins to pay {ref[:12]}")
            return
        await shop.pay(ref, **more)
        self.saw(f"pays {ref[:12]} {more or ''}")

    async def decline(self) -> None:
        ref = self.page()
        await self.world.shops[self.pages[ref]].decline(ref)
        self.saw(f"declined {ref[:12]}")

    async def wait(self) -> None:
        self.saw("waits")

    async def from_outside(self) -> None:
        ref = self.page()
        theirs = self.theirs(ref)
        left = theirs.paid - theirs.refunded
        amount = left if self.chance.random() < 0.4 else self.chance.randint(1, max(1, left))
        await self.world.shops[self.pages[ref]].refund(ref, amount)
        self.outside[ref] = self.outside.get(ref, 0) + amount
        self.saw(f"{amount} of {ref[:12]} given back from outside")

    async def dispute(self) -> None:
        ref = self.page()
        theirs = self.theirs(ref)
        most = theirs.paid - theirs.refunded
        amount = most if self.chance.random() < 0.6 else self.chance.randint(1, max(1, most))
        await self.world.shops[self.pages[ref]].dispute(ref, amount)
        self.saw(f"{amount} of {ref[:12]} disputed")

    async def close_dispute(self) -> None:
        ref, won = self.page(), self.chance.random() < 0.5
        await self.world.shops[self.pages[ref]].close_dispute(ref, won=won)
        self.saw(f"dispute {'won' if won else 'lost'}")

    async def replayed(self) -> None:
        ref = self.page()
        shop = self.world.shops[self.pages[ref]]
        mine = [at for at, sent in enumerate(shop.sent) if sent.ref == ref]
        if mine:
            times = self.chance.choice((1, 1, 2, 5))
            at_once = self.chance.random() < 0.5
            self.saw(f"a callback comes {times} times more")
            await shop.send_again(self.chance.choice(mine), times=times, at_once=at_once)

    async def forged(self) -> None:
        """By somebody without the secret; or, where a callback proves nothing, by anybody."""
        ref = self.page()
        name = self.pages[ref]
        unproven = name in ("oneplat", "yookassa") and self.chance.random() < 0.5
        event = {"stripe": "checkout.session.completed", "cryptopay": "invoice_paid"}.get(
            name, "paid"
        )
        sent = self.world.shops[name].callback(ref, event, forged=not unproven)
        self.saw("a forged callback")
        try:
            status = await self.world.deliver(sent.method, sent.url, sent.headers, sent.body)
        except aiohttp.ClientError:
            return
        if status == 200 and not unproven and name != "yookassa":
            self.broken.append(f"a forged callback of {name} was taken")

    async def finish(self) -> None:
        """What a person has to do is done; banks that take their days have taken them."""
        if self.payment is not None:
            await self.by_hand(all_of_them=True)
        for ref, name in self.pages.items():
            if self.theirs(ref).state == "started":
                shop, well = self.world.shops[name], self.chance.random() < 0.7
                await (shop.pay(ref) if well else shop.decline(ref))
                self.saw(f"{ref[:12]} ends {'well' if well else 'badly'}")


OPEN = (Status.CREATED, Status.AWAITING_PAYER, Status.PROCESSING, Status.AUTHORIZED)
