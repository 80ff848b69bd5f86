"""Gifts: a link that is opened once, by a friend, and what a refund does."""

import asyncio
from typing import Any

import pytest

from kassa.apps import tokens
from kassa.apps.subscriptions import APP, gifts, months, promos, purchases, service
from kassa.apps.subscriptions.models import Grade, Length, NoSuchGift, Purchase, Term
from kassa.db import Database, Tx
from kassa.money import Money
from kassa.telegram import routing
from kassa.users import User
from tests.apps.subscriptions.rig import Till, a_till
from tests.apps.tokens.steps import eventually
from tests.conftest import Fresh
from tgsandbox import Sandbox


async def gift_of(till: Till, buyer: User, plan: str = "1m") -> tuple[Purchase, str]:
    """Paid in dollars by card; the code of its link."""
    purchase = await till.chooses(buyer, plan, gift=True)
    payment = await till.asks(buyer, purchase, "stripe", "card")
    await till.pays(payment)
    await till.settled(payment)
    [made] = [g for g in await gifts.of_buyer(till.db, buyer.id) if g.purchase == purchase.id]
    return await purchases.get(till.db, purchase.id), made.code


async def two(till: Till) -> tuple[User, User]:
    return await till.user(till.tg.user("Даритель")), await till.user(till.tg.user("Друг"))


async def opens(till: Till, user: User, code: str) -> Term:
    return await till.db.run(lambda tx: gifts.redeem(tx, user.id, code, bot="1"))


async def refused(till: Till, user: User, code: str) -> str:
    with pytest.raises(NoSuchGift) as no:
        await opens(till, user, code)
    return no.value.why


async def test_a_gift_is_the_friends_and_not_the_buyers(till: Till) -> None:
    buyer, friend = await two(till)
    other = await till.user(till.tg.user("Другой"))
    _, code = await gift_of(till, buyer, "3m")
    assert await service.standing(till.db, buyer.id) is None
    assert await refused(till, buyer, code) == "yours"
    term = await opens(till, friend, code)
    assert await till.ends(friend) == months.later(term.at, 3, term.at.day)
    assert await refused(till, friend, code) == "opened"
    assert await refused(till, other, code) == "taken"
    for wrong in ("", "x", "no_such_code", "x" * 10_000, "\0" * 16, "🎁" * 8):
        assert await refused(till, other, wrong) == "none"
    await till.audited()


async def test_under_twenty_at_once_one_opens_it(till: Till, fresh: Fresh) -> None:
    buyer, _ = await two(till)
    _, code = await gift_of(till, buyer)
    friends = [await till.user(till.tg.user(f"Друг {number}")) for number in range(20)]
    async with Database(fresh.address()) as other:

        async def opened(number: int) -> str:
            on, user = (till.db, other)[number % 2], friends[number].id
            try:
                await on.run(lambda tx: gifts.redeem(tx, user, code, bot="1"))
            except NoSuchGift as no:
                return no.why
            return "has"

        said = await asyncio.gather(*map(opened, range(20)))
    assert sorted(said) == ["has"] + ["taken"] * 19
    assert await till.db.fetchval("SELECT count(*) FROM subscriptions.term") == 1
    await till.audited()


async def test_what_is_left_of_another_tier_is_converted(till: Till) -> None:
    buyer, friend = await two(till)
    _, code = await gift_of(till, buyer)
    family = Grade("family", 200, 10, 0)

    async def has_ten_days(tx: Tx) -> Any:
        return await service.extend(
            *(tx, friend.id, Length.days(10)), kind="admin", cause="x", grade=family
        )

    await till.db.run(has_ten_days)
    gift = await gifts.to_open(till.db, friend.id, code)
    assert gifts.changes(await till.has(friend), gift)
    await opens(till, friend, code)
    change, given = list(await service.terms(till.db, friend.id))[1::-1]
    assert (change.kind, round(change.seconds / 86_400)) == ("change", 10)  # 10 days are worth 20
    assert given.kind == "gift"
    assert (await till.has(friend)).grade.tier == "standard"
    await till.audited()


async def test_a_gift_that_was_not_opened_is_closed_by_its_refund(till: Till) -> None:
    buyer, friend = await two(till)
    purchase, code = await gift_of(till, buyer)
    assert purchase.paid_by is not None
    await till.payments.refund(purchase.paid_by, key="x")
    assert await refused(till, friend, code) == "revoked"
    [gift] = await gifts.of_buyer(till.db, buyer.id)
    assert gift.state == "revoked"
    await till.audited()


async def test_a_gift_that_was_opened_is_taken_back_with_its_money(till: Till) -> None:
    buyer, friend = await two(till)
    purchase, code = await gift_of(till, buyer)
    term = await opens(till, friend, code)
    assert purchase.paid_by is not None
    await till.payments.refund(purchase.paid_by, key="x")
    [back, given] = await service.terms(till.db, friend.id)
    assert (back.kind, given.id) == ("refund", term.id)
    assert back.after - back.at <= back.at - term.at  # nothing is left
    assert not (await till.has(friend)).is_active(back.at)
    await till.audited()


async def test_of_a_part_that_went_back_the_friend_has_the_rest(till: Till) -> None:
    """Whether it went back before they opened it or after."""
    buyer, friend = await two(till)
    ends = []
    for late in (False, True):
        purchase, code = await gift_of(till, buyer)
        assert purchase.paid_by is not None
        if late:
            term = await opens(till, friend, code)
        await till.payments.refund(purchase.paid_by, Money(100, "USD"), key=str(late))
        if not late:
            term = await opens(till, friend, code)
        back = (await service.terms(till.db, friend.id))[0]
        assert back.kind == "refund"
        ends.append((-back.seconds, term.seconds // 3))
    assert all(taken == third for taken, third in ends)
    await till.audited()


async def test_a_refund_and_a_friend_who_opens_it_wait_for_each_other(
    till: Till, fresh: Fresh
) -> None:
    """The purchase is locked before its gift: the other way round, one would be undone."""
    buyer, friend = await two(till)
    purchase, code = await gift_of(till, buyer)
    async with Database(fresh.address()) as other:
        async with other.transaction() as tx:
            await purchases.get(tx, purchase.id, lock=True)
            opening = asyncio.create_task(opens(till, friend, code))

            async def waits() -> bool:
                return bool(
                    await other.fetchval("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)")
                )

            await eventually(waits)
            await tx.execute("SET LOCAL lock_timeout = '500ms'")
            await tx.execute("SELECT FROM subscriptions.gift WHERE code = $1 FOR UPDATE", code)
        await opening
    await till.audited()


async def test_a_code_makes_a_gift_cheaper(till: Till) -> None:
    buyer, friend = await two(till)
    await till.db.run(lambda tx: promos.create(tx, "HALF", "percent", value=50))
    purchase = await till.chooses(buyer, gift=True)
    await till.db.run(lambda tx: promos.apply(tx, "HALF", purchase, till.options))
    purchase, code = await gift_of(till, buyer)
    assert purchase.price == Money(150, "USD")
    assert (await opens(till, friend, code)).months == 1
    await till.audited()


# -- in the chat -------------------------------------------------------------------


async def test_a_gift_from_the_chat_to_a_friend(till: Till) -> None:
    giver, friend, third = (till.tg.user(name) for name in ("Даритель", "Друг", "Третий"))
    buyer = await till.user(giver)
    await giver.send(till.kassa.bot, "/gift")
    await giver.reply("🎁 Подарите подписку")
    await giver.press("3 месяца — 790\xa0₽")
    await giver.edited("Подарок: подписка на 3 месяца")
    _, code = await gift_of(till, buyer, "3m")
    told = await giver.reply("🎁 Подарок оплачен: подписка на 3 месяца")
    link = f"https://t.me/{till.kassa.bot.record.username}?start=gift_{code}"
    assert link in told.text
    share, copy = told.button("🎁 Подарить"), told.button("📋 Скопировать ссылку")
    assert share is not None
    assert copy is not None
    assert share["url"].startswith("https://t.me/share/url?url=https%3A%2F%2Ft.me%2F")
    assert copy["copy_text"] == {"text": link}
    await giver.press("🎁 Мои подарки", under=told)
    listed = await giver.edited("ещё не открыт")
    assert link in listed.text
    await giver.start(till.kassa.bot, f"gift_{code}")
    await giver.reply("🎁 Это ваш подарок: он для друга")

    await friend.start(till.kassa.bot, f"gift_{code}")
    card = await friend.reply("🎁 Даритель дарит вам подписку на 3 месяца!")
    await friend.press("🎁 Принять подарок", under=card)
    await friend.edited("🎁 Подарок принят!")
    told = await giver.reply("🎉 Ваш подарок (подписка на 3 месяца) открыт!")
    await giver.press("🎁 Подарить ещё", under=told)
    await giver.press("🎁 Мои подарки")
    assert link not in (await giver.edited("открыт")).text
    await friend.start(till.kassa.bot, f"gift_{code}")
    await friend.reply("🎁 Вы уже приняли этот подарок")
    await third.start(till.kassa.bot, f"gift_{code}")
    await third.reply("😔 Этот подарок уже открыл кто-то другой")
    await third.start(till.kassa.bot, "gift_nosuchcode")
    await third.reply("🤔 Такого подарка нет")
    await till.audited()


async def test_a_double_tap_is_one_gift(till: Till) -> None:
    giver, friend = till.tg.user("Даритель"), till.tg.user("Друг")
    _, code = await gift_of(till, await till.user(giver))
    await friend.start(till.kassa.bot, f"gift_{code}")
    card = await friend.reply("🎁 Даритель")
    await friend.press("🎁 Принять подарок", under=card)
    await friend.edited("🎁 Подарок принят!")
    user = await till.user(friend)
    [term] = await service.terms(till.db, user.id)
    assert (term.kind, term.cause) == ("gift", f"gift:{code}")
    await till.audited()


async def test_terms_are_accepted_before_a_gift(fresh: Fresh, tg: Sandbox) -> None:
    terms = {"TERMS_URL": "https://example.com/terms", "TERMS_VERSION": "2"}
    async with a_till(fresh, tg, **terms) as till:
        friend = till.tg.user("Друг")
        _, code = await gift_of(till, await till.user(till.tg.user("Даритель")))
        await friend.start(till.kassa.bot, f"gift_{code}")
        asked = await friend.reply("https://example.com/terms")
        assert asked.buttons == [["✅ Принимаю"]]
        await friend.press("✅ Принимаю")
        await friend.edited("🎁 Даритель дарит вам подписку на 1 месяц!")
        await till.db.execute(
            "UPDATE users.person SET terms_version = '1' WHERE terms_at IS NOT NULL"
        )
        await friend.press("🎁 Принять подарок")
        await friend.edited("https://example.com/terms")
        await friend.press("✅ Принимаю")
        await friend.edited("🎁 Даритель дарит вам подписку на 1 месяц!")
        await friend.press("🎁 Принять подарок")
        await friend.edited("🎁 Подарок принят!")
        assert (await till.user(friend)).terms_version == "2"
        await till.audited()


def test_a_bot_may_show_other_apps_beside_it() -> None:
    assert routing.conflicts("both", [APP, tokens.APP]) == []
