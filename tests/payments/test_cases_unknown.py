"""When a provider does not answer, answers badly, or we are killed while it does."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from kassa.payments import Status
from kassa.payments.providers.protocol import Why
from tests.conftest import Fresh
from tests.payments.rig import KINDS, NATIVE, Kind, Rig, a_rig, ref
from tests.payments.steps import ALL, OUTSIDE, attempts, look, of, start

DOWN = ("timeout_before", "timeout_after", "error_before", "error_after", "down")


@pytest.fixture
async def rig(fresh: Fresh, kind: Kind) -> AsyncIterator[Rig]:
    async with a_rig(fresh, kind) as found:
        yield found


@of(OUTSIDE)
@pytest.mark.parametrize("what", DOWN)
async def test_no_answer_to_the_making_of_one(rig: Rig, what: str) -> None:
    """Nobody knows whether it was made; the payer is offered another way, and it is found out."""
    payment = await rig.new()
    rig.shop.fault("create", what)
    started = await start(rig, payment)
    assert (started.checkout, started.why) == (None, Why.DOWN)
    offers = rig.payments.offers(rig.price)
    assert started.others == tuple(each for each in offers if each.method != rig.kind.method)
    assert started.payment.status is Status.CREATED
    assert await attempts(rig, payment) in (["unknown"], ["declined"])
    made = len(rig.shop.payments)
    await look(rig, 150)
    assert len(rig.shop.payments) == made  # nothing is made by looking
    (attempt,) = await rig.payments.attempts(payment.id)
    if not made:
        assert attempt.status == "declined"
        assert (await rig.get(payment)).status is Status.CREATED
    else:
        assert attempt.ref == rig.shop.payments[0].ref
        again = await start(rig, payment)
        assert again.checkout is not None
        assert len(rig.shop.payments) == 1
        await rig.shop.pay(ref(again))
        await rig.arrive()
        assert await rig.goods_given() == {payment.id: 0}
    await rig.agree()


@of([KINDS["oneplat"]])
async def test_no_requisites_so_another_method_is_offered(rig: Rig) -> None:
    payment = await rig.new()
    rig.shop.fault("create", "no_requisites")
    started = await start(rig, payment)
    assert started.why is Why.NO_REQUISITES
    assert [each.method for each in started.others] == ["sbp", "qr", "crypto"]
    assert await attempts(rig, payment) == ["declined"]
    other = await start(rig, payment, method="sbp")
    assert other.checkout is not None
    await rig.shop.pay(ref(other))
    await rig.arrive()
    assert await rig.goods_given() == {payment.id: 0}
    kinds = [each.kind for each in await rig.payments.timeline(payment.id)]
    assert kinds == ["created", "method_failed", "started", "paid", "delivered"]
    await rig.agree()


@of(OUTSIDE)
async def test_too_many_requests_are_a_plain_no(rig: Rig) -> None:
    payment = await rig.new()
    rig.shop.fault("create", "limit")
    started = await start(rig, payment)
    assert (started.checkout, started.why) == (None, Why.DOWN)
    assert (await start(rig, payment)).checkout is not None
    await rig.agree()


@of(OUTSIDE)
async def test_nobody_listens_at_the_provider(rig: Rig) -> None:
    payment = await rig.new()
    client = rig.provider._client  # type: ignore[attr-defined]
    for name in ("_base", "_base_url"):
        if hasattr(client, name):
            setattr(client, name, "http://127.0.0.1:1")
    started = await start(rig, payment)
    assert (started.checkout, started.why) == (None, Why.DOWN)
    assert await attempts(rig, payment) == ["declined"]  # it was never sent


@of(OUTSIDE)
async def test_one_left_behind_is_paid_late(rig: Rig) -> None:
    """The first was made without our knowing; another is paid, and then the first one, too."""
    payment = await rig.new()
    rig.shop.fault("create", "timeout_after")
    assert (await start(rig, payment)).checkout is None
    second = await start(rig, payment)
    await rig.shop.pay(ref(second))
    await rig.arrive()
    assert (await rig.get(payment)).status is Status.SUCCEEDED
    left = next(each for each in rig.shop.payments if each.ref != ref(second))
    await rig.shop.pay(left.ref)
    await rig.arrive()
    await look(rig, 3600)
    assert await rig.goods_given() == {payment.id: 0}
    assert await rig.wallet() == rig.price.amount
    assert [each.fit for each in await rig.payments.charges(payment.id)] == ["exact", "twice"]
    assert "operator: payment-twice" in await rig.said()
    await rig.agree()


@of([KINDS["stripe"], KINDS["cryptopay"]])
async def test_one_left_behind_can_be_paid_no_more(rig: Rig) -> None:
    """Once another is paid, the first is withdrawn where it stands."""
    payment = await rig.new(expires_in=timedelta(hours=12))
    rig.shop.fault("create", "timeout_after")
    assert (await start(rig, payment)).checkout is None
    second = await start(rig, payment)
    await rig.shop.pay(ref(second))
    await rig.arrive()
    await look(rig, 3600)  # it is found
    await look(rig, 3600)
    assert sorted(each.state for each in rig.shop.payments) in (
        ["canceled", "paid"],
        ["expired", "paid"],
    )
    await rig.agree()


@of(ALL)
async def test_killed_before_it_was_sent(rig: Rig) -> None:
    payment = await rig.new()

    async def killed(payment: Any, attempt: Any) -> Any:
        raise KeyboardInterrupt

    rig.payments.ask = killed  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        await start(rig, payment)
    del rig.payments.ask
    await rig.tg.clock.move(30)
    await rig.looking.look(payment.id)
    assert await attempts(rig, payment) == ["prepared"]  # somebody may be about to send it
    await look(rig, 80)
    assert await attempts(rig, payment) == ["declined"]
    assert rig.shop.payments == []
    assert (await start(rig, payment)).checkout is not None
    await rig.agree()


@of(ALL)
async def test_killed_before_the_answer(rig: Rig) -> None:
    payment = await rig.new()
    real = rig.provider.create

    async def killed(order: Any) -> Any:
        await real(order)
        raise KeyboardInterrupt

    rig.provider.create = killed  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        await start(rig, payment)
    rig.provider.create = real  # type: ignore[method-assign]
    assert await attempts(rig, payment) == ["sent"]
    await rig.tg.clock.move(30)
    await rig.looking.look(payment.id)
    assert await attempts(rig, payment) == ["sent"]  # the answer may be on its way
    await look(rig, 130)
    (attempt,) = await rig.payments.attempts(payment.id)
    assert (attempt.status, attempt.ref) == ("ok", rig.shop.payments[0].ref)
    assert (await rig.get(payment)).status is Status.AWAITING_PAYER
    await rig.shop.pay(str(attempt.ref))
    await rig.arrive()
    assert await rig.goods_given() == {payment.id: 0}
    await rig.agree()


@of(ALL)
async def test_the_callback_is_faster_than_the_answer(rig: Rig) -> None:
    payment = await rig.new()
    real = rig.provider.create

    async def slow(order: Any) -> Any:
        made = await real(order)
        await rig.shop.pay(rig.shop.payments[0].ref)
        await rig.arrive()
        await look(rig, 30)
        return made

    rig.provider.create = slow  # type: ignore[method-assign]
    started = await start(rig, payment)
    assert started.attempt.status == "ok"
    (kept,) = await rig.payments.attempts(payment.id)
    assert kept.checkout is not None
    assert (kept.status, rig.provider.shown(kept.checkout, "")) == ("ok", started.checkout)
    if rig.kind.name != "oneplat":  # whose callback names nothing that we know yet
        assert kept.said == "paid"
    await look(rig, 30)
    assert (await rig.get(payment)).status is Status.SUCCEEDED
    assert await rig.goods_given() == {payment.id: 0}
    await rig.agree()


@of(ALL)
async def test_an_adapter_that_raises_leaves_it_unknown(rig: Rig) -> None:
    payment = await rig.new()
    real = rig.provider.create

    async def broken(order: Any) -> Any:
        raise ValueError("a bug")

    rig.provider.create = broken  # type: ignore[method-assign]
    started = await start(rig, payment)
    assert (started.checkout, started.why, started.attempt.status) == (None, Why.DOWN, "unknown")
    rig.provider.create = real  # type: ignore[method-assign]
    await look(rig, 150)
    made = rig.kind.name in NATIVE  # of words alone, so that it always is
    assert await attempts(rig, payment) == ["ok" if made else "declined"]
