"""The ASGI application, put together; the rooms above bring what it serves."""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager

from fastapi import APIRouter, FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute

from kassa.errors import KassaError
from kassa.web import answers, health, metrics, openapi
from kassa.web.bounds import SIGNED, Large, Often, matching
from kassa.web.limits import Limits
from kassa.web.proxies import Proxies
from kassa.web.requests import Requests

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


def create_app(
    lifespan: Lifespan,
    *,
    routes: Sequence[BaseRoute] = (),
    routers: Sequence[APIRouter] = (),
    tags: Sequence[Mapping[str, str]] = (),
    trusted_proxies: Sequence[str] = (),
    signed: Sequence[str] = SIGNED,
    workers: int = 1,
    now: Callable[[], float] = time.monotonic,
) -> FastAPI:
    """`lifespan` sets `app.state.database` while it is open.

    `tags` describe those of the routers in /docs; `signed` are paths (* is any text) whose
    callers prove themselves in every request; each of `workers` has its share of every limit.
    """
    app = openapi.described(tags, lifespan=lifespan, redirect_slashes=False)
    app.state.database = None
    app.state.steps = []
    app.state.limits = limits = Limits(workers=workers, now=now)
    for router in (health.router, metrics.router, openapi.pages, *routers):
        app.include_router(router)
    app.router.routes.extend(routes)
    app.add_exception_handler(KassaError, answers.ours)
    app.add_exception_handler(HTTPException, answers.http)
    app.add_exception_handler(RequestValidationError, answers.invalid)
    # From the inside to the outside.
    app.add_middleware(Large)
    app.add_middleware(Often, limits=limits, signed=signed)
    app.add_middleware(Requests, literal=matching(signed))
    if trusted_proxies:
        app.add_middleware(Proxies, trusted=trusted_proxies)
    return app
