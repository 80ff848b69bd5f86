"""What `kassa run` serves, with a slow page, a page that fails, and a slow job besides."""

import asyncio

from fastapi import FastAPI

from kassa import ledger, outbox
from kassa.cli.common import settings
from kassa.cli.running import serve
from kassa.config import load
from kassa.ledger import Leg, revenue
from kassa.log import get
from kassa.money import Money
from kassa.outbox import Job
from kassa.runtime import application


def asgi() -> FastAPI:
    async def slow_job(job: Job) -> None:
        get("slow").info("taken")
        await asyncio.sleep(job.payload["seconds"])
        await ledger.post(app.state.database, key=f"job:{job.id}", legs=LEGS)

    found = load()
    app = application(found, handlers={"slow": slow_job})

    @app.get("/slow")
    async def slow(seconds: float) -> str:
        get("slow").info("arrived")
        await asyncio.sleep(seconds)
        await ledger.post(app.state.database, key="request:1", legs=LEGS)
        return "done"

    @app.post("/jobs")
    async def put(seconds: float) -> None:
        async with app.state.database.transaction() as tx:
            await outbox.put(tx, "slow", {"seconds": seconds})

    return app


LEGS = [Leg(revenue("shop", "RUB"), revenue("market", "RUB"), Money(100, "RUB"))]

if __name__ == "__main__":
    serve(settings(quiet=False), "tests.cli.slow:asgi")
