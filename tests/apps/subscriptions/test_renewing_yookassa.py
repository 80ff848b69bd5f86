"""Auto-renewal by a card that YooKassa has kept, from the first payment on."""

from datetime import timedelta

import pytest

from kassa import clock
from kassa.apps.subscriptions import charging, months, reminding, renewing, service
from kassa.payments.providers.yookassa import METHODS
from tests.apps.subscriptions.ends_rig import JOB
from tests.apps.subscriptions.rig import Till
from tests.apps.tokens.steps import eventually


@pytest.mark.parametrize("method", METHODS)
async def test_who_pays_and_agrees_is_renewed_by_that_card(till: Till, method: str) -> None:
    user = await till.user(till.tg.user("Покупатель"))
    purchase = await till.chooses(user, "1m", renews=True)
    payment = await till.asks(user, purchase, "yookassa", method)
    await till.pays(payment)

    async def kept() -> bool:
        return bool(await till.payments.saved(user.id))

    await eventually(kept)
    (card,) = await till.payments.saved(user.id)
    mine = await till.provisioned(user)  # nobody is at work on it now
    end = mine.expires_at
    assert (mine.renews, mine.renew_plan, mine.renew_with) == ("saved", "1m", "RUB")
    assert end is not None
    found = await renewing.standing(till.db, till.kassa.kassa, user.id)
    assert found is not None
    assert (found.card, found.saved) == (card.title, card.id)
    for before in (timedelta(days=25), timedelta(days=3), timedelta(days=1)):
        with clock.moved(lambda before=before: end - before):  # type: ignore[misc]
            await reminding.sweep(till.kassa.kassa, JOB)
            for _ in range(2):
                await charging.renew(till.kassa.kassa, JOB)
    mine = await till.has(user)
    assert mine.expires_at == months.later(end, 1, mine.anchor)
    assert len(await service.terms(till.db, user.id)) == 2
    assert [each.kind for each in till.shops["yookassa"].books()].count("paid") == 2
    assert (mine.renews, mine.renew_payment) == ("saved", None)
    await till.audited()


async def test_a_refund_switches_it_off(till: Till) -> None:
    user = await till.user(till.tg.user("Покупатель"))
    purchase = await till.chooses(user, "1m", renews=True)
    payment = await till.asks(user, purchase, "yookassa", "card")
    await till.pays(payment)
    assert (await till.has(user)).renews == "saved"
    await till.payments.refund(payment.id, key="x")
    assert (await till.has(user)).renews == ""
    await till.audited()
