"""What webhooks answer: methods to be carried out, nonsense, and nothing at all."""

import asyncio
from asyncio import StreamReader as Reader
from asyncio import StreamWriter as Writer
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web

from tgsandbox import BotAccess, Person, Sandbox

from .plain import Client, Hook, eventually, eventually_async, wire

Talk = Callable[[Reader, Writer], Awaitable[None]]


@pytest_asyncio.fixture
async def servers() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as stack:
        yield stack


async def trouble(call: Client) -> str:
    async def told() -> Any:
        return (await call("getWebhookInfo")).result.get("last_error_message")

    return str(await eventually_async(told))


# --- answers that are no good


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (web.Response(status=500), "Wrong response from the webhook: 500 Internal Server Error"),
        (web.Response(status=404), "Wrong response from the webhook: 404 Not Found"),
        (web.Response(status=401), "Wrong response from the webhook: 401 Unauthorized"),
        (
            web.Response(status=302, headers={"Location": "/elsewhere"}),
            "Wrong response from the webhook: 302 Found",
        ),
        (web.Response(status=304), "Wrong response from the webhook: 304 Not Modified"),
        (
            web.Response(status=500, text='{"method": "sendMessage", "chat_id": 1, "text": "x"}'),
            "Wrong response from the webhook: 500 Internal Server Error",
        ),
    ],
)
async def test_a_refusal_is_told_with_its_status(
    *,
    bot: BotAccess,
    buyer: Person,
    call: Client,
    webhook: Hook,
    answer: web.Response,
    message: str,
) -> None:
    webhook.answers(answer)
    await buyer.send(bot, "hello")
    await eventually(lambda: len(webhook.requests) == 2 and not bot.pending)
    assert await trouble(call) == message
    assert all(request.path == "/hook" for request, _ in webhook.requests)


async def hang_up(_: Reader, __: Writer) -> None:
    return


async def hang_up_after_the_request(reader: Reader, _: Writer) -> None:
    await reader.readuntil(b"\r\n\r\n")
    await asyncio.sleep(0)


async def half_a_body(reader: Reader, writer: Writer) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
    await writer.drain()


async def garbage(reader: Reader, writer: Writer) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"\x00\xff\x13 SMTP ready\r\n\r\n\r\n" * 50)
    await writer.drain()


async def endless_headers(reader: Reader, writer: Writer) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        writer.write(b"X-More: " + b"x" * 4000 + b"\r\n")
        await writer.drain()


async def endless_body(reader: Reader, writer: Writer) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        writer.write(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")
        await writer.drain()


async def a_body_that_never_ends(reader: Reader, writer: Writer) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while not writer.is_closing():
        writer.write(b"1\r\nx\r\n")
        await writer.drain()
        await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    ("talk", "messages"),
    [
        (hang_up, {"Webhook connection closed", "Connection reset by peer"}),
        (hang_up_after_the_request, {"Webhook connection closed", "Connection reset by peer"}),
        (half_a_body, {"Webhook connection closed", "Connection reset by peer"}),
        (garbage, {"Wrong response from the webhook: not HTTP"}),
        (endless_headers, {"Wrong response from the webhook: not HTTP"}),
        (endless_body, {"Request Entity Too Large"}),
        (a_body_that_never_ends, {"Read timeout expired"}),
    ],
)
async def test_no_server_is_too_strange(
    *,
    tg: Sandbox,
    bot: BotAccess,
    buyer: Person,
    call: Client,
    servers: AsyncExitStack,
    webhook: Hook,
    talk: Talk,
    messages: set[str],
) -> None:
    """Told in getWebhookInfo, and delivery goes on as soon as there is somebody sensible."""
    if talk is a_body_that_never_ends:
        tg.world.webhooks.answer_limit = 0.5
    url = await servers.enter_async_context(wire(talk))
    await call("setWebhook", url=url)
    await buyer.send(bot, "hello")
    assert await trouble(call) in messages
    assert len(bot.pending) == 1
    await call("setWebhook", url=webhook.url)
    await eventually(lambda: webhook.got == ["hello"] and not bot.pending)


async def test_nobody_listens(bot: BotAccess, buyer: Person, call: Client) -> None:
    await call("setWebhook", url="http://127.0.0.1:9/")
    await buyer.send(bot, "hello")
    assert await trouble(call) == "Connection refused"


async def test_a_name_that_leads_nowhere(bot: BotAccess, buyer: Person, call: Client) -> None:
    await call("setWebhook", url="http://nowhere.invalid/")
    await buyer.send(bot, "hello")
    assert (await trouble(call)).startswith("Failed to resolve host: ")


async def test_https_where_there_is_only_http(
    bot: BotAccess, buyer: Person, call: Client, webhook: Hook
) -> None:
    await call("setWebhook", url=webhook.url.replace("http:", "https:"))
    await buyer.send(bot, "hello")
    assert (await trouble(call)).startswith("SSL error {")


# --- a method in the answer


def form(**fields: Any) -> web.Response:
    """As aiogram's handler answers."""
    writer = aiohttp.MultipartWriter("form-data")
    for name, value in fields.items():
        part = writer.append(str(value), {})
        part.set_content_disposition("form-data", name=name)
    return web.Response(body=writer)


def urlencoded(**fields: Any) -> web.Response:
    body = aiohttp.FormData({name: str(value) for name, value in fields.items()})()
    return web.Response(body=body)


@pytest.mark.parametrize("made", [lambda **it: web.json_response(it), form, urlencoded])
async def test_a_method_in_the_answer_is_carried_out(
    bot: BotAccess, buyer: Person, webhook: Hook, made: Callable[..., web.Response]
) -> None:
    webhook.answers(made(method="sendMessage", chat_id=buyer.id, text="Привет & <b>"))
    await buyer.send(bot, "hello")
    assert (await buyer.reply()).text == "Привет & <b>"
    assert not bot.pending


async def test_a_file_in_the_answer(bot: BotAccess, buyer: Person, webhook: Hook) -> None:
    writer = aiohttp.MultipartWriter("form-data")
    for name, value in {"method": "sendDocument", "chat_id": str(buyer.id)}.items():
        writer.append(value).set_content_disposition("form-data", name=name)
    part = writer.append(b"\x00\x01tea")
    part.set_content_disposition("form-data", name="document", filename="price.bin")
    webhook.answers(web.Response(body=writer))
    await buyer.send(bot, "hello")
    seen = await buyer.reply()
    assert (seen.kind, seen.file) == ("document", b"\x00\x01tea")


async def test_an_answer_in_many_packets(
    bot: BotAccess, buyer: Person, call: Client, servers: AsyncExitStack
) -> None:
    body = b'{"method": "sendMessage", "chat_id": %d, "text": "in pieces"}' % buyer.id

    async def slowly(reader: Reader, writer: Writer) -> None:
        await reader.readuntil(b"\r\n\r\n")
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
        writer.write(head % len(body))
        for at in range(0, len(body), 20):
            writer.write(body[at : at + 20])
            await writer.drain()
            await asyncio.sleep(0.005)

    await call("setWebhook", url=await servers.enter_async_context(wire(slowly)))
    await buyer.send(bot, "hello")
    assert (await buyer.reply()).text == "in pieces"


async def test_an_answer_that_is_packed(bot: BotAccess, buyer: Person, webhook: Hook) -> None:
    answer = web.json_response(
        {"method": "sendMessage", "chat_id": buyer.id, "text": "packed " * 100}
    )
    answer.enable_compression()
    webhook.answers(answer)
    await buyer.send(bot, "hello")
    assert (await buyer.reply()).text.startswith("packed packed")


@pytest.mark.parametrize("method", ["getMe", "getUpdates", "setWebhook", "DeleteWebhook", "logOut"])
async def test_some_methods_are_not_taken_from_answers(
    *, tg: Sandbox, bot: BotAccess, buyer: Person, call: Client, webhook: Hook, method: str
) -> None:
    webhook.answers(web.json_response({"method": method, "url": ""}))
    await buyer.send(bot, "one")
    await buyer.send(bot, "two")
    await eventually(lambda: webhook.got == ["one", "two"] and not bot.pending)
    assert (await call("getWebhookInfo")).result["url"] == webhook.url
    calls = [each.data["method"] for each in tg.world.events.since(0) if each.kind == "call"]
    assert calls == ["setWebhook", "getWebhookInfo"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"ok",
        b"<html>it works</html>",
        b"{",
        b"[]",
        b"null",
        b'"text"',
        b'{"method": 5}',
        b'{"method": ["sendMessage"]}',
        b'{"method": ""}',
        b'{"method": null}',
        b'{"method": "noSuchMethod"}',
        b'{"method": "sendMessage"}',
        b'{"method": "sendMessage", "chat_id": {"a": []}, "text": [1], "entities": "{"}',
        b'{"method": "\\ud800"}',
        b'{"method": "sendMessage", "text": "\\udfff"}',
        b'{"a":' * 100_000,
        b'{"method": NaN}',
        b"\xff\xfe\x00",
        b'{"ok": true, "result": true}',
    ],
)
@pytest.mark.parametrize("kind", ["application/json", "text/html", "image/png", "nonsense", "; ="])
async def test_nonsense_in_the_answer_does_no_harm(
    *, bot: BotAccess, buyer: Person, call: Client, webhook: Hook, body: bytes, kind: str
) -> None:
    webhook.answers(web.Response(body=body, headers={"Content-Type": kind}))
    await buyer.send(bot, "one")
    await buyer.send(bot, "two")
    await eventually(lambda: webhook.got == ["one", "two"] and not bot.pending)
    assert buyer.unread == []


async def test_a_form_that_cannot_be_told_apart_is_tried_again(
    bot: BotAccess, buyer: Person, call: Client, webhook: Hook
) -> None:
    """So does the real server, which reads answers as it reads requests."""
    kind = {"Content-Type": "multipart/form-data"}
    webhook.answers(web.Response(body=b"x", headers=kind))
    await buyer.send(bot, "one")
    await eventually(lambda: webhook.got == ["one", "one"] and not bot.pending)
    assert "oundary" in await trouble(call)


async def test_a_call_in_an_answer_that_takes_long_holds_nobody_up(
    tg: Sandbox, bot: BotAccess, buyer: Person, webhook: Hook
) -> None:
    tg.fault("sendMessage", delay=100)
    webhook.answers(
        web.json_response({"method": "sendMessage", "chat_id": buyer.id, "text": "late"})
    )
    await buyer.send(bot, "one")
    await buyer.send(bot, "two")
    await eventually(lambda: webhook.got == ["one", "two"])
    assert buyer.unread == []
    await tg.clock.move(100)
    assert (await buyer.reply()).text == "late"


# --- setWebhook's refusals


@pytest.mark.parametrize(
    ("args", "description"),
    [
        ({"url": "ftp://example.com/"}, "invalid webhook URL specified"),
        ({"url": "http://"}, "invalid webhook URL specified"),
        ({"url": "https://exa mple.com/"}, "invalid webhook URL specified"),
        ({"url": "https://example.com:99999/"}, "invalid webhook URL specified"),
        ({"url": "https://example.com:port/"}, "invalid webhook URL specified"),
        ({"url": "http://[::1"}, "invalid webhook URL specified"),
        ({"secret_token": "x" * 257}, "secret token is too long"),
        ({"secret_token": "with space"}, "secret token contains unallowed characters"),
        ({"secret_token": "секрет"}, "secret token contains unallowed characters"),
        ({"secret_token": "tail\n"}, "secret token contains unallowed characters"),
    ],
)
async def test_set_webhook_refuses(
    call: Client, webhook: Hook, args: dict[str, Any], description: str
) -> None:
    """And as in the real server the webhook that there was is gone then."""
    said = await call("setWebhook", **{"url": "https://example.com/"} | args)
    assert said.refusal == (400, f"Bad Request: {description}")
    assert (await call("getWebhookInfo")).result["url"] == ""


async def test_a_secret_may_have_256_characters(call: Client) -> None:
    secret = "aZ09_-" * 42 + "abcd"
    assert len(secret) == 256
    assert (await call("setWebhook", url="http://127.0.0.1:9/", secret_token=secret)).result


async def test_an_empty_url_deletes_the_webhook(call: Client, webhook: Hook) -> None:
    assert (await call("setWebhook", url="")).body["description"] == "Webhook was deleted"
    assert (await call("getWebhookInfo")).result["url"] == ""


@pytest.mark.parametrize(
    ("url", "description"),
    [
        ("http://example.com/", "bad webhook: An HTTPS URL must be provided for webhook"),
        (
            "https://example.com:8081/",
            "bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443",
        ),
    ],
)
@pytest.mark.sandbox(strict_webhooks=True)
async def test_strictly_only_https_and_some_ports(call: Client, url: str, description: str) -> None:
    assert (await call("setWebhook", url=url)).refusal == (400, f"Bad Request: {description}")


@pytest.mark.parametrize("port", ["", ":80", ":88", ":443", ":8443"])
@pytest.mark.sandbox(strict_webhooks=True)
async def test_strictly_these_ports_will_do(call: Client, port: str) -> None:
    url = f"https://127.0.0.1{port}/"
    assert (await call("setWebhook", url=url, max_connections=101)).result
    assert (await call("getWebhookInfo")).result["max_connections"] == 100


@pytest.mark.sandbox(rate_limits=True)
async def test_with_limits_a_webhook_is_set_once_a_second(tg: Sandbox, call: Client) -> None:
    assert (await call("setWebhook", url="http://127.0.0.1:9/a")).result
    refused = await call("setWebhook", url="http://127.0.0.1:9/b")
    assert refused.refusal == (429, "Too Many Requests: retry after 1")
    await tg.clock.move(1)
    assert (await call("setWebhook", url="http://127.0.0.1:9/b")).result
    assert (await call("deleteWebhook")).result
