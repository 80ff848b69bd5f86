"""The page's interface, as a browser speaks to it."""

import asyncio
import io
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp

from tgsandbox import BotAccess, Person, Sandbox
from tgsandbox.telegram.records import Update

Json = dict[str, Any]
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c63"
    "f8cfc0000003010100c9fe92ef0000000049454e44ae426082"
)
KEYS = {"inline_keyboard": [[{"text": "Купить", "callback_data": "buy"}]]}


class Client:
    """A browser's requests in the name of a person, in the chat with a bot unless it is said."""

    def __init__(self, http: aiohttp.ClientSession, tg: Sandbox, person: Person, home: str) -> None:
        self.http, self.tg, self.person, self.home = http, tg, person, home

    def address(self, path: str) -> str:
        return f"{self.tg.url}/page/api/{path}"

    async def ask(
        self, method: str, path: str, body: Any = None, params: Json | None = None
    ) -> tuple[int, Json]:
        params = {"person": self.person.id} if params is None else params
        async with self.http.request(
            method, self.address(path), params=params, json=body
        ) as response:
            found = await response.json()
            if response.status != 200:
                assert found["detail"]
            return response.status, found

    async def get(self, path: str, **params: Any) -> Any:
        status, found = await self.ask("GET", path, params={"person": self.person.id, **params})
        assert status == 200, found
        return found

    async def attempt(self, act: str, given: Any, chat: str | None = None) -> tuple[int, Json]:
        params = {"person": self.person.id, "chat": self.home if chat is None else chat}
        return await self.ask("POST", f"do/{act}", given, params)

    async def do(self, act: str, *, chat: str | None = None, **given: Any) -> Json:
        status, found = await self.attempt(act, given, chat)
        assert status == 200, found
        return found

    async def refused(self, act: str, *, chat: str | None = None, **given: Any) -> tuple[int, str]:
        status, found = await self.attempt(act, given, chat)
        assert status != 200, found
        return status, found["detail"]

    async def upload(self, content: bytes, **about: Any) -> tuple[int, Json]:
        params = {"person": self.person.id, "chat": self.home, **about}
        async with self.http.post(
            self.address("upload"), params=params, data=io.BytesIO(content)
        ) as response:
            return response.status, await response.json()

    async def step(self, step: str, **given: Any) -> Json:
        status, found = await self.ask("POST", f"checkout/{step}", given)
        assert status == 200, found
        return found

    async def failed(self, step: str, **given: Any) -> tuple[int, str]:
        """The status, and the code of a payment that fails or else the words."""
        status, found = await self.ask("POST", f"checkout/{step}", given)
        assert status != 200, found
        return status, str(found.get("code", found["detail"]))

    async def messages(self, chat: str | None = None) -> list[Json]:
        found: list[Json] = (await self.get("messages", chat=chat or self.home))["messages"]
        return found

    @asynccontextmanager
    async def follow(self, what: str = "live", **more: Any) -> "AsyncIterator[Stream]":
        params = {"person": self.person.id, **more.pop("params", {})}
        async with self.http.get(self.address(what), params=params, **more) as response:
            assert response.content_type == "text/event-stream"
            yield Stream(response)


@dataclass
class Stream:
    response: aiohttp.ClientResponse

    async def next(self) -> tuple[str, Json, str]:
        """The kind, the data and the id of the next event."""
        found: dict[str, str] = {}
        while True:
            line = (await asyncio.wait_for(self.response.content.readline(), 5)).decode()
            assert line, "the stream has ended"
            if line != "\n":
                name, _, value = line.rstrip("\n").partition(": ")
                found[name] = value
            elif found:
                return found["event"], json.loads(found["data"]), found.get("id", "")

    async def kinds(self, count: int) -> list[str]:
        return [(await self.next())[0] for _ in range(count)]


def chat(bot: BotAccess, person: Person) -> str:
    return f"{bot.id}:{person.id}"


def sells(tg: Sandbox, bot: BotAccess, refusal: str = "") -> None:
    """From here on the bot answers what a payment asks it, at once."""
    options = [{"id": "post", "title": "Почтой", "prices": [{"label": "Марка", "amount": 400}]}]

    def answer(update: Update) -> None:
        kind = update.type.removesuffix("_query")
        if kind in ("pre_checkout", "shipping"):
            verdict: Json = {"ok": not refusal, "error_message": refusal}
            if kind == "shipping":
                verdict["shipping_options"] = options
            tg.world.answer(kind, bot.record, update.body["id"], verdict)

    tg.world.inboxes[bot.id].on_new = answer
