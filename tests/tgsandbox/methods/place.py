"""A bot and people in a sandbox, and the Bot API as it is over HTTP."""

import json
import struct
from types import TracebackType
from typing import Any

import httpx

from tgsandbox import BotAccess, Sandbox
from tgsandbox.telegram.records import Message

Json = dict[str, Any]
Cases = list[tuple[Json, str]]


def png(width: int = 40, height: int = 30) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", width, height) + b"pixels"


class Place:
    """The bot has been started by the buyer; nobody else has written to it."""

    def __init__(self, **options: Any) -> None:
        self.tg = Sandbox(seed=7, **options)

    async def __aenter__(self) -> "Place":
        await self.tg.start()
        self.http = httpx.AsyncClient(base_url=self.tg.url, timeout=10, verify=False)
        self.bot = self.tg.bot("shop_bot")
        self.buyer = self.tg.user("Покупатель", language="ru")
        await self.buyer.start(self.bot)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.http.aclose()
        await self.tg.stop()

    @property
    def messages(self) -> dict[int, Message]:
        """Those of the buyer's chat."""
        return self.bot.chat_with(self.buyer.user).messages

    async def answer(
        self,
        method: str,
        *,
        files: dict[str, bytes] | None = None,
        bot: BotAccess | None = None,
        **args: Any,
    ) -> httpx.Response:
        """As the libraries send it: a form, whatever is nested in it as JSON."""
        data = {
            name: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            for name, value in args.items()
        }
        return await self.http.post(
            f"/bot{(bot or self.bot).token}/{method}", data=data, files=files or None
        )

    async def call(self, method: str, **args: Any) -> Any:
        response = await self.answer(method, **args)
        told = response.json()
        assert (response.status_code, told["ok"]) == (200, True), told
        return told["result"]

    async def refused(self, method: str, **args: Any) -> str:
        """The code and the words of a refusal."""
        response = await self.answer(method, **args)
        told = response.json()
        assert told["ok"] is False, told
        assert told["error_code"] == response.status_code
        return f"{response.status_code} {told['description']}"

    async def send(self, text: str = "Привет", **args: Any) -> Any:
        return await self.call("sendMessage", **{"chat_id": self.buyer.id, "text": text, **args})

    async def alive(self) -> None:
        """Whatever it was, the next call is answered."""
        assert (await self.call("getMe"))["username"] == self.bot.username
