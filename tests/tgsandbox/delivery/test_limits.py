"""Limits of sending: about 30 messages a second, one a second to a chat, 20 a minute to a group."""

import asyncio
from typing import Any

import aiohttp
import pytest

from tgsandbox import BotAccess, Person, Sandbox

from .plain import Client, Said

pytestmark = pytest.mark.sandbox(rate_limits=True)


async def sent(call: Client, chat: int, times: int) -> list[int]:
    said = [await call("sendMessage", chat_id=chat, text="hello") for _ in range(times)]
    return [each.status for each in said]


def expect_later(said: Said, seconds: int) -> None:
    assert said.status == 429
    assert said.body == {
        "ok": False,
        "error_code": 429,
        "description": f"Too Many Requests: retry after {seconds}",
        "parameters": {"retry_after": seconds},
    }
    assert said.headers["Retry-After"] == str(seconds)


async def test_one_a_second_to_a_chat_with_a_small_burst(
    tg: Sandbox, bot: BotAccess, buyer: Person, call: Client
) -> None:
    await buyer.start(bot)
    assert await sent(call, buyer.id, 3) == [200] * 3
    expect_later(await call("sendMessage", chat_id=buyer.id, text="hello"), 1)
    await tg.clock.move(1)
    assert await sent(call, buyer.id, 2) == [200, 429]
    await tg.clock.move(60)
    assert await sent(call, buyer.id, 4) == [200, 200, 200, 429]
    assert len(buyer.unread) == 7  # what is refused does not arrive


async def test_twenty_a_minute_to_a_group(
    tg: Sandbox, bot: BotAccess, buyer: Person, call: Client
) -> None:
    group = tg.group("Shop", buyer, bot)
    assert await sent(call, group.id, 20) == [200] * 20
    expect_later(await call("sendMessage", chat_id=group.id, text="hello"), 3)
    await tg.clock.move(3)
    assert await sent(call, group.id, 2) == [200, 429]
    await tg.clock.move(60)
    assert await sent(call, group.id, 21) == [200] * 20 + [429]


async def test_thirty_a_second_a_bot(tg: Sandbox, bot: BotAccess, call: Client) -> None:
    """To everybody in turn, and another bot has thirty of its own."""
    people = [tg.user(f"Buyer {number}") for number in range(60)]
    for person in people:
        await person.start(bot)
    begun = tg.world.clock.time()
    statuses = await asyncio.gather(*(sent(call, person.id, 1) for person in people))
    took = tg.world.clock.time() - begun
    passed = statuses.count([200])
    assert 30 <= passed <= 30 + 30 * took  # the bucket fills while they go out
    await tg.clock.move(1)
    late = [each for each, (status,) in zip(people, statuses, strict=True) if status == 429]
    assert [await sent(call, person.id, 1) for person in late] == [[200]] * len(late)


async def test_bots_do_not_take_from_each_other(
    tg: Sandbox, http: aiohttp.ClientSession, bot: BotAccess, buyer: Person, call: Client
) -> None:
    other = tg.bot("other_bot")
    await buyer.start(bot)
    await buyer.start(other)
    assert await sent(call, buyer.id, 4) == [200, 200, 200, 429]
    assert await sent(Client(http, other), buyer.id, 1) == [200]


async def test_an_album_counts_for_all_that_is_in_it(
    tg: Sandbox, bot: BotAccess, buyer: Person, call: Client, http: aiohttp.ClientSession
) -> None:
    await buyer.start(bot)
    form = aiohttp.FormData()
    form.add_field("chat_id", str(buyer.id))
    form.add_field(
        "media",
        '[{"type":"document","media":"attach://a"},{"type":"document","media":"attach://b"},'
        '{"type":"document","media":"attach://c"},{"type":"document","media":"attach://d"}]',
    )
    for name in "abcd":
        form.add_field(name, b"tea", filename="tea.txt")
    url = f"{bot.api}/bot{bot.token}/sendMediaGroup"
    async with http.post(url, data=form) as response:
        assert response.status == 200, await response.text()
    expect_later(await call("sendMessage", chat_id=buyer.id, text="hello"), 2)


@pytest.mark.parametrize("method", ["getMe", "sendChatAction", "editMessageText"])
async def test_only_sending_is_limited(
    bot: BotAccess, buyer: Person, call: Client, method: str
) -> None:
    await buyer.start(bot)
    (first, *_) = [
        (await call("sendMessage", chat_id=buyer.id, text=f"hello {number}")).result
        for number in range(3)
    ]
    for number in range(10):
        args: dict[str, Any] = {"chat_id": buyer.id, "action": "typing", "text": f"new {number}"}
        said = await call(method, **args, message_id=first["message_id"])
        assert said.status == 200, said.body


@pytest.mark.sandbox(rate_limits=False)
async def test_without_being_asked_for_there_are_none(
    bot: BotAccess, buyer: Person, call: Client
) -> None:
    await buyer.start(bot)
    assert await sent(call, buyer.id, 40) == [200] * 40
