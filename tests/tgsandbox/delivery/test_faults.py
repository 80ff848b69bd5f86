"""What is made to go wrong: errors, delays, lost answers, updates twice, late, out of order."""

import asyncio

import aiohttp
import pytest

from tgsandbox import BotAccess, Person, Sandbox

from .plain import Client, eventually


async def test_an_error_in_the_words_that_were_asked_for(
    tg: Sandbox, bot: BotAccess, buyer: Person, call: Client
) -> None:
    await buyer.start(bot)
    fault = tg.fault("sendMessage", error=(403, "Forbidden: bot was blocked by the user"))
    said = await call("SENDmessage", chat_id=buyer.id, text="hello")
    assert said.refusal == (403, "Forbidden: bot was blocked by the user")
    assert said.body["error_code"] == 403
    assert (await call("getMe")).status == 200
    assert buyer.unread == []
    tg.mend(fault)
    assert (await call("sendMessage", chat_id=buyer.id, text="hello")).status == 200


async def test_retry_after(tg: Sandbox, call: Client) -> None:
    tg.fault("getMe", retry_after=7)
    said = await call("getMe")
    assert said.refusal == (429, "Too Many Requests: retry after 7")
    assert said.body["parameters"] == {"retry_after": 7}
    assert said.headers["Retry-After"] == "7"


async def test_so_many_times_after_so_many_that_go_well(tg: Sandbox, call: Client) -> None:
    tg.fault("getMe", error=(500, "Internal Server Error"), after=2, times=3)
    assert [(await call("getMe")).status for _ in range(7)] == [200, 200, 500, 500, 500, 200, 200]
    assert tg.world.faults.calls == []


async def test_every_method_until_it_is_mended(tg: Sandbox, call: Client) -> None:
    tg.fault(error=(502, "Bad Gateway"))
    tg.fault_in_updates(late=5)
    for method in ("getMe", "getUpdates", "noSuchMethod"):
        assert (await call(method)).refusal == (502, "Bad Gateway")
    tg.mend()
    assert (await call("getMe")).status == 200
    assert tg.world.faults.updates == []


async def test_only_of_one_bot_and_one_chat(
    tg: Sandbox, http: aiohttp.ClientSession, bot: BotAccess, buyer: Person, call: Client
) -> None:
    other, friend = tg.bot("other_bot"), tg.user("Friend")
    for person in (buyer, friend):
        for each in (bot, other):
            await person.start(each)
    tg.fault("sendMessage", bot=bot, chat=buyer, error=(400, "Bad Request: no"))
    statuses = [
        (await Client(http, each)("sendMessage", chat_id=str(person.id), text="hello")).status
        for each in (bot, other)
        for person in (buyer, friend)
    ]
    assert statuses == [400, 200, 200, 200]


async def test_a_delay_is_on_the_sandbox_s_clock(
    tg: Sandbox, bot: BotAccess, buyer: Person, call: Client
) -> None:
    await buyer.start(bot)
    tg.fault("sendMessage", delay=30, times=1)
    task = asyncio.create_task(call("sendMessage", chat_id=buyer.id, text="late"))
    await eventually(lambda: not tg.world.faults.calls)
    await call("getMe")
    await tg.clock.move(29)
    await call("getMe")
    assert not task.done()
    assert buyer.unread == []
    await tg.clock.move(1)
    assert (await asyncio.wait_for(task, 2)).status == 200
    assert (await buyer.reply()).text == "late"


async def test_a_lost_answer_took_effect(
    tg: Sandbox, bot: BotAccess, buyer: Person, call: Client
) -> None:
    """The message is there; the client sees a connection that broke, and knows nothing."""
    await buyer.start(bot)
    tg.fault("sendMessage", lose_answer=True, times=1)
    with pytest.raises(aiohttp.ClientError):
        await call("sendMessage", chat_id=buyer.id, text="sent")
    assert (await buyer.reply()).text == "sent"
    assert (await call("sendMessage", chat_id=buyer.id, text="sent")).status == 200
    (lost,) = [
        each.data for each in tg.world.events.since(0) if each.kind == "call" and each.data["lost"]
    ]
    assert lost["status"] == 200


async def test_updates_lost_on_the_way_come_again(
    tg: Sandbox, bot: BotAccess, buyer: Person, call: Client
) -> None:
    tg.fault("getUpdates", lose_answer=True, times=1)
    await buyer.send(bot, "hello")
    with pytest.raises(aiohttp.ClientError):
        await call("getUpdates")
    assert await call.updates() == ["hello"]


async def test_an_update_twice_comes_again_after_it_was_confirmed(
    tg: Sandbox, bot: BotAccess, buyer: Person, call: Client
) -> None:
    """As if the confirmation had been lost."""
    tg.fault_in_updates("message", bot=bot, twice=True)
    await buyer.send(bot, "one")
    await buyer.send(bot, "two")
    taken, offset = [], 0
    for _ in range(5):
        for update in (await call("getUpdates", offset=offset, limit=1)).result:
            taken.append((update["update_id"], update["message"]["text"]))
            offset = update["update_id"] + 1
    assert [text for _, text in taken] == ["one", "one", "two"]
    assert taken[0] == taken[1]
    assert bot.pending == []


async def test_an_update_late(tg: Sandbox, bot: BotAccess, buyer: Person, call: Client) -> None:
    tg.fault_in_updates(late=60)
    await buyer.send(bot, "one")
    await buyer.send(bot, "two")
    assert await call.updates() == ["two"]
    await tg.clock.move(59)
    assert await call.updates() == ["two"]
    await tg.clock.move(1)
    assert await call.updates() == ["two", "one"]


async def test_updates_out_of_order(
    tg: Sandbox, bot: BotAccess, buyer: Person, call: Client
) -> None:
    tg.fault_in_updates(swap=True)
    for text in ("one", "two", "three"):
        await buyer.send(bot, text)
    found = (await call("getUpdates")).result
    assert [each["message"]["text"] for each in found] == ["two", "one", "three"]
    ids = [each["update_id"] for each in found]
    assert ids == sorted(ids)


async def test_what_was_held_back_follows_the_first_after_the_fault_is_mended(
    tg: Sandbox, bot: BotAccess, buyer: Person, call: Client
) -> None:
    tg.fault_in_updates(swap=True, times=None)
    await buyer.send(bot, "one")
    await buyer.send(bot, "two")
    assert await call.updates() == []
    tg.mend()
    await buyer.send(bot, "three")
    assert await call.updates() == ["three", "one", "two"]


async def test_late_and_twice_at_once(
    tg: Sandbox, bot: BotAccess, buyer: Person, call: Client
) -> None:
    tg.fault_in_updates(late=5, twice=True)
    await buyer.send(bot, "one")
    await tg.clock.move(5)
    (one,) = (await call("getUpdates")).result
    assert await call.updates(offset=one["update_id"] + 1) == ["one"]
    assert await call.updates(offset=one["update_id"] + 1) == []


async def test_only_updates_of_one_kind_and_of_one_bot(
    tg: Sandbox, http: aiohttp.ClientSession, bot: BotAccess, buyer: Person, call: Client
) -> None:
    other = tg.bot("other_bot")
    tg.fault_in_updates("callback_query", late=60, times=None)
    tg.fault_in_updates(bot=other, late=60, times=None)
    await buyer.send(bot, "one")
    await buyer.send(other, "two")
    assert await call.updates() == ["one"]
    assert await Client(http, other).updates() == []
    await tg.clock.move(60)
    assert await Client(http, other).updates() == ["two"]
