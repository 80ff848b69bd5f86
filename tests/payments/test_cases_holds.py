"""Money that is held first, and taken or let go."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from kassa.money import Money
from kassa.payments import NotOpen, OutcomeUnknown, Payment, Status
from kassa.payments.cases import Said
from kassa.payments.providers.protocol import Declined, Why
from tests.conftest import Fresh
from tests.payments.rig import Kind, Rig, a_rig, ref
from tests.payments.steps import HOLDING, look, of, start


@pytest.fixture
async def rig(fresh: Fresh, kind: Kind) -> AsyncIterator[Rig]:
    async with a_rig(fresh, kind) as found:
        yield found


async def held(rig: Rig) -> Payment:
    started = await rig.begin(hold=True)
    await rig.shop.pay(ref(started))
    await rig.arrive()
    payment = await rig.get(started)
    assert payment.status is Status.AUTHORIZED
    assert rig.shop.payments[-1].state == "authorized"
    return payment


@of(HOLDING)
async def test_held_money_is_taken_when_we_say_so(rig: Rig) -> None:
    payment = await held(rig)
    with pytest.raises(OutcomeUnknown, match="on its way"):
        await start(rig, payment)
    await look(rig, 3600)
    assert (await rig.get(payment)).status is Status.AUTHORIZED
    assert await rig.goods_given() == {}
    taken = await rig.payments.capture(payment.id)
    assert (taken.status, taken.delivery) == (Status.SUCCEEDED, "done")
    await rig.arrive()
    with pytest.raises(NotOpen):
        await rig.payments.capture(payment.id)
    with pytest.raises(NotOpen):
        await rig.payments.cancel(payment.id)
    assert await rig.revenue() == rig.price.amount
    await rig.agree()


@of(HOLDING)
async def test_a_part_is_taken_and_is_the_price(rig: Rig) -> None:
    payment = await held(rig)
    price = rig.price
    for wrong in (price + Money(1, price.currency), Money(0, price.currency), Money(1, "EUR")):
        with pytest.raises(Exception, match="can be taken"):
            await rig.payments.capture(payment.id, wrong)
    third = Money(price.amount // 3, price.currency)
    taken = await rig.payments.capture(payment.id, third)
    await rig.arrive()
    assert (taken.status, taken.amount, taken.delivery) == (Status.SUCCEEDED, third, "done")
    assert (await rig.revenue(), await rig.wallet()) == (third.amount, 0)
    (asked,) = [
        each
        for each in await rig.payments.timeline(payment.id, public=False)
        if each.kind == "capture_asked"
    ]
    assert asked.data == {"amount": str(third), "held": str(price)}
    await rig.agree()
    refund = await rig.payments.refund(payment.id, key="r")
    await rig.arrive()
    assert (refund.status, refund.amount) == ("done", third)
    assert await rig.goods_given() == {payment.id: third.amount}
    await rig.agree()


@of(HOLDING)
async def test_taken_by_five_at_once_it_is_taken_once(rig: Rig) -> None:
    payment = await held(rig)
    third = Money(rig.price.amount // 3, rig.price.currency)
    await asyncio.gather(
        *(rig.payments.capture(payment.id, third) for _ in range(5)), return_exceptions=True
    )
    await look(rig, 60)
    taken = await rig.get(payment)
    assert (taken.status, taken.amount) == (Status.SUCCEEDED, third)
    assert rig.shop.payments[-1].paid == third.amount
    assert len(await rig.payments.charges(payment.id)) == 1
    await rig.agree()


@of(HOLDING)
@pytest.mark.parametrize("what", ["timeout_before", "timeout_after"])
async def test_an_answer_to_a_capture_is_lost(rig: Rig, what: str) -> None:
    payment = await held(rig)
    rig.shop.fault_in_callbacks("lost", times=None)
    third = Money(rig.price.amount // 3, rig.price.currency)
    rig.shop.fault("capture", what)
    after = await rig.payments.capture(payment.id, third)
    assert after.status is Status.AUTHORIZED
    assert (await rig.payments.attempts(payment.id))[0].capture == "unknown"
    with pytest.raises(OutcomeUnknown):
        await rig.payments.capture(payment.id, third - Money(1, third.currency))
    with pytest.raises((OutcomeUnknown, NotOpen)):
        await rig.payments.cancel(payment.id)
    await look(rig, 60)
    taken = await rig.get(payment)
    assert (taken.status, taken.amount) == (Status.SUCCEEDED, third)
    assert rig.shop.payments[-1].paid == third.amount
    assert (await rig.payments.attempts(payment.id))[0].capture is None
    await rig.agree()


@of(HOLDING)
async def test_a_capture_is_declined_and_asked_for_again(rig: Rig) -> None:
    payment = await held(rig)
    real = rig.provider.capture

    async def no(*_: Any, **__: Any) -> Any:
        return Declined(Why.INVALID, "not so")

    rig.provider.capture = no  # type: ignore[method-assign]
    third = Money(rig.price.amount // 3, rig.price.currency)
    after = await rig.payments.capture(payment.id, third)
    assert (after.status, after.amount) == (Status.AUTHORIZED, rig.price)
    (attempt,) = await rig.payments.attempts(payment.id)
    assert (attempt.capture, attempt.why) == (None, "not so")

    async def broken(*_: Any, **__: Any) -> Any:
        raise ValueError("a bug")

    rig.provider.capture = broken  # type: ignore[method-assign]
    assert (await rig.payments.capture(payment.id)).status is Status.AUTHORIZED
    rig.provider.capture = real  # type: ignore[method-assign]
    await look(rig, 60)
    taken = await rig.get(payment)
    assert (taken.status, taken.amount) == (Status.SUCCEEDED, rig.price)
    await rig.arrive()
    await rig.agree()


@of(HOLDING)
async def test_a_no_that_comes_after_the_money_changes_nothing(rig: Rig) -> None:
    payment = await held(rig)
    real = rig.provider.capture

    async def late(*given: Any, **more: Any) -> Any:
        report: Any = await real(*given, **more)
        await rig.payments.tell([Said(rig.kind.name, report)])
        return Declined(Why.INVALID, "it is captured already")

    rig.provider.capture = late  # type: ignore[method-assign]
    third = Money(rig.price.amount // 3, rig.price.currency)
    taken = await rig.payments.capture(payment.id, third)
    assert (taken.status, taken.amount) == (Status.SUCCEEDED, third)
    await rig.arrive()
    await rig.agree()


@of(HOLDING)
async def test_held_money_that_nobody_asked_to_hold_is_taken(rig: Rig) -> None:
    """As when a shop is set up so at the provider: the app wants its money at once."""
    started = await rig.begin(hold=True)
    await rig.db.execute("UPDATE payments.payment SET hold = false")
    await rig.shop.pay(ref(started))
    await rig.arrive()
    await look(rig, 20)
    assert (await rig.get(started)).status is Status.SUCCEEDED
    await rig.agree()


@of(HOLDING)
async def test_a_hold_is_let_go(rig: Rig) -> None:
    payment = await held(rig)
    ended = await rig.payments.cancel(payment.id, reason="out of stock")
    assert (ended.status, ended.reason) == (Status.CANCELED, "out of stock")
    assert rig.shop.payments[-1].state == "canceled"
    await rig.arrive()
    with pytest.raises(NotOpen):
        await rig.payments.capture(payment.id)
    assert (await rig.wallet(), await rig.goods_given()) == (0, {})
    await rig.agree()


@of(HOLDING)
async def test_a_hold_that_could_not_be_let_go_is_tried_again(rig: Rig) -> None:
    payment = await held(rig)
    rig.shop.fault("cancel", "down")
    await rig.payments.cancel(payment.id)
    assert rig.shop.payments[-1].state == "authorized"
    await look(rig, 3700)
    assert rig.shop.payments[-1].state == "canceled"
    await rig.agree()


@of(HOLDING)
async def test_a_hold_ends_at_the_provider(rig: Rig) -> None:
    payment = await held(rig)
    for _ in range(9):
        await look(rig, 86_400)
    assert (await rig.get(payment)).status in (Status.CANCELED, Status.EXPIRED)
    assert (await rig.get(payment)).reason
    assert (await rig.wallet(), await rig.goods_given()) == (0, {})
    await rig.agree()


@of(HOLDING)
async def test_held_for_one_that_was_called_off(rig: Rig) -> None:
    """The payer was at the provider's page when it was called off here."""
    started = await rig.begin(hold=True)
    rig.provider.cancel = _nothing  # type: ignore[method-assign]
    await rig.payments.cancel(started.payment.id)
    del rig.provider.cancel
    await rig.shop.pay(ref(started))
    await rig.arrive()
    await look(rig, 3700)
    assert rig.shop.payments[-1].state == "canceled"
    assert (await rig.get(started)).status is Status.CANCELED
    await rig.agree()


async def _nothing(ref: str) -> None:
    pass
