"""Groups, keyboards, inline mode, files, and what is done with a message."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, Route, expect

from tests.e2e.bots import echo, serve
from tests.e2e.conftest import Window
from tests.e2e.pictures import png
from tgsandbox import BotAccess, Person, Sandbox
from tgsandbox.sandbox import CallRefused

Shots = Callable[[Page, str], Awaitable[None]]
pytestmark = pytest.mark.sandbox(page=True)


@pytest.fixture
def buyer(tg: Sandbox) -> Person:
    return tg.user("Покупатель")


async def begun(tg: Sandbox, buyer: Person, window: Window, **look: Any) -> tuple[BotAccess, Page]:
    """A bot that only listens, and its chat."""
    bot = tg.bot("shop_bot")
    await buyer.send(bot, "/start")
    (taken,) = await bot.call("getUpdates")
    await bot.call("getUpdates", offset=taken["update_id"] + 1)
    page = await window(buyer, **look)
    await page.locator(".row").click()
    await expect(page.locator(".bubble")).to_have_count(1)
    return bot, page


async def say(page: Page, text: str) -> None:
    await page.get_by_role("textbox", name="Сообщение").fill(text)
    await page.keyboard.press("Enter")


async def chosen(page: Page, bubble: str, item: str) -> None:
    """From the menu of the message."""
    await page.locator(".bubble").filter(has_text=bubble).last.click(button="right")
    await page.get_by_role("menuitem", name=item, exact=True).click()


async def test_a_group_is_made_on_the_page(
    tg: Sandbox, buyer: Person, window: Window, shots: Shots
) -> None:
    seller = tg.user("Продавец")
    tg.bot("echo_bot", privacy=False)
    async with serve(tg, "echo_bot", echo):
        his, page = await window(seller), await window(buyer)
        await page.get_by_role("button", name="Меню", exact=True).click()
        await page.get_by_role("menuitem", name="Новая группа").click()
        dialog = page.get_by_role("dialog", name="Новая группа")
        await dialog.get_by_label("Название группы").fill("Рынок")
        await dialog.get_by_label("Продавец").check()
        await dialog.get_by_label("echo_bot").check()
        await shots(page, "new-group")
        await dialog.get_by_role("button", name="Создать").click()
        await expect(page.locator(".bar .subtitle")).to_have_text("3 участника")

        await say(page, "Почём?")
        await his.get_by_role("listitem").filter(has_text="Рынок").click()
        await expect(his.locator(".bubble").last).to_contain_text("Почём?")
        await expect(his.locator(".author")).to_have_text(["Покупатель", "echo_bot"])
        await shots(his, "group")

        await page.get_by_role("button", name="Рынок").last.click()
        members = page.get_by_role("dialog", name="Рынок")
        await members.get_by_role("button", name="Продавец").click()
        await page.get_by_role("menuitem", name="Сделать администратором").click()
        await page.get_by_role("button", name="Рынок").last.click()
        his_row = members.get_by_role("button", name="Продавец")
        await expect(his_row).to_contain_text("администратор")
        await members.get_by_role("button", name="echo_bot").click()
        await shots(page, "members")
        await page.get_by_role("menuitem", name="Исключить").click()
        await expect(his.locator(".bar .subtitle")).to_have_text("2 участника")

        await his.get_by_role("button", name="Ещё").click()
        await his.get_by_role("menuitem", name="Покинуть группу").click()
        await expect(his.get_by_role("listitem").filter(has_text="Рынок")).to_have_count(0)
        await expect(page.locator(".bar .subtitle")).to_have_text("1 участник")
        await expect(page.locator(".service").last).to_have_text("Продавец больше не в группе")


async def test_a_command_is_chosen(
    tg: Sandbox, buyer: Person, window: Window, shots: Shots
) -> None:
    bot = tg.bot("shop_bot")
    commands = [("help", "Помощь"), ("history", "История"), ("buy", "Купить")]
    await bot.call(
        "setMyCommands",
        commands=[{"command": name, "description": about} for name, about in commands],
    )
    bot, page = await begun(tg, buyer, window)
    options = page.get_by_role("listbox").get_by_role("option")
    await page.get_by_role("button", name="Команды").click()
    await expect(options).to_have_text(["/helpПомощь", "/historyИстория", "/buyКупить"])
    await shots(page, "commands")
    await options.filter(has_text="Купить").click()
    await expect(page.locator(".message.out").last).to_contain_text("/buy")

    await page.get_by_role("textbox", name="Сообщение").fill("/h")
    await expect(options).to_have_count(2)
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await expect(page.locator(".message.out").last).to_contain_text("/history")
    assert [each["message"]["text"] for each in bot.pending] == ["/buy", "/history"]


async def test_the_reply_keyboard(tg: Sandbox, buyer: Person, window: Window, shots: Shots) -> None:
    bot, page = await begun(tg, buyer, window)
    keys = [["💰 Баланс", "📊 История"], [{"text": "📱 Мой номер", "request_contact": True}]]
    await bot.call("sendMessage", chat_id=buyer.id, text="Что?", reply_markup={"keyboard": keys})
    await page.get_by_role("button", name="💰 Баланс").click()
    await expect(page.locator(".message.out").last).to_contain_text("💰 Баланс")

    dialog = page.get_by_role("dialog", name="Поделиться номером?")
    await page.get_by_role("button", name="📱 Мой номер").click()
    await expect(dialog).to_contain_text(buyer.user.phone or "?")
    await dialog.get_by_role("button", name="Отмена").click()
    await page.get_by_role("button", name="📱 Мой номер").click()
    await dialog.get_by_role("button", name="Поделиться").click()
    await expect(page.locator(".bubble.contact")).to_have_count(1)
    await shots(page, "reply-keyboard")
    told = [each["message"] for each in bot.pending]
    assert [told[0]["text"], told[1]["contact"]["user_id"]] == ["💰 Баланс", buyer.id]

    toggle = page.get_by_role("button", name="Показать или скрыть клавиатуру")
    await toggle.click()
    await expect(page.get_by_role("button", name="📊 История")).to_be_hidden()
    await toggle.click()
    await bot.call(
        "sendMessage", chat_id=buyer.id, text="Всё", reply_markup={"remove_keyboard": True}
    )
    await expect(page.get_by_role("button", name="📊 История")).to_have_count(0)
    await expect(toggle).to_be_hidden()


async def test_an_answer_is_asked_for(tg: Sandbox, buyer: Person, window: Window) -> None:
    bot, page = await begun(tg, buyer, window)
    asked = await bot.call(
        "sendMessage", chat_id=buyer.id, text="Как вас звать?",
        reply_markup={"force_reply": True, "input_field_placeholder": "Имя"},
    )  # fmt: skip
    await expect(page.locator(".composer .quote")).to_contain_text("Как вас звать?")
    field = page.get_by_role("textbox", name="Сообщение")
    await expect(field).to_have_attribute("placeholder", "Имя")
    await say(page, "Покупатель")
    await expect(page.locator(".message.out .quote")).to_contain_text("Как вас звать?")
    told = bot.pending[-1]["message"]["reply_to_message"]
    assert told["message_id"] == asked["message_id"]


async def test_results_of_a_bot_are_chosen_inline(
    tg: Sandbox, buyer: Person, window: Window, shots: Shots
) -> None:
    async def finds(bot: BotAccess, update: dict[str, Any]) -> None:
        if query := update.get("inline_query"):
            kinds = ["зелёный", "чёрный"] if query["query"] == "чай" else []
            results = [
                {"type": "article", "id": each, "title": f"Чай {each}", "description": "100 г",
                 "input_message_content": {"message_text": f"Хочу чай {each}"}}
                for each in kinds
            ]  # fmt: skip
            await bot.call("answerInlineQuery", inline_query_id=query["id"], results=results)

    tg.bot("find_bot", inline=True)
    async with serve(tg, "find_bot", finds):
        await buyer.send(tg.bot("shop_bot"), "/start")
        page = await window(buyer)
        await page.get_by_role("listitem").filter(has_text="shop_bot").click()
        field = page.get_by_role("textbox", name="Сообщение")
        options = page.get_by_role("listbox").get_by_role("option")
        await field.fill("@find_bot кофе")
        await expect(options).to_have_text("Ничего не найдено")
        await field.fill("@find_bot чай")
        await expect(options).to_have_text(["Чай зелёный100 г", "Чай чёрный100 г"])
        await shots(page, "inline")
        await options.last.click()
        await expect(page.locator(".message.out").last).to_contain_text("Хочу чай чёрный")
        await expect(page.locator(".message.out .via")).to_have_text("через @find_bot")
        await expect(field).to_have_value("")


async def test_what_is_done_with_a_message(
    tg: Sandbox, buyer: Person, window: Window, shots: Shots
) -> None:
    tg.group("Рынок", buyer)
    bot = tg.bot("shop_bot")
    await buyer.send(bot, "/start")
    await bot.call("sendMessage", chat_id=buyer.id, text="Чай за 100")
    page = await window(buyer)
    await page.get_by_role("listitem").filter(has_text="shop_bot").click()

    await chosen(page, "Чай за 100", "Ответить")
    await say(page, "Беру дфа")
    mine = page.locator(".message.out").last
    await expect(mine.locator(".quote")).to_contain_text("Чай за 100")
    await chosen(page, "Беру дфа", "Изменить")
    await say(page, "Беру два")
    await expect(mine).to_contain_text("Беру два")
    await expect(mine).to_contain_text("изменено")

    theirs = page.locator(".message:not(.out)").last
    await theirs.locator(".bubble").click(button="right")
    await shots(page, "message-menu")
    await page.get_by_role("menuitemradio", name="🔥").click()
    await expect(theirs.locator(".reaction")).to_have_text("🔥 1")
    await theirs.locator(".reaction").click()
    await expect(theirs.locator(".reaction")).to_have_count(0)

    await chosen(page, "Беру два", "Закрепить")
    await expect(page.locator(".pinned-bar")).to_contain_text("Беру два")
    told = "Покупатель закрепил(а) «Беру два»"
    await expect(page.locator(".service").last).to_have_text(told)
    await expect(page.locator('.row[aria-current="true"] .preview')).to_have_text(told)
    await chosen(page, "Беру два", "Открепить")
    await expect(page.locator(".pinned-bar")).to_be_hidden()

    await chosen(page, "Беру два", "Удалить")
    await expect(page.locator(".bubble").filter(has_text="Беру два")).to_have_count(0)
    await chosen(page, "Чай за 100", "Переслать")
    dialog = page.get_by_role("dialog", name="Переслать в…")
    await dialog.get_by_role("button", name="Рынок").click()
    await expect(page.locator(".forwarded")).to_have_text("Переслано от shop_bot")
    await expect(page.locator(".bar .title").first).to_have_text("Рынок")


async def test_a_picture_and_a_file_are_attached(
    tg: Sandbox, buyer: Person, window: Window, tmp_path: Path, shots: Shots
) -> None:
    bot, page = await begun(tg, buyer, window)
    picture, price = tmp_path / "чай.png", tmp_path / "прайс <2026>.txt"
    picture.write_bytes(png(320, 200))
    price.write_text("Чай: 100")
    for item, kind, path in (("Фото", "photo", picture), ("Файл", "document", price)):
        await page.get_by_role("button", name="Прикрепить").click()
        async with page.expect_file_chooser() as chooser:
            await page.get_by_role("menuitem", name=item, exact=True).click()
        await (await chooser.value).set_files(path)
        await expect(page.locator(f".bubble.{kind}")).to_be_visible()

    shown = page.locator(".bubble.photo img")
    await expect(shown).to_have_js_property("naturalWidth", 320)
    await expect(page.locator(".bubble.document .name")).to_have_text("прайс <2026>.txt")
    await shots(page, "files")
    photo, document = (each["message"] for each in bot.pending)
    assert (photo["photo"][-1]["width"], photo["photo"][-1]["height"]) == (320, 200)
    assert document["document"]["file_name"] == "прайс <2026>.txt"
    await page.get_by_role("button", name="Открыть изображение").click()
    await expect(page.get_by_role("dialog", name="Изображение")).to_be_visible()


async def test_the_list_is_searched_and_counts(tg: Sandbox, buyer: Person, window: Window) -> None:
    shop, taxi = tg.bot("shop_bot", name="Лавка"), tg.bot("taxi_bot", name="Такси")
    for each in (shop, taxi):
        await buyer.send(each, "/start")
    page = await window(buyer)
    rows = page.get_by_role("listitem")
    for text in ("Чай", "Кофе"):
        await shop.call("sendMessage", chat_id=buyer.id, text=text)
    badge = rows.filter(has_text="Лавка").locator(".badge")
    await expect(badge).to_have_text("2")

    search = page.get_by_role("searchbox", name="Поиск")
    for wanted in ("такси", "@TAXI_bot"):
        await search.fill(wanted)
        await expect(rows).to_have_count(1)
        await expect(rows.locator(".name")).to_have_text("Такси")
    await search.fill("трамвай")
    await expect(page.locator(".rows")).to_have_text("Ничего не нашлось")
    await search.fill("")
    await rows.filter(has_text="Лавка").click()
    await expect(badge).to_have_count(0)
    await expect(page.locator(".unread-line")).to_be_visible()
    await page.reload()
    await expect(rows).to_have_count(2)
    await expect(badge).to_have_count(0)


async def test_a_bot_is_blocked_and_begun_again(tg: Sandbox, buyer: Person, window: Window) -> None:
    bot, page = await begun(tg, buyer, window)
    await page.get_by_role("button", name="Ещё").click()
    await page.get_by_role("menuitem", name="Заблокировать бота").click()
    again = page.get_by_role("button", name="ПЕРЕЗАПУСТИТЬ БОТА")
    await expect(again).to_be_visible()
    with pytest.raises(CallRefused, match="bot was blocked by the user"):
        await bot.call("sendMessage", chat_id=buyer.id, text="Вернитесь!")

    await again.click()
    await expect(again).to_be_hidden()
    await expect(page.get_by_role("textbox", name="Сообщение")).to_be_visible()
    await bot.call("sendMessage", chat_id=buyer.id, text="С возвращением")
    await expect(page.locator(".bubble").last).to_contain_text("С возвращением")
    assert [each["message"]["text"] for each in bot.pending if "message" in each] == ["/start"]


async def test_a_link_begins_a_bot_with_a_parameter(
    tg: Sandbox, buyer: Person, window: Window
) -> None:
    bot, page = await begun(tg, buyer, window)
    other = tg.bot("taxi_bot")
    await bot.call("sendMessage", chat_id=buyer.id, text="https://t.me/taxi_bot?start=from_shop")
    await page.get_by_role("link", name="t.me/taxi_bot").click()
    await page.get_by_role("button", name="НАЧАТЬ", exact=True).click()
    await expect(page.locator(".message.out").last).to_contain_text("/start")
    assert [each["message"]["text"] for each in other.pending] == ["/start from_shop"]

    await page.get_by_role("button", name="Ещё").click()
    await page.get_by_role("menuitem", name="Ссылка с параметром").click()
    await page.get_by_label("t.me/taxi_bot?start=").fill("promo-7")
    await page.get_by_role("button", name="Открыть", exact=True).click()
    await expect(page.locator(".message.out")).to_have_count(2)
    assert other.pending[-1]["message"]["text"] == "/start promo-7"


async def test_who_is_typing(tg: Sandbox, buyer: Person, window: Window) -> None:
    bot, page = await begun(tg, buyer, window)
    await bot.call("sendChatAction", chat_id=buyer.id, action="typing")
    await expect(page.locator(".bar .subtitle")).to_have_text("печатает…")
    await expect(page.locator(".row .preview")).to_have_text("печатает…")
    await bot.call("sendMessage", chat_id=buyer.id, text="Вот")
    await expect(page.locator(".bar .subtitle")).to_have_text("бот")
    await expect(page.locator(".row .preview")).to_have_text("Вот")


async def test_nothing_is_missed_while_a_chat_is_being_opened(
    tg: Sandbox, buyer: Person, window: Window
) -> None:
    bot = tg.bot("shop_bot")
    await buyer.send(bot, "/start")
    page = await window(buyer)

    async def slowly(route: Route) -> None:
        answer = await route.fetch()
        keys = {"keyboard": [["💰 Баланс"]]}
        await bot.call("sendMessage", chat_id=buyer.id, text="Успел?", reply_markup=keys)
        await expect(page.locator(".preview")).to_have_text("Успел?")
        await route.fulfill(response=answer)

    await page.route("**/page/api/chat?*", slowly, times=1)
    await page.locator(".row").click()
    await expect(page.locator(".bubble").last).to_contain_text("Успел?")
    await expect(page.get_by_role("button", name="💰 Баланс")).to_be_visible()
