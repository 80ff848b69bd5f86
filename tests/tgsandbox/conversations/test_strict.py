"""The strictness itself; and answers that no conversation asks for."""

from typing import Any

import pytest

from tests.tgsandbox.conversations import strict
from tgsandbox import Person, Sandbox

WRONG = {
    "a field that nobody knows": ({"mood": "good"}, ("unknown to aiogram", "unknown to python")),
    "a text for a number": ({"edit_date": "1"}, ("of another type in aiogram",)),
    "a number for a text": ({"media_group_id": 1}, ("not what aiogram expects",)),
    "something missing": ({"voice": {"duration": 1}}, ("not what aiogram", "not what python")),
    "an unknown field deep within": (
        {"contact": {"phone_number": "1", "first_name": "X", "age": 2}},
        ("Contact.age, unknown to aiogram", "Contact.age, unknown to python-telegram-bot"),
    ),
}


@pytest.mark.parametrize(("more", "told"), WRONG.values(), ids=WRONG)
async def test_what_is_wrong_is_told(
    tg: Sandbox, buyer: Person, more: dict[str, Any], told: tuple[str, ...]
) -> None:
    bot = tg.bot("shop_bot")
    await buyer.send(bot, "Hello")
    assert strict.faults(tg) == []

    bot.pending[0]["message"] |= more

    found = strict.faults(tg)
    for each in told:
        assert any(each in fault for fault in found), found


async def test_other_answers(tg: Sandbox, buyer: Person, seller: Person) -> None:
    bot = tg.bot("shop_bot")
    market = tg.group("Market", seller, buyer, bot)
    market.promote(bot)
    one, two = await buyer.send(bot, "One"), await buyer.send("Two")
    ids = [one.id, two.id]
    here: dict[str, Any] = {"chat_id": buyer.id}
    article: dict[str, Any] = {"type": "article", "id": "1", "title": "Tea"}
    article |= {"input_message_content": {"message_text": "Tea"}}

    await bot.call("getMe")
    await bot.call("getWebhookInfo")
    await bot.call("getMyName")
    await bot.call("getChatMenuButton", **here)
    await bot.call("getChat", **here)
    await bot.call("getChat", chat_id=market.id)
    await bot.call("getChatMember", chat_id=market.id, user_id=bot.id)
    await bot.call("getChatAdministrators", chat_id=market.id)
    await bot.call("getUserProfilePhotos", user_id=buyer.id)
    await bot.call("forwardMessages", from_chat_id=buyer.id, message_ids=ids, **here)
    await bot.call("copyMessages", from_chat_id=buyer.id, message_ids=ids, **here)
    await bot.call("deleteMessages", message_ids=ids, **here)
    await bot.call("savePreparedInlineMessage", user_id=buyer.id, result=article)
    await bot.call("setWebhook", url="http://127.0.0.1:9/")
    await bot.call("getWebhookInfo")

    assert strict.faults(tg) == []
