"""Calls to the Bot API: what comes back, and the three ways in which they fail."""

from collections.abc import AsyncIterator

import pytest

from kassa.botapi import BotApi, Gone, NotDone, NotKnown, Refused
from kassa.db import Database
from kassa.secret import Secret
from tgsandbox import BotAccess, Person, Sandbox

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360"
    "000002000001e221bc330000000049454e44ae426082"
)


@pytest.fixture
async def tg() -> AsyncIterator[Sandbox]:
    async with Sandbox() as tg:
        yield tg


@pytest.fixture
def shop(tg: Sandbox) -> BotAccess:
    return tg.bot("shop_bot")


@pytest.fixture
async def api(shop: BotAccess) -> AsyncIterator[BotApi]:
    made = BotApi(Secret(shop.token), url=shop.api)
    yield made
    await made.close()


@pytest.fixture
async def person(tg: Sandbox, shop: BotAccess) -> Person:
    made = tg.user("Человек")
    await made.send(shop, "/start")
    return made


async def test_a_message_and_a_file_both_ways(api: BotApi, person: Person) -> None:
    sent = await api.call("sendMessage", {"chat_id": person.id, "text": "Привет", "entities": None})
    assert sent["text"] == "Привет"
    await person.reply("Привет")
    photo = await api.call(
        "sendPhoto",
        {"chat_id": person.id, "caption": "Вот", "reply_parameters": {"message_id": 1}},
        files={"photo": ("dot.png", PNG)},
    )
    file_id = photo["photo"][-1]["file_id"]
    assert await api.download(file_id) == PNG
    with pytest.raises(Refused, match="larger"):
        await api.download(file_id, most=10)


async def test_a_no_is_told_as_telegram_says_it(api: BotApi, person: Person) -> None:
    with pytest.raises(Refused, match="message text is empty") as no:
        await api.call("sendMessage", {"chat_id": person.id, "text": ""})
    assert (no.value.code, no.value.retry_after, no.value.method) == (400, None, "sendMessage")
    assert not isinstance(no.value, Gone)


async def test_who_cannot_be_reached_is_gone(
    api: BotApi, tg: Sandbox, shop: BotAccess, person: Person
) -> None:
    person.block(shop)
    stranger = tg.user("Незнакомка")
    for chat in (person.id, stranger.id, 12345):
        with pytest.raises(Gone):
            await api.call("sendMessage", {"chat_id": chat, "text": "Есть кто?"})


async def test_too_often_says_when(api: BotApi, tg: Sandbox, person: Person) -> None:
    tg.fault("sendMessage", retry_after=7, times=1)
    with pytest.raises(Refused) as no:
        await api.call("sendMessage", {"chat_id": person.id, "text": "раз"})
    assert (no.value.code, no.value.retry_after) == (429, 7)


async def test_nobody_there_means_not_done() -> None:
    api = BotApi(Secret("123456:TEST-TOKEN"), url="http://127.0.0.1:1")
    with pytest.raises(NotDone) as error:
        await api.call("getMe")
    assert "TEST-TOKEN" not in repr(error.value)
    assert error.value.__cause__ is None
    await api.close()


async def test_no_answer_means_that_nobody_knows(api: BotApi, tg: Sandbox, person: Person) -> None:
    tg.fault("sendMessage", error=(500, "Internal Server Error"), times=1)
    tg.fault("sendMessage", lose_answer=True, times=1)
    tg.fault("sendMessage", delay=5, times=1)
    for _ in range(3):
        with pytest.raises(NotKnown):
            await api.call("sendMessage", {"chat_id": person.id, "text": "раз"}, seconds=0.5)


async def test_never_inside_a_transaction(api: BotApi, db: Database) -> None:
    with pytest.raises(RuntimeError, match="inside a transaction"):
        async with db.transaction():
            await api.call("getMe")
    assert (await api.call("getMe"))["username"] == "shop_bot"
