"""Auto-renewal by a kept card: one charge a period, whoever dies and whatever the bank says."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import pytest

from kassa import clock
from kassa.apps.subscriptions import charging, renewing, service
from kassa.apps.subscriptions.models import Length
from kassa.db import Database
from kassa.money import Money
from kassa.payments import saved
from kassa.payments.starting import order
from kassa.users import User
from tests.apps.subscriptions.ends_rig import (
    AWAKE,
    BEGUN,
    DAY,
    HOUR,
    JOB,
    MINUTE,
    Bank,
    Desk,
    a_desk,
    plans,
)

MONTH = BEGUN + 31 * DAY  # when a month from BEGUN ends
DUE = MONTH - DAY  # the first try
NEXT = BEGUN.replace(month=5)  # the end after that


@pytest.fixture
def bank() -> Bank:
    return Bank()


@pytest.fixture
async def desk(app_db: Database, bank: Bank) -> AsyncIterator[Desk]:
    async with a_desk(app_db, providers=[bank], **AWAKE, plans=plans()) as made:
        yield made


async def renewed(desk: Desk) -> User:
    user = await desk.person()
    await desk.gives(user, Length(months=1), at=BEGUN)
    card = await desk.keeps_a_card(user)
    await desk.switches_on(user, f"saved:{card}:RUB")
    await desk.sweeps(BEGUN)
    return user


async def ends(desk: Desk, user: User) -> datetime | None:
    return (await desk.has(user)).expires_at


async def test_the_card_is_charged_once_a_month(desk: Desk, bank: Bank) -> None:
    user = await renewed(desk)
    said = await desk.between(BEGUN, MONTH + 10 * DAY)
    assert said == [(MONTH - 3 * DAY, "renewal-soon")]
    assert desk.heard[0]["args"]["card"] == "MIR *4444"
    assert (len(bank.charged), await ends(desk, user)) == (1, NEXT)
    renewal = await desk.renewal(user)
    assert (renewal.kind, renewal.payment, renewal.tries) == ("saved", None, 0)
    await desk.between(MONTH + 10 * DAY, NEXT)
    assert len(bank.charged) == 2
    await desk.audited()


async def test_jobs_side_by_side_charge_once(desk: Desk, bank: Bank) -> None:
    users = [await renewed(desk) for _ in range(4)]
    with clock.moved(lambda: DUE):
        await asyncio.gather(*(charging.renew(desk.kassa, JOB) for _ in range(4)))
    assert (len(bank.charged), bank.asked) == (4, 4)
    assert [await ends(desk, user) for user in users] == [NEXT] * 4
    await desk.audited()


async def test_jobs_side_by_side_try_once(desk: Desk, bank: Bank) -> None:
    user = await renewed(desk)
    bank.says = "declined"
    with clock.moved(lambda: DUE):
        await asyncio.gather(*(charging.renew_one(desk.kassa, user.id) for _ in range(4)))
        for _ in range(3):
            await charging.renew_one(desk.kassa, user.id)
    assert (bank.asked, (await desk.renewal(user)).tries) == (1, 1)


async def test_a_card_that_is_declined_is_tried_again(desk: Desk, bank: Bank) -> None:
    user = await renewed(desk)
    bank.says = "declined"
    said = await desk.between(BEGUN, MONTH)
    assert said[1:] == [(DUE, "renewal-failed")]
    assert bank.asked == 3  # a day before, 20 and 12 hours before
    assert (await desk.has(user)).access_until == MONTH + 3 * DAY
    bank.says = "paid"
    await desk.between(MONTH, MONTH + 6 * HOUR)
    assert (len(bank.charged), await ends(desk, user)) == (1, NEXT)
    await desk.audited()


async def test_a_card_that_is_declined_for_days_is_let_be(desk: Desk, bank: Bank) -> None:
    user = await renewed(desk)
    bank.says = "declined"
    said = await desk.between(BEGUN, MONTH + 5 * DAY)
    assert said[1:] == [(DUE, "renewal-failed"), (MONTH + 3 * DAY, "renewal-over")]
    assert bank.asked == 6
    assert (await desk.renewal(user)).kind == ""
    await desk.audited()


@pytest.mark.parametrize("says", ["lost", "silent"])
async def test_while_nobody_knows_nothing_else_is_charged(
    desk: Desk, bank: Bank, says: str
) -> None:
    user = await renewed(desk)
    bank.says = says
    await desk.between(BEGUN, DUE)
    assert bank.asked == 1
    bank.says = "paid"
    await desk.between(DUE, DUE + 3 * HOUR, 5 * MINUTE)
    assert bank.asked == 1  # nobody has asked the bank about it yet
    await desk.looks(DUE + 3 * HOUR)
    await desk.between(DUE + 3 * HOUR, DUE + 12 * HOUR, 5 * MINUTE)
    # What was lost is found; what never was is tried again, when its time has come.
    assert (len(bank.charged), bank.asked) == (1, 1 if says == "lost" else 2)
    assert await ends(desk, user) == NEXT
    await desk.audited()


async def test_nobody_is_put_out_while_nobody_knows(desk: Desk, bank: Bank) -> None:
    user = await renewed(desk)
    bank.says = "silent"
    await desk.between(BEGUN, MONTH + HOUR, 15 * MINUTE)
    assert (await desk.has(user)).is_active(MONTH + HOUR)
    said = await desk.between(MONTH + HOUR, MONTH + 4 * DAY)
    assert said == [(MONTH + 3 * DAY, "renewal-over")]
    assert bank.asked == 1
    # It was charged after all: then it is delivered after all.
    bank.says = "paid"
    row = await desk.db.fetchrow("SELECT max(payment_id) AS payment FROM payments.attempt")
    assert row is not None
    payment = await desk.kassa.payments.get(desk.db, row["payment"])
    (attempt,) = await desk.kassa.payments.attempts(payment.id)
    bank.charged[attempt.key] = order(payment, attempt)
    await desk.looks(MONTH + 5 * DAY)
    assert (await desk.has(user)).is_active(MONTH + 6 * DAY)
    assert (await desk.renewal(user)).kind == ""
    await desk.audited()


@pytest.mark.parametrize("dies", ["before", "after"])
async def test_a_kill_around_the_charge(
    desk: Desk, bank: Bank, dies: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The caller is gone when the try is written down, or when the bank has charged."""
    user = await renewed(desk)
    charge, create = desk.kassa.payments.charge, bank.create

    async def killed(*_: Any) -> Any:
        raise asyncio.CancelledError

    async def charged_and_killed(order: Any) -> Any:
        await create(order)
        raise asyncio.CancelledError

    with monkeypatch.context() as patched:
        if dies == "before":
            patched.setattr(desk.kassa.payments, "charge", killed)
        else:
            patched.setattr(bank, "create", charged_and_killed)
        with pytest.raises(asyncio.CancelledError):
            await desk.renews(DUE)
    assert desk.kassa.payments.charge == charge
    assert len(bank.charged) == (1 if dies == "after" else 0)
    await desk.between(DUE + MINUTE, DUE + 30 * MINUTE, MINUTE)
    await desk.looks(DUE + 40 * MINUTE)
    await desk.between(DUE + 40 * MINUTE, DUE + 6 * HOUR, MINUTE * 5)
    assert (len(bank.charged), await ends(desk, user)) == (1, NEXT)
    terms = await service.terms(desk.db, user.id)
    assert len(terms) == 2
    await desk.audited()


async def test_a_card_that_was_forgotten_is_not_charged(desk: Desk, bank: Bank) -> None:
    user = await renewed(desk)
    await desk.between(BEGUN, MONTH - 2 * DAY)
    card = (await desk.renewal(user)).saved
    assert card is not None
    await desk.db.run(lambda tx: saved.forget(tx, user.id, card))
    said = [text for _, text in await desk.between(MONTH - 2 * DAY, MONTH)]
    assert said == ["renewal-no-card", "reminder-end"]
    assert (bank.asked, (await desk.renewal(user)).kind) == (0, "")


async def test_a_card_that_was_forgotten_before_is_told_in_time(desk: Desk, bank: Bank) -> None:
    user = await renewed(desk)
    card = (await desk.renewal(user)).saved
    assert card is not None
    await desk.db.run(lambda tx: saved.forget(tx, user.id, card))
    assert await desk.between(BEGUN, MONTH) == [
        (MONTH - 3 * DAY, "renewal-no-card"),
        (MONTH - 1 * DAY, "reminder-soon"),
        (MONTH, "reminder-end"),
    ]
    assert bank.asked == 0


async def test_a_charge_of_which_nobody_knows_and_another_way(desk: Desk, bank: Bank) -> None:
    """Who takes the balance instead is not charged twice for one month."""
    user = await renewed(desk)
    await desk.pays_in(user, Money(29000, "RUB"))
    bank.says = "lost"
    await desk.between(BEGUN, DUE)
    desk.at = DUE + MINUTE
    await desk.switches_on(user, "balance:RUB")
    await desk.between(DUE + MINUTE, DUE + HOUR, MINUTE)
    assert await desk.left(user) == 29000
    await desk.looks(DUE + HOUR)
    await desk.between(DUE + HOUR, DUE + 5 * HOUR)
    assert (await desk.left(user), await ends(desk, user)) == (29000, NEXT)
    assert (await desk.renewal(user)).kind == "balance"
    await desk.between(DUE + 5 * HOUR, NEXT)
    assert (await desk.left(user), len(bank.charged)) == (0, 1)
    await desk.audited()


async def test_who_switches_it_off_while_it_is_charged_has_it_off(desk: Desk, bank: Bank) -> None:
    user = await renewed(desk)
    bank.says = "lost"
    await desk.between(BEGUN, DUE)
    with clock.moved(lambda: DUE + MINUTE):
        await desk.db.run(lambda tx: renewing.switch_off(tx, user.id))
    await desk.looks(DUE + HOUR)
    assert await ends(desk, user) == NEXT  # they have paid
    assert (await desk.renewal(user)).kind == ""
    said = [text for _, text in await desk.between(DUE + HOUR, NEXT + DAY, 6 * HOUR)]
    assert said == ["reminder-soon", "reminder-soon", "reminder-end"]
    assert len(bank.charged) == 1
    await desk.audited()


async def test_who_pays_by_hand_meanwhile_is_charged_for_the_month_after(
    desk: Desk, bank: Bank
) -> None:
    user = await renewed(desk)
    bank.says = "declined"
    await desk.between(BEGUN, DUE)
    bank.says = "paid"
    await desk.gives(user, Length(months=1), at=DUE + HOUR)
    await desk.between(DUE + HOUR, NEXT - 2 * DAY)
    assert len(bank.charged) == 0
    await desk.between(NEXT - 2 * DAY, NEXT)
    assert len(bank.charged) == 1
    await desk.audited()
