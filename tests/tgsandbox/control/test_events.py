"""What happened, told over HTTP: the transcript, and events as they come."""

import asyncio
import json
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest

from tests.tgsandbox.delivery.plain import Client, eventually
from tgsandbox import Sandbox

from . import test_people as people
from .remote import Remote

pytestmark = pytest.mark.sandbox(control=True)


# --- what was


async def test_the_transcript(remote: Remote, call: Client) -> None:
    async with remote.http.get(f"{remote.url}/control/transcript") as response:
        assert response.content_type == "text/plain"
        assert "Buyer → shop_bot: /start" in await response.text()


@dataclass
class Stream:
    response: aiohttp.ClientResponse

    async def next(self) -> tuple[str, dict[str, Any], str]:
        """The kind, the data and the id of the next event."""
        found: dict[str, str] = {}
        while True:
            line = (await asyncio.wait_for(self.response.content.readline(), 5)).decode().strip()
            assert not self.response.content.at_eof() or line, "the stream has ended"
            if line and not line.startswith(":"):
                name, _, value = line.partition(": ")
                found[name] = value
            elif "data" in found:
                return found["event"], json.loads(found["data"]), found.get("id", "")


async def test_events_are_told_as_they_happen(tg: Sandbox, remote: Remote, call: Client) -> None:
    async with remote.http.get(f"{remote.url}/control/events") as response:
        assert response.content_type == "text/event-stream"
        stream = Stream(response)
        await remote.post("/people/Buyer/send", text="Привет\nмир \u2028")
        kind, data, number = await stream.next()
        assert (kind, data["message"]["text"]) == ("message", "Привет\nмир")
        assert int(number) == data["number"]
        kind, data, last = await stream.next()
        assert (kind, data["bot"]["username"]) == ("update", "shop_bot")
        assert data["update"]["message"]["text"] == "Привет\nмир"
    again = {"Last-Event-ID": number}
    async with remote.http.get(f"{remote.url}/control/events", headers=again) as response:
        assert (await Stream(response).next())[2] == last
    async with remote.http.get(f"{remote.url}/control/events?after=0") as response:
        assert (await Stream(response).next())[2] == "1"
    future = {"Last-Event-ID": "99999"}  # of before a restart
    async with remote.http.get(f"{remote.url}/control/events", headers=future) as response:
        assert (await Stream(response).next())[2] == "1"


async def test_every_event_can_be_shown(tg: Sandbox, remote: Remote, call: Client) -> None:
    """Whatever a busy day brings, also what cannot be encoded."""
    await people.test_messages_are_answered_changed_and_taken_back(remote, call)
    await people.test_files(remote, call)
    await people.test_blocking(remote, call)
    await people.test_paying(remote, call)
    group = await remote.post("/groups", title="Shop", creator="Buyer", members=["shop_bot"])
    await call("sendMessage", chat_id=group["id"], text="x" * 5000)
    tg.world.events.emit("strange", text="\ud800", thing=object(), data=b"\x00")
    async with remote.http.get(f"{remote.url}/control/events?after=0") as response:
        stream, kinds = Stream(response), set()
        for number in range(1, tg.world.events.last + 1):
            kind, data, _ = await stream.next()
            assert data["number"] == number
            kinds.add(kind)
    assert {"bot", "person", "chat", "message", "edited", "deleted", "call", "paid"} <= kinds
    assert "strange" in kinds


async def test_a_reader_that_vanishes_is_forgotten(
    tg: Sandbox, remote: Remote, call: Client
) -> None:
    events = tg.world.events
    for _ in range(5):
        response = await remote.http.get(f"{remote.url}/control/events")
        await response.content.readline()
        await eventually(lambda: events._waiting)
        response.close()
        await eventually(lambda: not [it for it in events._waiting if not it.done()])
    await remote.post("/people/Buyer/send", text="x", to="shop_bot")
    assert events._waiting == []


async def test_a_slow_reader_holds_nobody_up_and_is_told_what_it_missed(
    tg: Sandbox, remote: Remote, call: Client
) -> None:
    host, port = tg.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port), limit=1024)
    writer.write(f"GET /control/events?after=0 HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode())
    await reader.readuntil(b"\r\n\r\n")
    begun = asyncio.get_running_loop().time()
    for _ in range(120):
        for _ in range(250):
            tg.world.events.emit("much", text="x" * 400)
        await call("getMe")
    assert asyncio.get_running_loop().time() - begun < 4
    seen = b""
    while b"event: missed" not in seen:
        seen = seen[-40:] + await asyncio.wait_for(reader.read(1 << 16), 5)
    writer.close()


async def test_the_stream_ends_with_the_sandbox(http: aiohttp.ClientSession) -> None:
    async with Sandbox(control=True) as tg:
        response = await http.get(f"{tg.url}/control/events")
        begun = asyncio.get_running_loop().time()
    assert asyncio.get_running_loop().time() - begun < 1
    assert await response.content.read() == b": here\n\n"
