"""A call however it is written, and everything else that comes in over HTTP."""

import asyncio
import json
import tracemalloc
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote, urlencode

import aiohttp
import httpx
import pytest

from tests.tgsandbox.methods.place import Json, Place, png

FORM = "application/x-www-form-urlencoded"
BOUNDARY = "--frontier"


def part(name: str, value: str, more: str = "") -> str:
    disposition = f'Content-Disposition: form-data; name="{name}"'
    return f"--{BOUNDARY}\r\n{disposition}\r\n{more}\r\n{value}\r\n"


def multipart(*parts: str) -> bytes:
    return ("".join(parts) + f"--{BOUNDARY}--\r\n").encode()


# --- the same call


MARKUP = {"inline_keyboard": [[{"text": "Да & нет", "callback_data": "yes"}]]}
ARGS: Json = {"text": "Чай <5 €>\nи 🍵", "protect_content": True, "reply_markup": MARKUP}
FLAT = {
    name: value if isinstance(value, str) else json.dumps(value) for name, value in ARGS.items()
}


async def ways(place: Place, path: str) -> list[httpx.Response]:
    args, flat = ({"chat_id": place.buyer.id, **each} for each in (ARGS, FLAT))
    parts = [part(name, str(value)) for name, value in flat.items()]
    mixed = {"chat_id": place.buyer.id, "text": ARGS["text"]}
    rest = urlencode({name: value for name, value in flat.items() if name not in mixed})
    kind = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    quoted = {"Content-Type": f'Multipart/Form-Data; boundary="{BOUNDARY}"'}
    plain = {"Content-Type": "application/json; charset=utf-8"}
    http = place.http
    return [
        await http.post(path, data=flat),
        await http.post(path, json=args),
        await http.post(path, json=flat | {"disable_notification": None}),
        await http.post(path, content=json.dumps(args).encode(), headers=plain),
        await http.post(path, content=multipart(*parts), headers=kind),
        await http.post(path, content=multipart(*parts), headers=quoted),
        await http.get(path, params=flat),
        await http.post(path, params=flat),
        await http.post(f"{path}?{rest}", data=mixed),
        await http.post(f"{path}?text=other", data=flat),
        await http.post(path, content=urlencode(flat).encode()),
    ]


@pytest.mark.parametrize("name", ["sendMessage", "sendmessage", "SENDMESSAGE", "test/SendMessage"])
async def test_the_same_effect_however_it_is_sent(place: Place, name: str) -> None:
    told = [each.json() for each in await ways(place, f"/bot{place.bot.token}/{name}")]
    assert [each["ok"] for each in told] == [True] * len(told)
    sent = list(place.messages.values())[1:]
    assert [each.id for each in sent] == list(range(2, len(told) + 2))
    assert {each.text for each in sent} == {ARGS["text"]}
    assert all(each.markup == MARKUP and each.protected for each in sent)


async def test_numbers_and_flags_as_text_or_not(place: Place) -> None:
    here = place.buyer.id
    path = f"/bot{place.bot.token}/sendMessage"
    yes: list[Any] = [True, "true", "True", "yes", "1", 1]
    no: list[Any] = [False, "false", "0", "no", "x", 2, []]
    for flag in yes:
        sent = (
            await place.http.post(
                path, json={"chat_id": str(here), "text": 5, "protect_content": flag}
            )
        ).json()["result"]
        assert (sent["text"], sent["has_protected_content"]) == ("5", True)
    for flag in no:
        sent = (
            await place.http.post(
                path, json={"chat_id": here, "text": "a", "protect_content": flag}
            )
        ).json()["result"]
        assert "has_protected_content" not in sent


async def test_files_in_a_form_of_one_s_own(place: Place) -> None:
    """A name with quotes, one with a path, one that is not ASCII."""
    names = {'a\\"b.txt': 'a"b.txt', "C:\\\\dir\\\\a.txt": "a.txt", "чай.txt": "чай.txt"}
    headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    for written, kept in names.items():
        file = (
            f"--{BOUNDARY}\r\nContent-Type: text/plain\r\nContent-Disposition: form-data; "
            f'name="document"; filename="{written}"\r\n\r\nтекст\r\n'
        )
        body = multipart(part("chat_id", str(place.buyer.id)), file)
        response = await place.http.post(
            f"/bot{place.bot.token}/sendDocument", content=body, headers=headers
        )
        document = response.json()["result"]["document"]
        assert (document["file_name"], document["mime_type"]) == (kept, "text/plain")
        assert document["file_size"] == len("текст".encode())


# --- what cannot be read

MULTIPART = "multipart/form-data; boundary=" + BOUNDARY
CANNOT = "can't parse multipart/form-data"
UTF8 = "strings must be encoded in UTF-8"
BAD: list[tuple[str, bytes, str]] = [
    ("application/json", b"{", "can't parse JSON object"),
    ("application/json", b"[1]", "JSON object expected"),
    ("application/json", b"null", "JSON object expected"),
    ("application/json", b'{"text": NaN}', "can't parse JSON object"),
    ("application/json", b"\xff\xfe", "can't parse JSON object"),
    ("application/json", b'{"text": "\xff"}', "can't parse JSON object"),
    ("application/json", b'{"text": "\\ud83d"}', "can't parse JSON object"),
    ("application/json", b'{"text": "\\ude00\\ud83d"}', "can't parse JSON object"),
    ("application/json", b'{"\\ud83d": 1}', "can't parse JSON object"),
    ("application/json", b"[" * 100_000, "can't parse JSON object"),
    ("application/json", b'{"a":' * 100_000, "can't parse JSON object"),
    ("application/json", b'{"a": ' + b"9" * 5000 + b"}", "can't parse JSON object"),
    (FORM, b"text=%ff", UTF8),
    (FORM, b"text=%ed%a0%80", UTF8),
    (FORM, "text=чай".encode(), UTF8),
    (FORM, b"&".join(b"a=1" for _ in range(1001)), "too many parameters"),
    ("multipart/form-data", multipart(part("a", "b")), "boundary not found"),
    ("multipart/form-data; boundary=", multipart(part("a", "b")), "boundary not found"),
    ("multipart/form-data; boundary=other", multipart(part("a", "b")), CANNOT),
    (MULTIPART, b"rubbish", CANNOT),
    (MULTIPART, multipart(part("a", "b"))[:-6], CANNOT + ": unexpected end"),
    (MULTIPART, multipart(part("a", "b"))[:-30], CANNOT + ": unexpected end"),
    (MULTIPART, multipart(part("a", "b", "Rub bish\r\n")), CANNOT),
    (MULTIPART, multipart(part("a", "b", "\0: x\r\n")), CANNOT),
    (MULTIPART, multipart(part("a", "b")).replace(b"b\r\n", b"\xff\r\n"), UTF8),
    (MULTIPART, b"\r\n", CANNOT + ": unexpected end"),
    (MULTIPART, multipart(*[part("a", "b")] * 1001), "too many parameters"),
    (MULTIPART, multipart(*[part("a", "b")] * 50_000), "too many parameters"),
]


@pytest.mark.parametrize(("kind", "body", "reason"), BAD)
async def test_not_to_be_read(place: Place, kind: str, body: bytes, reason: str) -> None:
    response = await place.http.post(
        f"/bot{place.bot.token}/sendMessage", content=body, headers={"Content-Type": kind}
    )
    assert (response.status_code, response.json()) == (
        400,
        {"ok": False, "error_code": 400, "description": f"Bad Request: {reason}"},
    )
    await place.alive()


@pytest.mark.parametrize(
    "kind",
    ["text/plain", "", "multipart", "x" * 2000, "multipart/mixed; boundary=x"],
)
async def test_a_body_of_another_kind_is_read_as_a_form(place: Place, kind: str) -> None:
    response = await place.http.post(
        f"/bot{place.bot.token}/sendMessage",
        content=f"chat_id={place.buyer.id}&text=a".encode(),
        headers={"Content-Type": kind},
    )
    assert response.json()["result"]["text"] == "a"


@pytest.mark.parametrize("field", ["reply_markup", "reply_parameters", "link_preview_options"])
@pytest.mark.parametrize(
    "given",
    [
        "[" * 100_000,
        '{"a":' * 100_000 + "1" + "}" * 100_000,
        '"\\ud83d"',
        "NaN",
        "1e999",
        "9" * 5000,
        "{}{}",
        "\0",
    ],
)
async def test_json_in_a_field(place: Place, field: str, given: str) -> None:
    refusal = await place.refused("sendMessage", chat_id=place.buyer.id, text="a", **{field: given})
    assert refusal.startswith("400 Bad Request: ")
    await place.alive()


@pytest.mark.parametrize(
    "number", ["9" * 5000, "-" + "9" * 5000, "1e400", "١٢", "0x10", "1_0", " 1 "]
)
async def test_numbers_beyond_measure(place: Place, number: str) -> None:
    names = ("offset", "limit", "timeout", "message_id", "reply_to_message_id", "message_effect_id")
    given: Json = dict.fromkeys(names, number)
    if number not in (" 1 ", "9" * 5000):
        await place.call("getUpdates", **given | {"timeout": "0"})
    response = await place.answer("sendMessage", chat_id=number, text="a", **given)
    assert response.status_code == 400
    response = await place.answer(
        "sendLocation", chat_id=place.buyer.id, latitude=number, longitude=0
    )
    assert response.status_code in (200, 400)
    await place.alive()


# --- what is too large


@pytest.fixture
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


HUGE = 100 * 2**20
TOO_LARGE = {"ok": False, "error_code": 413, "description": "Request Entity Too Large"}


async def chunks(size: int) -> AsyncIterator[bytes]:
    for _ in range(size >> 20):
        yield b"x" * (1 << 20)


@pytest.mark.parametrize("chunked", [True, False])
async def test_an_upload_of_100_megabytes(
    place: Place, client: aiohttp.ClientSession, chunked: bool
) -> None:
    tracemalloc.start()
    url = f"{place.tg.url}/bot{place.bot.token}/sendDocument"
    headers = {"Content-Type": MULTIPART} | ({} if chunked else {"Content-Length": str(HUGE)})
    async with client.post(url, data=chunks(HUGE), headers=headers) as response:
        assert (response.status, await response.json()) == (413, TOO_LARGE)
    httpx_told = await place.http.post(url, content=chunks(HUGE), headers=headers)
    assert (httpx_told.status_code, httpx_told.json()) == (413, TOO_LARGE)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 70 * 2**20
    await place.alive()


async def test_as_large_as_may_be(place: Place) -> None:
    sent = await place.call(
        "sendDocument", chat_id=place.buyer.id, files={"document": b"x" * 50 * 2**20}
    )
    assert sent["document"]["file_size"] == 50 * 2**20


async def talk(place: Place, *said: bytes) -> bytes:
    """Over a socket, to the end of the answer."""
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", int(place.tg.url.rpartition(":")[2])
    )
    try:
        for each in said:
            writer.write(each)
            await writer.drain()
        return await asyncio.wait_for(reader.read(1 << 16), 5)
    finally:
        writer.close()


def head(place: Place, *headers: str, method: str = "POST", name: str = "getMe") -> bytes:
    first = f"{method} /bot{place.bot.token}/{name} HTTP/1.1\r\nHost: x\r\n"
    return (first + "".join(f"{each}\r\n" for each in headers) + "\r\n").encode()


async def test_a_whole_upload_over_a_socket(place: Place) -> None:
    length = 60 * 2**20
    said = [head(place, f"Content-Length: {length}"), *[b"x" * (1 << 20)] * 60]
    told = await talk(place, *said)
    assert told.startswith(b"HTTP/1.1 413 ")
    assert json.loads(told.partition(b"\r\n\r\n")[2]) == TOO_LARGE

    piece = b"100000\r\n" + b"x" * (1 << 20) + b"\r\n"
    said = [head(place, "Transfer-Encoding: chunked"), *[piece] * 60, b"0\r\n\r\n"]
    assert (await talk(place, *said)).startswith(b"HTTP/1.1 413 ")
    await place.alive()


@pytest.mark.parametrize(
    "said",
    [
        b"rubbish\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01",
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
        b"POST /x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
        b"GET /" + b"x" * 200_000 + b" HTTP/1.1\r\n\r\n",
    ],
)
async def test_what_is_not_http(place: Place, said: bytes) -> None:
    told = await asyncio.wait_for(_hung_up(place, said), 5)
    assert told == b"" or told.startswith(b"HTTP/1.1 4")
    await place.alive()


async def _hung_up(place: Place, said: bytes) -> bytes:
    """What comes back, if anything; then we hang up."""
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", int(place.tg.url.rpartition(":")[2])
    )
    writer.write(said)
    try:
        return await asyncio.wait_for(reader.read(1 << 16), 0.2)
    except (TimeoutError, ConnectionError):
        return b""
    finally:
        writer.close()


async def test_paths_beyond_reason(place: Place) -> None:
    paths = ["/bot%00/getMe", "/bot%ff%fe/getMe", "/bot%0a/x", "//", "/file/bot", "/file/bot/x"]
    paths += [f"/file/bot{place.bot.token}/" + quote("..%2f..\0"), "/bot" + "1" * 5000 + ":x/y"]
    for path in paths:
        told = await talk(place, f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        assert told.startswith((b"HTTP/1.1 404 ", b"HTTP/1.1 401 ")), path
    await place.alive()


# --- those who stop in the middle


async def test_who_stops_in_the_middle_keeps_nobody_waiting(place: Place) -> None:
    """Twenty write half of a call and wait; ten of them hang up after a while."""
    body = urlencode({"chat_id": place.buyer.id, "text": "never"}).encode()
    port = int(place.tg.url.rpartition(":")[2])
    held = []
    for _ in range(20):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(head(place, f"Content-Length: {len(body)}", name="sendMessage") + body[:-2])
        await writer.drain()
        held.append(writer)
    await place.send("Всем")
    for writer in held[:10]:
        writer.transport.abort()
    await place.alive()
    for writer in held[10:]:
        writer.close()
    await place.alive()
    assert [each.text for each in place.messages.values()] == ["/start", "Всем"]


async def test_who_hangs_up_does_not_poll_any_more(place: Place) -> None:
    await place.call("getUpdates", offset=-1)
    last = (await place.call("getUpdates"))[0]["update_id"] + 1
    _, writer = await asyncio.open_connection("127.0.0.1", int(place.tg.url.rpartition(":")[2]))
    body = f"offset={last}&timeout=50".encode()
    writer.write(head(place, f"Content-Length: {len(body)}", name="getUpdates") + body)
    await writer.drain()
    await asyncio.sleep(0.05)
    writer.transport.abort()
    await asyncio.sleep(0.05)
    await place.buyer.send("Раз")
    told = await place.call("getUpdates", offset=last, timeout=5)
    assert [each["message"]["text"] for each in told] == ["Раз"]


async def test_many_calls_on_one_connection_at_once(place: Place) -> None:
    """Sent one after the other without waiting; answered in that order."""
    port = int(place.tg.url.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    bodies = [urlencode({"chat_id": place.buyer.id, "text": str(n)}).encode() for n in range(20)]
    for body in bodies:
        writer.write(
            head(place, f"Content-Length: {len(body)}", f"Content-Type: {FORM}", name="sendMessage")
            + body
        )
    told: list[Any] = []
    while len(told) < 20:
        top = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
        length = int(top.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        told.append(json.loads(await reader.readexactly(length)))
    writer.close()
    assert [each["result"]["text"] for each in told] == [str(n) for n in range(20)]


async def test_a_file_that_is_not_what_it_says(place: Place) -> None:
    """Names and types from a request go into headers only where they are harmless."""
    form = aiohttp.FormData()
    form.add_field("chat_id", str(place.buyer.id))
    form.add_field("document", png(), filename="a.png", content_type="text/чай")
    async with aiohttp.ClientSession() as session:
        url = f"{place.tg.url}/bot{place.bot.token}/sendDocument"
        async with session.post(url, data=form) as response:
            sent = (await response.json())["result"]
    told = await place.call("getFile", file_id=sent["document"]["file_id"])
    down = await place.http.get(f"/file/bot{place.bot.token}/{told['file_path']}")
    assert down.content == png()
    assert down.headers["content-type"] == "application/octet-stream"
    assert down.headers["x-content-type-options"] == "nosniff"
