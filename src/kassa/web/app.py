"""The ASGI application: requests carry an id, errors are words, and nothing else leaks."""

import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kassa import __version__
from kassa.errors import KassaError, Unavailable
from kassa.log import bind, clean_request_id, get
from kassa.web import health, metrics

_log = get(__name__)

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]

_HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
]


def create_app(lifespan: Lifespan) -> FastAPI:
    """`lifespan` sets `app.state.database` while it is open."""
    app = FastAPI(
        title="Kassa",
        version=__version__,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
    )
    app.state.database = None
    app.state.steps = []
    app.include_router(health.router)
    app.include_router(metrics.router)
    app.add_exception_handler(KassaError, _ours)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_middleware(Requests)
    return app


class Requests:
    """Around every request: its id, its line in the log, its metrics, and the last resort."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = dict(scope["headers"]).get(b"x-request-id", b"").decode("latin-1")
        request_id = clean_request_id(given)
        status = 500
        started = False
        begun = time.perf_counter()

        async def sending(message: Message) -> None:
            nonlocal status, started
            if message["type"] == "http.response.start":
                started = True
                status = message["status"]
                own = {name for name, _ in message["headers"]}
                message["headers"] = [
                    *message["headers"],
                    (b"x-request-id", request_id.encode()),
                    *(header for header in _HEADERS if header[0] not in own),
                ]
            await send(message)

        with bind(request_id=request_id):
            try:
                await self.app(scope, receive, sending)
            except Exception:  # noqa: BLE001 (edge: HTTP)
                _log.exception("http.failed", method=scope["method"], path=scope["path"])
                if not started:
                    await _answer(500, "Something went wrong here. It has been noted.")(
                        scope, receive, sending
                    )
            finally:
                seconds = time.perf_counter() - begun
                route = getattr(scope.get("route"), "path", "-")
                metrics.request(scope["method"], route, status, seconds)
                _log.debug(
                    "http.request",
                    method=scope["method"],
                    path=scope["path"],
                    status=status,
                    ms=round(seconds * 1000, 1),
                )


def _answer(status: int, detail: Any) -> JSONResponse:
    return JSONResponse({"detail": detail}, status)


async def _ours(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, KassaError)
    if isinstance(error, Unavailable):
        _log.warning("http.unavailable", error=str(error))
        return _answer(503, "Not available right now. Please try again.")
    if error.status >= 500:
        raise error
    return _answer(error.status, str(error))


async def _http(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    return JSONResponse({"detail": error.detail}, error.status_code, headers=error.headers)


async def _invalid(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    problems = [
        {"field": ".".join(str(part) for part in each["loc"]), "problem": each["msg"]}
        for each in error.errors()
    ]
    return _answer(422, problems)
