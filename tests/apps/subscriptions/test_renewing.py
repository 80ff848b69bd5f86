"""Auto-renewal from the balance: told before, once a period, tried again, and switched off."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from kassa import clock
from kassa.apps.subscriptions import charging, renewing, service
from kassa.apps.subscriptions.models import Length
from kassa.apps.subscriptions.renewing import NotRenewable
from kassa.db import Database
from kassa.money import Money
from kassa.texts import load
from tests.apps.subscriptions.ends_rig import (
    AWAKE,
    BEGUN,
    DAY,
    HOUR,
    JOB,
    MINUTE,
    Desk,
    a_desk,
    plans,
)

MONTH = BEGUN + 31 * DAY  # when a month from BEGUN ends
PRICE = Money(29000, "RUB")


@pytest.fixture
async def desk(app_db: Database) -> AsyncIterator[Desk]:
    async with a_desk(app_db, **AWAKE, plans=plans()) as made:
        yield made


async def renewed(desk: Desk, *, rubles: int = 1000) -> Any:
    """Somebody whose subscription renews itself from the balance."""
    user = await desk.person()
    await desk.gives(user, Length(months=1), at=BEGUN)
    if rubles:
        await desk.pays_in(user, Money(rubles * 100, "RUB"))
    await desk.switches_on(user, "balance:RUB")
    return user


async def test_it_is_told_three_days_before_and_paid_once_a_month(desk: Desk) -> None:
    user = await renewed(desk)
    assert await desk.between(BEGUN, MONTH + 20 * DAY) == [(MONTH - 3 * DAY, "renewal-soon")]
    assert await desk.left(user) == 100000 - 29000
    # Without a gap: from the old end on.
    mine = await desk.has(user)
    assert mine.expires_at == BEGUN.replace(month=5)
    before, after = sorted(await service.terms(desk.db, user.id), key=lambda each: each.id)
    assert after.before == before.after
    (said,) = desk.heard
    assert said["args"]["amount"] == str(PRICE)
    assert said["args"]["on"] == "31 марта 2027, 15:00"
    assert said["args"]["by"] == "balance"
    assert said["buttons"][0][0]["data"] == "sub:auto:off"
    # The month after that, too.
    said_later = await desk.between(MONTH + 20 * DAY, MONTH + 31 * DAY)
    assert said_later == [(BEGUN.replace(month=4, day=28), "renewal-soon")]
    assert await desk.left(user) == 100000 - 2 * 29000
    await desk.audited()


async def test_what_is_said_can_be_said_in_every_language(desk: Desk) -> None:
    texts = load("kassa.apps.subscriptions")
    for by in ("balance", "saved", "stars"):
        for dearer in ("yes", "no"):
            args = {"by": by, "dearer": dearer, "months": 3, "card": "MIR *4444"}
            args |= {"on": "1", "until": "2", "amount": str(PRICE), "was": str(PRICE)}
            for language in ("ru", "uz", "en"):
                for name in ("soon", "failed", "over", "withdrawn", "no-card"):
                    said = texts.say(language, f"renewal-{name}", **args)
                    assert "{" not in said
                    assert "  " not in said.replace("\n", "")


async def test_too_little_is_tried_again_and_then_it_is_switched_off(desk: Desk) -> None:
    user = await renewed(desk, rubles=100)
    tries = []

    async def count(at: Any) -> None:
        before = (await desk.renewal(user)).tries
        await desk.minute(at)
        if (await desk.renewal(user)).tries > before:
            tries.append((at - MONTH) / HOUR)

    at = BEGUN
    while at < MONTH + 4 * DAY:
        await count(at)
        at += HOUR
    assert tries == [-24, -20, -12, 4, 28, 52]
    assert [(each["at"], each["text"]) for each in desk.heard] == [
        (MONTH - 3 * DAY, "renewal-soon"),
        (MONTH - 1 * DAY, "renewal-failed"),
        (MONTH + 3 * DAY, "renewal-over"),
    ]
    assert desk.heard[1]["args"]["until"] == "4 апреля 2027, 15:00"  # with the grace
    assert (await desk.renewal(user)).kind == ""
    assert await desk.left(user) == 10000
    assert await desk.between(MONTH + 4 * DAY, MONTH + 10 * DAY, 6 * HOUR) == [
        (MONTH + 7 * DAY, "reminder-back")
    ]
    await desk.audited()


async def test_who_pays_in_meanwhile_is_renewed_without_a_gap(desk: Desk) -> None:
    user = await renewed(desk, rubles=100)
    await desk.between(BEGUN, MONTH + 2 * HOUR)
    mine = await desk.has(user)
    assert mine.access_until == MONTH + 3 * DAY  # the grace
    assert mine.is_active(MONTH + HOUR)
    await desk.pays_in(user, PRICE)
    await desk.between(MONTH + 3 * HOUR, MONTH + 10 * HOUR)
    mine = await desk.has(user)
    assert mine.expires_at == BEGUN.replace(month=5)  # from the old end, the grace being paid for
    assert (mine.grace_until, mine.renew_tries) == (None, 0)
    assert await desk.left(user) == 10000
    await desk.audited()


async def test_a_kill_takes_no_money_or_renews(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    user = await renewed(desk)
    await desk.sweeps(BEGUN)
    begin = charging._begin

    async def and_die(*args: Any) -> None:
        await begin(*args)
        raise SystemError("killed")

    with monkeypatch.context() as patched:
        patched.setattr(charging, "_begin", and_die)
        await desk.renews(MONTH - DAY)
    assert await desk.left(user) == 100000
    assert (await desk.has(user)).expires_at == MONTH
    for _ in range(3):
        await desk.renews(MONTH - DAY + MINUTE)
    assert await desk.left(user) == 100000 - 29000
    await desk.audited()


async def test_jobs_side_by_side_charge_once(desk: Desk) -> None:
    users = [await renewed(desk) for _ in range(5)]
    await desk.sweeps(BEGUN)
    with clock.moved(lambda: MONTH - DAY):
        await asyncio.gather(*(charging.renew(desk.kassa, JOB) for _ in range(4)))
    assert [await desk.left(user) for user in users] == [100000 - 29000] * 5
    await desk.audited()


# -- prices and plans --------------------------------------------------------------


async def test_a_price_that_rose_is_told_and_then_charged(desk: Desk) -> None:
    user = await renewed(desk)
    desk.sells(plans=plans(RUB=350))
    await desk.between(BEGUN, MONTH - 3 * DAY)
    said = desk.heard[0]["args"]
    assert (said["dearer"], said["amount"], said["was"]) == ("yes", "350.00 RUB", "290.00 RUB")
    await desk.between(MONTH - 3 * DAY, MONTH)
    assert await desk.left(user) == 100000 - 35000


async def test_a_price_that_rises_after_it_was_told_is_not_charged(desk: Desk) -> None:
    user = await renewed(desk)
    await desk.between(BEGUN, MONTH - 2 * DAY)
    desk.sells(plans=plans(RUB=350))
    await desk.between(MONTH - 2 * DAY, MONTH)
    assert await desk.left(user) == 100000 - 29000


async def test_a_price_that_fell_is_charged(desk: Desk) -> None:
    user = await renewed(desk)
    await desk.between(BEGUN, MONTH - 2 * DAY)
    desk.sells(plans=plans(RUB=200))
    await desk.between(MONTH - 2 * DAY, MONTH)
    assert await desk.left(user) == 100000 - 20000
    assert desk.heard[0]["args"]["dearer"] == "no"


@pytest.mark.parametrize("when", [MONTH - 10 * DAY, MONTH - 2 * DAY], ids=["before", "after"])
async def test_a_plan_that_is_sold_no_more_is_told_and_not_charged(desk: Desk, when: Any) -> None:
    user = await renewed(desk)
    await desk.between(BEGUN, when)
    desk.sells(plans=[{"name": "3m", "months": 3, "prices": {"RUB": 790}}])
    said = [text for _, text in await desk.between(when, MONTH + DAY)]
    is_before = when < MONTH - 3 * DAY
    assert said == ["renewal-withdrawn", *["reminder-soon"] * is_before, "reminder-end"]
    assert await desk.left(user) == 100000
    assert (await desk.renewal(user)).kind == ""


# -- on and off --------------------------------------------------------------------


async def test_who_switches_it_off_is_not_charged_and_reminded_as_others(desk: Desk) -> None:
    user = await renewed(desk)
    await desk.between(BEGUN, MONTH - 2 * DAY)
    with clock.moved(lambda: MONTH - 2 * DAY):
        assert await desk.db.run(lambda tx: renewing.switch_off(tx, user.id))
        assert not await desk.db.run(lambda tx: renewing.switch_off(tx, user.id))
    assert await desk.between(MONTH - 2 * DAY, MONTH + DAY) == [
        (MONTH - 1 * DAY, "reminder-soon"),
        (MONTH, "reminder-end"),
    ]
    assert await desk.left(user) == 100000


async def test_who_switches_it_off_in_the_grace_is_let_in_no_more(desk: Desk) -> None:
    user = await renewed(desk, rubles=100)
    await desk.between(BEGUN, MONTH + DAY)
    wanted = (await desk.has(user)).wanted
    with clock.moved(lambda: MONTH + DAY):
        await desk.db.run(lambda tx: renewing.switch_off(tx, user.id))
    mine = await desk.has(user)
    assert mine.access_until == MONTH
    assert mine.wanted > wanted  # the panel is told
    assert await desk.sweeps(MONTH + DAY + MINUTE) == [(user.id, "reminder-end")]


async def test_ways_are_there_for_who_has_time_and_money(desk: Desk) -> None:
    user = await desk.person()

    async def ways() -> list[str]:
        with clock.moved(lambda: desk.at):
            found = await renewing.ways_to_renew(desk.db, desk.kassa, user.id)
        return [each.code for each in found]

    assert await ways() == []
    await desk.pays_in(user, Money(100, "RUB"))
    assert await ways() == []
    await desk.gives(user, Length(months=1), at=BEGUN)
    assert await ways() == ["balance:RUB"]
    assert await renewing.standing(desk.db, desk.kassa, user.id) is None
    await desk.switches_on(user, "balance:RUB")
    found = await renewing.standing(desk.db, desk.kassa, user.id)
    assert found is not None
    assert (found.kind, found.plan, found.months, found.price) == ("balance", "1m", 1, PRICE)
    for code in ("balance:USD", "saved:1:RUB", "stars", ""):
        with pytest.raises(NotRenewable):
            await desk.switches_on(user, code)
    desk.at = MONTH + DAY
    with pytest.raises(NotRenewable):  # it is over
        await desk.switches_on(user, "balance:RUB")


async def test_days_that_come_meanwhile_move_the_renewal(desk: Desk) -> None:
    user = await renewed(desk, rubles=100)
    await desk.between(BEGUN, MONTH - 20 * HOUR)
    assert (await desk.renewal(user)).tries == 2
    await desk.gives(user, Length.days(7), at=MONTH - 18 * HOUR)  # for a friend, say
    await desk.pays_in(user, PRICE)
    await desk.between(MONTH - 18 * HOUR, MONTH + 5 * DAY)
    assert await desk.left(user) == 39000
    assert (await desk.renewal(user)).tries == 0
    await desk.between(MONTH + 5 * DAY, MONTH + 6 * DAY)
    assert await desk.left(user) == 10000
    mine = await desk.has(user)
    assert mine.expires_at == (MONTH + 7 * DAY).replace(month=5)
    await desk.audited()


async def test_days_that_came_a_moment_ago_are_not_paid_for_twice(desk: Desk) -> None:
    """Before anybody has looked at the new end."""
    user = await renewed(desk)
    await desk.sweeps(BEGUN)
    await desk.gives(user, Length(months=1), at=MONTH - DAY - MINUTE)
    await desk.renews(MONTH - DAY)
    await desk.between(MONTH - DAY, MONTH + 10 * DAY)
    assert await desk.left(user) == 100000


async def test_without_a_grace_it_ends_with_the_end(app_db: Database) -> None:
    async with a_desk(app_db, **AWAKE, plans=plans(), grace_days=0) as desk:
        user = await renewed(desk, rubles=100)
        said = await desk.between(BEGUN, MONTH + DAY)
        assert said[1:] == [(MONTH - DAY, "renewal-failed"), (MONTH, "renewal-over")]
        assert (await desk.has(user)).access_until == MONTH


async def test_a_failure_at_night_is_told_in_the_morning(app_db: Database) -> None:
    async with a_desk(app_db, plans=plans()) as desk:
        user = await desk.person()
        begun = BEGUN.replace(hour=20)  # 23:00 in Moscow
        await desk.gives(user, Length(months=1), at=begun)
        await desk.pays_in(user, Money(100, "RUB"))
        await desk.switches_on(user, "balance:RUB")
        await desk.between(begun, begun + 31 * DAY, HOUR)
        failed = next(each for each in desk.heard if each["text"] == "renewal-failed")
        assert failed["at"] == (begun + 31 * DAY).replace(hour=6)
        assert (await desk.renewal(user)).tries > 1  # which does not wait for it


async def test_after_a_long_standstill_it_is_tried_once(desk: Desk) -> None:
    user = await renewed(desk)
    await desk.sweeps(BEGUN)
    await desk.minute(MONTH + 10 * DAY)
    assert await desk.left(user) == 100000 - 29000
    poor = await renewed(desk, rubles=10)
    await desk.sweeps(BEGUN)
    said = await desk.minute(MONTH + 10 * DAY)
    assert (poor.id, "renewal-over") in said
    assert (await desk.renewal(poor)).kind == ""
