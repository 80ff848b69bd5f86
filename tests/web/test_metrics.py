"""/metrics: numbers that grow with the traffic, and labels that do not."""

from datetime import timedelta

from fastapi import FastAPI
from prometheus_client.parser import text_string_to_metric_families

from kassa import ledger, outbox
from kassa.db import Database
from kassa.ledger import Leg, revenue
from kassa.money import Money
from tests.web.conftest import client


class Metrics:
    def __init__(self, text: str) -> None:
        self._samples = [
            sample for family in text_string_to_metric_families(text) for sample in family.samples
        ]

    def __call__(self, name: str, **labels: str) -> float:
        return sum(
            sample.value
            for sample in self._samples
            if sample.name == name and labels.items() <= sample.labels.items()
        )

    def labels(self, name: str) -> set[str]:
        return {value for s in self._samples for key, value in s.labels.items() if key == name}


async def metrics(app: FastAPI) -> Metrics:
    async with client(app) as http:
        answer = await http.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain")
    assert "python" not in answer.text.lower(), "its version is nobody's business"
    return Metrics(answer.text)


async def test_requests_are_counted_by_pattern_method_and_status(app: FastAPI) -> None:
    @app.get("/orders/{number}")
    async def order(number: int) -> int:
        return number

    before = await metrics(app)
    async with client(app) as http:
        for n in range(3):
            await http.get(f"/orders/{n}")
        await http.get("/orders/none")
    after = await metrics(app)

    def grown(status: str) -> float:
        labels = {"method": "GET", "route": "/orders/{number}", "status": status}
        name = "kassa_http_requests_total"
        return after(name, **labels) - before(name, **labels)

    assert (grown("200"), grown("422")) == (3, 1)
    count = "kassa_http_request_seconds_count"
    assert after(count, route="/orders/{number}") - before(count, route="/orders/{number}") == 4


async def test_whoever_calls_does_not_choose_the_labels(app: FastAPI) -> None:
    async with client(app) as http:
        for n in range(50):
            await http.get(f"/attack/{n}")
            await http.request(f"ATTACK{n}", "/healthz")
    after = await metrics(app)
    assert "attack" not in str(after.labels("route")).lower()
    known = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "OTHER"}
    assert after.labels("method") <= known
    assert after("kassa_http_requests_total", route="-", status="404") >= 50
    assert after("kassa_http_requests_total", method="OTHER", status="405") >= 50


async def test_the_database_tells_of_jobs_and_books(
    app: FastAPI, db: Database, owner_db: Database
) -> None:
    async with owner_db.transaction() as tx:
        await outbox.put(tx, "dead")
        await tx.execute("UPDATE outbox.job SET dead_at = now()")
        await outbox.put(tx, "notify", after=timedelta(seconds=-100))
        await outbox.put(tx, "notify")
    await ledger.post(
        db,
        key="sale:1",
        legs=[Leg(revenue("shop", "RUB"), revenue("market", "RUB"), Money(5, "RUB"))],
    )
    now = await metrics(app)
    assert now("kassa_database_up") == 1
    assert (now("kassa_outbox_due"), now("kassa_outbox_dead")) == (2, 1)
    assert 100 <= now("kassa_outbox_oldest_seconds") < 160
    assert now("kassa_ledger_tail") == 2
    assert now("process_resident_memory_bytes") > 10_000_000


async def test_without_its_database_it_tells_the_rest(closed: FastAPI) -> None:
    assert (await metrics(closed))("kassa_database_up") == 0
    closed.state.database = Database("postgresql:///x?host=/nonexistent", connect_seconds=0.1)
    gone = await metrics(closed)
    assert gone("kassa_database_up") == 0
    assert gone("kassa_http_requests_total", route="/metrics") > 0
