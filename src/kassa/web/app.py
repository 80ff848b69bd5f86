"""The ASGI application: requests carry an id, errors are words, and nothing else leaks."""

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kassa.db import lost_connection
from kassa.errors import KassaError
from kassa.log import bind, clean_request_id, get
from kassa.web import health, metrics
from kassa.web.proxies import Proxies

_log = get(__name__)

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]

_HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
]
_OUR_FAULT = "Something went wrong here. It has been noted."
_NOT_NOW = "Not available right now. Please try again."


def create_app(
    lifespan: Lifespan, *, routes: Sequence[BaseRoute] = (), trusted_proxies: Sequence[str] = ()
) -> FastAPI:
    """`lifespan` sets `app.state.database` while it is open."""
    app = FastAPI(title="Kassa", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    app.state.database = None
    app.state.steps = []
    app.include_router(health.router)
    app.include_router(metrics.router)
    app.router.routes.extend(routes)
    app.add_exception_handler(KassaError, _ours)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_middleware(Requests)
    if trusted_proxies:
        app.add_middleware(Proxies, trusted=trusted_proxies)
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
        status: int | None = None
        begun = time.perf_counter()

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
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
            except Exception as error:  # noqa: BLE001 (edge: HTTP)
                answer = _last_resort(scope, error)
                if status is None:  # an answer that has begun breaks off
                    await answer(scope, receive, sending)
            finally:
                seconds = time.perf_counter() - begun
                route = getattr(scope.get("route"), "path", "-")
                metrics.request(scope["method"], route, status or 500, seconds)
                _log.debug(
                    "http.request",
                    method=scope["method"],
                    path=scope["path"],
                    status=status,
                    ms=round(seconds * 1000, 1),
                )


def _last_resort(scope: Scope, error: Exception) -> JSONResponse:
    about = {"method": scope["method"], "path": scope["path"]}
    if lost_connection(error) or (isinstance(error, KassaError) and error.status == 503):
        _log.warning("http.unavailable", error=str(error), **about)
        return _answer(503, _NOT_NOW)
    _log.error("http.failed", exc_info=error, **about)
    return _answer(500, _OUR_FAULT)


def _answer(status: int, detail: Any) -> JSONResponse:
    return JSONResponse({"detail": detail}, status)


async def _ours(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, KassaError)
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
