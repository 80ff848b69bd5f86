"""As fast as Telegram takes it, in order, and nobody held up by anybody."""

import asyncio
import itertools
from typing import Any

import pytest

from kassa.botapi import Gone, NotDone, NotKnown, Refused
from kassa.db import Database
from kassa.outbox import TryLater
from kassa.telegram import sender as sending
from kassa.telegram.bots import Bot
from kassa.telegram.pacing import Pace, Room, Waiter
from kassa.telegram.sender import Cost, cost
from tests.conftest import until
from tests.telegram.sending import a_sending


async def test_a_chat_hears_a_few_at_once_and_then_one_a_second(db: Database) -> None:
    async with a_sending(db) as s:
        (buyer,) = s.people(1)
        began = s.tg.world.clock.time()
        for number in range(8):
            await s.say(buyer, str(number))
        took = s.tg.world.clock.time() - began
        assert s.heard(buyer) == [str(number) for number in range(8)]
        assert s.refused == 0
        assert 5 <= took < 6, "three at once, and five seconds for five"


async def test_a_group_hears_twenty_a_minute(db: Database) -> None:
    async with a_sending(db) as s:
        (buyer,) = s.people(1)
        group = s.tg.group("Соседи", buyer, s.accounts[0])
        for number in range(18):
            await s.say(group, str(number), ticket=number)
        with pytest.raises(TryLater) as later:
            await s.say(group, "18", ticket=18)
        assert 1 < later.value.after.total_seconds() < 4, "rather than that the job waits here"
        s.tg.world.clock.move(later.value.after.total_seconds() + 1)
        await s.say(group, "18", ticket=18)
        assert s.heard(group)[-18:] == [str(number) for number in range(1, 19)]
        assert s.refused == 0


async def test_a_bot_sends_thirty_a_second_to_many(db: Database) -> None:
    async with a_sending(db) as s:
        people = s.people(80)
        began = s.tg.world.clock.time()
        await asyncio.gather(*(s.say(each, "hi") for each in people))
        took = s.tg.world.clock.time() - began
        assert [s.heard(each) for each in people] == [["hi"]] * 80
        assert s.refused == 0
        assert took > (80 - 24) / 31


async def test_a_chat_keeps_its_order_whoever_comes_first(db: Database) -> None:
    """Jobs that were taken together begin in any order: their numbers tell."""
    async with a_sending(db, limits=False) as s:
        (buyer,) = s.people(1)
        s.tg.fault("sendMessage", delay=0.05, times=1)
        calls = [s.say(buyer, str(ticket), ticket=ticket) for ticket in (1, 4, 3, 2)]
        await asyncio.gather(*calls)
        assert s.heard(buyer) == ["1", "2", "3", "4"]


async def test_what_a_job_says_is_said_before_the_next_jobs(db: Database) -> None:
    async with a_sending(db, limits=False) as s:
        (buyer,) = s.people(1)

        async def job(ticket: int) -> None:
            await s.say(buyer, f"{ticket}: first", ticket=ticket)
            await s.say(buyer, f"{ticket}: second", ticket=ticket)

        await asyncio.gather(*(job(ticket) for ticket in (1, 2)))
        assert s.heard(buyer) == ["1: first", "1: second", "2: first", "2: second"]


async def test_an_answer_goes_before_notices_that_wait(db: Database) -> None:
    async with a_sending(db) as s:
        people = s.people(42)
        line: list[str] = []

        async def notice(number: int) -> None:
            await s.say(people[number], "notice", urgent=False, ticket=number)
            line.append("notice")

        async def answer() -> None:
            await s.say(people[41], "answer")
            line.append("answer")

        notices = [asyncio.create_task(notice(number)) for number in range(40)]
        await asyncio.sleep(0)  # 24 are let through, and 16 stand at the door
        await asyncio.gather(*notices, answer())
        # Before those at the door; on a busy machine, a few that went before it end after it does.
        assert line.index("answer") < 36
        assert line.count("notice") == 40


async def test_an_answer_hurries_the_notice_that_its_own_chat_waits_for(db: Database) -> None:
    async with a_sending(db) as s:
        people = s.people(40)
        line: list[str] = []

        async def say(number: int, *, urgent: bool) -> None:
            await s.say(people[number], "hi", urgent=urgent, ticket=number)
            line.append(f"{'answer' if urgent else 'notice'} {number}")

        notices = [asyncio.create_task(say(number, urgent=False)) for number in range(40)]
        await asyncio.sleep(0)
        await asyncio.gather(*notices, say(39, urgent=True))
        assert line.index("answer 39") < 37  # 30 go at once; it would be the last
        assert line.index("notice 39") < line.index("answer 39")


async def test_notices_go_on_while_answers_never_end(db: Database) -> None:
    """Thirty answers a second and more are wanted: the notice has its turn all the same."""
    async with a_sending(db, limits=False) as s:
        people = s.people(200)
        answered = 0

        async def answer(number: int) -> None:
            nonlocal answered
            try:
                await s.say(people[1 + number % 199], "answer")
                answered += 1
            except TryLater:
                pass

        batch = [asyncio.create_task(answer(number)) for number in range(40)]
        await asyncio.sleep(0)  # 16 stand at the door
        told = asyncio.create_task(s.say(people[0], "notice", urgent=False, ticket=1))
        number, began = 40, s.tg.world.clock.time()
        while not told.done():
            await asyncio.sleep(0.001)
            batch += [asyncio.create_task(answer(number + more)) for more in range(10)]
            number += 10
            assert s.tg.world.clock.time() - began < 9, "the notice waits for ever"
        await asyncio.gather(*batch)
        await told
        assert answered > 0


async def test_ten_thousand_notices_are_told_when_to_come(db: Database) -> None:
    """Each once, one after the other, 30 a second; and what else there is goes at once."""
    async with a_sending(db, names=("shop_bot", "other_bot")) as s:
        (other,) = s.people(1)
        now = s.tg.world.clock.time
        began = now()

        async def notice(ticket: int) -> float:
            """When it is told to come, if it is not sent."""
            to, params = 10_000 + ticket, {"chat_id": 10_000 + ticket, "text": "hi"}
            try:
                await s.sender.call(
                    *(s.bot, "sendMessage", params), chat=to, urgent=False, ticket=ticket
                )
            except TryLater as later:
                return now() + later.after.total_seconds() - began
            except Gone:  # they are nobody
                pass
            return 0

        told = await asyncio.gather(*(notice(ticket) for ticket in range(10_000)))
        laters = [each for each in told if each]
        assert len(laters) >= 10_000 - sending.NOTICES - 1
        pairs = itertools.pairwise(laters)
        assert all(one < next_one + 0.5 for one, next_one in pairs), "in their order"
        assert 320 < laters[-1] < 360, "333 seconds for ten thousand"
        assert len(s.sender._lines[s.bot.id].rooms) <= 2 * sending._SWEEP

        at = now()
        await s.say(other, "an answer")
        await s.say(other, "another bot's", urgent=False, bot=s.bots.all[1])
        assert now() - at < 1
        with pytest.raises(TryLater) as later:
            await s.say(other, "one more notice", urgent=False, ticket=10_001)
        assert now() - began + later.value.after.total_seconds() > laters[-1], (
            "nobody goes before those who wait"
        )

        s.tg.world.clock.move(laters[2000])
        await s.say(other, "come back", urgent=False, ticket=2000)
        assert "come back" in s.heard(other)


async def test_a_broadcast_to_one_chat_comes_in_order(db: Database) -> None:
    async with a_sending(db) as s:
        (buyer,) = s.people(1)
        due = dict.fromkeys(range(12), 0.0)
        rounds = 0
        while due:
            rounds += 1
            now = s.tg.world.clock.time()
            ready = [ticket for ticket, at in due.items() if at <= now] or [min(due)]

            async def one(ticket: int) -> None:
                try:
                    await s.say(buyer, str(ticket), urgent=False, ticket=ticket)
                    del due[ticket]
                except TryLater as later:
                    due[ticket] = s.tg.world.clock.time() + later.after.total_seconds()

            await asyncio.gather(*(one(ticket) for ticket in ready))
            s.tg.world.clock.move(0.2)
        assert s.heard(buyer) == [str(number) for number in range(12)]
        assert s.refused == 0
        assert rounds < 100


async def test_too_fast_is_waited_for_where_it_is_short(db: Database) -> None:
    async with a_sending(db, limits=False) as s:
        (buyer,) = s.people(1)
        s.tg.fault("sendMessage", retry_after=1, times=2)
        await s.say(buyer, "hi")
        assert s.heard(buyer) == ["hi"]
        assert s.refused == 2


async def test_a_long_pause_is_the_chats_alone(db: Database) -> None:
    async with a_sending(db, limits=False) as s:
        buyer, other = s.people(2)
        s.tg.fault("sendMessage", chat=buyer, retry_after=30, times=1)
        for text in ("first", "second"):
            with pytest.raises(TryLater) as later:
                await s.say(buyer, text)
            assert 28 < later.value.after.total_seconds() < 33
        assert s.refused == 1, "the second was not even sent"
        await s.say(other, "hi")
        s.tg.world.clock.move(31)
        await s.say(buyer, "at last")


async def test_a_flood_is_the_bots(db: Database) -> None:
    """Refused by one chat after another, it rests, and does not make it worse."""
    async with a_sending(db, limits=False, names=("shop_bot", "other_bot")) as s:
        people = s.people(5)
        s.tg.fault("sendMessage", bot=s.accounts[0], retry_after=20, times=3)
        for each in people[:3]:
            with pytest.raises(TryLater):
                await s.say(each, "hi")
        with pytest.raises(TryLater) as later:
            await s.say(people[3], "hi")
        assert 17 < later.value.after.total_seconds() < 21
        assert s.refused == 3
        await s.say(people[4], "hi", bot=s.bots.all[1])
        s.tg.world.clock.move(21)
        await s.say(people[3], "hi")


async def test_what_is_no_message_waits_for_none(db: Database) -> None:
    async with a_sending(db) as s:
        (buyer,) = s.people(1)
        for number in range(3):
            await s.say(buyer, str(number))
        began = s.tg.world.clock.time()
        for _ in range(50):
            params = {"chat_id": buyer.id, "action": "typing"}
            await s.sender.call(s.bot, "sendChatAction", params, chat=buyer.id, urgent=True)
        assert s.tg.world.clock.time() - began < 1
        s.tg.fault("getMe", retry_after=1, times=1)
        me = await s.sender.call(s.bot, "getMe", {}, chat=buyer.id, urgent=True)
        assert me["username"] == "shop_bot"
        s.tg.fault("getMe", retry_after=60, times=1)
        with pytest.raises(TryLater) as later:
            await s.sender.call(s.bot, "getMe", {}, chat=buyer.id, urgent=True)
        assert later.value.after.total_seconds() == 60


@pytest.mark.parametrize(
    ("method", "params", "expected"),
    [
        ("sendMessage", {"chat_id": 1}, Cost(1, 1)),
        ("sendInvoice", {"chat_id": 1}, Cost(1, 1)),
        ("sendMediaGroup", {"chat_id": 1, "media": [{}, {}, {}]}, Cost(3, 3)),
        ("copyMessages", {"chat_id": 1, "message_ids": [1, 2]}, Cost(2, 2)),
        ("forwardMessage", {"chat_id": 1, "message_id": 1}, Cost(1, 1)),
        ("editMessageText", {"chat_id": 1, "message_id": 1}, Cost(0, 1)),
        ("deleteMessage", {"chat_id": 1, "message_id": 1}, Cost(0, 1)),
        ("editMessageText", {"inline_message_id": "1"}, Cost(0, 0)),
        ("sendChatAction", {"chat_id": 1}, Cost(0, 0)),
        ("answerCallbackQuery", {"callback_query_id": "1"}, Cost(0, 0)),
        ("setMyCommands", {}, Cost(0, 0)),
        ("createInvoiceLink", {}, Cost(0, 0)),
        ("editUserStarSubscription", {"user_id": 1}, Cost(0, 0)),
    ],
)
def test_what_a_call_costs(method: str, params: dict[str, Any], expected: Cost) -> None:
    assert cost(method, params) == expected


async def test_edits_count_for_the_chat_and_not_for_the_bot(db: Database) -> None:
    async with a_sending(db, per_second=1, limits=False) as s:
        (buyer,) = s.people(1)
        sent = await s.say(buyer, "0")
        began = s.tg.world.clock.time()
        for number in range(1, 3):
            params = {"chat_id": buyer.id, "message_id": sent["message_id"], "text": str(number)}
            await s.sender.call(s.bot, "editMessageText", params, chat=buyer.id, urgent=True)
        assert s.tg.world.clock.time() - began < 0.9
        params["text"] = "3"
        await s.sender.call(s.bot, "editMessageText", params, chat=buyer.id, urgent=True)
        assert s.tg.world.clock.time() - began > 0.9
        assert s.heard(buyer) == ["3"]


# -- people who cannot be reached ------------------------------------------------------


async def test_who_has_blocked_a_bot_is_remembered(db: Database) -> None:
    async with a_sending(db, names=("shop_bot", "other_bot")) as s:
        buyer, other = s.people(2)
        user = await s.known(buyer, *s.bots.all)
        await s.known(other, *s.bots.all)
        buyer.block(s.accounts[0])
        with pytest.raises(Gone):
            await s.say(buyer, "hi")
        assert await s.gone(s.bot, user)
        assert not await s.gone(s.bots.all[1], user)
        assert await db.fetchval("SELECT count(*) FROM telegram.reach WHERE gone_at IS NULL") == 3


async def test_a_group_that_is_not_found_is_nobodys_absence(db: Database) -> None:
    async with a_sending(db) as s:
        (buyer,) = s.people(1)
        user = await s.known(buyer, s.bot)
        with pytest.raises(Gone):
            await s.sender.call(
                s.bot, "sendMessage", {"chat_id": -100123, "text": "x"}, chat=-100123, urgent=True
            )
        params = {"chat_id": buyer.id, "from_chat_id": -100123, "message_id": 1}
        with pytest.raises(Gone):
            await s.sender.call(s.bot, "forwardMessage", params, chat=buyer.id, urgent=True)
        assert not await s.gone(s.bot, user)


# -- what goes wrong -------------------------------------------------------------------


async def test_failures_are_the_outboxs_to_try_again(db: Database) -> None:
    async with a_sending(db) as s:
        (buyer,) = s.people(1)
        s.tg.fault("sendMessage", error=(500, "Internal Server Error"), times=1)
        with pytest.raises(NotKnown):
            await s.say(buyer, "hi")
        s.tg.fault("sendMessage", lose_answer=True, times=1)
        with pytest.raises(NotKnown):
            await s.say(buyer, "hi")
        s.tg.fault("sendMessage", error=(400, "Bad Request: can't parse entities"), times=1)
        with pytest.raises(Refused, match="parse"):
            await s.say(buyer, "hi")
        nobody = Bot(s.bot.id, "x", type(s.bot.api)(s.bot.api._token, url="http://127.0.0.1:9"), ())
        with pytest.raises(NotDone):
            await s.say(buyer, "hi", bot=nobody)
        await nobody.api.close()
        assert s.heard(buyer) == ["hi"], "none of them holds up the next"


async def test_whoever_gives_up_gives_the_turn_away(db: Database) -> None:
    async with a_sending(db, limits=False) as s:
        (buyer,) = s.people(1)
        s.tg.fault("sendMessage", delay=30, times=1)
        tasks = [asyncio.create_task(s.say(buyer, str(n), ticket=n)) for n in range(3)]
        await until(lambda: not s.tg.world.faults.calls)
        tasks[1].cancel()  # it waits in the room
        await asyncio.sleep(0)
        tasks[0].cancel()  # it is being said
        assert (await tasks[2])["text"] == "2"
        assert (await asyncio.gather(*tasks[:2], return_exceptions=True)) != []


async def test_whoever_gives_up_when_it_is_their_turn_gives_it_away_too() -> None:
    room = Room(Pace(1, 3))
    first, second, third = (Waiter(urgent=True, ticket=n, since=0) for n in range(3))
    await room.enter(first)
    waiting = asyncio.create_task(room.enter(second))
    last = asyncio.create_task(room.enter(third))
    await asyncio.sleep(0)
    room.leave()
    while room.inside is not second:
        await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait_for(last, 1)
    assert room.inside is third


async def test_chats_are_forgotten_when_they_have_rested(db: Database) -> None:
    async with a_sending(db, per_second=100_000, limits=False) as s:
        line = s.sender._lines[s.bot.id]
        for chat in range(1, 3 * sending._SWEEP):
            line.room(chat, s.tg.world.clock.time()).pace.spend(s.tg.world.clock.time())
            s.tg.world.clock.move(0.01)
        assert len(line.rooms) <= sending._SWEEP + 1
