"""Auto-renewal by Telegram: our rows keep in step with it, and nothing of it goes on unwanted."""

from dataclasses import replace
from datetime import timedelta

import pytest

from kassa import clock
from kassa.apps.subscriptions import charging, purchases, reminding, renewing, service
from kassa.apps.subscriptions.buying import PURPOSE
from kassa.apps.subscriptions.models import Purchase, Term
from kassa.apps.subscriptions.renewing import Renewal, get_one
from kassa.payments import Payment
from kassa.users import User
from tests.apps.subscriptions.ends_rig import JOB
from tests.apps.subscriptions.rig import Till
from tests.apps.tokens.steps import eventually
from tgsandbox.people import Person

SECONDS = 2_592_000  # of Telegram's month
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


class Payer:
    """Somebody who pays in Stars, inside Telegram."""

    def __init__(self, till: Till, stars: int) -> None:
        self.till = till
        self.person: Person = till.tg.user("Покупатель", stars=stars)
        self.links: list[str] = []

    async def comes(self) -> User:
        self.user = await self.till.user(self.person)
        await self.person.send(self.till.kassa.bot, "/start")
        return self.user

    async def asks(self, purchase: Purchase | None = None) -> Payment:
        chosen = purchase or await self.till.chooses(self.user)
        ways = purchases.ways(self.till.kassa.kassa, chosen, "ru")
        way = next(each for each in ways if each.renews)
        payment = await self.till.db.run(
            lambda tx: purchases.payment(tx, self.till.kassa.kassa, self.user, chosen, way)
        )
        started = await self.till.payments.start(payment.id, provider="stars", method="stars")
        assert started.checkout is not None
        invoice = started.checkout.invoice
        assert invoice is not None
        bot = self.till.kassa.kassa.bots.all[0]
        self.links.append(str(await bot.api.call("createInvoiceLink", invoice)))
        return payment

    async def subscribes(self, purchase: Purchase | None = None) -> Payment:
        payment = await self.asks(purchase)
        await self.pays(payment)
        return payment

    async def pays(self, payment: Payment) -> None:
        await self.person.pay(self.links[-1])
        await self.till.charged(payment, "stars")

    async def renewal(self) -> Renewal:
        found = await get_one(self.till.db, self.user.id)
        assert found is not None
        return found

    async def becomes(self, kind: str) -> None:
        async def done() -> bool:
            return (await self.renewal()).kind == kind

        await eventually(done)

    async def months(self) -> list[Term]:
        """Without what fills one that has fewer than 30 days: for so many Telegram charges."""
        found = await service.terms(self.till.db, self.user.id)
        return [each for each in found if each.months]

    async def terms(self, count: int) -> None:
        async def done() -> bool:
            return len(await self.months()) == count

        await eventually(done)

    def is_active(self, number: int = 0) -> bool:
        """At Telegram's."""
        till = self.till.tg.world.till
        found = till.subscriptions.of(self.person.user, till.invoice_by_link(self.links[number]))
        return bool(found) and found[0].state == "active"

    async def stopped(self, number: int = 0) -> None:
        async def done() -> bool:
            return not self.is_active(number)

        await eventually(done)


@pytest.fixture
async def payer(till: Till) -> Payer:
    found = Payer(till, 1000)
    await found.comes()
    return found


async def test_telegram_renews_and_the_time_follows(till: Till, payer: Payer) -> None:
    first = await payer.subscribes()
    renewal = await payer.renewal()
    assert (renewal.kind, renewal.plan, renewal.currency) == ("stars", "1m", "XTR")
    assert (renewal.payment, renewal.price) == (first.id, 150)
    end = await till.ends(payer.user)
    await till.tg.clock.move(SECONDS)
    await payer.terms(2)
    assert (await payer.months())[0].before == end
    renewal = await payer.renewal()
    assert (renewal.kind, renewal.payment) == ("stars", first.id)
    await till.audited()


async def test_it_is_told_before_and_nobody_is_put_out_while_telegram_charges(
    till: Till, payer: Payer
) -> None:
    await payer.subscribes()
    end = (await till.provisioned(payer.user)).expires_at  # nobody is at work on it now
    assert end is not None
    kassa = till.kassa.kassa
    with clock.moved(lambda: end - 4 * DAY):
        await reminding.sweep(kassa, JOB)
    assert (await payer.renewal()).at == end - HOUR
    with clock.moved(lambda: (end - 2 * DAY).replace(hour=12)):  # by day
        await reminding.sweep(kassa, JOB)
    said = await till.db.fetch(
        "SELECT payload FROM outbox.job WHERE kind = 'telegram.send' AND key IS NOT NULL"
    )
    (told,) = [row["payload"] for row in said]
    assert (told["text"], told["args"]["by"]) == ("renewal-soon", "stars")
    assert told["args"]["amount"] == "150 XTR"
    for at in (end - HOUR / 2, end + HOUR):
        with clock.moved(lambda at=at: at):  # type: ignore[misc]
            await charging.renew(kassa, JOB)
            await reminding.sweep(kassa, JOB)
    mine = await till.has(payer.user)
    assert mine.is_active(end + 2 * DAY)
    with clock.moved(lambda: end + 3 * DAY):
        await charging.renew(kassa, JOB)
    assert (await payer.renewal()).kind == ""
    assert not (await till.has(payer.user)).is_active(end + 3 * DAY)


async def test_who_stops_it_in_telegram_has_it_stopped_and_may_go_on(
    till: Till, payer: Payer
) -> None:
    first = await payer.subscribes()
    payer.person.cancel_subscription(payer.links[0])
    await payer.becomes("")
    payer.person.resume_subscription(payer.links[0])
    await payer.becomes("stars")
    renewal = await payer.renewal()
    assert (renewal.payment, renewal.plan, renewal.price) == (first.id, "1m", 150)


async def test_who_switches_it_off_here_has_it_stopped_at_telegram(
    till: Till, payer: Payer
) -> None:
    await payer.subscribes()
    assert payer.is_active()
    assert await till.db.run(lambda tx: renewing.switch_off(tx, payer.user.id))
    await payer.stopped()
    await till.tg.clock.move(SECONDS)
    assert len(await payer.months()) == 1


async def test_a_refund_stops_it(till: Till, payer: Payer) -> None:
    first = await payer.subscribes()
    await till.payments.refund(first.id, key="x")
    await payer.becomes("")
    await payer.stopped()
    await till.audited()


async def test_what_is_paid_already_does_not_go_on(
    till: Till, payer: Payer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The question before the money was answered with yes; then the card's money came first."""
    purchase = await till.chooses(payer.user)
    card = await till.asks(payer.user, purchase)
    monkeypatch.setitem(till.payments.purposes, PURPOSE.name, replace(PURPOSE, on_checkout=None))
    stars = await payer.asks(purchase)
    await till.pays(card)
    await payer.pays(stars)
    await payer.stopped()
    assert len(await payer.months()) == 1
    assert (await payer.renewal()).kind == ""
    await till.audited()


async def test_of_two_only_the_newer_goes_on(till: Till, payer: Payer) -> None:
    await payer.subscribes()
    second = await payer.subscribes(await till.chooses(payer.user, "1m", renews=True))
    await payer.stopped(0)
    assert payer.is_active(1)
    assert (await payer.renewal()).payment == second.id
    await till.audited()


async def test_a_gift_renews_nothing(till: Till, payer: Payer) -> None:
    gift = await till.chooses(payer.user, "1m", gift=True)
    assert not [w for w in purchases.ways(till.kassa.kassa, gift, "ru") if w.renews]
