"""Refunds of which nobody knows, for a while, whether they have happened."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from kassa.money import Money
from kassa.payments.wallet import TOPUP
from tests.conftest import Fresh
from tests.payments.rig import Kind, Rig, a_rig
from tests.payments.steps import (
    ASKS_AGAIN,
    BY_CALL,
    charge_of,
    funded,
    look,
    of,
    prepared,
    refund_call,
    some,
    spend,
)


@pytest.fixture
async def rig(fresh: Fresh, kind: Kind) -> AsyncIterator[Rig]:
    async with a_rig(fresh, kind, purposes=[TOPUP]) as found:
        await funded(found)
        yield found


@of(BY_CALL)
async def test_the_provider_says_no(rig: Rig) -> None:
    payment = await rig.paid(purpose="wallet.topup")
    if rig.kind.name == "yookassa":
        rig.shop.fault("refund", "declined")
    elif rig.kind.name == "cryptopay":
        rig.shop.transfers_enabled = False  # type: ignore[attr-defined]
    else:
        rig.shop.fault("refund", "error_before", status=402)
    refund = await rig.payments.refund(payment.id, key="r")
    assert (refund.status, refund.done_at is not None) == ("declined", True)
    assert (await rig.payments.refund(payment.id, key="r")).id == refund.id  # it was refused
    assert "operator: refund-declined" in await rig.said()
    await spend(rig, rig.price.amount)
    assert await charge_of(rig, payment) == Money.zero(rig.price.currency)
    await rig.agree()


@of(BY_CALL)
@pytest.mark.parametrize("happened", [True, False], ids=["done", "not done"])
async def test_an_answer_that_is_lost_is_looked_for(rig: Rig, happened: bool) -> None:
    payment = await rig.paid()
    rig.shop.fault_in_callbacks("lost", times=None)
    rig.shop.fault(refund_call(rig), "timeout_after" if happened else "timeout_before")
    refund = await rig.payments.refund(payment.id, some(rig), key="r")
    assert refund.status == "unknown"
    assert (await rig.payments.refund(payment.id, some(rig), key="r")).status == "unknown"
    await look(rig, 30)  # too early to be sure
    (refund,) = await rig.payments.refunds(payment.id)
    assert refund.status == "unknown"
    await look(rig, 150)
    (refund,) = await rig.payments.refunds(payment.id)
    done = happened or rig.kind.name in ASKS_AGAIN
    assert refund.status == ("done" if done else "declined")
    assert await rig.goods_given() == {payment.id: some(rig).amount if done else 0}
    await rig.agree()


@of(BY_CALL)
async def test_killed_before_the_provider_was_asked(rig: Rig) -> None:
    payment = await rig.paid()
    await prepared(rig, payment, some(rig))
    await look(rig, 30)
    (refund,) = await rig.payments.refunds(payment.id)
    assert refund.status == "prepared"  # somebody may be about to send it
    await look(rig, 40)
    (refund,) = await rig.payments.refunds(payment.id)
    assert refund.status == "done"
    assert await rig.goods_given() == {payment.id: some(rig).amount}
    await rig.agree()


@of(BY_CALL)
async def test_killed_after_the_provider_was_asked(rig: Rig) -> None:
    payment = await rig.paid()
    rig.shop.fault_in_callbacks("lost", times=None)
    real = rig.provider.refund

    async def asked(back: Any) -> Any:
        await real(back)
        raise KeyboardInterrupt

    rig.provider.refund = asked  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        await rig.payments.refund(payment.id, some(rig), key="r")
    rig.provider.refund = real  # type: ignore[method-assign]
    await look(rig, 150)
    (refund,) = await rig.payments.refunds(payment.id)
    assert refund.status == "done"
    assert await rig.goods_given() == {payment.id: some(rig).amount}
    await rig.agree()


@of(BY_CALL[:1])
async def test_an_adapter_that_raises_leaves_it_unknown(rig: Rig) -> None:
    payment = await rig.paid()
    real = rig.provider.refund

    async def broken(back: Any) -> Any:
        raise ValueError("a bug")

    rig.provider.refund = broken  # type: ignore[method-assign]
    assert (await rig.payments.refund(payment.id, key="r")).status == "unknown"
    rig.provider.refund = real  # type: ignore[method-assign]
    rig.shop.fault("refunds", "down", times=None)  # and nobody can tell
    await look(rig, 300)
    (refund,) = await rig.payments.refunds(payment.id)
    assert refund.status == "unknown"
    rig.shop.mend()
    await look(rig, 300)
    (refund,) = await rig.payments.refunds(payment.id)
    assert refund.status == "declined"
    await rig.agree()
