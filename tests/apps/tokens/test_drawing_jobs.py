"""Drawing that fails, is refused, is killed: tokens neither lost nor taken twice."""

from datetime import timedelta

import pytest

from kassa import clock
from kassa.apps.tokens import pictures, service
from kassa.apps.tokens.pictures import DRAW
from kassa.errors import NotFound
from kassa.outbox import Job
from tests.apps.tokens.rig import Till
from tests.apps.tokens.steps import eventually
from tgsandbox import Sandbox
from tgsandbox.people import Person


async def rich(till: Till, tg: Sandbox) -> Person:
    person = tg.user("Художник")
    await person.send(till.kassa.bot, "/start")
    await person.reply("👋")
    number = await till.number(person)
    await till.kassa.database.run(lambda tx: service.give(tx, number, 100, key="x"))
    return person


async def ended(till: Till, status: str) -> None:
    async def is_so() -> bool:
        found = await till.kassa.database.fetch("SELECT status FROM tokens.drawing")
        return [each["status"] for each in found] == [status]

    await eventually(is_so)


async def test_a_picture_that_telegram_does_not_take_costs_nothing(till: Till, tg: Sandbox) -> None:
    person = await rich(till, tg)
    tg.fault("sendPhoto", error=(400, "Bad Request: PHOTO_INVALID_DIMENSIONS"))
    await person.send(till.kassa.bot, "/generate море")
    await person.reply("🎨 Рисую: море")
    await person.reply("😔 Картинка «море» не получилась. Токены вернулись на баланс")
    await ended(till, "failed")
    assert (await till.standing(person))[0] == 100
    await till.audited()


async def test_whoever_leaves_before_it_is_there_has_their_tokens(till: Till, tg: Sandbox) -> None:
    person = await rich(till, tg)
    tg.fault("sendPhoto", error=(403, "Forbidden: bot was blocked by the user"))
    await person.send(till.kassa.bot, "/generate море")
    await ended(till, "failed")
    assert (await till.standing(person))[0] == 100


async def test_drawing_that_breaks_each_time_is_given_up(
    till: Till, tg: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = await rich(till, tg)
    tries = 0

    def broken(_: object) -> bytes:
        nonlocal tries
        tries += 1
        raise MemoryError

    monkeypatch.setattr(pictures, "_draw", broken)
    monkeypatch.setattr("kassa.outbox.worker.delay", lambda *_: timedelta(0))
    await person.send(till.kassa.bot, "/generate море")
    await person.reply("😔 Картинка «море» не получилась.")
    await ended(till, "failed")
    assert tries == pictures.TRIES
    assert (await till.standing(person))[0] == 100

    async def given_up() -> bool:
        """The job ends in a transaction of its own, after the drawing's."""
        left = "SELECT count(*) FROM outbox.job WHERE kind = $1"
        return not await till.kassa.database.fetchval(left, DRAW)

    await eventually(given_up)


async def test_a_picture_that_was_sent_before_a_kill_is_paid_once(till: Till, tg: Sandbox) -> None:
    """The answer is lost on the way: as after a kill, nobody knows that it has arrived."""
    person = await rich(till, tg)
    tg.fault("sendPhoto", lose_answer=True, times=1)
    await person.send(till.kassa.bot, "/generate море")
    first = await person.reply("512 × 512")
    again = await person.reply("512 × 512")
    assert first.file == again.file
    await ended(till, "done")
    assert (await till.standing(person))[0] == 95
    # The job once more, as a worker would that was too slow to say that it was done.
    job = Job(1, DRAW, "1", {"drawing": 1}, 1, 6, 1, None)
    await pictures.draw(till.kassa.kassa, job)
    await person.nothing()
    assert (await till.standing(person))[0] == 95
    await till.audited()


async def test_one_picture_at_a_time(
    till: Till, tg: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = await rich(till, tg)
    tg.fault("sendPhoto", delay=1, times=1)
    await person.send(till.kassa.bot, "/generate море")
    await person.send(till.kassa.bot, "/generate лес")
    # The picture and the refusal leave side by side.
    said = " ".join([(await person.reply()).text for _ in range(3)])
    for each in ("Рисую: море", "512 × 512", "Ещё рисую предыдущую картинку"):
        assert each in said
    await ended(till, "done")
    assert (await till.standing(person))[0] == 95


async def test_a_picture_whose_job_is_dead_is_swept_up(till: Till, tg: Sandbox) -> None:
    person = await rich(till, tg)
    db, number = till.kassa.database, await till.number(person)
    await db.run(lambda tx: service.hold(tx, number, 5, key="1", what="draw"))
    await db.execute(
        """
        INSERT INTO tokens.drawing (user_id, bot, words, variation, size, cost, at)
        VALUES ($1, $2, 'море', 0, 'small', 5, $3)
        """,
        *(number, till.kassa.bot.id, clock.now()),
    )
    sweeping = Job(1, pictures.SWEEP, None, {}, 1, 6, 1, None)
    await pictures.sweep(till.kassa.kassa, sweeping)
    assert (await till.standing(person))[0] == 95  # it may still be drawn
    await db.execute("UPDATE tokens.drawing SET at = at - interval '11 minutes'")
    await pictures.sweep(till.kassa.kassa, sweeping)
    await person.reply("😔 Картинка «море» не получилась.")
    assert (await till.standing(person))[0] == 100


async def test_somebody_elses_picture_is_not_there(till: Till, tg: Sandbox) -> None:
    person = await rich(till, tg)
    await person.send(till.kassa.bot, "/generate море")
    await person.reply("512 × 512")
    await ended(till, "done")
    with pytest.raises(NotFound):
        await pictures.one(till.kassa.database, 1, user=await till.number(person) + 1)
