"""/healthz: the process lives. /readyz: it can do its work, or why not."""

import asyncio
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from kassa import outbox
from kassa.db.migrate import MigrationError, pending
from kassa.log import get

if TYPE_CHECKING:
    from kassa.db import Database

router = APIRouter(tags=["operations"])

MOST_LAG = 60.0  # seconds that a due job may wait before we are not ready

_ANSWER: dict[str, Any] = {
    "content": {
        "application/json": {
            "example": {
                "status": "ok",
                "checks": {"database": "ok", "migrations": "ok", "outbox": "ok"},
            }
        }
    }
}

_log = get(__name__)


@router.get("/healthz", summary="Does it live?")
async def healthz() -> dict[str, str]:
    """The process lives. It needs nothing else."""
    return {"status": "ok"}


@router.get(
    "/readyz",
    summary="Can it work?",
    responses={200: _ANSWER, 503: {"description": "Not ready: see why"}},
)
async def readyz(request: Request) -> JSONResponse:
    """It can do its work: the database answers, is migrated, and no job is late."""
    checks = await _checks(request)
    ready = all(value == "ok" for value in checks.values())
    return JSONResponse(
        {"status": "ok" if ready else "not ready", "checks": checks}, 200 if ready else 503
    )


async def _checks(request: Request) -> dict[str, str]:
    database: Database | None = request.app.state.database
    if database is None:
        return {"database": "is being opened"}
    try:
        async with asyncio.timeout(3):
            missing = await pending(database, request.app.state.steps)
            state = await outbox.lag(database)
    except MigrationError as error:
        _log.warning("readyz.migrations", error=str(error))
        return {"database": "ok", "migrations": "belong to another version"}
    except Exception as error:  # noqa: BLE001 (edge: HTTP; whatever it is, we are not ready)
        _log.warning("readyz.failed", error=repr(error))
        return {"database": "does not answer"}
    late = state["oldest_seconds"]
    return {
        "database": "ok",
        "migrations": "ok" if not missing else f"{len(missing)} to be applied",
        "outbox": "ok" if late < MOST_LAG else f"the oldest job is {late:.0f} s late",
    }
