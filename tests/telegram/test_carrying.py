"""What is said after a commit: each once, tried again as far as it was not done, none in the way
of another."""

import asyncio
from collections.abc import AsyncIterator, MutableMapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
import structlog
from structlog.testing import capture_logs

from kassa import outbox
from kassa.db import Database
from kassa.outbox import list_jobs
from kassa.telegram.carrying import Carrying, Place
from kassa.telegram.updates import CARRY_OUT
from kassa.texts import Texts
from tests.outbox.support import nobody_waits, soon
from tests.telegram.sending import Sending, a_sending
from tgsandbox import Person

APP = Texts(
    "test", {"ru": "hello = Привет, { $name }!\nlong = { $what }{ $what }", "uz": "hello = Salom!"}
)


@dataclass
class Wished:
    """Who would start payments."""

    heard: list[Any] = field(default_factory=list)

    async def pay(self, at: Place, wish: Sequence[Any]) -> None:
        self.heard.append(("pay", at.chat, at.user, *wish))

    async def check(self, at: Place, wish: Sequence[Any]) -> None:
        self.heard.append(("check", at.chat, at.user, *wish))

    async def left(self, payment: int, place: str) -> None:
        self.heard.append(("left", payment, place))


@dataclass
class Speaking:
    s: Sending
    db: Database
    carrying: Carrying
    wished: Wished
    worker: outbox.Worker
    logged: list[MutableMapping[str, Any]]

    async def put(self, kind: str, payload: dict[str, Any]) -> None:
        async with self.db.transaction() as tx:
            await outbox.put(tx, kind, payload, most=3)

    async def carry_out(self, to: Person, *calls: dict[str, Any], user: int | None = None) -> None:
        await self.put(CARRY_OUT, self.payload(to, *calls, user=user))

    def payload(
        self, to: Person, *calls: dict[str, Any], user: int | None = None
    ) -> dict[str, Any]:
        about = {"bot": self.s.bot.id, "chat": to.id, "user": user, "language": "ru", "app": ""}
        return {**about, "calls": list(calls)}

    async def send(self, user: int, text: str = "hello", **more: Any) -> None:
        args = more.pop("args", {"name": "<b>Ann</b>"})
        payload = {"user": user, "bot": "", "app": "test", "text": text, "args": args}
        await self.put("telegram.send", {**payload, **more})

    async def done(self) -> None:
        await soon(lambda: nobody_waits(self.db))

    async def dead(self) -> list[str]:
        async def some() -> bool:
            return bool(await list_jobs(self.db, dead=True))

        await soon(some)
        return [each.last_error or "" for each in await list_jobs(self.db, dead=True)]

    def lines(self, event: str) -> list[MutableMapping[str, Any]]:
        return [each for each in self.logged if each["event"] == event]


@asynccontextmanager
async def a_speaking(
    db: Database, *, operator: Person | int | None = None, **how: Any
) -> AsyncIterator[Speaking]:
    async with a_sending(db, limits=how.pop("limits", False), **how) as s:
        wished = Wished()
        number = operator.id if isinstance(operator, Person) else operator
        carrying = Carrying(db, s.bots, s.sender, wished, {"test": APP}, number)
        worker = outbox.Worker(db, carrying.handlers(), poll=timedelta(milliseconds=20))
        with capture_logs(processors=[structlog.contextvars.merge_contextvars]) as logged:
            task = asyncio.create_task(worker.run())
            try:
                yield Speaking(s, db, carrying, wished, worker, logged)
            finally:
                await worker.stop(grace=2)
                await task


def message(to: Person, text: str) -> dict[str, Any]:
    return {"method": "sendMessage", "params": {"chat_id": to.id, "text": text}}


# -- what follows an update ----------------------------------------------------------


async def test_all_is_said_in_its_order(db: Database) -> None:
    async with a_speaking(db) as it:
        (buyer,) = it.s.people(1)
        calls = [message(buyer, str(number)) for number in range(5)]
        await it.carry_out(buyer, *calls, {"pay": [7, "", "", 0]}, {"check": [7, "q"]}, user=17)
        await it.done()
        assert it.s.heard(buyer) == [str(number) for number in range(5)]
        assert it.wished.heard == [
            ("pay", buyer.id, 17, 7, "", "", 0),
            ("check", buyer.id, 17, 7, "q"),
        ]


async def test_what_is_done_is_not_said_again(db: Database) -> None:
    """The second call fails twice: the first one is said once."""
    async with a_speaking(db) as it:
        (buyer,) = it.s.people(1)
        it.s.tg.fault("sendMessage", error=(500, "Internal Server Error"), after=1, times=2)
        await it.carry_out(buyer, *(message(buyer, str(number)) for number in range(3)))
        for _ in range(2):
            await soon(lambda: _failed_again(db))
            it.s.tg.world.clock.move(10)
        await it.done()
        assert it.s.heard(buyer) == ["0", "1", "2"]


async def test_a_bill_that_was_left_and_is_shown_again_is_not_left_again(db: Database) -> None:
    async with a_speaking(db) as it:
        (buyer,) = it.s.people(1)
        it.s.tg.fault("sendMessage", error=(500, "Internal Server Error"), times=1)
        said = it.payload(buyer, {"pay": [7, "", "", 3]}, message(buyer, "!"), user=17)
        await it.put(CARRY_OUT, {**said, "left": [[7, "1:5:3"]]})
        await soon(lambda: _failed_again(db))
        it.s.tg.world.clock.move(10)
        await it.done()
        assert it.wished.heard == [("left", 7, "1:5:3"), ("pay", buyer.id, 17, 7, "", "", 3)]


async def _failed_again(db: Database) -> bool:
    jobs = await list_jobs(db)
    return bool(jobs) and not jobs[0].running and jobs[0].last_error is not None


async def test_told_to_stop_in_the_middle_it_leaves_what_is_left(db: Database) -> None:
    async with a_speaking(db) as it:
        (buyer,) = it.s.people(1)
        it.s.tg.fault("sendMessage", delay=60, after=1, times=1)
        await it.carry_out(buyer, *(message(buyer, str(number)) for number in range(3)))
        await buyer.reply("0")
        await it.worker.stop(grace=0)
        (job,) = await list_jobs(db)
        assert not job.running
        assert [each["params"]["text"] for each in job.payload["calls"]] == ["1", "2"]


async def test_a_plain_success_writes_nothing_of_it(db: Database) -> None:
    async with a_speaking(db) as it:
        (buyer,) = it.s.people(1)
        said: list[str] = []
        amend = outbox.amend

        async def counted(*args: Any) -> None:
            said.append("amend")
            await amend(*args)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(outbox, "amend", counted)
            await it.carry_out(buyer, message(buyer, "1"), message(buyer, "2"))
            await it.done()
        assert said == []


@pytest.mark.parametrize(
    ("words", "level"),
    [
        ("Bad Request: message is not modified: …", "debug"),
        ("Bad Request: query is too old and response timeout expired", "debug"),
        ("Bad Request: can't parse entities: …", "error"),
        ("Bad Request: message is too long", "error"),
    ],
)
async def test_a_no_is_logged_and_the_next_is_said(db: Database, words: str, level: str) -> None:
    async with a_speaking(db) as it:
        (buyer,) = it.s.people(1)
        it.s.tg.fault("sendMessage", error=(400, words), times=1)
        await it.carry_out(buyer, message(buyer, "1"), message(buyer, "2"))
        await it.done()
        assert it.s.heard(buyer) == ["2"]
        assert [each["log_level"] for each in it.lines("call.refused")] == [level]


async def test_who_has_left_hears_no_more_and_others_do(db: Database) -> None:
    async with a_speaking(db) as it:
        buyer, other = it.s.people(2)
        user = await it.s.known(buyer, it.s.bot)
        buyer.block(it.s.accounts[0])
        await it.carry_out(
            buyer,
            message(buyer, "1"),
            message(buyer, "2"),
            message(other, "3"),
            {"pay": [1, "", "", 0]},
        )
        await it.done()
        assert it.s.heard(other) == ["3"]
        assert it.s.heard(buyer) == []
        assert it.wished.heard == []
        assert len(it.s.accounts[0].calls("sendMessage")) == 2
        assert await it.s.gone(it.s.bot, user)


async def test_a_token_that_was_revoked_loses_nobodys_answer(db: Database) -> None:
    async with a_speaking(db) as it:
        (buyer,) = it.s.people(1)
        it.s.tg.fault("sendMessage", error=(401, "Unauthorized"), times=1)
        await it.carry_out(buyer, message(buyer, "1"))
        await soon(lambda: _failed_again(db))
        it.s.tg.world.clock.move(10)
        await it.done()
        assert it.s.heard(buyer) == ["1"]


async def test_a_bot_that_is_gone_is_said_in_words(db: Database) -> None:
    async with a_speaking(db) as it:
        (buyer,) = it.s.people(1)
        await it.put(CARRY_OUT, {**it.payload(buyer, message(buyer, "1")), "bot": 99})
        assert await it.dead() == ["The bot 99 is not here any more."]


async def test_too_fast_it_comes_later_and_says_the_rest(db: Database) -> None:
    async with a_speaking(db, limits=True) as it:
        (buyer,) = it.s.people(1)
        it.s.tg.fault("sendMessage", retry_after=40, after=1, times=1)
        await it.carry_out(buyer, *(message(buyer, str(number)) for number in range(4)))
        await soon(lambda: _failed_again(db))
        (job,) = await list_jobs(db)
        assert job.attempts == 0, "Telegram's 'later' is no failure"
        assert [each["params"]["text"] for each in job.payload["calls"]] == ["1", "2", "3"]
        it.s.tg.world.clock.move(45)
        await it.done()
        assert it.s.heard(buyer) == ["0", "1", "2", "3"]


# -- notices -------------------------------------------------------------------------


async def test_a_notice_is_said_in_the_persons_language(db: Database) -> None:
    async with a_speaking(db) as it:
        ann, bek = it.s.people(2)
        first = await it.s.known(ann, it.s.bot)
        second = await it.s.known(bek, it.s.bot, language="uz")
        await it.send(first.id)
        await it.send(second.id)
        await it.done()
        assert it.s.heard(ann) == ["Привет, <b>Ann</b>!"]
        assert it.s.heard(bek) == ["Salom!"]


async def test_a_notice_of_payments_speaks_their_texts(db: Database) -> None:
    async with a_speaking(db) as it:
        (ann,) = it.s.people(1)
        user = await it.s.known(ann, it.s.bot)
        await it.send(user.id, "wallet-topped-up", app="payments", args={"amount": "5.00 USD"})
        await it.done()
        assert it.s.heard(ann) == ["Готово! Баланс пополнен на $5.00 ✨"]


async def test_a_notice_goes_by_the_bot_that_was_named(db: Database) -> None:
    async with a_speaking(db, names=("shop_bot", "other_bot")) as it:
        (ann,) = it.s.people(1)
        user = await it.s.known(ann, *it.s.bots.all)
        await it.send(user.id, bot=str(it.s.accounts[1].id))
        await it.send(user.id, bot="shop_bot")
        await it.done()
        assert [len(each.calls("sendMessage")) for each in it.s.accounts] == [1, 1]


async def test_who_has_blocked_one_bot_is_reached_by_another(db: Database) -> None:
    """And the blocked one is not even tried the next time."""
    async with a_speaking(db, names=("shop_bot", "other_bot")) as it:
        (ann,) = it.s.people(1)
        user = await it.s.known(ann, *it.s.bots.all)
        ann.block(it.s.accounts[0])
        for _ in range(2):
            await it.send(user.id, bot=str(it.s.accounts[0].id))
            await it.done()
        assert [len(each.calls("sendMessage")) for each in it.s.accounts] == [1, 2]
        assert len(it.s.heard(ann)) == 2


async def test_who_cannot_be_reached_at_all_is_logged(db: Database) -> None:
    async with a_speaking(db) as it:
        ann, bek = it.s.people(2)
        blocked, unseen = await it.s.known(ann, it.s.bot), await it.s.known(bek)
        ann.block(it.s.accounts[0])
        await it.send(blocked.id)
        await it.send(unseen.id)
        await it.done()
        assert {each["user"] for each in it.lines("send.unreachable")} == {blocked.id, unseen.id}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"text": "nothing-like-it"}, "test has no text 'nothing-like-it'."),
        ({"app": "nobody"}, "There is no app 'nobody' here that says 'hello'."),
        ({"user": 4_000}, "There is no person 4000 to be told."),
    ],
)
async def test_what_cannot_be_said_is_set_aside_in_words(
    db: Database, changes: dict[str, Any], words: str
) -> None:
    async with a_speaking(db) as it:
        (ann,) = it.s.people(1)
        user = await it.s.known(ann, it.s.bot)
        payload = {"user": user.id, "bot": "", "app": "test", "text": "hello", "args": {}}
        await it.put("telegram.send", {**payload, **changes})
        assert await it.dead() == [words]


async def test_a_notice_that_telegram_refuses_is_set_aside(db: Database) -> None:
    async with a_speaking(db) as it:
        (ann,) = it.s.people(1)
        user = await it.s.known(ann, it.s.bot)
        await it.send(user.id, "long", args={"what": "  "})
        (words,) = await it.dead()
        assert "Bad Request: text must be non-empty" in words


@pytest.mark.parametrize("kind", ["telegram.send", "operator.tell"])
async def test_a_token_that_was_revoked_loses_no_notice(db: Database, kind: str) -> None:
    async with a_speaking(db) as it:
        (ann,) = it.s.people(1)
        user = await it.s.known(ann, it.s.bot)
        it.carrying.operator = ann.id
        it.s.tg.fault("sendMessage", error=(401, "Unauthorized"), times=1)
        hello = {"user": user.id, "bot": "", "app": "test", "text": "hello", "args": {}}
        await it.put(kind, TOLD if kind == "operator.tell" else hello)
        await soon(lambda: _failed_again(db))
        it.s.tg.world.clock.move(10)
        await it.done()
        assert len(it.s.heard(ann)) == 1


async def test_a_long_text_is_cut(db: Database) -> None:
    async with a_speaking(db) as it:
        (ann,) = it.s.people(1)
        user = await it.s.known(ann, it.s.bot)
        await it.send(user.id, "long", args={"what": "а" * 2100})
        await it.done()
        (text,) = it.s.heard(ann)
        assert len(text) == 4000
        assert text.endswith("…")


async def test_a_broadcast_reaches_everybody_once_and_holds_up_nobody(db: Database) -> None:
    """400 notices at 200 a second; one person is gone, one is answered too slowly."""
    async with a_speaking(db, limits=True, per_second=200, hurried=False) as it:
        it.s.tg.world.limits.per_bot = 200
        people = it.s.people(400)
        users = [await it.s.known(each, it.s.bot) for each in people]
        people[7].block(it.s.accounts[0])
        it.s.tg.fault("sendMessage", chat=people[8], error=(500, "Internal Server Error"), times=1)
        async with db.transaction() as tx:
            payload = {"bot": "", "app": "test", "text": "hello", "args": {"name": "N"}}
            await outbox.put_many(
                tx, [outbox.NewJob("telegram.send", {**payload, "user": each.id}) for each in users]
            )
        began = it.s.tg.world.clock.time()
        await it.carry_out(people[9], message(people[9], "an answer"))
        await it.s.tg.person(people[9].user).reply("an answer")
        assert it.s.tg.world.clock.time() - began < 1
        await it.done()
        assert it.s.tg.world.clock.time() - began < 8
        heard = [it.s.heard(each).count("Привет, N!") for each in people]
        assert heard == [1] * 7 + [0] + [1] * 392
        assert it.s.refused == 0


# -- the operator --------------------------------------------------------------------

ABOUT = {"payment": 5, "user": 17, "purpose": "test.goods"}
TOLD = {"app": "payments", "text": "refund-by-hand", "args": {**ABOUT, "amount": "5.00 USD"}}


async def test_the_operator_is_told(db: Database) -> None:
    async with a_speaking(db) as it:
        (boss,) = it.s.people(1)
        it.carrying.operator = boss.id
        await it.put("operator.tell", TOLD)
        await it.done()
        (text,) = it.s.heard(boss)
        assert text.startswith("👋 Платёж 5, пользователь 17, test.goods: верните $5.00 вручную.")
        await it.s.known(boss, language="en")
        await it.put("operator.tell", TOLD)
        await it.done()
        assert "by hand" in it.s.heard(boss)[-1]


async def test_with_no_operator_it_is_in_the_log(db: Database) -> None:
    async with a_speaking(db) as it:
        await it.put("operator.tell", TOLD)
        await it.done()
        (line,) = it.lines("operator.nobody_to_tell")
        assert line["log_level"] == "warning"
        assert "верните $5.00 вручную" in line["said"]


@pytest.mark.parametrize("blocked", [True, False])
async def test_an_operator_who_cannot_be_told_is_in_the_log(db: Database, blocked: bool) -> None:
    async with a_speaking(db) as it:
        (boss,) = it.s.people(1)
        it.carrying.operator = boss.id
        if blocked:
            boss.block(it.s.accounts[0])
        else:
            it.s.tg.fault("sendMessage", error=(400, "Bad Request: no"), times=1)
        await it.put("operator.tell", TOLD)
        await it.done()
        (line,) = it.lines("operator.not_told")
        assert "верните $5.00 вручную" in line["said"]
