"""Somebody's own subscription in the chat: what is left, the link, devices, history, their time."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from kassa.apps.subscriptions import service, words
from kassa.apps.subscriptions.models import Length
from kassa.apps.subscriptions.options import Options, Plan
from kassa.db import Database
from kassa.money import Money
from kassa.users import User
from tests.apps.subscriptions.chat import NBSP, begun, bought, panel_of, sells, shows, with_panel
from tests.apps.subscriptions.rig import Till, now
from tests.conftest import Fresh
from tgsandbox import Sandbox


async def given(till: Till, user: User, days: int) -> None:
    grade = till.options.grade("standard")
    await till.db.run(
        lambda tx: service.extend(
            *(tx, user.id, Length.days(days)), kind="admin", cause=f"admin:{days}", grade=grade
        )
    )


def whole_days(end: datetime) -> int:
    """Of the month that has just begun."""
    return round((end - now()).total_seconds() / 86_400)


async def days_pass(owner_db: Database, user: User, days: int) -> None:
    """As if it had begun so many days ago."""
    for each in ("subscription SET expires_at = expires_at", "term SET at = at"):
        await owner_db.execute(
            f"UPDATE subscriptions.{each} - $2::interval WHERE user_id = $1",
            *(user.id, timedelta(days=days)),
        )


async def test_who_has_none_is_shown_the_way_to_one(till: Till, tg: Sandbox) -> None:
    person = tg.user("Новичок")
    await person.send(till.kassa.bot, "/subscription")
    none = await person.reply("У вас пока нет подписки")
    assert none.buttons == [
        ["🎁 Попробовать 3 дня бесплатно"],
        ["Оформить подписку"],
        ["◀️ Главное меню"],
    ]
    sells(till, trial_days=0)
    await person.send(till.kassa.bot, "/subscription")
    none = await person.reply("У вас пока нет подписки")
    assert none.buttons == [["Оформить подписку"], ["◀️ Главное меню"]]
    await person.press("Оформить подписку", under=none)
    await person.edited("Выберите тариф:")


async def test_what_is_left_and_all_that_can_be_done(fresh: Fresh, tg: Sandbox) -> None:
    async with with_panel(fresh, tg) as till:
        sells(till, apps_url="https://example.com/apps")
        person = tg.user("Покупатель")
        user = await begun(till, person)
        await till.buys(user)
        told = await person.reply("🎉")
        assert ["📖 Как подключиться"] in told.buttons
        mine = await till.provisioned(user)
        await person.send(till.kassa.bot, "/subscription")
        shown = await person.reply("Ваша подписка")
        assert mine.expires_at is not None
        until = words.moment(mine.expires_at, ZoneInfo("Europe/Moscow"), "ru")
        days = whole_days(mine.expires_at)
        named = f"{days} день" if days == 31 else f"{days} дней"
        assert f"✅ Активна\n{'▰' * 10} {named} из {days}\n\nДействует до {until}\n" in shown.text
        assert mine.link in shown.text
        assert "📱 Устройства: до 3\n📊 Трафик: без ограничений" in shown.text
        assert shown.buttons == [
            ["Продлить"],
            ["📋 Скопировать ссылку", "🔳 QR"],
            ["📖 Как подключиться"],
            ["📱 Устройства и трафик"],
            ["🔗 Новая ссылка"],
            ["🔁 Автопродление"],
            ["📜 История", "🕒 Часовой пояс"],
            ["◀️ Главное меню"],
        ]
        opened = await person.press("📖 Как подключиться", under=shown)
        assert opened.url == "https://example.com/apps"
        await person.press("Продлить", under=shown)
        plans = await person.edited("Выберите тариф:")
        assert f"Ваша подписка до {until}. Новый срок прибавится к ней." in plans.text


async def test_the_limits_of_a_tier(fresh: Fresh, tg: Sandbox) -> None:
    async with with_panel(fresh, tg) as till:
        sells(till, tiers={"standard": {"devices": 0, "traffic_gb": 50}})
        person = tg.user("Покупатель")
        user = await bought(till, person)
        await person.send(till.kassa.bot, "/subscription")
        mine = await person.reply("Ваша подписка")
        assert "📱 Устройства: сколько угодно\n📊 Трафик: 50 ГБ в месяц" in mine.text
        panel = panel_of(till)
        panel.use((await till.has(user)).username, 13_207_024_435)
        await person.press("📱 Устройства и трафик", under=mine)
        shown = await person.edited("📊 Трафик за месяц: 12,3 ГБ из 50 ГБ")
        assert "📱 Подключено: 0\n" in shown.text


async def test_the_bar_goes_out_day_by_day(till: Till, tg: Sandbox, owner_db: Database) -> None:
    person = tg.user("Покупатель")
    user = await begun(till, person)
    await given(till, user, 30)
    await days_pass(owner_db, user, 7)
    await person.send(till.kassa.bot, "/subscription")
    assert "▰▰▰▰▰▰▰▰▱▱ 23 дня из 30" in (await person.reply("Активна")).text
    await days_pass(owner_db, user, 22)
    await person.send(till.kassa.bot, "/subscription")
    assert "▰▱▱▱▱▱▱▱▱▱ 1 день из 30" in (await person.reply("Активна")).text
    await days_pass(owner_db, user, 2)
    await person.send(till.kassa.bot, "/subscription")
    over = await person.reply("⏸ Закончилась ")
    assert over.buttons[0] == ["Продлить"]
    assert "Автопродление" not in str(over.buttons)


@pytest.mark.parametrize(
    ("left", "whole", "drawn"),
    [(0, 30, 0), (1, 30, 1), (15, 30, 5), (16, 30, 6), (30, 30, 10), (40, 30, 10), (1, 0, 10)],
)
def test_the_bar(left: int, whole: int, drawn: int) -> None:
    assert words.bar(left, whole) == "▰" * drawn + "▱" * (10 - drawn)


async def test_while_a_renewal_fails_access_goes_on(
    till: Till, tg: Sandbox, owner_db: Database
) -> None:
    person = tg.user("Покупатель")
    user = await bought(till, person)
    await days_pass(owner_db, user, 31)
    until = now() + timedelta(days=2)
    await till.db.run(lambda tx: service.grace(tx, user.id, until))
    await person.send(till.kassa.bot, "/subscription")
    shown = await person.reply("⚠️ Срок вышел")
    assert words.moment(until, ZoneInfo("Europe/Moscow"), "ru") in shown.text


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (0, "0 МБ"),
        (740 * 1024**2, "740 МБ"),
        (1024**3, "1 ГБ"),
        (13_207_024_435, "12,3 ГБ"),
        (2048 * 1024**3, f"2{NBSP}048 ГБ"),
    ],
)
def test_amounts_of_data(count: int, said: str) -> None:
    assert words.size(count, "ru") == said


# -- history -----------------------------------------------------------------------


async def test_history_is_told_in_words_page_by_page(till: Till, tg: Sandbox) -> None:
    person = tg.user("Покупатель")
    user = await bought(till, person)
    for number in range(10):
        await given(till, user, number + 1)
    await till.db.run(
        lambda tx: service.take_back(
            tx, user.id, 7200, rate=100, kind="reversal", cause="referral:1:back"
        )
    )
    await person.send(till.kassa.bot, "/subscription")
    await person.press("📜 История", under=await person.reply("Ваша подписка"))
    page = await person.edited("История")
    lines = page.text.splitlines()[2:]
    day = words.day(now(), ZoneInfo("Europe/Moscow"), "ru")
    assert lines[0] == f"{day} · \N{MINUS SIGN}2 ч · отмена бонуса"
    assert lines[1] == f"{day} · +10 дн. · от поддержки"
    assert len(lines) == 8
    assert page.buttons == [["Раньше »"], ["◀️ Назад"]]
    await person.press("Раньше »", under=page)
    page = await person.edited("История")
    lines = page.text.splitlines()[2:]
    assert len(lines) == 4
    assert lines[-1] == f"{day} · +1 мес. · оплата, 290{NBSP}₽"
    assert page.buttons == [["« В начало"], ["◀️ Назад"]]
    await person.press("« В начало", under=page)
    await person.press("◀️ Назад", under=await person.edited("отмена бонуса"))
    await person.edited("Ваша подписка")


async def test_a_history_that_is_empty(till: Till, tg: Sandbox) -> None:
    person = tg.user("Новичок")
    await begun(till, person)
    await person.press("x", under=await shows(till, person, "sub:history"))
    page = await person.edited("История пока пуста")
    assert page.buttons == [["◀️ Назад"]]
    await person.press("x", under=await shows(till, person, "sub:history:5"))
    await person.edited("Раньше ничего не было")


# -- the zone ----------------------------------------------------------------------


async def test_the_zone_changes_what_is_shown(till: Till, tg: Sandbox) -> None:
    person = tg.user("Покупатель")
    user = await bought(till, person)
    ends = await till.ends(user)
    assert ends is not None
    await person.send(till.kassa.bot, "/subscription")
    mine = await person.reply("Ваша подписка")
    assert words.moment(ends, ZoneInfo("Europe/Moscow"), "ru") in mine.text
    await person.press("🕒 Часовой пояс", under=mine)
    asked = await person.edited("(Москва)")
    named = [each for row in asked.buttons for each in row]
    assert sum(each.startswith("✓ Москва · ") for each in named) == 1
    pressed = await person.press("Владивосток", under=asked)
    assert (await pressed.answer()).text == "Готово!"
    mine = await person.edited("Ваша подписка")
    assert words.moment(ends, ZoneInfo("Asia/Vladivostok"), "ru") in mine.text
    await till.buys(user)
    told = await person.reply("🎉")
    again = await till.ends(user)
    assert again is not None
    assert words.moment(again, ZoneInfo("Asia/Vladivostok"), "ru") in told.text


async def test_a_zone_that_was_not_shown_is_none(till: Till, tg: Sandbox) -> None:
    person = tg.user("Покупатель")
    await bought(till, person)
    pressed = await person.press("x", under=await shows(till, person, "sub:zone:Mars/Olympus"))
    assert (await pressed.answer()).text == ""
    await person.nothing()


# -- auto-renewal ------------------------------------------------------------------


async def test_the_balance_renews_and_stops_in_one_tap(till: Till, tg: Sandbox) -> None:
    person = tg.user("Покупатель")
    user = await begun(till, person)
    purchase = await till.chooses(user)
    payment = await till.asks(user, purchase, "oneplat", "card")
    await till.asks(user, purchase, "cryptopay", "crypto")
    await till.pays(payment, "oneplat")
    await till.pays(payment, "cryptopay")  # to the balance
    await person.send(till.kassa.bot, "/subscription")
    await person.press("🔁 Автопродление", under=await person.reply("Ваша подписка"))
    asked = await person.edited("Сейчас выключено: без вас ничего не спишется.")
    await person.press("Включить: с баланса", under=asked)
    mine = await person.edited(f"🔁 Продлевается сама: с баланса, 290{NBSP}₽ за 1 месяц")
    assert (await till.has(user)).renews == "balance"
    await person.press("Выключить автопродление", under=mine)
    await person.edited("✅ Активна")
    assert (await till.has(user)).renews == ""
    old = await shows(till, person, "sub:auto:on:saved:7:RUB")
    pressed = await person.press("x", under=old)
    assert (await pressed.answer()).text.startswith("Этот способ сейчас недоступен")
    assert (await till.has(user)).renews == ""


async def test_without_a_card_or_balance_it_is_told_how(till: Till, tg: Sandbox) -> None:
    person = tg.user("Покупатель")
    await bought(till, person)
    await person.press("x", under=await shows(till, person, "sub:auto"))
    told = await person.edited("Включить можно при оплате")
    assert told.buttons == [["◀️ Назад"]]


# -- in Uzbek and English ----------------------------------------------------------


async def test_mine_in_uzbek_and_english(fresh: Fresh, tg: Sandbox) -> None:
    async with with_panel(fresh, tg) as till:
        for language, title, bar, zone in (
            ("uz", "Obunangiz", "{0} kundan {0} kun qoldi", "Asia/Tashkent"),
            ("en", "Your subscription", "{0} days of {0} left", "UTC"),
        ):
            person = tg.user(f"Buyer {language}", language=language)
            user = await bought(till, person)
            ends = await till.ends(user)
            assert ends is not None
            await person.send(till.kassa.bot, "/subscription")
            shown = await person.reply(title)
            assert bar.format(whole_days(ends)) in shown.text
            assert words.moment(ends, ZoneInfo(zone), language) in shown.text


def test_what_a_longer_plan_saves() -> None:
    plans = Options().plans
    saved = [words.saved(each, each.prices["RUB"], plans) for each in plans]
    assert saved == [0, 9, 14, 23]
    dear = Plan.model_validate({"name": "2m", "months": 2, "prices": {"RUB": 600}})
    assert words.saved(dear, Money(60000, "RUB"), [*plans, dear]) == 0
