"""Charges of a card that was kept, which nobody may do twice."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from kassa.payments import NoSuchMethod, NotOpen, OutcomeUnknown, Started, Status
from kassa.payments.providers.protocol import Why
from tests.conftest import Fresh
from tests.payments.rig import USER, Kind, Rig, a_rig, ref
from tests.payments.steps import SAVING, attempts, look, of, start


@pytest.fixture
async def rig(fresh: Fresh, kind: Kind) -> AsyncIterator[Rig]:
    async with a_rig(fresh, kind) as found:
        yield found


async def kept_method(rig: Rig) -> int:
    """A card that was paid with, and kept: the number of it."""
    started = await rig.begin(save=True)
    await rig.shop.pay(ref(started))
    await rig.arrive()
    await look(rig, 10)
    kept = await rig.payments.saved(USER)
    assert kept[0].provider == rig.kind.name
    return kept[0].id


def charging(rig: Rig) -> str:
    return "charge" if rig.kind.name == "stripe" else "create"


@of(SAVING)
async def test_a_kept_card_is_charged(rig: Rig) -> None:
    saved = await kept_method(rig)
    payment = await rig.new()
    started = await rig.payments.charge(payment.id, saved)
    await rig.arrive()
    assert (started.payment.status, started.why) == (Status.SUCCEEDED, None)
    assert started.attempt.saved
    assert (await rig.goods_given())[payment.id] == 0
    with pytest.raises(NotOpen):
        await rig.payments.charge(payment.id, saved)
    await rig.agree()


@of(SAVING)
async def test_a_kept_card_is_charged_once_by_twenty(rig: Rig) -> None:
    saved = await kept_method(rig)
    payment = await rig.new()
    answers = await asyncio.gather(
        *(rig.payments.charge(payment.id, saved) for _ in range(20)), return_exceptions=True
    )
    assert {each.attempt.id for each in answers if isinstance(each, Started)} != set()
    assert all(isinstance(each, Started | NotOpen) for each in answers)
    await rig.arrive()
    assert len(rig.shop.payments) == 2
    assert await attempts(rig, payment) == ["ok"]
    await rig.agree()


@of(SAVING)
async def test_a_kept_card_is_declined(rig: Rig) -> None:
    saved = await kept_method(rig)
    payment = await rig.new()
    fault = "card_declined" if rig.kind.name == "stripe" else "declined"
    rig.shop.fault(charging(rig), fault)
    started = await rig.payments.charge(payment.id, saved)
    assert (started.payment.status, started.why) == (Status.FAILED, Why.DECLINED)
    assert started.payment.reason == "declined"
    await rig.arrive()
    by_hand = await start(rig, payment)
    assert (await rig.get(payment)).status is Status.AWAITING_PAYER
    await rig.shop.pay(ref(by_hand))
    await rig.arrive()
    assert (await rig.goods_given())[payment.id] == 0
    await rig.agree()


@of(SAVING)
@pytest.mark.parametrize("what", ["timeout_before", "timeout_after"])
async def test_while_nobody_knows_nothing_else_is_charged(rig: Rig, what: str) -> None:
    saved = await kept_method(rig)
    rig.shop.fault_in_callbacks("lost", times=None)
    payment = await rig.new()
    rig.shop.fault(charging(rig), what)
    started = await rig.payments.charge(payment.id, saved)
    assert (started.checkout, started.why, started.others) == (None, Why.DOWN, ())
    with pytest.raises(OutcomeUnknown):
        await start(rig, payment)
    with pytest.raises(OutcomeUnknown):
        await rig.payments.charge(payment.id, saved)
    with pytest.raises(OutcomeUnknown):
        await rig.payments.cancel(payment.id)
    await look(rig, 30)
    if what == "timeout_before":  # too early to be sure that there is none
        assert await attempts(rig, payment) == ["unknown"]
    await look(rig, 150)
    if what == "timeout_before":
        assert await attempts(rig, payment) == ["declined"]
        assert (await rig.get(payment)).status is Status.FAILED
        assert (await start(rig, payment)).checkout is not None
    else:
        assert (await rig.get(payment)).status is Status.SUCCEEDED
        assert (await rig.goods_given())[payment.id] == 0
    await rig.agree()


@of(SAVING[:1])
async def test_it_does_not_expire_while_a_charge_is_unknown(rig: Rig) -> None:
    saved = await kept_method(rig)
    payment = await rig.new()
    rig.shop.fault_in_callbacks("lost", times=None)
    rig.shop.fault(charging(rig), "timeout_after")
    await rig.payments.charge(payment.id, saved)
    rig.shop.fault("*", "down", times=None)
    for _ in range(5):
        await look(rig, 1200)
    assert (await rig.get(payment)).status is Status.CREATED
    rig.shop.mend()
    await look(rig, 3700)
    assert (await rig.get(payment)).status is Status.SUCCEEDED
    assert (await rig.goods_given())[payment.id] == 0
    await rig.agree()


@of(SAVING)
async def test_a_kept_card_is_ones_own_and_forgotten_at_a_word(rig: Rig) -> None:
    saved = await kept_method(rig)
    assert [each.id for each in await rig.payments.saved(USER)] == [saved]
    assert (await rig.payments.saved(USER))[0].title
    assert await rig.payments.saved(USER + 1) == []
    payment = await rig.new()
    await rig.db.run(lambda tx: rig.payments.forget(tx, USER + 1, saved))
    await rig.db.run(lambda tx: rig.payments.forget(tx, USER, saved))
    assert await rig.payments.saved(USER) == []
    with pytest.raises(NoSuchMethod, match="no such saved payment method"):
        await rig.payments.charge(payment.id, saved)
    assert await attempts(rig, payment) == []
    assert len(rig.shop.payments) == 1


@of(SAVING)
async def test_nothing_is_kept_of_who_did_not_ask_for_it(rig: Rig) -> None:
    await rig.paid()
    await look(rig, 10)
    assert await rig.payments.saved(USER) == []
