"""Short, seeded pieces of `scripts/faults updates`; PostgreSQL that dies while people pay; pollers
that take over."""

import asyncio
import os
import shutil
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from kassa.db import APP, OWNER, Database, EmbeddedServer
from kassa.db.database import connect
from kassa.db.migrate import migrate, steps
from kassa.runtime import PACKAGES
from tests.cli.process import Running, on, processes_in
from tests.conftest import Fresh
from tests.faults import updates_app
from tests.faults.updates import WAYS, Updates
from tests.faults.updates_people import invoice_of
from tests.telegram.whole import Whole, a_whole
from tgsandbox import BotAccess, PaymentFailed, Person, Sandbox
from tgsandbox.events import Event
from tgsandbox.seen import Seen


@pytest.mark.parametrize("way", WAYS)
def test_no_update_is_lost_or_done_twice_whenever_kassa_is_killed(home: Path, way: str) -> None:
    outcome = Updates(home, way, seed=20261120, people=10).run(3, acts=40)
    assert outcome.good, str(outcome)
    assert sum(outcome.kills.values()) >= 3
    assert outcome.charges > 0


# -- PostgreSQL ----------------------------------------------------------------------


class Questions:
    """Pre-checkout queries, and when each was answered."""

    def __init__(self, tg: Sandbox) -> None:
        self.asked: dict[str, float] = {}
        self.took: dict[str, float] = {}
        self.yes = self.no = 0
        self.on_asked: list[Any] = []
        tg.world.events.listeners.append(self._hear)

    def _hear(self, event: Event) -> None:
        if event.kind == "update" and event.data["update"].type == "pre_checkout_query":
            self.asked[event.data["update"].body["id"]] = time.monotonic()
            while self.on_asked:
                self.on_asked.pop()()
        elif event.kind == "call" and event.data["method"] == "answerPreCheckoutQuery":
            args = event.data["args"]
            number = args["pre_checkout_query_id"]
            self.took.setdefault(number, time.monotonic() - self.asked[number])
            self.yes, self.no = self.yes + bool(args["ok"]), self.no + (not args["ok"])


async def asks(whole: Whole, person: Person, act: str) -> Seen:
    await person.send(whole.bot, f"/buy {act}")
    return await invoice_of(whole.tg, person, act, seconds=20)


async def pays(person: Person, invoice: Seen, act: str) -> list[str]:
    """Until it is paid and delivered; why it did not work before."""
    failures = []
    while True:
        try:
            await person.pay(invoice)
            break
        except PaymentFailed as error:
            failures.append(error.code)
            assert len(failures) < 200, failures
            await asyncio.sleep(0.1)
    await person.sees(f"thanks {act}.", timeout=60)
    return failures


@pytest.mark.parametrize(("how", "polling"), [("kill", False), ("stop", False), ("stop", True)])
async def test_every_checkout_is_answered_in_time_whatever_postgresql_does(
    home: Path, how: str, polling: bool
) -> None:
    server = EmbeddedServer(home, settings={"fsync": "off"})  # a commit outlives its process
    await asyncio.to_thread(server.start)
    try:
        owner = await connect(server.address(OWNER))
        await migrate(owner, steps(PACKAGES, app=APP))
        await owner.execute(updates_app.TABLE)
        await owner.close()
        ours = server if how == "kill" else None  # whom Kassa may start again
        database = Database(server.address(APP), server=ours)
        async with a_whole(database, polling=polling) as whole:
            questions = Questions(whole.tg)
            people = [whole.tg.user(f"Person {n}", stars=1000) for n in range(4)]
            for turn in range(2):
                acts = [f"{n}-{turn}" for n in range(4)]
                invoices = await asyncio.gather(
                    *(asks(whole, *each) for each in zip(people, acts, strict=True))
                )
                restarting = None
                if how == "kill":
                    questions.on_asked.append(lambda: _kill(home))
                else:
                    await asyncio.to_thread(server.stop)
                    restarting = asyncio.create_task(_started_after_no(server, questions))
                said = await asyncio.gather(
                    *(pays(*each) for each in zip(people, invoices, acts, strict=True))
                )
                if restarting is not None:
                    await restarting
                codes = {code for failures in said for code in failures}
                assert codes <= {"BOT_PRECHECKOUT_FAILED"}, codes
            assert questions.asked.keys() == questions.took.keys()
            assert max(questions.took.values()) < 10
            assert questions.yes == 8
            assert how == "kill" or questions.no >= 2
            delivered = [each for each in await whole.effects() if each.startswith("delivered")]
            assert delivered == sorted(f"delivered {n}-{t}" for n in range(4) for t in range(2))
            assert whole.bot.stars == 8 * updates_app.PRICE.amount
            assert await whole.is_right()
    finally:
        await asyncio.to_thread(server.stop)


def _kill(home: Path) -> None:
    for process in processes_in(home):
        process.kill()


async def _started_after_no(server: EmbeddedServer, questions: Questions) -> None:
    before = questions.no
    try:
        async with asyncio.timeout(20):
            while questions.no < before + 2:
                await asyncio.sleep(0.02)
    finally:
        await asyncio.to_thread(server.start)


# -- polling -------------------------------------------------------------------------


def polling(folder: Path, fresh: Fresh, bot: BotAccess) -> Running:
    home = folder / "home"
    home.mkdir(exist_ok=True)
    given = {
        "KASSA_HOME": str(home),
        "KASSA_APPS": "updates_app",
        "KASSA_LOG": "json",
        "TELEGRAM_BOT_TOKEN": bot.token,
        "TELEGRAM_API_URL": bot.api,
    }
    return Running(folder, **given, **on(fresh))


async def test_one_of_two_processes_polls_and_the_other_takes_over(
    fresh: Fresh, owner_db: Database, db: Database, tmp_path: Path
) -> None:
    await owner_db.execute(updates_app.TABLE)
    shutil.copy(updates_app.__file__, tmp_path)
    async with Sandbox() as tg:
        bot, person = tg.bot("fault_bot"), tg.user("Person")
        with polling(tmp_path, fresh, bot) as first:
            await first.ready(seconds=40)
            await person.send(bot, "/do 1")
            await person.sees("done 1.", timeout=20)
            with polling(tmp_path, fresh, bot) as second:
                await second.ready(seconds=40)
                for n in range(2, 12):
                    await person.send(bot, f"/do {n}")
                for n in range(2, 12):
                    await person.sees(f"done {n}.", timeout=20)
                refused = [
                    each
                    for each in tg.world.events.since(0)
                    if each.kind == "call" and each.data["status"] == 409
                ]
                assert refused == []  # two that poll are told so

                os.killpg(first.process.pid, signal.SIGKILL)
                begun = time.monotonic()
                await person.send(bot, "/do 12")
                await person.sees("done 12.", timeout=10)
                assert time.monotonic() - begun < 10
        rows = await db.fetch("SELECT act FROM public.effects ORDER BY n")
        assert [row["act"] for row in rows] == [str(n) for n in range(1, 13)]
