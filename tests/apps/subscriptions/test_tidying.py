"""Purchases that nobody will pay are called off, and their promo codes are free again."""

from datetime import timedelta

from kassa import clock
from kassa.apps.subscriptions import promos, purchases, service, tidying
from kassa.apps.subscriptions.models import Purchase
from kassa.payments.looking import Looking
from kassa.users import User
from tests.apps.subscriptions.ends_rig import JOB
from tests.apps.subscriptions.rig import Till, now


async def tidied(till: Till, after: timedelta) -> None:
    at = now() + after
    with clock.moved(lambda: at):
        await tidying.sweep(till.kassa.kassa, JOB)


async def with_code(till: Till, user: User) -> Purchase:
    purchase = await till.chooses(user)
    await till.db.run(lambda tx: promos.apply(tx, "HALF", purchase, till.options))
    return await purchases.get(till.db, purchase.id)


async def used(till: Till) -> int:
    found: int = await till.db.fetchval("SELECT used FROM subscriptions.promo")
    return found


async def test_a_purchase_that_nobody_pays_gives_its_code_back(till: Till) -> None:
    await till.db.run(lambda tx: promos.create(tx, "HALF", "percent", value=50, most=1))
    user = await till.user(till.tg.user("Покупатель"))
    purchase = await with_code(till, user)
    await tidied(till, timedelta(minutes=119))
    assert await used(till) == 1
    await tidied(till, timedelta(minutes=121))
    assert await used(till) == 0
    assert (await purchases.get(till.db, purchase.id)).status == "gone"
    await tidied(till, timedelta(hours=25))
    assert await used(till) == 0
    await till.audited()


async def test_one_that_can_still_be_paid_is_left_alone(till: Till) -> None:
    await till.db.run(lambda tx: promos.create(tx, "HALF", "percent", value=50, most=1))
    user = await till.user(till.tg.user("Покупатель"))
    purchase = await with_code(till, user)
    payment = await till.asks(user, purchase)
    await tidied(till, timedelta(hours=25))
    assert (await purchases.get(till.db, purchase.id)).status == "open"
    at = now() + timedelta(hours=2)
    with clock.moved(lambda: at):
        await Looking(till.payments).look(payment.id)
    assert (await till.payments.get(till.db, payment.id)).status == "expired"
    await tidied(till, timedelta(hours=25))
    assert (await purchases.get(till.db, purchase.id)).status == "gone"
    # Money that comes all the same does what it was paid for, and the promise is kept.
    await till.pays(payment)
    assert len(await service.terms(till.db, user.id)) == 1
    assert await used(till) == 1
    await till.audited()


async def test_many_go_in_batches(till: Till) -> None:
    user = await till.user(till.tg.user("Покупатель"))
    purchase = await till.chooses(user)
    await till.db.execute(
        """
        INSERT INTO subscriptions.purchase
               (user_id, bot, plan, months, tier, rate, devices, traffic, prices, at)
        SELECT user_id, bot, plan, months, tier, rate, devices, traffic, prices, at
          FROM subscriptions.purchase, generate_series(1, 250) WHERE id = $1
        """,
        purchase.id,
    )
    await tidied(till, timedelta(hours=25))
    left = "SELECT count(*) FROM subscriptions.purchase WHERE status = 'open'"
    assert await till.db.fetchval(left) == 0


async def test_requests_that_nobody_sends_again_are_forgotten(till: Till) -> None:
    user = await till.user(till.tg.user("Покупатель"))
    for key, days in (("old", 8), ("new", 6)):
        await till.db.execute(
            "INSERT INTO subscriptions.request (user_id, key, asked, at) VALUES ($1, $2, '', $3)",
            *(user.id, key, now() - timedelta(days=days)),
        )
    await tidied(till, timedelta(0))
    rows = await till.db.fetch("SELECT key FROM subscriptions.request")
    assert [row["key"] for row in rows] == ["new"]
