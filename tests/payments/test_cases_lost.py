"""Callbacks and answers that do not come as they should: the money is found all the same."""

import pytest

from kassa.payments import Status
from tests.conftest import Fresh
from tests.payments import steps
from tests.payments.cases import ALL, ASKED, OUTSIDE, has_sold, looked
from tests.payments.rig import NATIVE, Kind, a_rig, ref

FINDERS = [(kind, finder) for kind in steps.ASKED for finder in ("check", "looking")]
FINDERS += [(kind, "list") for kind in steps.LISTED]


@pytest.mark.parametrize(("kind", "finder"), FINDERS, ids=[f"{k.name}-{f}" for k, f in FINDERS])
async def test_the_callback_is_lost(fresh: Fresh, kind: Kind, finder: str) -> None:
    async with a_rig(fresh, kind) as rig:
        rig.shop.fault_in_callbacks("lost", times=None)
        started = await rig.begin()
        await rig.shop.pay(ref(started))
        await rig.arrive()
        assert (await rig.get(started)).status is Status.AWAITING_PAYER
        if finder == "check":
            assert (await rig.payments.check(started.payment.id)).status is Status.SUCCEEDED
        elif finder == "looking":
            await rig.tg.clock.move(16)
            await looked(rig)
        else:
            await rig.reconcile()
        await has_sold(rig, started)


@ALL
@pytest.mark.parametrize("fault", ["late", "swap", "bad_signature", "twice", "old"])
async def test_the_callback_is_spoilt(fresh: Fresh, kind: Kind, fault: str) -> None:
    """It comes, or comes again, and is found out before by asking; all the same once."""
    async with a_rig(fresh, kind) as rig:
        started = await rig.begin()
        rig.shop.fault_in_callbacks(fault, times=None, seconds=600, copies=3)
        await rig.shop.pay(ref(started))
        await rig.arrive()
        if kind.name not in ("yookassa", *NATIVE) and fault == "bad_signature":
            assert rig.shop.sent[-1].status in (400, 403)
            assert await rig.db.fetchval("SELECT count(*) FROM payments.inbox") == 0
        if rig.provider.abilities.status:
            await rig.payments.check(started.payment.id)
            await has_sold(rig, started)
        rig.shop.mend()
        for _ in range(3):
            await rig.tg.clock.move(600)
            await rig.arrive()
        assert rig.shop.callbacks.waiting == []  # it was taken at last
        assert rig.shop.sent[-1].status == 200
        await has_sold(rig, started)


@ASKED
async def test_the_other_methods_callback_is_lost(fresh: Fresh, kind: Kind) -> None:
    """What is paid already is looked at again, as long as more may come."""
    async with a_rig(fresh, kind) as rig:
        first = await rig.begin()
        await rig.db.execute("UPDATE payments.attempt SET checkout = NULL")
        second = await rig.payments.start(first.payment.id, provider=kind.name)
        await rig.shop.pay(ref(second))
        await rig.arrive()
        rig.shop.fault_in_callbacks("lost", times=None)
        await rig.shop.pay(ref(first))
        await rig.arrive()
        assert await rig.wallet() == 0
        await rig.tg.clock.move(3601)
        await looked(rig)
        charges = await rig.payments.charges(first.payment.id)
        assert [charge.fit for charge in charges] == ["exact", "twice"]
        assert await rig.wallet() == rig.price.amount
        await rig.agree()


@ALL
async def test_nobody_was_there_to_take_the_callback(fresh: Fresh, kind: Kind) -> None:
    async with a_rig(fresh, kind) as rig:
        right, rig.shop.callback_url = rig.shop.callback_url, "http://127.0.0.1:9/nobody"
        started = await rig.begin()
        await rig.shop.pay(ref(started))
        await rig.arrive()
        assert (await rig.get(started)).status is Status.AWAITING_PAYER
        rig.shop.callback_url = right
        for each in rig.shop.callbacks.waiting:
            each.url = right
        await rig.tg.clock.move(61)
        await rig.arrive()
        await has_sold(rig, started)


@OUTSIDE
async def test_the_answer_to_the_making_is_lost(fresh: Fresh, kind: Kind) -> None:
    """The payer pays what nobody could show them here; it is found by our key."""
    async with a_rig(fresh, kind) as rig:
        rig.shop.fault("create", "timeout_after")
        started = await rig.begin()
        assert started.checkout is None
        assert started.attempt.status == "unknown"
        (there,) = rig.shop.payments
        await rig.shop.pay(there.ref)
        await rig.arrive()
        await rig.tg.clock.move(90)
        await looked(rig)
        await rig.tg.clock.move(90)
        await looked(rig)
        await has_sold(rig, started)
        letters = await rig.db.fetch("SELECT handled_at, dead_at FROM payments.inbox")
        assert all(letter["handled_at"] for letter in letters)
