"""The terms before everything: accepted once, asked again when they change, and nothing is lost."""

import pytest

from kassa import users
from kassa.apps.subscriptions import gifts, service
from tests.apps.subscriptions.chat import shows
from tests.apps.subscriptions.rig import a_till
from tests.conftest import Fresh
from tgsandbox import Sandbox

URL = "https://example.com/terms"
TERMS = {"TERMS_URL": URL, "TERMS_VERSION": "2026-11"}


async def test_start_shows_the_terms_first(fresh: Fresh, tg: Sandbox) -> None:
    async with a_till(fresh, tg, **TERMS) as till:
        person = tg.user("Покупатель")
        await person.send(till.kassa.bot, "/start")
        asked = await person.reply(f"прочитайте, пожалуйста, условия: {URL}")
        assert "Редакция: 2026-11" in asked.text
        assert asked.buttons == [["✅ Принимаю"]]
        assert (await till.user(person)).terms_at is None

        pressed = await person.press("✅ Принимаю", under=asked)
        assert (await pressed.answer()).text == "✅ Спасибо! Вы приняли условия."
        start = await person.edited("👋 Здравствуйте, Покупатель!")
        assert start.buttons[0] == ["Оформить подписку"]
        known = await till.user(person)
        assert known.terms_version == "2026-11"
        assert known.terms_at is not None
        await person.send(till.kassa.bot, "/start")
        await person.reply("👋 Здравствуйте, Покупатель!")


@pytest.mark.parametrize(
    ("goes", "gets"),
    [
        ("/buy", "Выберите тариф:"),
        ("sub:plans", "Выберите тариф:"),
        ("sub:plan:1m", "Подписка на 1 месяц"),
        ("/trial", "🎁 Открываем доступ на 3 дня"),
    ],
)
async def test_nobody_buys_before_that_and_goes_on_after_it(
    fresh: Fresh, tg: Sandbox, goes: str, gets: str
) -> None:
    async with a_till(fresh, tg, **TERMS) as till:
        person = tg.user("Покупатель")
        await person.send(till.kassa.bot, "/start")
        await person.reply(URL)
        if goes.startswith("/"):
            await person.send(till.kassa.bot, goes)
            asked = await person.reply(URL)
        else:
            await person.press("x", under=await shows(till, person, goes))
            asked = await person.edited(URL)
        assert await till.db.fetchval("SELECT count(*) FROM subscriptions.purchase") == 0
        assert await service.standing(till.db, (await till.user(person)).id) is None
        await person.press("✅ Принимаю", under=asked)
        await person.edited(gets)


async def test_other_terms_are_asked_for_before_paying(fresh: Fresh, tg: Sandbox) -> None:
    async with a_till(fresh, tg, **TERMS) as till:
        person = tg.user("Покупатель")
        await person.send(till.kassa.bot, "/start")
        await person.reply(URL)
        user = await till.user(person)
        await till.db.run(lambda tx: users.accept_terms(tx, user.id, "2025-01"))
        purchase = await till.chooses(user)
        data = f"sub:pay:{purchase.id}:oneplat:card:RUB"
        await person.press("x", under=await shows(till, person, data))
        asked = await person.edited(URL)
        assert await till.db.fetchval("SELECT count(*) FROM payments.payment") == 0
        await person.press("✅ Принимаю", under=asked)
        await person.edited("Как вам удобнее заплатить?")


async def test_consent_to_older_terms_goes_nowhere(fresh: Fresh, tg: Sandbox) -> None:
    async with a_till(fresh, tg, **TERMS) as till:
        person = tg.user("Покупатель")
        await person.send(till.kassa.bot, "/start")
        await person.reply(URL)
        old = await shows(till, person, f"terms:{'0' * 16}:sub:plans")
        pressed = await person.press("x", under=old)
        assert (await pressed.answer()).text == "Эта кнопка уже не работает"
        assert (await till.user(person)).terms_at is None


async def test_who_came_by_an_invitation_is_remembered(fresh: Fresh, tg: Sandbox) -> None:
    async with a_till(fresh, tg, **TERMS) as till:
        inviter = await till.user(tg.user("Друг"))
        person = tg.user("Гость")
        await person.start(till.kassa.bot, f"ref_{inviter.referral_code}")
        asked = await person.reply(URL)
        await person.press("✅ Принимаю", under=asked)
        await person.edited("👋 Здравствуйте, Гость!")
        assert (await till.user(person)).referred_by == inviter.id


async def test_a_gift_waits_until_the_terms_are_accepted(fresh: Fresh, tg: Sandbox) -> None:
    async with a_till(fresh, tg, **TERMS) as till:
        giver = await till.user(tg.user("Даритель"))
        purchase = await till.chooses(giver, gift=True)
        await till.pays(await till.asks(giver, purchase))
        (gift,) = await gifts.of_buyer(till.db, giver.id)
        person = tg.user("Гость")
        await person.start(till.kassa.bot, f"gift_{gift.code}")
        asked = await person.reply(URL)
        await person.press("✅ Принимаю", under=asked)
        await person.edited("Даритель")


async def test_without_a_version_nobody_is_asked(fresh: Fresh, tg: Sandbox) -> None:
    async with a_till(fresh, tg, TERMS_URL=URL) as till:
        person = tg.user("Покупатель")
        await person.send(till.kassa.bot, "/start")
        await person.reply("👋 Здравствуйте, Покупатель!")


async def test_in_uzbek(fresh: Fresh, tg: Sandbox) -> None:
    async with a_till(fresh, tg, **TERMS) as till:
        person = tg.user("Xaridor", language="uz")
        await person.send(till.kassa.bot, "/start")
        asked = await person.reply("shartlar bilan tanishing")
        await person.press("✅ Qabul qilaman", under=asked)
        await person.edited("👋 Assalomu alaykum, Xaridor!")
