"""Links on the page: into a private channel, to be shared, of a bot with a parameter."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.e2e.conftest import Window
from tests.e2e.pictures import png
from tgsandbox import BotAccess, Person, Sandbox
from tgsandbox.telegram.args import Args, Upload
from tgsandbox.telegram.botapi import perform

Shots = Callable[[Page, str], Awaitable[None]]
pytestmark = pytest.mark.sandbox(page=True)


@pytest.fixture
def buyer(tg: Sandbox) -> Person:
    return tg.user("Покупатель")


async def offered(
    tg: Sandbox, buyer: Person, window: Window, *buttons: dict[str, Any], **look: Any
) -> tuple[BotAccess, Page]:
    """A bot that has shown these buttons, and its chat."""
    bot = tg.bot("shop_bot", name="Магазин")
    await buyer.send(bot, "/start")
    markup = {"inline_keyboard": [[each] for each in buttons]}
    text = "Подписка оплачена. Вступайте в канал:"
    await bot.call("sendMessage", chat_id=buyer.id, text=text, reply_markup=markup)
    page = await window(buyer, **look)
    await page.locator(".row").first.click()
    await expect(page.locator(".bubble")).to_have_count(2)
    return bot, page


LOOKS = [("light", 375, "ru"), ("dark", 375, "uz"), ("light", 1280, "en"), ("dark", 1280, "ru")]
WORDS = {
    "ru": ("Вступить", "Подать заявку", "Заявка отправлена", "Закрыть", "3 подписчика"),
    "uz": ("Kirish", "So‘rov yuborish", "So‘rov yuborildi", "Yopish", "3 obunachi"),
    "en": ("Join", "Request to join", "Request sent", "Close", "3 subscribers"),
}


@pytest.mark.parametrize("look", LOOKS, ids=str)
async def test_somebody_asks_to_join_and_finds_the_channel_in_the_list(
    tg: Sandbox, window: Window, shots: Shots, look: tuple[str, int, str]
) -> None:
    theme, width, language = look
    press, ask, sent, close, count = WORDS[language]
    buyer, bot = tg.user("Покупатель", language=language), tg.bot("shop_bot")
    channel = tg.channel("Клуб путешествий", tg.user("Owner"), bot)
    made = await bot.call("createChatInviteLink", chat_id=channel.id, creates_join_request=True)
    button = {"text": press, "url": made["invite_link"]}
    _, page = await offered(tg, buyer, window, button, theme=theme, width=width)

    await page.get_by_role("button", name=press, exact=True).click()
    sheet = page.get_by_role("dialog", name="Клуб путешествий")
    await expect(sheet).to_contain_text(count.replace("3", "2"))
    await shots(page, f"join-{language}-{theme}-{width}")
    await sheet.get_by_role("button", name=ask, exact=True).click()
    await expect(sheet).to_contain_text(sent)
    await shots(page, f"join-sent-{language}-{theme}-{width}")
    assert channel.asking == ["Покупатель"]
    await sheet.get_by_role("button", name=close, exact=True).last.click()
    await page.get_by_role("button", name=press, exact=True).click()
    await expect(sheet).to_contain_text(sent)  # it is still known
    await sheet.get_by_role("button", name=close, exact=True).last.click()

    await bot.call("approveChatJoinRequest", chat_id=channel.id, user_id=buyer.id)
    await bot.call("sendMessage", chat_id=channel.id, text="Добро пожаловать!")
    await page.get_by_role("button", name=press, exact=True).click()  # now it opens the channel
    await expect(page.locator(".titles .title").first).to_have_text("Клуб путешествий")
    await expect(page.locator(".titles .subtitle").first).to_have_text(count)
    await expect(page.locator(".bubble")).to_contain_text("Добро пожаловать!")
    await expect(page.locator(".composer textarea")).to_be_hidden()
    await shots(page, f"join-channel-{language}-{theme}-{width}")
    if width > 640:
        row = page.locator(".row").filter(has_text="Клуб путешествий")
        await expect(row).to_contain_text("Добро пожаловать!")
        await bot.call("banChatMember", chat_id=channel.id, user_id=buyer.id)
        await expect(row).to_have_count(0)


async def test_a_link_in_a_text_that_leads_nowhere(
    tg: Sandbox, buyer: Person, window: Window
) -> None:
    bot, page = await offered(tg, buyer, window)
    await bot.call("sendMessage", chat_id=buyer.id, text="https://t.me/+AbCdEfGhIjKlMnOp")
    await page.get_by_role("link", name="AbCdEf").click()
    await expect(page.locator(".toast")).to_have_text("Ссылка больше не действует")


async def test_the_owner_lets_somebody_in_on_the_page(
    tg: Sandbox, buyer: Person, window: Window, shots: Shots
) -> None:
    owner = tg.user("Владелец")
    tg.bot("shop_bot")
    page = await window(owner)
    await page.get_by_role("button", name="Меню", exact=True).click()
    await page.get_by_role("menuitem", name="Новый канал").click()
    dialog = page.get_by_role("dialog", name="Новый канал")
    await dialog.get_by_label("Название канала").fill("Новости")
    await dialog.get_by_label("shop_bot").check()
    await dialog.get_by_role("button", name="Создать").click()
    await expect(page.locator(".titles .subtitle").first).to_have_text("2 подписчика")
    (chat,) = tg.world.groups.values()
    channel = tg.group_of(chat)
    await buyer.ask_to_join(channel.invite_link(asks=True))

    await page.locator(".titles").first.click()
    await shots(page, "channel-door")
    await page.get_by_role("button", name="Покупатель").first.click()
    await page.get_by_role("menuitem", name="Впустить").click()
    await expect(page.locator(".titles .subtitle").first).to_have_text("3 подписчика")
    assert buyer.is_in(channel)
    await page.locator("textarea").fill("Первый выпуск")
    await page.keyboard.press("Enter")
    await expect(page.locator(".bubble")).to_contain_text("Первый выпуск")


async def test_a_link_is_shared_with_a_chat(
    tg: Sandbox, buyer: Person, window: Window, shots: Shots
) -> None:
    friend = tg.user("Друг")
    group = tg.group("Друзья", buyer, friend)
    tg.channel("Чужой канал", friend, buyer)
    share = "https://t.me/share/url?url=https%3A%2F%2Ft.me%2Fshop_bot%3Fstart%3Dref_7&text=%D0%9F%D0%BE%D0%BF%D1%80%D0%BE%D0%B1%D1%83%D0%B9"
    _, page = await offered(tg, buyer, window, {"text": "Поделиться", "url": share}, width=375)
    await page.get_by_role("button", name="Поделиться", exact=True).click()
    dialog = page.get_by_role("dialog", name="Поделиться с…")
    await expect(dialog.get_by_role("button", name="Чужой канал")).to_have_count(0)
    await shots(page, "share")
    await dialog.get_by_role("button", name="Друзья").click()
    await expect(page.locator(".message.out .bubble")).to_contain_text("t.me/shop_bot?start=ref_7")
    said = group.chat.messages[group.chat.last_id]
    assert said.text == "https://t.me/shop_bot?start=ref_7\nПопробуй"

    his = await window(friend)  # and a friend begins the bot by it
    await his.locator(".row").filter(has_text="Друзья").click()
    await his.get_by_role("link", name="t.me/shop_bot").click()
    await his.get_by_role("button", name="НАЧАТЬ", exact=True).click()
    await expect(his.locator(".message.out").last).to_contain_text("/start")
    (began,) = [
        each for each in tg.bot("shop_bot").pending if each["message"]["from"]["id"] == friend.id
    ]
    assert began["message"]["text"] == "/start ref_7"


async def test_a_chat_is_chosen_for_an_inline_query(
    tg: Sandbox, buyer: Person, window: Window
) -> None:
    group = tg.group("Друзья", buyer)
    everywhere = {"text": "Позвать", "switch_inline_query": "ref_7"}
    chosen = {
        "text": "В группу",
        "switch_inline_query_chosen_chat": {"query": "ref_8", "allow_group_chats": True},
    }
    _, page = await offered(tg, buyer, window, everywhere, chosen)
    for button, query in (("Позвать", "ref_7"), ("В группу", "ref_8")):
        await page.get_by_role("button", name=button, exact=True).click()
        dialog = page.get_by_role("dialog", name="Выберите чат")
        choices = await dialog.locator(".choice").all_inner_texts()
        assert ("Магазин" in " ".join(choices)) is (button == "Позвать")
        await dialog.get_by_role("button", name="Друзья").click()
        await expect(page.locator(".titles .title").first).to_have_text("Друзья")
        await expect(page.locator("textarea")).to_have_value(f"@shop_bot {query}")
        await page.locator("textarea").fill("")
        await page.locator(".row").filter(has_text="Магазин").click()
    assert group.chat.last_id == 0


async def test_a_picture_with_its_link_is_exchanged(
    tg: Sandbox, buyer: Person, window: Window, shots: Shots
) -> None:
    """What a shop of subscriptions shows: a QR code with a caption, a link to be copied."""
    bot, page = await offered(tg, buyer, window)
    copy = {"text": "Скопировать", "copy_text": {"text": "https://panel.example/abc"}}
    markup = {"inline_keyboard": [[copy], [{"text": "Устройства", "callback_data": "devices"}]]}

    async def call(method: str, **values: Any) -> Any:
        upload = Upload("qr.png", png(200, 200), "image/png")
        args = Args(values=values, files={"photo": upload, "qr": upload})
        answer = (await perform(tg.world, bot.record, method, args)).answer
        assert answer["ok"], answer
        return answer["result"]

    sent = await call("sendPhoto", chat_id=buyer.id, caption="Ваша подписка", reply_markup=markup)
    bubble = page.locator(".message").filter(has_text="Ваша подписка")
    await expect(bubble.get_by_role("img", name="Фото")).to_be_visible()
    at = {"chat_id": buyer.id, "message_id": sent["message_id"]}
    await call("editMessageCaption", **at, caption="Осталось 5 дней", reply_markup=markup)
    bubble = page.locator(".message").filter(has_text="Осталось 5 дней")
    await expect(bubble.get_by_role("button", name="Скопировать")).to_be_visible()
    media = {"type": "photo", "media": "attach://qr", "caption": "Новая ссылка"}
    await call("editMessageMedia", **at, media=media, reply_markup=markup)
    bubble = page.locator(".message").filter(has_text="Новая ссылка")
    await expect(bubble.get_by_role("button", name="Устройства")).to_be_visible()
    pressed = await buyer.press("Скопировать")
    assert pressed.copied == "https://panel.example/abc"

    copied = await call(
        "copyMessage",
        chat_id=buyer.id,
        from_chat_id=buyer.id,
        **{k: at[k] for k in ("message_id",)},
    )
    assert copied["message_id"] == sent["message_id"] + 1
    await expect(page.locator(".message").filter(has_text="Новая ссылка")).to_have_count(2)
