"""Requests: an id through everything, errors in words, and nothing that helps an attacker."""

import asyncio
from collections.abc import AsyncIterator, MutableMapping
from typing import Annotated, Any

import asyncpg
import pytest
from fastapi import Body, FastAPI, HTTPException, Query
from fastapi.responses import PlainTextResponse, StreamingResponse
from starlette.types import Message

from kassa import log, outbox
from kassa.db import CommitUnknown, Database
from kassa.errors import Conflict, Invalid, KassaError, NotFound, Unavailable
from tests.web.conftest import client

SECRET = "/srv/kassa/secret.py password=hunter2"


def failing(app: FastAPI, error: BaseException) -> None:
    @app.get("/fail")
    async def fail() -> None:
        raise error


@pytest.mark.parametrize(
    ("error", "status", "detail"),
    [
        (Invalid("An amount is more than nothing."), 400, "An amount is more than nothing."),
        (NotFound("There is no order 7."), 404, "There is no order 7."),
        (Conflict("It is paid already."), 409, "It is paid already."),
        (HTTPException(403, "Not yours."), 403, "Not yours."),
        (Unavailable(SECRET), 503, "Not available right now. Please try again."),
        (CommitUnknown(SECRET), 503, "Not available right now. Please try again."),
        (ConnectionResetError(SECRET), 503, "Not available right now. Please try again."),
        (asyncpg.AdminShutdownError(SECRET), 503, "Not available right now. Please try again."),
        (KassaError(SECRET), 500, "Something went wrong here. It has been noted."),
        (ZeroDivisionError(SECRET), 500, "Something went wrong here. It has been noted."),
    ],
    ids=lambda each: type(each).__name__,
)
async def test_an_error_is_words_with_the_right_status(
    closed: FastAPI, error: Exception, status: int, detail: str
) -> None:
    failing(closed, error)
    async with client(closed) as http:
        answer = await http.get("/fail")
    assert (answer.status_code, answer.json()) == (status, {"detail": detail})
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-request-id"]


async def test_what_failed_is_in_the_log_with_the_request_id_and_not_in_the_answer(
    closed: FastAPI, said: list[MutableMapping[str, Any]]
) -> None:
    failing(closed, ZeroDivisionError(SECRET))
    async with client(closed) as http:
        answer = await http.get("/fail", headers={"x-request-id": "order-4711"})
    (line,) = (line for line in said if line["event"] == "http.failed")
    assert (line["request_id"], line["path"]) == ("order-4711", "/fail")
    assert str(line["exc_info"]) == SECRET
    assert "hunter2" not in answer.text + str(answer.headers)
    assert "Traceback" not in answer.text


async def test_what_nobody_serves_is_refused_in_words(closed: FastAPI) -> None:
    async with client(closed) as http:
        missing = await http.get("/nothing/here")
        wrong = await http.post("/healthz")
    assert (missing.status_code, missing.json()) == (404, {"detail": "Not Found"})
    assert (wrong.status_code, wrong.json()) == (405, {"detail": "Method Not Allowed"})
    assert wrong.headers["allow"] == "GET"


async def test_wrong_fields_are_named_without_repeating_what_was_sent(closed: FastAPI) -> None:
    @closed.post("/orders")
    async def order(amount: Annotated[int, Body(ge=1)], page: Annotated[int, Query(le=9)]) -> None:
        pass

    async with client(closed) as http:
        answer = await http.post("/orders?page=10", json={"card": "4111111111111111"})
        broken = await http.post(
            "/orders?page=1", content="{", headers={"content-type": "application/json"}
        )
    assert answer.status_code == broken.status_code == 422
    assert {each["field"] for each in answer.json()["detail"]} == {"query.page", "body"}
    assert "4111" not in answer.text
    assert broken.json()["detail"][0]["problem"] == "JSON decode error"


@pytest.mark.parametrize("given", ["order-4711", "a" * 64, "0123456789.ABC_def"])
async def test_a_harmless_request_id_is_kept(closed: FastAPI, given: str) -> None:
    async with client(closed) as http:
        answer = await http.get("/healthz", headers={"x-request-id": given})
    assert answer.headers["x-request-id"] == given


@pytest.mark.parametrize("given", ["", "short", "a" * 65, "with space", "<script>", "id\xff-latin"])
async def test_any_other_request_id_is_replaced(closed: FastAPI, given: str) -> None:
    async with client(closed) as http:
        answers = [
            await http.get("/healthz", headers={b"x-request-id": given.encode("latin-1")})
            for _ in range(2)
        ]
    ids = {answer.headers["x-request-id"] for answer in answers}
    assert len(ids) == 2
    assert given not in ids


async def test_a_job_that_a_request_puts_carries_its_id(app: FastAPI, db: Database) -> None:
    @app.post("/orders")
    async def order() -> None:
        async with db.transaction() as tx:
            await outbox.put(tx, "notify")
        assert log.request_id() == "order-4711"

    async with client(app) as http:
        await http.post("/orders", headers={"x-request-id": "order-4711"})
    assert await db.fetchval("SELECT request_id FROM outbox.job") == "order-4711"


async def test_nothing_tells_what_runs_here(closed: FastAPI) -> None:
    async with client(closed) as http:
        for path in ("/docs", "/redoc", "/openapi.json"):
            assert (await http.get(path)).status_code == 404
        answer = await http.get("/healthz")
    assert set(answer.headers) == {
        *("content-length", "content-type", "x-request-id"),
        *("x-content-type-options", "referrer-policy", "cache-control"),
    }


async def test_a_page_may_have_headers_of_its_own(closed: FastAPI) -> None:
    @closed.get("/logo")
    async def logo() -> PlainTextResponse:
        return PlainTextResponse("logo", headers={"cache-control": "max-age=60"})

    async with client(closed) as http:
        answer = await http.get("/logo")
    assert answer.headers.get_list("cache-control") == ["max-age=60"]


async def test_an_answer_that_breaks_off_is_noted_and_not_begun_again(
    closed: FastAPI, said: list[MutableMapping[str, Any]]
) -> None:
    async def half() -> AsyncIterator[bytes]:
        yield b"half"
        raise ZeroDivisionError

    @closed.get("/stream")
    async def stream() -> StreamingResponse:
        return StreamingResponse(half())

    sent: list[Message] = []

    async def receive() -> Message:
        await asyncio.Event().wait()
        raise AssertionError("unreachable")

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": "/stream", "query_string": b"", "headers": []}
    await closed(scope, receive, send)
    assert [each.get("status", each.get("body")) for each in sent] == [200, b"half"]
    assert sent[-1]["more_body"], "so that the server does not end it as if it were whole"
    assert "http.failed" in [line["event"] for line in said]
