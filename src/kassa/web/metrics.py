"""/metrics, in the format of Prometheus; with several workers, of all of them together."""

import asyncio
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector

from kassa import outbox
from kassa.log import get
from kassa.payments.letters import standing, undelivered

if TYPE_CHECKING:
    from kassa.db import Database

router = APIRouter(tags=["operations"])

_log = get(__name__)

_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}

disable_created_metrics()  # type: ignore[no-untyped-call]  # a second series for each

# Not the library's own registry, which tells everybody the version of Python.
_own = CollectorRegistry()
_requests = Counter(
    "kassa_http_requests", "HTTP requests", ["method", "route", "status"], registry=_own
)
_seconds = Histogram(
    "kassa_http_request_seconds",
    "How long HTTP requests took",
    ["route"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
    registry=_own,
)
ProcessCollector(registry=_own)


def request(method: str, route: str, status: int, seconds: float) -> None:
    """`route` is a pattern, never a path: whoever calls must not choose the labels."""
    _requests.labels(method if method in _METHODS else "OTHER", route, status).inc()
    _seconds.labels(route).observe(seconds)


@router.get("/metrics", summary="What does it do?", response_class=PlainTextResponse)
async def metrics(request: Request) -> Response:
    """Numbers in the format of Prometheus."""
    processes = _own
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        processes = CollectorRegistry()
        MultiProcessCollector(processes)  # type: ignore[no-untyped-call]
    stored = CollectorRegistry()
    stored.register(_Stored(await _values(request.app.state.database)))
    text = generate_latest(processes) + generate_latest(stored)
    return Response(text, media_type=CONTENT_TYPE_LATEST)


async def _values(database: "Database | None") -> dict[str, tuple[str, float]]:
    """What only the database knows; without it, only that it is away."""
    up = ("kassa_database_up", "Whether the database answers")
    if database is None:
        return {up[0]: (up[1], 0)}
    try:
        async with asyncio.timeout(3):
            jobs = await outbox.lag(database)
            tail = await database.fetchval("SELECT count(*) FROM ledger.tail")
            inbox = await standing(database)
            waiting = await undelivered(database)
    except Exception as error:  # noqa: BLE001 (edge: HTTP; the rest is worth telling anyway)
        _log.warning("metrics.no_database", error=repr(error))
        return {up[0]: (up[1], 0)}
    return {
        up[0]: (up[1], 1),
        "kassa_outbox_due": ("Jobs that are due and not taken", jobs["due"]),
        "kassa_outbox_oldest_seconds": ("How late the oldest job is", jobs["oldest_seconds"]),
        "kassa_outbox_dead": ("Jobs set aside for a person", jobs["dead"]),
        "kassa_inbox_due": ("Callbacks that are due and not settled", inbox["due"]),
        "kassa_inbox_oldest_seconds": ("How late the oldest one is", inbox["oldest_seconds"]),
        "kassa_inbox_dead": ("Callbacks set aside for a person", inbox["dead"]),
        "kassa_payments_undelivered": ("Payments paid and not delivered", waiting),
        "kassa_ledger_tail": ("Sides of postings not folded yet", tail),
    }


class _Stored:
    def __init__(self, values: dict[str, tuple[str, float]]) -> None:
        self._values = values

    def collect(self) -> Iterator[GaugeMetricFamily]:
        for name, (text, value) in self._values.items():
            yield GaugeMetricFamily(name, text, value=value)
