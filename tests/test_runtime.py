"""The whole put together: what is opened, what runs beside HTTP, and in which order it ends."""

import asyncio
from collections.abc import MutableMapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from structlog.testing import capture_logs

from docs.examples.apps.donations import APP as DONATIONS
from kassa import apps, clock, ledger, outbox
from kassa.config import Settings, load
from kassa.db import Database
from kassa.errors import ConfigError, Unavailable
from kassa.ledger import Leg, revenue, wallet
from kassa.money import Money
from kassa.outbox import Job
from kassa.runtime import Runtime, _keep, application, open_database, purposes_of
from tests.cli.process import on, processes_in
from tests.conftest import Fresh, until

LEGS = [Leg(revenue("shop", "RUB"), wallet(7, "RUB"), Money(100, "RUB"))]


def settings(home: Path, **more: str) -> Settings:
    return load({"KASSA_HOME": str(home), **more}, home)


async def test_a_database_is_opened_migrated_and_left_as_it_was_found(home: Path) -> None:
    for migrated in (True, False):
        with capture_logs() as said:
            async with open_database(settings(home)) as opened:
                await ledger.post(opened.database, key="sale:1", legs=LEGS)
                assert processes_in(home)
        assert ("migrated" in [line["event"] for line in said]) == migrated
        assert processes_in(home) == []


async def test_a_database_of_your_own_is_opened_by_its_url(fresh: Fresh, home: Path) -> None:
    async with open_database(settings(home, **on(fresh))) as opened:
        assert opened.server is None
        await ledger.post(opened.database, key="sale:1", legs=LEGS)
    assert list(home.iterdir()) == []


async def test_what_failed_to_open_leaves_nothing_running(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> None:
        raise Unavailable("no")

    monkeypatch.setattr("kassa.runtime.pending", broken)
    with pytest.raises(Unavailable):
        async with open_database(settings(home)):
            pass
    assert processes_in(home) == []


async def test_jobs_under_way_are_finished_and_may_still_post(db: Database) -> None:
    began, leaving = asyncio.Event(), asyncio.Event()

    async def pay(job: Job) -> None:
        began.set()
        await leaving.wait()
        for _ in range(100):  # whatever else ends now has the time for it
            await asyncio.sleep(0)
        await runtime.poster.post(key=f"job:{job.id}", legs=LEGS)

    runtime = Runtime(db, handlers={"pay": pay})
    async with runtime.running():
        async with db.transaction() as tx:
            await outbox.put(tx, "pay")
        await began.wait()
        leaving.set()
    assert (await ledger.balance(db, wallet(7, "RUB"))).posted == Money(100, "RUB")
    assert await outbox.list_jobs(db) == []


async def test_while_it_runs_jobs_and_cron_are_done_entries_folded_and_old_holds_freed(
    db: Database,
) -> None:
    done: list[str] = []

    async def note(job: Job) -> None:
        done.append(job.kind)

    now = datetime(2026, 1, 1, 12, tzinfo=UTC)
    with clock.moved(lambda: now):
        runtime = Runtime(
            db, handlers={"one": note, "daily": note}, schedule={"daily": "0 9 * * *"}
        )
        await ledger.post(db, key="sale:1", legs=LEGS)
        await ledger.hold(
            db,
            key="hold:1",
            account=wallet(7, "RUB"),
            amount=Money(60, "RUB"),
            expires_at=now + timedelta(hours=1),
        )
        async with runtime.running():
            async with db.transaction() as tx:
                await outbox.put(tx, "one")
            await until(lambda: done == ["one"])
            while not await db.fetchval("SELECT true FROM outbox.schedule"):
                await asyncio.sleep(0.01)
            now += timedelta(days=1)
            await until(lambda: done == ["one", "daily"])
            async with asyncio.timeout(10):
                while await db.fetchval("SELECT count(*) FROM ledger.tail"):
                    await asyncio.sleep(0.01)
                while (await ledger.balance(db, wallet(7, "RUB"))).held.amount:
                    await asyncio.sleep(0.01)


async def test_when_the_block_breaks_all_that_runs_beside_it_ends(db: Database) -> None:
    before = len(asyncio.all_tasks())
    with pytest.raises(ZeroDivisionError):
        async with Runtime(db).running():
            raise ZeroDivisionError
    await until(lambda: len(asyncio.all_tasks()) == before)


@pytest.mark.parametrize(
    ("error", "event"),
    [
        (Unavailable("away"), "runtime.no_database"),
        (ConnectionResetError("away"), "runtime.no_database"),
        (ZeroDivisionError("a mistake"), "runtime.task_failed"),
    ],
)
async def test_what_breaks_is_told_and_begun_again(
    error: Exception, event: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    times = 0

    async def run() -> None:
        nonlocal times
        times += 1
        if times < 3:
            raise error

    monkeypatch.setattr("kassa.runtime._AGAIN_SECONDS", 0.01)
    said: list[MutableMapping[str, Any]]
    with capture_logs() as said:
        await _keep("fold", run)
    assert times == 3
    assert [(line["event"], line["task"]) for line in said] == [(event, "fold")] * 2


async def test_the_application_has_its_database_from_start_to_end(fresh: Fresh, home: Path) -> None:
    seen: list[bool] = []

    async def look(job: Job) -> None:
        seen.append(app.state.database is not None)

    app: FastAPI = application(settings(home, **on(fresh)), handlers={"look": look})
    async with app.router.lifespan_context(app):
        async with app.state.database.transaction() as tx:
            await outbox.put(tx, "look")
        await until(lambda: seen == [True])
    assert app.state.database is None


def test_all_that_the_apps_can_be_paid_for_is_known(home: Path) -> None:
    given = settings(home, KASSA_APPS="donations")
    with apps.given([DONATIONS]):
        names = [each.name for each in purposes_of(given)]
    assert names == ["wallet.topup", "donations.gift"]
    with pytest.raises(ConfigError, match="there is no app 'donations'"):
        purposes_of(given)


def test_a_worker_does_not_begin_with_apps_in_each_others_way(home: Path) -> None:
    nothing = replace(DONATIONS, schedule={"donations.digest": "0 9 * * *"})
    with apps.given([nothing]), pytest.raises(ConfigError, match="and no such job"):
        application(settings(home, KASSA_APPS="donations"))


async def test_while_it_is_served_apps_have_what_they_work_with(fresh: Fresh, home: Path) -> None:
    with apps.given([DONATIONS]):
        app = application(settings(home, KASSA_APPS="donations", **on(fresh)))
        async with app.router.lifespan_context(app):
            kassa: apps.Kassa = app.state.kassa
            assert kassa.database is app.state.database
            assert "donations.gift" in kassa.payments.purposes
            assert kassa.bots.all == ()
    assert app.state.kassa is None
