import pytest

from kassa.payments import Status
from tests.conftest import Fresh
from tests.payments.rig import KINDS, Kind, a_rig, ref


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
async def test_paid(fresh: Fresh, kind: Kind) -> None:
    async with a_rig(fresh, kind) as rig:
        started = await rig.begin()
        assert started.checkout, started
        await rig.shop.pay(ref(started))
        await rig.arrive()
        payment = await rig.get(started)
        assert payment.status is Status.SUCCEEDED
        assert payment.delivery == "done"
        assert await rig.revenue() == rig.price.amount
        await rig.agree()
        print(await rig.payments.timeline(payment.id), await rig.said())
