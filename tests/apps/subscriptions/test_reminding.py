"""What is said of an end: each once, the latest after a standstill, and not at night."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from kassa import clock
from kassa.apps.subscriptions import options, reminding, service
from kassa.apps.subscriptions.models import Length
from kassa.db import Database
from kassa.texts import load
from tests.apps.subscriptions.ends_rig import (
    AWAKE,
    BEGUN,
    DAY,
    HOUR,
    JOB,
    MINUTE,
    Desk,
    a_desk,
)


@pytest.fixture
async def desk(app_db: Database) -> AsyncIterator[Desk]:
    async with a_desk(app_db, **AWAKE) as made:
        yield made


MONTH = BEGUN + 31 * DAY  # when a month from BEGUN ends


async def test_three_days_one_day_the_end_and_once_more(desk: Desk) -> None:
    user = await desk.person()
    await desk.gives(user, Length(months=1))
    assert await desk.between(BEGUN, MONTH + 30 * DAY, 6 * HOUR) == [
        (MONTH - 3 * DAY, "reminder-soon"),
        (MONTH - 1 * DAY, "reminder-soon"),
        (MONTH, "reminder-end"),
        (MONTH + 7 * DAY, "reminder-back"),
    ]
    assert [each["args"]["left"] for each in desk.heard] == [3, 1, 0, 0]
    assert {each["args"]["until"] for each in desk.heard} == {"1 апреля 2027, 15:00"}  # of Moscow
    assert desk.heard[3]["args"]["ago"] == 7
    assert {each["bot"] for each in desk.heard} == {"17"}
    row = await desk.db.fetchrow("SELECT due_at FROM subscriptions.subscription")
    assert row is not None
    assert row["due_at"] is None  # nobody looks at it any more


async def test_what_is_said_can_be_said_in_every_language(desk: Desk) -> None:
    for language in ("ru", "uz", "en"):
        user = await desk.person(language=language)
        await desk.gives(user, Length(months=1), at=BEGUN)
    await desk.between(BEGUN, MONTH + 8 * DAY, 12 * HOUR)
    assert len(desk.heard) == 12
    texts = load("kassa.apps.subscriptions")
    for each, language in zip(desk.heard, ("ru", "uz", "en") * 4, strict=True):
        said = texts.say(language, each["text"], **each["args"])
        assert "{" not in said
        assert [row[0]["data"] for row in each["buttons"]] == ["sub:plans", "sub:mine"]


async def test_after_a_standstill_only_the_latest_is_said(desk: Desk) -> None:
    user = await desk.person()
    await desk.gives(user, Length(months=1))
    await desk.sweeps(BEGUN)
    assert await desk.sweeps(MONTH + DAY) == [(user.id, "reminder-end")]
    assert await desk.sweeps(MONTH + 2 * DAY) == []
    assert await desk.sweeps(MONTH + 50 * DAY) == [(user.id, "reminder-back")]
    assert await desk.sweeps(MONTH + 51 * DAY) == []


async def test_who_has_renewed_hears_no_more_of_the_old_end(desk: Desk) -> None:
    user = await desk.person()
    await desk.gives(user, Length(months=1))
    assert await desk.sweeps(MONTH - 2 * DAY) == [(user.id, "reminder-soon")]
    await desk.gives(user, Length(months=1), at=MONTH - 36 * HOUR)
    assert await desk.between(MONTH - 36 * HOUR, MONTH + 20 * DAY, 3 * HOUR) == []
    ends = (await desk.has(user)).expires_at
    assert ends is not None
    assert await desk.sweeps(ends - 3 * DAY) == [(user.id, "reminder-soon")]


async def test_a_trial_of_three_days_is_not_told_at_once_that_three_days_are_left(
    desk: Desk,
) -> None:
    user = await desk.person()
    await desk.gives(user, Length(seconds=3 * 86_400 + 60))
    assert await desk.between(BEGUN, BEGUN + DAY, MINUTE * 10) == []
    assert await desk.sweeps(BEGUN + 2 * DAY + MINUTE) == [(user.id, "reminder-soon")]


async def test_an_hour_that_is_given_is_told_of_when_it_is_over(desk: Desk) -> None:
    user = await desk.person()
    await desk.gives(user, Length(seconds=3600))
    assert await desk.sweeps(BEGUN + MINUTE) == []
    assert await desk.sweeps(BEGUN + HOUR) == [(user.id, "reminder-end")]


async def test_what_is_taken_back_is_not_told_of_as_an_end(desk: Desk) -> None:
    """It has had its own words."""
    user = await desk.person()
    await desk.gives(user, Length(months=1))
    with clock.moved(lambda: BEGUN + DAY):
        await desk.db.run(
            lambda tx: service.take_back(
                *(tx, user.id, 31 * 86_400), rate=100, kind="refund", cause="refund:1"
            )
        )
    assert await desk.between(BEGUN + DAY, BEGUN + 2 * DAY) == []


# -- at night ----------------------------------------------------------------------


async def test_nobody_is_woken(app_db: Database) -> None:
    async with a_desk(app_db) as desk:  # quiet from 22 to 9
        moscow, tashkent = await desk.person(), await desk.person(zone="Asia/Tashkent")
        begun = BEGUN.replace(hour=20)  # 23:00 in Moscow, 1:00 in Tashkent
        for user in (moscow, tashkent):
            await desk.gives(user, Length.days(5), at=begun)
        said = await desk.between(begun, begun + 5 * DAY, 30 * MINUTE)
        users = [each["user"] for each in desk.heard]
        assert [(at, user) for (at, _), user in zip(said, users, strict=True)] == [
            (begun.replace(hour=4) + 3 * DAY, tashkent.id),  # three days before: 9:00 there
            (begun.replace(hour=6) + 3 * DAY, moscow.id),
            (begun.replace(hour=4) + 5 * DAY, tashkent.id),
            (begun.replace(hour=6) + 5 * DAY, moscow.id),
        ]
        assert [each["args"]["left"] for each in desk.heard] == [3, 3, 1, 1]


async def test_in_the_morning_things_are_as_they_are_then(app_db: Database) -> None:
    """Whoever has paid at night hears nothing; who has not, hears of the end, and not before."""
    async with a_desk(app_db) as desk:
        one, other = await desk.person(), await desk.person()
        begun = BEGUN.replace(hour=23)
        for user in (one, other):
            await desk.gives(user, Length(seconds=26 * 3600), at=begun)  # ends at 4:00 of Moscow
        night = begun + 26 * HOUR
        assert await desk.sweeps(night) == []
        await desk.gives(one, Length(months=1), at=night + HOUR)
        said = await desk.between(night, night + 24 * HOUR, 30 * MINUTE)
        assert said == [(night.replace(hour=6), "reminder-end")]
        assert desk.heard[0]["user"] == other.id


# -- once --------------------------------------------------------------------------


async def test_a_kill_says_nothing_or_all_and_never_twice(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    users = [await desk.person() for _ in range(3)]
    for user in users:
        await desk.gives(user, Length(months=1), at=BEGUN)
    await desk.sweeps(BEGUN)
    write = reminding._write

    async def and_die(*args: Any, **more: Any) -> None:
        await write(*args, **more)
        raise SystemError("killed")

    with monkeypatch.context() as patched:
        patched.setattr(reminding, "_write", and_die)
        with pytest.raises(SystemError):
            await desk.sweeps(MONTH)
    assert await desk.hears() == []
    assert await desk.sweeps(MONTH + MINUTE) == [(user.id, "reminder-end") for user in users]
    assert await desk.sweeps(MONTH + 2 * MINUTE) == []


async def test_two_sweeps_side_by_side_say_it_once(desk: Desk) -> None:
    users = [await desk.person() for _ in range(450)]
    for user in users:
        await desk.gives(user, Length.days(1), at=BEGUN)
    with clock.moved(lambda: BEGUN + 2 * DAY):
        await asyncio.gather(*(reminding.sweep(desk.kassa, JOB) for _ in range(3)))
    # Some were another's just then: they are due still.
    said = [*await desk.hears(), *await desk.sweeps(BEGUN + 2 * DAY + MINUTE)]
    assert sorted(said) == sorted((user.id, "reminder-end") for user in users)


async def test_nobody_is_waited_for(desk: Desk) -> None:
    busy, free = await desk.person(), await desk.person()
    for user in (busy, free):
        await desk.gives(user, Length.days(1), at=BEGUN)
    async with desk.db.transaction() as tx:  # somebody pays just now
        await service.locked(tx, busy.id)
        said = await asyncio.wait_for(desk.sweeps(BEGUN + 2 * DAY), 3)
        assert said == [(free.id, "reminder-end")]
    assert await desk.sweeps(BEGUN + 2 * DAY + MINUTE) == [(busy.id, "reminder-end")]


async def test_who_pays_while_it_is_decided_is_not_told_that_it_has_ended(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = await desk.person()
    await desk.gives(user, Length.days(1), at=BEGUN)
    decide = reminding._decide

    async def slowly(*args: Any) -> Any:
        found = await decide(*args)
        await desk.gives(user, Length(months=1), at=BEGUN + 2 * DAY)
        return found

    monkeypatch.setattr(reminding, "_decide", slowly)
    assert await desk.sweeps(BEGUN + 2 * DAY) == []
    monkeypatch.undo()
    assert await desk.between(BEGUN + 2 * DAY, BEGUN + 20 * DAY, 12 * HOUR) == []


# -- many --------------------------------------------------------------------------


async def test_many_are_said_one_after_another(desk: Desk) -> None:
    users = [await desk.person() for _ in range(250)]
    for user in users:
        await desk.gives(user, Length.days(1), at=BEGUN)
    at = BEGUN + 2 * DAY
    await desk.sweeps(at)
    due = [each["at"] for each in desk.heard]
    per_second = desk.kassa.settings.telegram_messages_per_second / reminding.SHARE
    assert due[0] == at
    assert (due[-1] - due[0]).total_seconds() == pytest.approx(249 / per_second, abs=0.01)


async def test_they_come_behind_those_that_wait_already(desk: Desk) -> None:
    first, second = await desk.person(), await desk.person()
    await desk.gives(first, Length.days(1), at=BEGUN)
    at = BEGUN + 2 * DAY
    with clock.moved(lambda: at):
        await reminding.sweep(desk.kassa, JOB)
        await desk.db.execute("UPDATE outbox.job SET due_at = due_at + interval '1 hour'")
    await desk.gives(second, Length.days(1), at=BEGUN)
    await desk.sweeps(at + MINUTE)
    assert [(each["user"], each["at"]) for each in desk.heard] == [
        (first.id, at + HOUR),
        (second.id, at + HOUR),
    ]


async def test_what_is_later_takes_the_place_of_what_still_waits(desk: Desk) -> None:
    user = await desk.person()
    await desk.gives(user, Length.days(2), at=BEGUN)
    for at in (BEGUN + DAY, BEGUN + 2 * DAY):
        with clock.moved(lambda at=at: at):  # type: ignore[misc]
            await reminding.sweep(desk.kassa, JOB)
    assert await desk.hears() == [(user.id, "reminder-end")]


async def test_what_waits_is_not_said_to_who_has_paid_meanwhile(desk: Desk) -> None:
    user = await desk.person()
    await desk.gives(user, Length.days(1), at=BEGUN)
    with clock.moved(lambda: BEGUN + 2 * DAY):
        await reminding.sweep(desk.kassa, JOB)
    await desk.gives(user, Length(months=1), at=BEGUN + 2 * DAY + MINUTE)
    assert await desk.hears() == []


async def test_where_nothing_is_to_be_said_before_and_after(app_db: Database) -> None:
    async with a_desk(app_db, **AWAKE, remind_days=[], win_back_days=0) as desk:
        assert options.of(desk.kassa.settings).remind_days == ()
        user = await desk.person()
        await desk.gives(user, Length(months=1))
        said = await desk.between(BEGUN, MONTH + 20 * DAY, 12 * HOUR)
        assert said == [(MONTH, "reminder-end")]
