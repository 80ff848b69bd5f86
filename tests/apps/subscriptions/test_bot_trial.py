"""The trial in the chat: once, and for who is new."""

from kassa.apps.subscriptions import service
from tests.apps.subscriptions.chat import sells, shows
from tests.apps.subscriptions.rig import Till
from tests.apps.tokens.steps import eventually
from tgsandbox import Sandbox


async def test_the_trial_is_once_and_for_who_is_new(till: Till, tg: Sandbox) -> None:
    person = tg.user("Новичок")
    await person.send(till.kassa.bot, "/trial")
    await person.reply("🎁 Открываем доступ на 3 дня")
    given = await person.reply("🎁 Готово! У вас 3 дня бесплатно, до ")
    await person.press("Моя подписка", under=given)
    mine = await person.edited("✅ Активна")
    assert "▰▰▰▰▰▰▰▰▰▰ 3 дня из 3" in mine.text
    await person.send(till.kassa.bot, "/trial")
    plans = await person.reply("Бесплатный период действует для тех, кто у нас впервые")
    assert "🎁 Попробовать" not in str(plans.buttons)
    assert [each.kind for each in await service.terms(till.db, (await till.user(person)).id)] == [
        "trial"
    ]


async def test_the_trials_button_pressed_twice_gives_one(till: Till, tg: Sandbox) -> None:
    person = tg.user("Новичок")
    await person.send(till.kassa.bot, "/buy")
    plans = await person.reply("Выберите тариф:")
    shown = await shows(till, person, "sub:trial")
    await person.press("🎁 Попробовать 3 дня бесплатно", under=plans)
    await person.press("x", under=shown)
    await person.edited("Бесплатный период действует для тех")

    async def told() -> bool:
        user = await till.user(person)
        return len(await service.terms(till.db, user.id)) == 1

    await eventually(told)


async def test_there_may_be_no_trial(till: Till, tg: Sandbox) -> None:
    sells(till, trial_days=0)
    person = tg.user("Новичок")
    await person.send(till.kassa.bot, "/trial")
    plans = await person.reply("Бесплатного периода сейчас нет")
    assert "🎁 Попробовать" not in str(plans.buttons)
