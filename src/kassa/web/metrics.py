"""/metrics, in the format of Prometheus; with several workers, of all of them together."""

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import prometheus_client
from fastapi import APIRouter, Request, Response
from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector

from kassa import outbox
from kassa.db import lost_connection
from kassa.errors import Unavailable

if TYPE_CHECKING:
    from kassa.db import Database

router = APIRouter()

_requests = Counter("kassa_http_requests", "HTTP requests", ["method", "route", "status"])
_seconds = Histogram(
    "kassa_http_request_seconds",
    "How long HTTP requests took",
    ["route"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)


def request(method: str, route: str, status: int, seconds: float) -> None:
    """`route` is a pattern, never a path: whoever calls must not choose the labels."""
    known = method if method in {"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"} else "OTHER"
    _requests.labels(known, route, status).inc()
    _seconds.labels(route).observe(seconds)


@router.get("/metrics")
async def metrics(request: Request) -> Response:
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    else:
        registry = prometheus_client.REGISTRY
    stored = CollectorRegistry()
    stored.register(_Stored(await _values(request.app.state.database)))
    text = prometheus_client.generate_latest(registry) + prometheus_client.generate_latest(stored)
    return Response(text, media_type=prometheus_client.CONTENT_TYPE_LATEST)


async def _values(database: "Database | None") -> dict[str, tuple[str, float]]:
    """What only the database knows; without it, only that it is away."""
    up = ("kassa_database_up", "Whether the database answers")
    try:
        if database is None:
            raise Unavailable("not open")
        jobs = await outbox.lag(database)
        tail = await database.fetchval("SELECT count(*) FROM ledger.tail")
    except Exception as error:  # (edge: HTTP)
        if not isinstance(error, Unavailable) and not lost_connection(error):
            raise
        return {up[0]: (up[1], 0)}
    return {
        up[0]: (up[1], 1),
        "kassa_outbox_due": ("Jobs that are due and not taken", jobs["due"]),
        "kassa_outbox_oldest_seconds": ("How late the oldest job is", jobs["oldest_seconds"]),
        "kassa_outbox_dead": ("Jobs set aside for a person", jobs["dead"]),
        "kassa_ledger_tail": ("Sides of postings not folded yet", tail),
    }


class _Stored:
    def __init__(self, values: dict[str, tuple[str, float]]) -> None:
        self._values = values

    def collect(self) -> Iterator[GaugeMetricFamily]:
        for name, (text, value) in self._values.items():
            yield GaugeMetricFamily(name, text, value=value)
