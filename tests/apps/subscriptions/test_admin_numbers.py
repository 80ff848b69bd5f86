"""The numbers of /admin, against a hand's count."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from kassa import clock
from kassa.apps.subscriptions import purchases, service
from kassa.apps.subscriptions.admin import statistics
from kassa.db import Tx
from tests.apps.subscriptions.admins import ADMINS, an_admin
from tests.apps.subscriptions.rig import Till, a_till
from tests.apps.tokens.steps import eventually
from tests.conftest import Fresh
from tgsandbox import Sandbox

BEHIND = "SELECT count(*) FROM subscriptions.subscription WHERE provisioned < wanted"


@pytest.fixture
async def till(fresh: Fresh, tg: Sandbox) -> AsyncIterator[Till]:
    admins = ",".join(str(tg.user(name).id) for name in ADMINS)
    async with a_till(fresh, tg, ADMIN_IDS=admins) as made:
        yield made


async def test_the_numbers_of_the_day_are_those_that_a_hand_counts(till: Till) -> None:
    zone = ZoneInfo("Europe/Moscow")
    now = clock.now().astimezone(zone)
    noon = now.replace(hour=12, minute=0, second=0, microsecond=0)
    if noon > now:  # what is done at noon would wait for it
        noon -= timedelta(days=1)
    people = [await till.user(till.tg.user(f"Человек {n}")) for n in range(6)]

    async def world(tx: Tx) -> None:
        # Two came today, one yesterday, one six days ago, and two longer ago.
        for user, days in zip(people, (0, 0, 1, 6, 7, 30), strict=True):
            await tx.execute(
                "UPDATE users.person SET created_at = $2 WHERE id = $1",
                *(user.id, noon - timedelta(days=days)),
            )

    await till.db.run(world)

    async def at(days: int, work: Callable[[], Awaitable[None]]) -> None:
        with clock.moved(lambda: (noon - timedelta(days=days)).astimezone(UTC)):
            await work()

    async def sells(number: int, plan: str = "1m") -> None:
        async def sell(tx: Tx) -> None:
            sold = till.options.plan(plan)
            assert sold is not None
            bought = await purchases.begin(tx, people[number].id, sold, till.options, bot="1")
            bought = await purchases.get(tx, bought.id, lock=True)
            price = sold.prices["RUB"]
            await purchases.fulfil(tx, bought, price=price, paid_by=None)

        await till.db.run(sell)

    async def trial(number: int) -> None:
        await till.db.run(
            lambda tx: service.begin_trial(tx, people[number].id, till.options, bot="1")
        )

    await at(20, lambda: sells(5, "3m"))  # before all that is counted, and active still
    await at(13, lambda: sells(4))  # ends in about 17 days
    await at(6, lambda: trial(3))  # over
    await at(1, lambda: trial(2))  # ends in two days
    await at(1, lambda: sells(4))  # a renewal
    await at(0, lambda: sells(0))
    await at(0, lambda: sells(5))  # a renewal

    async def provisioned() -> bool:
        return bool(await till.db.fetchval(BEHIND) == 0)

    await eventually(provisioned)
    await till.db.execute(
        "UPDATE subscriptions.subscription SET wanted = wanted + 1 WHERE user_id = $1", people[0].id
    )
    numbers = await statistics.now(till.db, noon.astimezone(UTC) + timedelta(hours=1), zone)
    three = statistics.Three
    assert numbers.people == three(2, 1, 4)
    assert numbers.trials == three(0, 1, 2)
    assert numbers.sales == three(2, 1, 3)
    assert numbers.renewals == three(1, 1, 2)
    (rubles,) = numbers.takings
    assert (str(rubles.today), str(rubles.yesterday), str(rubles.week)) == (
        "580.00 RUB",
        "290.00 RUB",
        "870.00 RUB",
    )
    assert [each // 100 for each in rubles.days] == [290, *[0] * 11, 290, 580]
    assert statistics.bars(rubles.days) == "▄···········▄█"
    assert (numbers.active, numbers.ending, numbers.waiting) == (4, 1, 1)
    assert (numbers.refunds, numbers.undelivered, numbers.dead) == (three(), 0, 0)


async def test_a_refund_and_what_is_not_well_are_among_the_numbers(till: Till) -> None:
    admin, user = an_admin(till), await till.user(till.tg.user("Покупатель"))
    purchase = await till.buys(user, "1m", "stripe")
    assert purchase.paid_by is not None
    await till.payments.refund(purchase.paid_by, key="x")
    await till.db.execute(
        """
        INSERT INTO outbox.job (kind, payload, due_at, most, dead_at)
        VALUES ('nobody', '{}', now(), 1, now())
        """
    )
    await admin.send(till.kassa.bot, "/admin")
    said = (await admin.reply("Админка")).text
    assert "Оплаты: 1 · 0 · 1" in said
    assert "Возвраты: 1 · 0 · 1" in said
    assert re.search(r"Возвращено за 7 дней: .*3", said)
    assert "Задания, которые не удались: 1" in said
    assert "в порядке" not in said


def test_days_begin_at_midnight_where_the_admin_lives() -> None:
    zone = ZoneInfo("Europe/Berlin")
    at = datetime(2026, 4, 1, 22, 30, tzinfo=UTC)  # half past midnight, on 2 April
    days = statistics.midnights(at, zone)
    assert len(days) == 14
    assert days[-1].astimezone(UTC) == datetime(2026, 4, 1, 22, tzinfo=UTC)
    assert days[0].astimezone(UTC) == datetime(2026, 3, 19, 23, tzinfo=UTC)  # winter still
    assert statistics.bars([0, 0]) == "··"
