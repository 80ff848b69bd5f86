"""Promo codes in the chat: asked for, put to a purchase, taken off again, and not guessed."""

from kassa.apps.subscriptions import promos, service
from tests.apps.subscriptions.rig import Till
from tests.apps.subscriptions.test_promos import uses


async def test_a_code_is_put_to_a_purchase_in_the_chat(till: Till) -> None:
    await till.db.run(lambda tx: promos.create(tx, "COPT", "percent", value=50))
    await till.db.run(lambda tx: promos.create(tx, "OTHER", "percent", value=10))
    person = till.tg.user("Покупатель")
    user = await till.user(person)
    await person.send(till.kassa.bot, "/buy")
    await person.reply("Выберите тариф")
    await person.press("1 месяц · 290\xa0₽")
    await person.press("🎟 Есть промокод")
    await person.edited("🎟 Пришлите промокод")
    await person.sticker(b"x")
    await person.reply("Пришлите его текстом")
    await person.send("SALE\u200b🎉" * 500)
    await person.reply("🤔 Такого промокода нет")
    await person.send("сорт")  # in Cyrillic letters
    said = await person.reply("🎟 Промокод COPT применён")
    assert "Подписка на 1 месяц: 290\xa0₽ → 145\xa0₽" in said.text
    assert await uses(till.db, "COPT") == 1
    await person.send("спасибо")  # no code any more
    await person.reply("Не понял вас")

    await person.send("/promo other")
    await person.reply("☝️ К этой покупке уже применён промокод COPT")
    await person.press("✖️ Без промокода")
    plain = await person.edited("290\xa0₽")
    assert plain.button("🎟 Есть промокод")
    assert await uses(till.db, "COPT") == 0
    await person.send("/promo other")
    await person.reply("290\xa0₽ → 261\xa0₽")
    assert (await till.chooses(user)).promo == "OTHER"
    await till.audited()


async def test_without_a_purchase_a_discount_waits_for_one(till: Till) -> None:
    await till.db.run(lambda tx: promos.create(tx, "COPT", "percent", value=50))
    person = till.tg.user("Покупатель")
    await person.send(till.kassa.bot, "/promo")
    await person.reply("🎟 Пришлите промокод")
    await person.send("COPT")
    said = await person.reply("🎟 Это скидка на покупку")
    await person.press("🛒 Выбрать тариф", under=said)
    await person.edited("Выберите тариф")
    assert await uses(till.db, "COPT") == 0


async def test_a_code_of_days_works_anywhere(till: Till) -> None:
    await till.db.run(lambda tx: promos.create(tx, "WEEK", "days", value=7))
    person = till.tg.user("Новый")
    await person.send(till.kassa.bot, "/promo week")
    await person.reply("🎉 Промокод принят: +7 дней")
    user = await till.user(person)
    assert [each.kind for each in await service.terms(till.db, user.id)] == ["promo"]
    await person.send("/promo week")
    await person.reply("☝️ Этим промокодом вы уже воспользовались")
    await till.audited()


async def test_nobody_tries_out_codes_in_the_chat(till: Till) -> None:
    await till.db.run(lambda tx: promos.create(tx, "WEEK", "days", value=7))
    person = till.tg.user("Гадающий")
    for number in range(promos.GUESSES):
        await person.send(till.kassa.bot, f"/promo no{number}")
        await person.reply("🤔")
    await person.send("/promo week")
    await person.reply("✋ Слишком много неверных промокодов")
