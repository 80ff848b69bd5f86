"""A body is refused as soon as it is too large, and not when it has come."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI, Request, UploadFile
from starlette.requests import Request as Plain
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from kassa.web import create_app
from kassa.web.bounds import MOST_BYTES, most_bytes
from tests.web.conftest import client, nothing, served


@pytest.fixture
def app() -> FastAPI:
    router = APIRouter()

    @router.post("/orders")
    async def orders(order: dict[str, Any]) -> int:
        return len(order)

    @router.post("/upload")
    @most_bytes(3_000_000)
    async def upload(file: UploadFile) -> int:
        return file.size or 0

    @router.post("/small")
    @most_bytes(10)
    async def small(request: Request) -> int:
        return len(await request.body())

    async def plain(request: Plain) -> Response:
        return PlainTextResponse(str(len(await request.body())))

    return create_app(nothing, routers=[router], routes=[Route("/plain", plain, methods=["POST"])])


@asynccontextmanager
async def line(
    app: FastAPI, path: str, *headers: str
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    async with served(app) as port, asyncio.timeout(10):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        head = [f"POST {path} HTTP/1.1", "Host: kassa", "Content-Type: application/json", *headers]
        writer.write("\r\n".join([*head, "", ""]).encode())
        try:
            yield reader, writer
        finally:
            writer.close()


async def answer(reader: asyncio.StreamReader) -> tuple[int, Any]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    length = int(head.split("content-length: ")[1].split("\r\n")[0])
    return int(head.split()[1]), json.loads(await reader.readexactly(length))


@pytest.mark.parametrize("path", ["/orders", "/plain"])
async def test_a_length_too_large_is_refused_before_anything_came(app: FastAPI, path: str) -> None:
    async with line(app, path, "Content-Length: 5000000") as (reader, writer):
        writer.write(b"{")
        assert await answer(reader) == (413, {"detail": "The body is larger than 1 000 000 bytes."})


@pytest.mark.parametrize("path", ["/orders", "/plain"])
async def test_a_body_that_tells_no_length_is_refused_when_it_is_too_large(
    app: FastAPI, path: str
) -> None:
    async with line(app, path, "Transfer-Encoding: chunked") as (reader, writer):
        for _ in range(11):  # and it would go on
            writer.write(b"%x\r\n%s\r\n" % (100_000, b" " * 100_000))
        assert (await answer(reader))[0] == 413


async def test_what_fits_is_taken(app: FastAPI) -> None:
    async with client(app) as http:
        fits = await http.post("/plain", content=b"x" * MOST_BYTES)
        more = await http.post("/plain", content=b"x" * (MOST_BYTES + 1))
        assert (fits.status_code, fits.text) == (200, str(MOST_BYTES))
        assert (more.status_code, more.headers["content-type"]) == (413, "application/json")


async def test_a_route_says_its_own(app: FastAPI) -> None:
    async with client(app) as http:
        large = await http.post("/upload", files={"file": b"x" * 2_500_000})
        larger = await http.post("/upload", files={"file": b"x" * 3_000_000})
        assert (large.status_code, large.json()) == (200, 2_500_000)
        assert larger.json() == {"detail": "The body is larger than 3 000 000 bytes."}
        assert (await http.post("/small", content=b"x" * 11)).status_code == 413
        assert (await http.post("/small", content=b"x" * 10)).json() == 10


@pytest.mark.parametrize("told", ["-1", "9" * 30, "9" * 5000, "1e9", "²"])
async def test_a_length_that_is_nonsense_is_no_way_around(app: FastAPI, told: str) -> None:
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": b"x" * 600_000, "more_body": True}

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"content-length", told.encode("latin-1"))]
    scope = {"type": "http", "method": "POST", "path": "/plain", "headers": headers}
    async with asyncio.timeout(5):
        await app({**scope, "query_string": b"", "client": ("9.9.9.9", 1)}, receive, send)
    assert sent[0]["status"] == 413
