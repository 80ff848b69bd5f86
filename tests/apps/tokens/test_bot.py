"""The chat: the document's words to the letter, buttons, history, and pictures."""

import io

import pytest
from PIL import Image

from kassa.apps.tokens import service
from kassa.apps.tokens.pictures import WrongWords, words
from tests.apps.tokens.rig import PAID, Till
from tests.apps.tokens.steps import eventually
from tgsandbox import Sandbox

BALANCE = "💰 Ваш баланс: 0 токенов\n\nВыберите действие:"


async def test_the_balance_and_the_way_back_to_the_menu(till: Till, tg: Sandbox) -> None:
    person = tg.user("Покупатель")
    await person.send(till.kassa.bot, "/start")
    start = await person.reply("👋 Здравствуйте, Покупатель!")
    assert start.buttons == [
        ["🎨 Нарисовать картинку"],
        ["💰 Баланс"],
        ["💳 Пополнить баланс"],
        ["📊 История операций"],
    ]

    await person.send(till.kassa.bot, "/balance")
    said = await person.reply(BALANCE)
    assert said.text == BALANCE
    assert said.buttons == [["💳 Пополнить баланс"], ["📊 История операций"], ["◀️ Главное меню"]]
    opened = said.button("💳 Пополнить баланс")
    assert opened is not None
    assert opened["web_app"] == {"url": f"{till.kassa.url}/miniapp/"}
    history, menu = said.button("📊 История операций"), said.button("◀️ Главное меню")
    assert history is not None
    assert menu is not None
    assert (history["callback_data"], menu["callback_data"]) == ("balance_history", "main_menu")

    await person.press("◀️ Главное меню")
    await person.edited("👋 Здравствуйте, Покупатель!")


async def test_pay_and_the_menu_button_open_the_page(till: Till, tg: Sandbox) -> None:
    person = tg.user("Покупатель")
    await person.send(till.kassa.bot, "/pay")
    said = await person.reply("💵")
    assert said.text == (
        "💵 Пополнение баланса\n\nНажмите кнопку ниже, чтобы открыть страницу оплаты:"
    )
    assert said.buttons == [["💳 Открыть страницу оплаты"]]
    assert str(await person.open_mini_app()).startswith(f"{till.kassa.url}/miniapp/#")
    button = await till.kassa.bot.call("getChatMenuButton")
    assert button["text"] == "💳 Пополнить баланс"


async def test_a_purchase_is_told_of_and_stands_in_the_history(till: Till, tg: Sandbox) -> None:
    person = tg.user("Покупатель")
    await person.send(till.kassa.bot, "/start")
    await person.reply("👋")
    await till.buys(person)
    assert (await person.reply("✅")).text == PAID
    for number in range(10):
        await till.spends(person, 3, key=str(number))

    await person.send(till.kassa.bot, "/balance")
    assert (await person.reply("💰")).text.startswith("💰 Ваш баланс: 70 токенов")
    await person.press("📊 История операций")
    page = await person.edited("📊 История операций")
    assert page.text.count("−3 · Списание · ") == 8
    assert page.buttons == [["Раньше »"], ["◀️ Назад"]]
    await person.press("Раньше »")
    older = await person.edited("Пополнение")
    lines = [line.rpartition(" · ")[0] for line in older.text.splitlines()[2:]]
    assert lines == ["−3 · Списание", "−3 · Списание", "+100 · Пополнение"]
    await person.press("« В начало")
    await person.edited("−3 · Списание")
    await person.press("◀️ Назад")
    await person.edited("💰 Ваш баланс: 70 токенов")


async def test_in_a_group_nobody_hears_of_ones_money(till: Till, tg: Sandbox) -> None:
    person = tg.user("Покупатель")
    group = tg.group("Соседи", person)
    group.add(till.kassa.bot)
    await person.send(group, "/balance@test_bot")
    await person.reply("Об этом лучше наедине")


async def test_a_picture_is_drawn_again_and_larger(till: Till, tg: Sandbox) -> None:
    person = tg.user("Художник")
    await person.send(till.kassa.bot, "/start")
    await person.reply("👋")
    await till.buys(person)
    await person.reply("✅")
    await person.send(till.kassa.bot, "/generate  Тихое\n море ")
    await person.reply("🎨 Рисую: Тихое море")
    picture = await person.reply("Тихое море\n\n512 × 512 · 5 токенов")
    assert picture.kind == "photo"
    assert Image.open(io.BytesIO(picture.file)).size == (512, 512)
    assert picture.buttons == [["Ещё", "Больше"]]
    await settled(till, 1)
    assert await till.standing(person) == (95, 0, 100)

    await person.press("Ещё", under=picture)
    another = await person.reply("Тихое море\n\n512 × 512")
    assert another.file != picture.file
    await settled(till, 2)
    await person.press("Больше", under=picture)
    larger = await person.reply("Тихое море\n\n1024 × 1024 · 10 токенов")
    assert Image.open(io.BytesIO(larger.file)).size == (1024, 1024)
    await settled(till, 3)
    assert await till.standing(person) == (80, 0, 100)
    await till.audited()


async def settled(till: Till, pictures: int) -> None:
    async def done() -> bool:
        count = "SELECT count(*) FROM tokens.drawing WHERE status <> 'wanted'"
        return bool(await till.kassa.database.fetchval(count) == pictures)

    await eventually(done)


async def test_whoever_has_too_little_is_told_how_to_have_more(till: Till, tg: Sandbox) -> None:
    person = tg.user("Художник")
    await person.send(till.kassa.bot, "/generate море")
    said = await person.reply("❌")
    assert said.text == (
        "❌ Недостаточно средств!\n\nВаш баланс: 0 токенов\nНеобходимо: 5 токенов\n\n"
        "Пополните баланс, чтобы продолжить:"
    )
    assert said.buttons == [["💳 Пополнить баланс"]]
    assert await till.kassa.database.fetchval("SELECT count(*) FROM tokens.drawing") == 0


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (None, "draw-nothing"),
        (" \n\t ", "draw-nothing"),
        ("м" * 201, "draw-too-long"),
        ("м" * 10_000, "draw-too-long"),
        ("море\x07", "draw-odd"),
        ("\0", "draw-odd"),
        ("\ud800", "draw-odd"),
        ("море \u2066", "draw-odd"),
    ],
)
def test_what_is_wrong_with_words(said: str | None, why: str) -> None:
    with pytest.raises(WrongWords) as refused:
        words(said)
    assert refused.value.text == why


def test_words_are_one_line_and_emoji_stay_whole() -> None:
    assert words("  Тихое\n\nморе ") == "Тихое море"
    assert words("👨‍👩‍👧" + "м" * 195) == "👨‍👩‍👧" + "м" * 195


async def test_words_that_cannot_be_drawn_cost_nothing(till: Till, tg: Sandbox) -> None:
    person = tg.user("Художник")
    await person.send(till.kassa.bot, "/start")
    await person.reply("👋")
    await till.buys(person)
    await person.reply("✅")
    for told, answer in (
        ("", "🎨 Напишите после команды, что нарисовать."),
        ("м" * 4000, "Уместите, пожалуйста, в 200 знаков. Токены не списаны."),
    ):
        await person.send(till.kassa.bot, f"/generate {told}")
        await person.reply(answer)
    assert await till.standing(person) == (100, 0, 100)
    assert await till.kassa.database.fetchval("SELECT count(*) FROM tokens.drawing") == 0


async def test_a_newcomer_needs_no_command(till: Till, tg: Sandbox) -> None:
    person = tg.user("Yangi", language="uz")
    await person.send(till.kassa.bot, "/start")
    await person.reply("👋 Assalomu alaykum, Yangi!")
    await till.buys(person)
    await person.reply("✅ Toʻlov muvaffaqiyatli amalga oshdi!\n\nHisobga tushdi: 100 token")
    await person.press("🎨 Rasm chizish")
    await person.reply("🎨 Nima chizay?")
    await person.send(till.kassa.bot, "x" * 300)
    await person.reply("200 belgiga")
    await person.send(till.kassa.bot, "Koʻk gumbaz 👨‍👩‍👧")
    await person.reply("🎨 Chizyapman: Koʻk gumbaz 👨‍👩‍👧")
    assert (await person.reply("Koʻk gumbaz")).kind == "photo"
    await settled(till, 1)
    await person.press("🎨 Rasm chizish")
    await person.reply("🎨 Nima chizay?")
    await person.press("Sokin dengiz")
    await person.reply("🎨 Chizyapman: Sokin dengiz")
    assert (await person.reply("Sokin dengiz")).kind == "photo"


@pytest.mark.parametrize("elsewhere", ["/balance", "/pay", "💰 Баланс", "📊 История операций"])
async def test_whoever_goes_elsewhere_orders_nothing_by_their_next_words(
    till: Till, tg: Sandbox, elsewhere: str
) -> None:
    person = tg.user("Художник")
    await person.send(till.kassa.bot, "/start")
    start = await person.reply("👋")
    number = await till.number(person)
    await till.kassa.database.run(lambda tx: service.give(tx, number, 100, key="x"))
    await person.press("🎨 Нарисовать картинку", under=start)
    await person.reply("🎨 Что нарисовать?")
    if elsewhere.startswith("/"):
        await person.send(till.kassa.bot, elsewhere)
        await person.reply("💰" if elsewhere == "/balance" else "💵")
    else:
        await person.press(elsewhere, under=start)
        await person.edited(elsewhere[0])
    await person.send(till.kassa.bot, "спасибо")
    await person.reply("Не понял вас")
    assert await till.standing(person) == (100, 0, 0)
