"""/healthz says that the process lives, /readyz whether it can do its work, or why not."""

import asyncio
from collections.abc import MutableMapping
from datetime import timedelta
from typing import Any

from fastapi import FastAPI

from kassa import clock, outbox
from kassa.db import Database
from kassa.db.migrate import Step
from tests.conftest import Fresh
from tests.web.conftest import client


async def readyz(app: FastAPI) -> tuple[int, dict[str, Any]]:
    async with client(app) as http:
        answer = await http.get("/readyz")
    return answer.status_code, answer.json()


async def test_healthz_needs_nothing(closed: FastAPI) -> None:
    async with client(closed) as http:
        answer = await http.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


async def test_not_ready_before_the_database_is_open(closed: FastAPI) -> None:
    assert await readyz(closed) == (
        503,
        {"status": "not ready", "checks": {"database": "is being opened"}},
    )


async def test_ready_when_all_is_well(app: FastAPI) -> None:
    assert await readyz(app) == (
        200,
        {"status": "ok", "checks": {"database": "ok", "migrations": "ok", "outbox": "ok"}},
    )


async def test_not_ready_while_migrations_are_missing(app: FastAPI) -> None:
    app.state.steps = [*app.state.steps, Step("kassa.outbox", "9999_more.sql", "SELECT 1")]
    status, answer = await readyz(app)
    assert (status, answer["checks"]["migrations"]) == (503, "1 to be applied")


async def test_not_ready_on_the_database_of_another_version(
    app: FastAPI, said: list[MutableMapping[str, Any]]
) -> None:
    app.state.steps = app.state.steps[1:]
    status, answer = await readyz(app)
    assert (status, answer["checks"]["migrations"]) == (503, "belong to another version")
    assert "sql" not in str(answer), "the file is the log's to tell"
    assert "0001" in said[0]["error"]


async def test_not_ready_while_a_job_waits_for_over_a_minute(app: FastAPI, db: Database) -> None:
    async with db.transaction() as tx:
        await outbox.put(tx, "notify")
        await outbox.put(tx, "later", after=timedelta(hours=1))
    now = clock.now()
    with clock.moved(lambda: now + timedelta(seconds=58)):
        assert (await readyz(app))[0] == 200
    with clock.moved(lambda: now + timedelta(seconds=75)):
        status, answer = await readyz(app)
    assert (status, answer["checks"]["outbox"]) == (503, "the oldest job is 75 s late")


async def test_dead_jobs_are_for_a_person_and_do_not_count(
    app: FastAPI, owner_db: Database
) -> None:
    async with owner_db.transaction() as tx:
        await outbox.put(tx, "notify", after=timedelta(days=-1))
    await owner_db.execute("UPDATE outbox.job SET dead_at = now()")
    assert (await readyz(app))[0] == 200


async def test_not_ready_when_the_database_does_not_answer(
    app: FastAPI, fresh: Fresh, said: list[MutableMapping[str, Any]]
) -> None:
    gone = Database("postgresql:///nowhere?host=/nonexistent/folder", connect_seconds=0.1)
    app.state.database = gone
    status, answer = await readyz(app)
    assert (status, answer["checks"]) == (503, {"database": "does not answer"})
    assert said[0]["event"] == "readyz.failed"


async def test_not_ready_within_seconds_when_the_database_hangs(
    app: FastAPI, owner_db: Database
) -> None:
    async with owner_db.transaction() as tx, asyncio.timeout(4.8):
        await tx.execute("LOCK TABLE outbox.job IN ACCESS EXCLUSIVE MODE")
        assert (await readyz(app))[0] == 503
