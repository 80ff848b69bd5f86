"""Requests: an id through everything, errors in words, and nothing that helps an attacker."""

import asyncio
from collections.abc import AsyncIterator, MutableMapping
from typing import Annotated, Any

import asyncpg
import httpx
import pytest
from fastapi import APIRouter, Body, FastAPI, HTTPException, Query, Request, Response
from fastapi.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Route
from starlette.types import Message

from kassa import log, outbox
from kassa.db import CommitUnknown, Database
from kassa.errors import Conflict, Invalid, KassaError, NotFound, Unavailable
from kassa.web import create_app
from tests.web.conftest import client, nothing, served

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
    assert wrong.headers["allow"] == "GET, HEAD"


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
        assert (await http.get("/redoc")).status_code == 404
        answer = await http.get("/healthz")
    assert set(answer.headers) == {
        *("content-length", "content-type", "x-request-id"),
        *("x-content-type-options", "referrer-policy", "cache-control"),
        *("content-security-policy", "permissions-policy"),
    }


async def test_a_thousand_wrong_fields_are_not_a_thousand_lines(closed: FastAPI) -> None:
    @closed.post("/orders")
    async def order(amounts: dict[str, int]) -> None:
        pass

    given = {"k" * 10_000 + str(n): "much" for n in range(50)}
    async with client(closed) as http:
        answer = await http.post("/orders", json=given)
    assert (answer.status_code, len(answer.json()["detail"])) == (422, 20)
    assert len(answer.content) < 10_000


@pytest.mark.parametrize("cast", ["text", "jsonb"])
@pytest.mark.parametrize("given", [r"a\u0000b", r"a\ud800b"])
async def test_a_text_that_cannot_be_kept_is_the_callers_fault(
    app: FastAPI, db: Database, given: str, cast: str
) -> None:
    @app.post("/notes")
    async def note(text: Annotated[str, Body(embed=True)]) -> None:
        value: Any = {"text": text} if cast == "jsonb" else text
        await db.fetchval(f"SELECT $1::{cast}", value)

    body = f'{{"text": "{given}"}}'
    async with client(app) as http:
        answer = await http.post(
            "/notes", content=body, headers={"content-type": "application/json"}
        )
    assert answer.status_code == 400
    assert answer.json() == {"detail": "A text holds a character that cannot be kept."}


async def test_a_wrong_field_whose_name_is_no_text_is_refused_too(closed: FastAPI) -> None:
    @closed.post("/orders")
    async def order(amounts: dict[str, int]) -> None:
        pass

    async with client(closed) as http:
        answer = await http.post(
            "/orders",
            content=rb'{"\ud800": "much"}',
            headers={"content-type": "application/json"},
        )
    assert answer.status_code in {400, 422}


async def test_who_must_sign_in_is_told_how(closed: FastAPI) -> None:
    class Unproved(KassaError):
        status = 401

    failing(closed, Unproved("Please sign in."))
    async with client(closed) as http:
        answer = await http.get("/fail")
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")


async def test_a_refusal_names_all_methods_of_the_address(closed: FastAPI) -> None:
    router = APIRouter(prefix="/orders")

    @router.get("/{number}")
    async def order(number: int) -> int:
        return number

    @router.delete("/{number}")
    async def cancel(number: int) -> int:
        return number

    async def plain(_: Request) -> Response:
        return PlainTextResponse("paid")

    app = create_app(
        nothing, routers=[router], routes=[Route("/paid", plain, methods=["POST", "PUT"])]
    )
    async with client(app) as http:
        one, two = await http.put("/orders/7"), await http.get("/paid")
    assert (one.status_code, one.headers["allow"]) == (405, "GET, HEAD, DELETE")
    assert (two.status_code, two.headers["allow"]) == (405, "POST, PUT")
    assert one.json() == two.json() == {"detail": "Method Not Allowed"}


async def test_head_is_get_without_its_body(closed: FastAPI) -> None:
    async with served(closed) as port, httpx.AsyncClient() as http:
        url = f"http://127.0.0.1:{port}/healthz"
        head, get = await http.head(url), await http.get(url)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == get.headers["content-length"] == "15"


async def test_of_an_endless_page_head_sends_no_byte(closed: FastAPI) -> None:
    async def many() -> AsyncIterator[bytes]:
        for _ in range(1000):
            yield b"much"

    @closed.get("/stream")
    async def stream() -> StreamingResponse:
        return StreamingResponse(many())

    sent: list[Message] = []

    async def receive() -> Message:
        await asyncio.Event().wait()
        raise AssertionError("unreachable")

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "HEAD", "path": "/stream", "query_string": b""}
    await closed({**scope, "headers": []}, receive, send)
    assert [each.get("status", each.get("body")) for each in sent] == [200, b""]


async def test_a_provider_that_asks_by_head_is_not_taken_for_one_that_gets() -> None:
    async def told(request: Request) -> Response:
        return PlainTextResponse(status_code=200 if request.method == "GET" else 405)

    app = create_app(nothing, routes=[Route("/pay/{provider}/callback", told)])
    async with client(app) as http:
        assert (await http.get("/pay/tinypay/callback")).status_code == 200
        assert (await http.head("/pay/tinypay/callback")).status_code == 405


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_slash_too_many_or_too_few_leads_nowhere_else(method: str) -> None:
    router = APIRouter()

    @router.api_route("/orders", methods=["GET", "POST"])
    async def orders() -> None:
        pass

    @router.api_route("/carts/", methods=["GET", "POST"])
    async def carts() -> None:
        pass

    app = create_app(nothing, routers=[router])
    async with client(app) as http:
        for path in ("/orders/", "/carts"):
            answer = await http.request(method, path)
            assert (answer.status_code, answer.json()) == (404, {"detail": "Not Found"})


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
