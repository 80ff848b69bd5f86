"""getUpdates, as the official server does it."""

import asyncio
import random
from collections.abc import Awaitable
from typing import Any

import aiohttp
import pytest

from tgsandbox import BotAccess, Person, Sandbox
from tgsandbox.telegram.updates import KINDS, ON_REQUEST

from .plain import Client, Said, eventually, said


async def polling(tg: Sandbox, call: Client, **args: Any) -> "asyncio.Task[Said]":
    """A long poll that the sandbox holds."""
    inbox = tg.world.inboxes[call.bot.id]
    before = inbox._poll
    task = asyncio.create_task(call("getUpdates", **{"timeout": 50} | args))
    await eventually(lambda: inbox._poll is not None and inbox._poll is not before)
    return task


async def test_updates_stay_until_a_higher_offset_confirms_them(
    call: Client, bot: BotAccess, buyer: Person
) -> None:
    for text in ("one", "two", "three"):
        await buyer.send(bot, text)
    first = (await call("getUpdates")).result
    assert [said(each) for each in first] == ["one", "two", "three"]
    assert await call.updates() == ["one", "two", "three"]
    assert await call.updates(offset=first[1]["update_id"]) == ["two", "three"]
    assert await call.updates(offset=first[2]["update_id"] + 1) == []
    assert bot.pending == []


async def test_update_ids_go_on_one_by_one(call: Client, bot: BotAccess, buyer: Person) -> None:
    await buyer.send(bot, "one")
    (one,) = (await call("getUpdates")).result
    await call("getUpdates", offset=one["update_id"] + 1)
    await buyer.send(bot, "two")
    (two,) = (await call("getUpdates")).result
    assert two["update_id"] == one["update_id"] + 1
    assert 0 < one["update_id"] < 2**31


@pytest.mark.parametrize(
    ("limit", "expected"), [(2, 2), (0, 1), (-5, 1), (100, 100), (101, 100), ("x", 1), ("", 100)]
)
async def test_limit_is_kept_between_1_and_100(
    call: Client, bot: BotAccess, buyer: Person, limit: Any, expected: int
) -> None:
    for number in range(103):
        await buyer.send(bot, str(number))
    found = await call.updates(limit=limit)
    assert found == [str(number) for number in range(expected)]


@pytest.mark.parametrize(
    ("timeout", "expected"), [(1, 1), (50, 50), (51, 50), (1000, 50), (-1, 0), ("x", 0), ("", 0)]
)
async def test_timeout_is_kept_between_0_and_50(
    tg: Sandbox, call: Client, monkeypatch: pytest.MonkeyPatch, timeout: Any, expected: int
) -> None:
    asked = []

    async def poll(offset: int, limit: int, timeout: float) -> list[Any]:
        asked.append((offset, limit, timeout))
        return []

    monkeypatch.setattr(tg.world.inboxes[call.bot.id], "poll", poll)
    assert await call.updates(timeout=timeout) == []
    assert asked == [(0, 100, expected)]


async def test_a_negative_offset_forgets_all_but_the_last(
    call: Client, bot: BotAccess, buyer: Person
) -> None:
    for text in ("one", "two", "three"):
        await buyer.send(bot, text)
    assert await call.updates(offset=-2) == ["two", "three"]
    assert await call.updates() == ["two", "three"]
    assert await call.updates(offset=-100) == ["two", "three"]


async def test_an_offset_of_another_server_confirms_nothing(
    call: Client, bot: BotAccess, buyer: Person
) -> None:
    """The real server, too, ignores one that is more than ten ahead."""
    await buyer.send(bot, "one")
    (one,) = (await call("getUpdates")).result
    assert await call.updates(offset=one["update_id"] + 12) == ["one"]
    assert await call.updates(offset=one["update_id"] + 11) == []


async def test_a_long_poll_is_woken_by_an_update(
    tg: Sandbox, call: Client, bot: BotAccess, buyer: Person
) -> None:
    poll = await polling(tg, call)
    await buyer.send(bot, "hello")
    assert [said(each) for each in (await asyncio.wait_for(poll, 2)).result] == ["hello"]


async def test_a_long_poll_ends_with_nothing_when_its_time_is_up(call: Client) -> None:
    begun = asyncio.get_running_loop().time()
    assert await call.updates(timeout=1) == []
    assert 0.9 < asyncio.get_running_loop().time() - begun < 3


async def test_a_long_poll_goes_on_when_what_woke_it_is_not_for_it(
    tg: Sandbox, call: Client, bot: BotAccess, buyer: Person
) -> None:
    """The next update lies before the offset: it is confirmed, and the poll waits for more."""
    await buyer.send(bot, "one")
    (one,) = (await call("getUpdates")).result
    poll = await polling(tg, call, offset=one["update_id"] + 2)
    await buyer.send(bot, "two")
    await eventually(lambda: not bot.pending)
    await buyer.send(bot, "three")
    assert [said(each) for each in (await asyncio.wait_for(poll, 2)).result] == ["three"]


async def test_a_second_poller_ends_the_first(
    tg: Sandbox, call: Client, bot: BotAccess, buyer: Person
) -> None:
    first = await polling(tg, call)
    second = await polling(tg, call)
    assert (await asyncio.wait_for(first, 2)).refusal == (
        409,
        "Conflict: terminated by other getUpdates request; "
        "make sure that only one bot instance is running",
    )
    await buyer.send(bot, "hello")
    assert [said(each) for each in (await second).result] == ["hello"]


async def test_a_short_poll_leaves_a_long_one_alone(
    tg: Sandbox, call: Client, bot: BotAccess, buyer: Person
) -> None:
    long = await polling(tg, call)
    assert await call.updates() == []
    await buyer.send(bot, "hello")
    assert [said(each) for each in (await long).result] == ["hello"]


async def test_with_a_webhook_there_is_nothing_to_poll(call: Client) -> None:
    assert (await call("setWebhook", url="http://127.0.0.1:9/")).result
    assert (await call("getUpdates")).refusal == (
        409,
        "Conflict: can't use getUpdates method while webhook is active; "
        "use deleteWebhook to delete the webhook first",
    )
    assert (await call("deleteWebhook")).result
    assert await call.updates() == []


async def test_setting_a_webhook_ends_a_poll(tg: Sandbox, call: Client) -> None:
    poll = await polling(tg, call)
    assert (await call("setWebhook", url="http://127.0.0.1:9/")).result
    assert (await asyncio.wait_for(poll, 2)).refusal == (
        409,
        "Conflict: terminated by setWebhook request",
    )


async def kinds_that_come(tg: Sandbox, call: Client) -> list[str]:
    inbox = tg.world.inboxes[call.bot.id]
    for kind in KINDS:
        inbox.push(kind, {}, "")
    found = (await call("getUpdates", limit=100)).result
    await call("getUpdates", offset=found[-1]["update_id"] + 1 if found else 0)
    return [next(each for each in update if each != "update_id") for update in found]


async def test_the_usual_kinds_leave_out_three(tg: Sandbox, call: Client) -> None:
    usual = [kind for kind in KINDS if kind not in ON_REQUEST]
    assert await kinds_that_come(tg, call) == usual
    assert {"chat_member", "message_reaction", "message_reaction_count"} == ON_REQUEST


async def test_allowed_updates_are_kept_when_they_are_left_out(tg: Sandbox, call: Client) -> None:
    await call("getUpdates", allowed_updates=["message_reaction", "Message", "no_such_kind"])
    for args in ({}, {"allowed_updates": "nonsense"}, {"allowed_updates": {"message": 1}}):
        await call("getUpdates", **args)
        assert await kinds_that_come(tg, call) == ["message", "message_reaction"]
    await call("getUpdates", allowed_updates='["callback_query"]')
    assert await kinds_that_come(tg, call) == ["callback_query"]
    await call("getUpdates", allowed_updates=["message", 1])
    assert await kinds_that_come(tg, call) == ["callback_query"]


@pytest.mark.parametrize("empty", [[], "[]", ["no_such_kind"]])
async def test_an_empty_list_means_the_usual_kinds(tg: Sandbox, call: Client, empty: Any) -> None:
    await call("getUpdates", allowed_updates=["message"])
    await call("getUpdates", allowed_updates=empty)
    assert len(await kinds_that_come(tg, call)) == len(KINDS) - 3
    assert "allowed_updates" not in (await call("getWebhookInfo")).result


async def test_who_hangs_up_in_a_long_poll_loses_nothing(
    tg: Sandbox, bot: BotAccess, call: Client, buyer: Person
) -> None:
    inbox = tg.world.inboxes[bot.id]
    async with aiohttp.ClientSession() as other:
        poll = await polling(tg, Client(other, bot))
    poll.cancel()
    assert inbox._poll is not None  # nobody has told the sandbox
    await buyer.send(bot, "hello")
    await eventually(lambda: inbox._poll is None)
    assert await call.updates() == ["hello"]


async def test_pollers_that_come_and_go_see_every_update_once(
    tg: Sandbox, bot: BotAccess, buyer: Person
) -> None:
    """Side by side: a writer, and a client that hangs up at any moment and begins anew."""
    wanted = [str(number) for number in range(60)]
    chance, offset = random.Random(5), 0
    taken: list[str] = []

    async def write() -> None:
        for text in wanted:
            await buyer.send(bot, text)
            await asyncio.sleep(chance.random() * 0.004)

    async def take() -> None:
        nonlocal offset
        while len(taken) < len(wanted):
            async with aiohttp.ClientSession() as http:
                limit = chance.choice([1, 3, 100])
                poll = Client(http, bot)("getUpdates", offset=offset, timeout=5, limit=limit)
                patience = chance.choice([0.001, 0.005, 5])
                try:
                    answer = await asyncio.wait_for(poll, patience)
                except TimeoutError:
                    continue
            for update in answer.result:
                taken.append(said(update))
                offset = update["update_id"] + 1

    await asyncio.wait_for(asyncio.gather(write(), take()), 15)
    assert taken == wanted
    assert len(bot.pending) <= 100


@pytest.mark.parametrize(
    ("kind", "seconds"),
    [
        ("inline_query", 30),
        ("callback_query", 150),
        ("shipping_query", 150),
        ("pre_checkout_query", 150),
        ("chosen_inline_result", 600),
        ("message", 86_400),
        ("my_chat_member", 86_400),
    ],
)
async def test_updates_live_as_long_as_they_are_good_for_something(
    tg: Sandbox, call: Client, kind: str, seconds: int
) -> None:
    tg.world.inboxes[call.bot.id].push(kind, {}, "")
    await tg.clock.move(seconds - 2)
    assert await call.updates() == [kind]
    await tg.clock.move(2)
    assert (await call("getWebhookInfo")).result["pending_update_count"] == 0
    assert await call.updates() == []


async def test_a_press_that_is_too_old_cannot_be_answered(
    tg: Sandbox, call: Client, bot: BotAccess, buyer: Person
) -> None:
    await buyer.start(bot)
    keyboard = {"inline_keyboard": [[{"text": "Buy", "callback_data": "buy"}]]}
    await call("sendMessage", chat_id=buyer.id, text="Tea", reply_markup=keyboard)

    async def press() -> str:
        await buyer.press("Buy")
        return str((await call("getUpdates", offset=-1)).result[0]["callback_query"]["id"])

    soon, late = await press(), await press()
    await tg.clock.move(145)
    assert (await call("answerCallbackQuery", callback_query_id=soon)).result
    await tg.clock.move(5)
    assert (await call("answerCallbackQuery", callback_query_id=late)).refusal == (
        400,
        "Bad Request: query is too old and response timeout expired or query ID is invalid",
    )


async def test_a_moved_clock_does_not_end_a_long_poll(
    tg: Sandbox, call: Client, bot: BotAccess, buyer: Person
) -> None:
    poll = await polling(tg, call, timeout=50)
    await tg.clock.move(days=2)
    await buyer.send(bot, "hello")
    assert [said(each) for each in (await poll).result] == ["hello"]


async def test_the_sandbox_ends_with_polls_under_way(http: aiohttp.ClientSession) -> None:
    async with Sandbox() as tg:
        bots = [tg.bot(f"shop{number}_bot") for number in range(3)]
        polls = [await polling(tg, Client(http, bot)) for bot in bots]
        begun = asyncio.get_running_loop().time()
    assert asyncio.get_running_loop().time() - begun < 0.8
    waiting: list[Awaitable[Said]] = [*polls]
    assert [each.result for each in await asyncio.gather(*waiting)] == [[], [], []]
