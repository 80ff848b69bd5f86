"""Creating, starting, calling off and reading payments."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from kassa import clock
from kassa.errors import Conflict, Invalid
from kassa.ledger import fee
from kassa.money import Money
from kassa.payments import (
    Item,
    NoSuchMethod,
    NoSuchPayment,
    NotOpen,
    Offer,
    OutcomeUnknown,
    Payer,
    Payments,
    Started,
    Status,
)
from kassa.payments.cases import Said
from kassa.payments.providers.protocol import Why
from tests.conftest import Fresh
from tests.payments.rig import KINDS, USER, Kind, Rig, a_rig, ref
from tests.payments.steps import ALL, ASKED, FROM_OUTSIDE, look, of, told


@pytest.fixture
async def rig(fresh: Fresh, kind: Kind) -> AsyncIterator[Rig]:
    async with a_rig(fresh, kind) as found:
        yield found


ONE = of([KINDS["oneplat"]])
RUB = Money(50_000, "RUB")


# -- creating ------------------------------------------------------------------------


@ONE
async def test_who_pays_on_a_page_comes_back_to_the_chat(rig: Rig) -> None:
    rig.payments.home["5"] = "https://t.me/shop_bot"
    made = await rig.new(bot="5", return_url="", cancel_url="")
    assert (made.return_url, made.cancel_url) == ("https://t.me/shop_bot",) * 2
    told = await rig.new(bot="5", return_url="https://shop.example.com/", cancel_url="")
    assert (told.return_url, told.cancel_url) == (
        "https://shop.example.com/",
        "https://t.me/shop_bot",
    )


@ONE
async def test_what_is_asked_for_is_kept(rig: Rig) -> None:
    made = await rig.new(
        subject="order 7",
        bot="shop_bot",
        payer=Payer("uz", "buyer@example.com", "+998000000000", 5),
        items=[Item("Tea", Money(20_000, "RUB"), 2, vat=1), Item("Cup", Money(10_000, "RUB"))],
        data={"colour": "green", "many": [1, 2]},
        hold=True,
        save=True,
        expires_in=timedelta(hours=2),
    )
    payment = await rig.get(made)
    assert payment == made
    assert (payment.subject, payment.bot, payment.payer.language) == ("order 7", "shop_bot", "uz")
    assert payment.items[0] == Item("Tea", Money(20_000, "RUB"), 2, vat=1)
    assert (payment.data, payment.hold, payment.save) == (
        {"colour": "green", "many": [1, 2]},
        True,
        True,
    )
    assert (payment.status, payment.delivery, payment.is_open) == (Status.CREATED, "none", True)
    assert payment.expires_at - payment.created_at == timedelta(hours=2)


@ONE
@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"purpose": "nobody.knows"}, "Nobody here delivers"),
        ({"amount": Money(-5, "RUB")}, "more than nothing"),
        ({"expires_in": timedelta(0)}, "has expired already"),
        ({"items": [Item("Tea", Money(1, "RUB"))]}, "do not add up"),
        ({"items": [Item("Tea", Money(50_000, "USD"))]}, "not all in RUB"),
    ],
)
async def test_what_cannot_be_created(rig: Rig, wrong: dict[str, Any], why: str) -> None:
    with pytest.raises(Invalid, match=why):
        await rig.new(**wrong)
    assert await rig.payments.of_user(USER) == []


@ONE
async def test_a_description_is_needed(rig: Rig) -> None:
    for amount, words, why in ((RUB, " ", "what for"), (Money(0, "RUB"), "A", "more than nothing")):
        with pytest.raises(Invalid, match=why):
            await rig.db.run(
                lambda tx, amount=amount, words=words: rig.payments.create(  # type: ignore[misc]
                    tx, user=USER, amount=amount, purpose="test.goods", description=words
                )
            )


@ONE
async def test_the_same_key_is_the_same_payment(rig: Rig) -> None:
    made = await asyncio.gather(*(rig.new(key="k") for _ in range(10)))
    assert len({each.id for each in made}) == 1
    assert (await rig.new(key="other")).id != made[0].id
    for amount, user in ((Money(50_001, "RUB"), USER), (RUB, USER + 1)):
        with pytest.raises(Conflict, match="used for another payment"):
            await rig.db.run(
                lambda tx, amount=amount, user=user: rig.payments.create(  # type: ignore[misc]
                    tx, user=user, amount=amount, purpose="test.goods", description="A", key="k"
                )
            )
    events = await rig.payments.timeline(made[0].id)
    assert [each.kind for each in events] == ["created"]


# -- starting ------------------------------------------------------------------------


@of(ALL)
async def test_started_by_twenty_at_once_it_is_one(rig: Rig) -> None:
    payment = await rig.new()
    other = Payments(rig.db, providers=rig.payments.providers, purposes=[])  # another process
    many = [rig.payments, other] * 10
    started = await asyncio.gather(
        *(each.start(payment.id, provider=rig.kind.name, method=rig.kind.method) for each in many)
    )
    assert len(rig.shop.payments) == 1
    assert len({ref(each) for each in started}) == 1
    (checkout,) = {each.checkout for each in started}
    assert checkout is not None
    again = await rig.payments.start(payment.id, provider=rig.kind.name, method=rig.kind.method)
    assert (again.checkout, again.attempt.id) == (checkout, started[0].attempt.id)
    assert len(await rig.payments.attempts(payment.id)) == 1
    assert (await rig.get(payment)).status is Status.AWAITING_PAYER
    await rig.agree()


def takes_its_time(rig: Rig) -> None:
    """The provider answers when all have asked."""
    real = rig.provider.create

    async def slow(order: Any) -> Any:
        await asyncio.sleep(1)
        return await real(order)

    rig.provider.create = slow  # type: ignore[method-assign]


@ONE
async def test_refused_to_twenty_at_once_it_is_refused_once(rig: Rig) -> None:
    takes_its_time(rig)
    payment = await rig.new()
    rig.shop.fault("create", "no_requisites")
    started = await asyncio.gather(
        *(rig.payments.start(payment.id, provider="oneplat", method="card") for _ in range(20))
    )
    assert {(each.why, len(each.others)) for each in started} == {(Why.NO_REQUISITES, 3)}
    assert len(rig.shop.payments) == 1


@ONE
async def test_unknown_to_twenty_at_once(rig: Rig) -> None:
    takes_its_time(rig)
    payment = await rig.new()
    rig.shop.fault("create", "timeout_after")
    started = await asyncio.gather(
        *(rig.payments.start(payment.id, provider="oneplat", method="card") for _ in range(20))
    )
    assert {(each.checkout, each.why) for each in started} == {(None, Why.DOWN)}
    assert len(rig.shop.payments) == 1


@ONE
async def test_nobody_waits_for_ever(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kassa.payments.starting.PATIENCE", 0.1)
    payment = await rig.new()
    asked, answer = asyncio.Event(), asyncio.Event()
    real = rig.provider.create

    async def slow(order: Any) -> Any:
        asked.set()
        await answer.wait()
        return await real(order)

    rig.provider.create = slow  # type: ignore[method-assign]
    first = asyncio.create_task(rig.payments.start(payment.id, provider="oneplat"))
    await asked.wait()
    with pytest.raises(OutcomeUnknown, match="being prepared"):
        await rig.payments.start(payment.id, provider="oneplat")
    answer.set()
    assert (await first).checkout is not None


@ONE
async def test_a_checkout_that_lasts_no_longer_is_made_anew(rig: Rig) -> None:
    """1Plat's requisites live for half an hour, the payment for two."""
    payment = await rig.new(expires_in=timedelta(hours=2))
    first = await rig.payments.start(payment.id, provider="oneplat", method="card")
    await rig.tg.clock.move(1700)
    assert await same(rig, first)
    await rig.tg.clock.move(200)
    assert not await same(rig, first)
    assert len(rig.shop.payments) == 2


async def same(rig: Rig, started: Started) -> bool:
    again = await rig.payments.start(started.payment.id, provider="oneplat", method="card")
    assert again.checkout is not None
    return ref(again) == ref(started)


@ONE
async def test_what_cannot_be_started(rig: Rig) -> None:
    payment = await rig.new()
    start = rig.payments.start
    with pytest.raises(NoSuchMethod, match="no payment provider 'paypal'"):
        await start(payment.id, provider="paypal")
    with pytest.raises(NoSuchMethod, match="it has card, sbp"):
        await start(payment.id, provider="oneplat", method="cheque")
    with pytest.raises(NoSuchPayment):
        await start(10**9, provider="oneplat")
    little = await rig.new(amount=Money(9_999, "RUB"))
    with pytest.raises(NoSuchMethod, match="cannot be paid by card"):
        await start(little.id, provider="oneplat", method="card")
    assert (await start(little.id, provider="oneplat", method="crypto")).checkout is not None
    await rig.tg.clock.move(1801)
    with pytest.raises(NotOpen):
        await start(payment.id, provider="oneplat")
    paid = await rig.paid()
    with pytest.raises(NotOpen):
        await start(paid.id, provider="oneplat")


@ONE
async def test_the_ways_to_pay(rig: Rig) -> None:
    def offers(amount: Money) -> list[str]:
        return [each.method for each in rig.payments.offers(amount)]

    assert rig.payments.offers(RUB)[0] == Offer("oneplat", "card")
    assert offers(RUB) == ["card", "sbp", "qr", "crypto"]
    assert offers(Money(100, "RUB")) == ["crypto"]
    assert offers(Money(500_000_01, "RUB")) == []
    assert offers(Money(500, "USD")) == []


# -- calling off -----------------------------------------------------------------------


@of(ALL)
async def test_called_off(rig: Rig) -> None:
    started = await rig.begin()
    ended = await rig.payments.cancel(started.payment.id, reason="sold out")
    assert (ended.status, ended.reason, ended.is_open) == (Status.CANCELED, "sold out", False)
    withdrawn = {
        "stripe": "expired",
        "cryptopay": "canceled",
        "tinypay": "canceled",
        "stars": "waiting",  # for ever: whoever would pay it is told no
        "telegram": "waiting",
    }  # the others know no such call
    assert rig.shop.payments[0].state == withdrawn.get(rig.kind.name, "waiting")
    assert (await rig.payments.cancel(started.payment.id)).reason == "sold out"
    with pytest.raises(NotOpen):
        await rig.payments.start(started.payment.id, provider=rig.kind.name)
    if rig.kind.name not in withdrawn:
        await rig.shop.pay(ref(started))
        await rig.arrive()
        assert (await rig.wallet(), await rig.goods_given()) == (rig.price.amount, {})
        assert (await rig.get(started)).status is Status.CANCELED
    await rig.agree()


@of(ASKED)
async def test_called_off_too_late(rig: Rig) -> None:
    """It is paid, and the callback is lost: who calls it off asks first."""
    started = await rig.begin()
    rig.shop.fault_in_callbacks("lost", times=None)
    await rig.shop.pay(ref(started))
    with pytest.raises(NotOpen, match="can be refunded"):
        await rig.payments.cancel(started.payment.id)
    assert await rig.goods_given() == {started.payment.id: 0}
    await rig.agree()


@of([KINDS["stripe"]])
async def test_called_off_when_the_provider_is_down(rig: Rig) -> None:
    started = await rig.begin(expires_in=timedelta(hours=12))
    rig.shop.fault("*", "down", times=None)
    await rig.payments.cancel(started.payment.id)
    rig.shop.mend()
    assert rig.shop.payments[0].state == "waiting"
    await look(rig, 3601)
    assert rig.shop.payments[0].state == "expired"


@of([KINDS["stripe"]])
async def test_called_off_while_it_is_made(rig: Rig) -> None:
    payment = await rig.new()
    real = rig.provider.create

    async def slow(order: Any) -> Any:
        made = await real(order)
        await rig.payments.cancel(payment.id)
        return made

    rig.provider.create = slow  # type: ignore[method-assign]
    started = await rig.payments.start(payment.id, provider="stripe")
    assert (started.checkout, started.payment.status) == (None, Status.CANCELED)
    assert rig.shop.payments[0].state == "expired"


# -- asking ----------------------------------------------------------------------------


@of(ASKED)
async def test_asked_it_is_settled_without_a_callback(rig: Rig) -> None:
    started = await rig.begin()
    assert (await rig.payments.check(started.payment.id)).status is Status.AWAITING_PAYER
    rig.shop.fault_in_callbacks("lost", times=None)
    await rig.shop.pay(ref(started))
    rig.shop.fault("status", "down")
    assert (await rig.payments.check(started.payment.id)).status is Status.AWAITING_PAYER
    paid = await asyncio.gather(*(rig.payments.check(started.payment.id) for _ in range(10)))
    assert {each.status for each in paid} == {Status.SUCCEEDED}
    assert await rig.goods_given() == {started.payment.id: 0}
    assert await rig.revenue() == rig.price.amount
    await rig.agree()


@of([KINDS["stripe"]])
async def test_a_fee_that_is_told_late(rig: Rig) -> None:
    """Stripe's events do not say it: it is booked when it is known, once."""
    payment = await rig.paid()
    assert (await rig.payments.charges(payment.id))[0].fee is None
    for _ in range(3):
        await told(rig, rig.shop.payments[0].ref)
    assert (await rig.payments.charges(payment.id))[0].fee == Money(45, "USD")
    assert await rig.balance(fee("stripe", "USD")) == -45
    await rig.agree()


@of(FROM_OUTSIDE)
async def test_what_is_told_of_a_refund_is_booked(rig: Rig) -> None:
    payment = await rig.paid()
    rig.shop.fault_in_callbacks("lost", times=None)
    await rig.shop.refund(rig.shop.payments[0].ref)
    report = await rig.provider.status(rig.shop.payments[0].ref)
    await rig.payments.tell([Said(rig.kind.name, report)] * 2)
    assert await rig.goods_given() == {payment.id: rig.price.amount}
    assert len(await rig.payments.refunds(payment.id)) == 1
    await rig.agree()


# -- reading ---------------------------------------------------------------------------


@of([KINDS["stripe"]])
async def test_the_story_as_the_payer_and_the_operator_read_it(rig: Rig) -> None:
    rig.goods.raises = 2  # in a batch, and by itself
    payment = await rig.paid()
    await look(rig, 10)
    await rig.payments.refund(payment.id, Money(200, "USD"), key="r", reason="suspicious")
    await rig.arrive()
    public = await rig.payments.timeline(payment.id)
    whole = await rig.payments.timeline(payment.id, public=False)
    assert [each.kind for each in public] == [
        *("created", "started", "paid", "delivered", "refund_asked", "refunded"),
    ]
    assert [each.kind for each in whole] == [
        *("created", "started", "paid", "delivery_failed", "delivered"),
        *("refund_asked", "refunded"),
    ]
    assert public[2].data == {
        "amount": "5.00 USD",
        "provider": "stripe",
        "method": "card",
        "fit": "exact",
    }
    assert whole[2].data["charge"].startswith("pi_")
    assert "RuntimeError" in str(whole[3].data)
    shown = str([each.data for each in public])
    assert "suspicious" not in shown
    assert "pi_" not in shown
    assert [each.at for each in whole] == sorted(each.at for each in whole)


@ONE
async def test_only_ones_own(rig: Rig) -> None:
    payment = await rig.new()
    assert (await rig.payments.get(rig.db, payment.id, user=USER)).id == payment.id
    for user, number in ((USER + 1, payment.id), (USER, payment.id + 1)):
        with pytest.raises(NoSuchPayment):
            await rig.payments.get(rig.db, number, user=user)


@ONE
async def test_a_persons_payments_page_by_page(rig: Rig) -> None:
    made = [(await rig.new()).id for _ in range(5)]
    first = await rig.payments.of_user(USER, most=2)
    second = await rig.payments.of_user(USER, most=2, before=first[-1].id)
    last = await rig.payments.of_user(USER, most=2, before=second[-1].id)
    assert [each.id for each in (*first, *second, *last)] == made[::-1]
    assert await rig.payments.of_user(USER, before=last[-1].id) == []
    assert await rig.payments.of_user(USER + 1) == []
    assert clock.now() >= first[0].created_at
