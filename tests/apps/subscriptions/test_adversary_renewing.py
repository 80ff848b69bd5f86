"""Renewals that come when nobody wants them any more, and those that nobody may lose."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from functools import partial
from typing import Any

import pytest

from kassa import clock
from kassa.apps.subscriptions import charging, options, purchases, renewing, service
from kassa.apps.subscriptions.models import Length
from kassa.db import Database, Tx
from kassa.errors import Unavailable
from kassa.money import Money
from kassa.users import User
from tests.apps.subscriptions.ends_rig import (
    AWAKE,
    BEGUN,
    DAY,
    Bank,
    Desk,
    a_desk,
    plans,
)
from tests.apps.subscriptions.rig import Till
from tests.apps.subscriptions.test_renewing_stars import SECONDS, Payer, payer

__all__ = ["payer"]

MONTH = BEGUN + 31 * DAY
DUE = MONTH - DAY


# -- Stars -------------------------------------------------------------------------


async def not_now(*_: Any) -> None:
    raise Unavailable("Telegram is away.")


@pytest.mark.parametrize("instead", ["", "balance"])
async def test_a_last_charge_of_telegrams_switches_nothing_on_again(
    till: Till, payer: Payer, monkeypatch: pytest.MonkeyPatch, instead: str
) -> None:
    """Somebody has switched it off, and Telegram has not heard of it in time."""
    first = await payer.subscribes()
    with monkeypatch.context() as away:
        away.setattr(till.payments, "stop_subscription", not_now)
        await till.db.run(lambda tx: renewing.switch_off(tx, payer.user.id))
        await till.db.execute("UPDATE subscriptions.subscription SET renews = $1", instead)
        await till.tg.clock.move(SECONDS)
        await payer.terms(2)  # it is paid for, and so it is theirs
    renewal = await payer.renewal()
    assert (renewal.kind, renewal.payment) == (instead, None)
    await till.db.execute("UPDATE outbox.job SET due_at = now() WHERE kind = $1", renewing.STOP)
    await payer.stopped()
    assert first.id
    await till.audited()


# -- cards -------------------------------------------------------------------------


@pytest.fixture
def bank() -> Bank:
    return Bank()


@pytest.fixture
async def desk(app_db: Database, bank: Bank) -> AsyncIterator[Desk]:
    async with a_desk(app_db, providers=[bank], **AWAKE, plans=plans()) as made:
        yield made


async def ends(desk: Desk, user: User) -> datetime | None:
    return (await desk.has(user)).expires_at


async def test_a_charge_that_came_second_does_not_end_all_renewals(desk: Desk, bank: Bank) -> None:
    """While nobody knows whether the card was charged, its purchase is paid from the balance;
    then it turns out that it was."""
    user = await desk.person()
    await desk.gives(user, Length(months=1), at=BEGUN)
    card = await desk.keeps_a_card(user)
    await desk.switches_on(user, f"saved:{card}:RUB")
    await desk.sweeps(BEGUN)
    bank.says = "lost"
    await desk.renews(DUE)
    number = await desk.db.fetchval("SELECT max(id) FROM subscriptions.purchase")
    await desk.pays_in(user, Money(29000, "RUB"))
    with clock.moved(lambda: DUE):
        purchase = await purchases.get(desk.db, number)
        await desk.db.run(lambda tx: purchases.from_balance(tx, purchase, "RUB"))
    bank.says = "paid"
    await desk.looks(DUE + DAY / 2)
    assert await desk.left(user) == 29000  # paid twice: it is theirs
    second = await ends(desk, user)
    assert second is not None
    await desk.between(DUE + DAY / 2, second)
    assert len(bank.charged) == 2
    after = await ends(desk, user)
    assert after is not None
    assert after > second
    await desk.audited()


async def test_the_balance_pays_by_itself_and_by_hand_and_nobody_waits_in_a_ring(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither is undone to let the other one through."""
    monkeypatch.setattr(desk.db, "run", partial(desk.db.run, attempts=1))
    sold = options.of(desk.kassa.settings)

    async def by_hand(user: User) -> None:
        async def work(tx: Tx) -> None:
            made = await purchases.begin(tx, user.id, sold.plans[0], sold, bot="17")
            await purchases.from_balance(tx, made, "RUB")

        await desk.db.run(work)

    for _ in range(10):
        user = await desk.person()
        await desk.gives(user, Length(months=1), at=BEGUN)
        await desk.pays_in(user, Money(4 * 29000, "RUB"))
        await desk.switches_on(user, "balance:RUB")
        await desk.sweeps(BEGUN)
        with clock.moved(lambda: DUE):
            ways = (by_hand(user), charging.renew_one(desk.kassa, user.id), by_hand(user))
            await asyncio.gather(*ways)
        terms = await service.terms(desk.db, user.id)
        assert len(terms) in (3, 4)
        assert await desk.left(user) == (5 - len(terms)) * 29000
    await desk.audited()
