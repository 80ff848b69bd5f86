"""Events: whoever follows sees all of them, in order."""

import asyncio

from tgsandbox import Sandbox
from tgsandbox.events import Event, Events


def events(kept: int = 100) -> Events:
    return Events(lambda: 0.0, kept)


def numbers(found: list[Event]) -> list[int]:
    return [each.number for each in found]


def test_since_gives_what_came_after() -> None:
    made = events()
    assert made.since(0) == []
    for number in range(5):
        made.emit("message", text=number)
    assert made.last == 5
    assert numbers(made.since(0)) == [1, 2, 3, 4, 5]
    assert numbers(made.since(3)) == [4, 5]
    assert made.since(5) == made.since(99) == []
    assert made.since(4)[0].data == {"text": 4}


def test_only_the_last_are_kept() -> None:
    made = events(kept=3)
    for _ in range(10):
        made.emit("message")
    assert numbers(made.since(0)) == numbers(made.since(6)) == [8, 9, 10]
    assert numbers(made.since(8)) == [9, 10]


def test_listeners_hear_at_once() -> None:
    made, heard = events(), list[int]()
    made.listeners.append(lambda event: heard.append(event.number))
    made.emit("one")
    assert heard == [1]


async def follow(made: Events, after: int, chance: float = 0.0) -> list[int]:
    found = []
    async for event in made.follow(after):
        found.append(event.number)
        await asyncio.sleep(chance)
    return found


async def test_followers_see_all_in_order_each_in_its_own_time() -> None:
    made = events(kept=10_000)
    for _ in range(10):
        made.emit("before")
    quick = [asyncio.create_task(follow(made, 0)) for _ in range(5)]
    slow = asyncio.create_task(follow(made, 4, 0.0005))
    for _ in range(200):
        made.emit("message")
        made.emit("message")
        await asyncio.sleep(0)
    made.close()
    assert await asyncio.gather(*quick) == [list(range(1, 411))] * 5
    assert await slow == list(range(5, 411))


async def test_a_follower_that_has_gone_is_forgotten() -> None:
    made = events()
    task = asyncio.create_task(follow(made, 0))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    made.emit("message")
    assert made._waiting == []
    assert numbers(made.since(0)) == [1]


async def test_what_happens_in_a_conversation_is_told_in_order(tg: Sandbox) -> None:
    following = asyncio.create_task(follow_kinds(tg))
    bot, buyer = tg.bot("shop_bot"), tg.user("Buyer")
    await buyer.start(bot)
    await bot.call("sendMessage", chat_id=buyer.id, text="Hello")
    tg.world.events.close()
    kinds = await following
    said = [each for each in kinds if each in ("bot", "person", "message", "update", "call")]
    assert said == ["bot", "person", "message", "update", "message", "call"]


async def follow_kinds(tg: Sandbox) -> list[str]:
    return [event.kind async for event in tg.world.events.follow(0)]
