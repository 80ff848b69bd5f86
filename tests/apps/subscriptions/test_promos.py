"""Promo codes: what they take off, for whom, and how often, however many ask at once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from kassa import clock
from kassa.apps.subscriptions import promos, purchases, service
from kassa.apps.subscriptions.models import NoSuchPromo, NotForSale, Purchase
from kassa.apps.subscriptions.options import Options
from kassa.db import Database, Tx
from kassa.ledger import balance, wallet
from kassa.money import Money
from kassa.users import service as people
from kassa.users.service import Who
from tests.apps.subscriptions.rig import Till, fulfilled
from tests.conftest import Fresh
from tgsandbox import Sandbox

SOLD = Options()
NOON = datetime(2027, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
async def db(app_db: Database) -> AsyncIterator[Database]:
    """All adds up in the end."""
    yield app_db
    assert await app_db.fetch("SELECT * FROM subscriptions.audit()") == []


def at(moment: datetime) -> AbstractContextManager[None]:
    return clock.moved(lambda: moment)


def rubles(amount: int) -> dict[str, Money]:
    return {"RUB": Money(amount * 100, "RUB")}


async def somebody(db: Database, number: int = 5) -> int:
    return (await db.run(lambda tx: people.see(tx, Who(number, "Покупатель")))).id


async def chooses(db: Database, user: int, plan: str = "1m", **more: bool) -> Purchase:
    sold = SOLD.plan(plan)
    assert sold is not None
    return await db.run(lambda tx: purchases.begin(tx, user, sold, SOLD, bot="1", **more))


async def applies(db: Database, code: str, purchase: Purchase) -> Purchase:
    await db.run(lambda tx: promos.apply(tx, code, purchase, SOLD))
    return await purchases.get(db, purchase.id)


async def refused(db: Database, code: str, purchase: Purchase) -> str:
    with pytest.raises(NoSuchPromo) as no:
        await db.run(lambda tx: promos.apply(tx, code, purchase, SOLD))
    return no.value.why


async def redeems(db: Database, code: str, user: int) -> None:
    await db.run(lambda tx: promos.redeem(tx, code, user, SOLD, bot="1"))


async def is_paid(db: Database, purchase: Purchase) -> None:
    """At the price that it had."""
    await db.run(lambda tx: fulfilled(tx, purchase.id, purchase.prices["RUB"]))


async def uses(db: Database, code: str) -> int:
    return int(await db.fetchval("SELECT used FROM subscriptions.promo WHERE code = $1", code))


# -- what is written ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("VESNA-20", "VESNA-2O"),
        (" vesna -20\n", "VESNA-2O"),
        ("ВЕСНА", "BECHA"),  # as it looks in Latin letters
        ("СОРТ", "COPT"),
        ("ＳＡＬＥ", "SALE"),
        ("Жук_7", "ЖУK_7".replace("У", "Y")),
    ],
)
def test_what_looks_the_same_is_the_same(said: str, code: str) -> None:
    assert promos.canonical(said) == code
    assert promos.canonical(code) == code


@pytest.mark.parametrize(
    "said",
    [
        "",
        " ",
        "A",
        "A" * 33,
        "A" * 10_000,
        "SALE🎉",
        "SA\u200bLE",
        "SA\u00adLE",
        "\0\0",
        "\ud800A",
        "A;B",
    ],
)
def test_what_can_be_no_code_is_none(said: str) -> None:
    with pytest.raises(NoSuchPromo) as no:
        promos.canonical(said)
    assert no.value.why == "none"


# -- what it takes off -------------------------------------------------------------


async def test_percent_are_rounded_for_the_payer(db: Database) -> None:
    await db.run(lambda tx: promos.create(tx, "ODD", "percent", value=33))
    purchase = await chooses(db, await somebody(db), "3m")  # 790 rubles, 8 dollars, 400 stars
    now = await applies(db, "odd", purchase)
    assert {each.currency: each.amount for each in now.prices.values()} == {
        "RUB": 52930,
        "USD": 536,
        "XTR": 268,
    }
    small = replace(purchase, prices={"XTR": Money(1, "XTR")})
    row = await db.fetchrow("SELECT * FROM subscriptions.promo")
    assert row is not None
    with pytest.raises(NoSuchPromo, match="too-much"):
        promos._lowered(row, small)


async def test_an_amount_larger_than_the_price_needs_a_larger_plan(db: Database) -> None:
    await db.run(lambda tx: promos.create(tx, "BIG", "amount", amounts=rubles(290)))
    user = await somebody(db)
    assert await refused(db, "BIG", await chooses(db, user, "1m")) == "too-much"
    assert await uses(db, "BIG") == 0
    now = await applies(db, "BIG", await chooses(db, user, "3m"))
    assert now.prices["RUB"] == Money(50000, "RUB")
    assert now.prices["USD"] == Money(800, "USD")  # of which it takes nothing


async def test_an_amount_in_another_currency_takes_nothing_off(db: Database) -> None:
    amounts = {"UZS": Money(10_000_00, "UZS")}
    await db.run(lambda tx: promos.create(tx, "SUM", "amount", amounts=amounts))
    assert await refused(db, "SUM", await chooses(db, await somebody(db))) == "currency"


async def test_days_come_at_once_and_without_a_purchase(db: Database) -> None:
    await db.run(lambda tx: promos.create(tx, "WEEK", "days", value=7))
    await db.run(lambda tx: promos.create(tx, "OFF", "percent", value=10))
    user = await somebody(db)
    with at(NOON):
        await redeems(db, "week", user)
    mine = await service.standing(db, user)
    assert mine is not None
    assert mine.expires_at == NOON + timedelta(days=7)
    for code, why in (("WEEK", "yours"), ("OFF", "price"), ("NO", "none")):
        with pytest.raises(NoSuchPromo) as no:
            await redeems(db, code, user)
        assert no.value.why == why
    assert await refused(db, "WEEK", await chooses(db, await somebody(db, 6))) == "days"


# -- for whom, and when ------------------------------------------------------------


async def test_when_it_can_be_used(db: Database) -> None:
    day = timedelta(days=1)
    await db.run(
        lambda tx: promos.create(tx, "MAY", "percent", value=10, since=NOON, until=NOON + day)
    )
    user = await somebody(db)
    for moment, why in ((NOON - day, "early"), (NOON + day, "over")):
        with at(moment):
            assert await refused(db, "MAY", await chooses(db, user)) == why
    with at(NOON):
        purchase = await applies(db, "MAY", await chooses(db, user))
        await db.execute("UPDATE subscriptions.promo SET closed_at = $1", NOON)
        assert await refused(db, "MAY", await chooses(db, await somebody(db, 6))) == "closed"
    await is_paid(db, purchase)  # what was promised is kept


async def test_each_has_it_so_often_and_one_at_a_time(db: Database) -> None:
    await db.run(lambda tx: promos.create(tx, "TWICE", "percent", value=10, each=2))
    await db.run(lambda tx: promos.create(tx, "OTHER", "percent", value=20))
    user = await somebody(db)
    for _ in range(2):
        purchase = await applies(db, "TWICE", await chooses(db, user))
        assert await refused(db, "TWICE", purchase) == "one"
        assert await refused(db, "OTHER", purchase) == "one"
        await is_paid(db, purchase)
    assert await refused(db, "TWICE", await chooses(db, user)) == "yours"
    with pytest.raises(NotForSale):
        await db.run(lambda tx: promos.apply(tx, "OTHER", purchase, SOLD))
    assert await uses(db, "OTHER") == 0


async def test_of_a_hundred_at_once_one_has_the_last_use(db: Database, fresh: Fresh) -> None:
    await db.run(lambda tx: promos.create(tx, "LAST", "percent", value=50, most=3))
    for number in (1001, 1002):
        await is_paid(db, await applies(db, "LAST", await chooses(db, await somebody(db, number))))
    asked = [await chooses(db, await somebody(db, number)) for number in range(1, 101)]
    async with Database(fresh.address()) as other:

        async def ask(number: int) -> str:
            on = (db, other)[number % 2]
            try:
                await on.run(lambda tx: promos.apply(tx, "LAST", asked[number], SOLD))
            except NoSuchPromo as no:
                return no.why
            return "has"

        said = await asyncio.gather(*map(ask, range(100)))
    assert sorted(said) == ["has"] + ["used"] * 99
    lower = [each for each in asked if (await purchases.get(db, each.id)).prices != each.prices]
    assert len(lower) == 1
    assert await uses(db, "LAST") == 3


async def test_of_a_persons_own_presses_at_once_one_counts(db: Database) -> None:
    await db.run(lambda tx: promos.create(tx, "WEEK", "days", value=7, most=50))
    user = await somebody(db)

    async def ask() -> str:
        try:
            await redeems(db, "WEEK", user)
        except NoSuchPromo as no:
            return no.why
        return "has"

    assert sorted(await asyncio.gather(*(ask() for _ in range(20)))) == ["has"] + ["yours"] * 19
    assert len(await service.terms(db, user)) == 1


# -- given up ----------------------------------------------------------------------


async def test_who_changes_their_mind_takes_the_code_along(db: Database) -> None:
    await db.run(lambda tx: promos.create(tx, "ONE", "percent", value=50, most=1))
    user = await somebody(db)
    month = await applies(db, "ONE", await chooses(db, user, "1m"))
    year = await applies(db, "ONE", await chooses(db, user, "12m"))
    assert year.prices["RUB"] == Money(134500, "RUB")
    assert (await purchases.get(db, month.id)).status == "gone"
    assert (await chooses(db, user, "1m")).prices["RUB"] == Money(29000, "RUB")
    assert await uses(db, "ONE") == 1
    await db.run(lambda tx: promos.expect_usable(tx, "one", user))  # it is theirs, and not used
    assert await uses(db, "ONE") == 0


async def test_a_purchase_begun_anew_keeps_its_code(db: Database) -> None:
    await db.run(lambda tx: promos.create(tx, "KEPT", "percent", value=50))
    user = await somebody(db)
    with at(NOON):
        old = await applies(db, "KEPT", await chooses(db, user))
    with at(NOON + timedelta(hours=1)):
        with pytest.raises(NotForSale):
            await db.run(lambda tx: promos.apply(tx, "KEPT", old, SOLD))
        new = await db.run(lambda tx: purchases.anew(tx, old, SOLD))
        assert (new.promo, new.prices["RUB"].amount) == ("KEPT", 14500)
        dear = await db.run(lambda tx: purchases.anew(tx, new, SOLD))
        assert dear.id == new.id  # it is fresh
    with at(NOON + timedelta(hours=2)):
        await db.execute("UPDATE subscriptions.promo SET closed_at = now()")
        plain = await db.run(lambda tx: purchases.anew(tx, new, SOLD))
        assert (plain.promo, plain.prices["RUB"].amount) == (None, 29000)


async def test_guesses_are_few_and_come_back(db: Database) -> None:
    user, other = await somebody(db), await somebody(db, 6)

    async def may_guess(who: int) -> bool:
        try:
            await db.run(lambda tx: promos.expect_no_guessing(tx, who))
        except NoSuchPromo as no:
            return no.why != "many"
        return True

    with at(NOON):
        for _ in range(promos.GUESSES):
            assert await may_guess(user)
            await db.run(lambda tx: promos.guessed(tx, user))
        assert not await may_guess(user)
        assert await may_guess(other)
    with at(NOON + promos.GUESSED_WITHIN):
        assert await may_guess(user)
        await db.run(lambda tx: promos.guessed(tx, user))
        assert await may_guess(user)


# -- with money --------------------------------------------------------------------


async def applied(till: Till, code: str, purchase: Purchase) -> Purchase:
    await till.db.run(lambda tx: promos.apply(tx, code, purchase, till.options))
    return await purchases.get(till.db, purchase.id)


async def test_given_up_and_paid_late_the_price_is_kept_and_counted(till: Till) -> None:
    await till.db.run(lambda tx: promos.create(tx, "HALF", "percent", value=50, most=1))
    late, other = [await till.user(till.tg.user(name)) for name in ("Поздний", "Другой")]
    purchase = await applied(till, "HALF", await till.chooses(late))
    payment = await till.asks(late, purchase)
    assert payment.price == Money(14500, "RUB")

    async def call_off(tx: Tx) -> bool:
        return await promos.call_off(tx, await purchases.get(tx, purchase.id, lock=True))

    assert not await till.db.run(call_off)  # they may be paying now
    again = await till.chooses(late, "3m")
    with pytest.raises(NoSuchPromo, match="waiting"):
        await applied(till, "HALF", again)
    with pytest.raises(NoSuchPromo, match="used"):
        await applied(till, "HALF", await till.chooses(other))

    await till.db.execute("UPDATE payments.payment SET status = 'expired'")  # their time is over
    assert await till.db.run(call_off)
    assert await uses(till.db, "HALF") == 0
    second = await applied(till, "HALF", await till.chooses(other))

    await till.pays(payment)
    await till.settled(payment)
    done = await purchases.get(till.db, purchase.id)
    assert (done.status, done.price) == ("done", Money(14500, "RUB"))
    assert await uses(till.db, "HALF") == 2  # a promise more than there were
    await till.pays(await till.asks(other, second))
    await till.audited()


async def test_paid_late_a_code_that_was_used_elsewhere_since_is_no_promise(
    till: Till, tg: Sandbox, owner_db: Database
) -> None:
    """Else one code of one use would make as many purchases cheap as one lets expire."""
    await till.db.run(lambda tx: promos.create(tx, "HALF", "percent", value=50))
    person = tg.user("Хитрый")
    await person.send(till.kassa.bot, "/start")
    await person.reply("👋")
    user = await till.user(person)
    first = await applied(till, "HALF", await till.chooses(user))
    late = await till.asks(user, first)
    await till.db.execute("UPDATE payments.payment SET status = 'expired'")
    second = await applied(till, "HALF", await till.chooses(user, "3m"))
    on_its_way = await till.asks(user, second)

    await till.pays(late)  # the other is open yet: what was promised last counts
    await person.reply("промокод вы уже применили к другой покупке")
    await till.pays(on_its_way)
    await till.settled(on_its_way)
    assert (await purchases.get(till.db, first.id)).status == "gone"
    assert (await purchases.get(till.db, second.id)).status == "done"
    assert (await balance(till.db, wallet(user.id, "RUB"))).available == Money(14500, "RUB")
    assert await uses(till.db, "HALF") == 1
    await till.audited()
    # A delivery that has done nothing, with no such reason, is noticed.
    await owner_db.execute("DELETE FROM subscriptions.promo_use WHERE status = 'used'")
    rows = await till.db.fetch("SELECT invariant, subject FROM subscriptions.audit()")
    missed = ("what was delivered fulfilled a purchase", f"payment {late.id}")
    assert missed in [tuple(row) for row in rows]


async def test_what_was_only_looked_at_elsewhere_takes_no_promise(till: Till) -> None:
    """The bill expired, its "another way" put the code to a new purchase; and then the money that
    was sent in time arrives."""
    await till.db.run(lambda tx: promos.create(tx, "HALF", "percent", value=50))
    user = await till.user(till.tg.user("Вовремя"))
    first = await applied(till, "HALF", await till.chooses(user))
    sent = await till.asks(user, first)
    await till.db.execute("UPDATE payments.payment SET status = 'expired'")
    looked_at = await applied(till, "HALF", await till.chooses(user, "3m"))
    await till.pays(sent)
    await till.settled(sent)
    assert (await purchases.get(till.db, first.id)).status == "done"
    assert (await purchases.get(till.db, looked_at.id)).status == "gone"
    assert await uses(till.db, "HALF") == 1
    await till.audited()


async def test_the_full_price_of_another_currency_was_not_made_by_the_code(till: Till) -> None:
    await till.db.run(lambda tx: promos.create(tx, "RUBLES", "amount", amounts=rubles(100)))
    user = await till.user(till.tg.user("Доллары"))
    first = await applied(till, "RUBLES", await till.chooses(user))
    dollars = await till.asks(user, first, "stripe")
    await till.db.execute("UPDATE payments.payment SET status = 'expired'")
    second = await applied(till, "RUBLES", await till.chooses(user, "3m"))
    await till.pays(await till.asks(user, second))
    await till.pays(dollars)
    await till.settled(dollars)
    assert (await purchases.get(till.db, first.id)).status == "done"
    assert await uses(till.db, "RUBLES") == 1
    await till.audited()


async def test_a_payment_that_failed_and_can_be_tried_again_keeps_its_code(till: Till) -> None:
    """Else its bill sells at a price that is not kept."""
    await till.db.run(lambda tx: promos.create(tx, "HALF", "percent", value=50))
    user = await till.user(till.tg.user("Ещё раз"))
    first = await applied(till, "HALF", await till.chooses(user))
    payment = await till.asks(user, first)
    await till.db.execute("UPDATE payments.payment SET status = 'failed'")
    other = await till.chooses(user, "3m")
    with pytest.raises(NoSuchPromo, match="waiting"):
        await applied(till, "HALF", other)
    await till.payments.cancel(payment.id)
    await applied(till, "HALF", other)
    assert (await purchases.get(till.db, first.id)).status == "gone"


async def test_paying_with_a_code_waits_for_nobody_who_asks_for_it(till: Till) -> None:
    await till.db.run(lambda tx: promos.create(tx, "HALF", "percent", value=50))
    user = await till.user(till.tg.user("Платит"))
    purchase = await applied(till, "HALF", await till.chooses(user))
    payment = await till.asks(user, purchase)

    async def pays_while_the_code_is_locked(tx: Tx) -> None:
        await tx.execute("SELECT FROM subscriptions.promo WHERE code = 'HALF' FOR UPDATE")
        await till.pays(payment, told=False)
        async with asyncio.timeout(3):  # a lock is waited for, for 5
            await till.charged(payment, "oneplat")

    await till.db.run(pays_while_the_code_is_locked)
    await till.settled(payment)


async def test_a_code_of_two_uses_keeps_both_promises(till: Till, tg: Sandbox) -> None:
    await till.db.run(lambda tx: promos.create(tx, "HALF", "percent", value=50, each=2))
    user = await till.user(tg.user("Дважды"))
    first = await applied(till, "HALF", await till.chooses(user))
    late = await till.asks(user, first)
    await till.db.execute("UPDATE payments.payment SET status = 'expired'")
    second = await applied(till, "HALF", await till.chooses(user, "3m"))
    await till.pays(await till.asks(user, second))
    await till.pays(late)
    await till.settled(late)
    assert (await purchases.get(till.db, first.id)).status == "done"
    assert await uses(till.db, "HALF") == 2
    await till.audited()


async def test_who_pays_the_price_of_before_has_not_used_it(till: Till) -> None:
    await till.db.run(lambda tx: promos.create(tx, "HALF", "percent", value=50))
    user = await till.user(till.tg.user("Покупатель"))
    purchase = await till.chooses(user)
    payment = await till.asks(user, purchase)
    purchase = await applied(till, "HALF", purchase)
    await till.pays(payment)
    await till.settled(payment)
    assert (await purchases.get(till.db, purchase.id)).price == Money(29000, "RUB")
    assert await uses(till.db, "HALF") == 0
    assert (await applied(till, "HALF", await till.chooses(user))).prices["USD"].amount == 150
    await till.audited()


async def test_with_a_refund_the_code_is_free_again(till: Till) -> None:
    await till.db.run(lambda tx: promos.create(tx, "HALF", "percent", value=50, most=1))
    user = await till.user(till.tg.user("Покупатель"))
    purchase = await applied(till, "HALF", await till.chooses(user))
    payment = await till.asks(user, purchase, "stripe", "card")
    await till.pays(payment)
    assert await uses(till.db, "HALF") == 1
    await till.payments.refund(payment.id, Money(50, "USD"), key="a part")
    assert await uses(till.db, "HALF") == 1
    await till.payments.refund(payment.id, Money(100, "USD"), key="the rest")
    assert await uses(till.db, "HALF") == 0
    assert (await balance(till.db, wallet(user.id, "USD"))).posted.amount == 0
    await till.audited()
