"""Calls to the Bot API over one connection pool a bot, never inside a transaction.

Three kinds of failure, since whoever calls must know whether it may call again: Refused is
Telegram's no (Gone: this person cannot be reached), NotDone never arrived, and of NotKnown nobody
can say.
"""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.request import getproxies

import aiohttp

from kassa.db import transaction_is_open
from kassa.errors import KassaError, Unavailable
from kassa.secret import Secret

URL = "https://api.telegram.org"
SECONDS = 30.0  # for an answer
CONNECTIONS = 100  # of a bot, at once

_MOST = 32 * 2**20  # bytes of an answer: a file that a bot may fetch has 20 MB at most

_GONE = (
    "bot was blocked by the user",
    "user is deactivated",
    "bot can't initiate conversation with a user",
    "bot was kicked",
    "chat not found",
)


class Refused(KassaError):
    """Telegram's no: nothing was done."""

    status = 502

    def __init__(self, method: str, code: int, words: str, retry_after: float | None) -> None:
        self.method = method
        self.code = code
        self.words = words
        self.retry_after = retry_after
        super().__init__(f"{method}: {code} {words}")


class Gone(Refused):
    """Whoever it was for cannot be reached by this bot."""


class NotDone(Unavailable):
    """It never got there; calling again is safe."""


class NotKnown(Unavailable):
    """It was sent, and no answer came: perhaps it was done."""


@dataclass(frozen=True, slots=True)
class Call:
    """A method and what it is given, as it can be kept until it is carried out."""

    method: str
    params: Mapping[str, Any] = field(default_factory=dict)


class BotApi:
    """One bot. `await api.call("sendMessage", {"chat_id": 1, "text": "…"})` gives the result."""

    def __init__(self, token: Secret, *, url: str = URL) -> None:
        self.id = int(token.reveal().partition(":")[0])
        self._token = token
        self._url = url.rstrip("/")
        self._session: aiohttp.ClientSession | None = None

    async def call(
        self,
        method: str,
        params: Mapping[str, Any] | None = None,
        *,
        files: Mapping[str, tuple[str, bytes]] | None = None,
        seconds: float = SECONDS,
    ) -> Any:
        """`files` are uploaded by their names: {"photo": ("cat.png", b"…")}."""
        given = {name: value for name, value in (params or {}).items() if value is not None}
        body: dict[str, Any] = {"json": given} if not files else {"data": _form(given, files)}
        status, content = await self._send("post", f"/bot{{}}/{method}", method, seconds, **body)
        try:
            answer = json.loads(content)
            if answer["ok"]:
                return answer["result"]
            code, words = int(answer["error_code"]), str(answer["description"])
            after = answer.get("parameters", {}).get("retry_after")
        except (ValueError, TypeError, KeyError, AttributeError):
            if 400 <= status < 500:
                raise Refused(method, status, "an answer that is no JSON", None) from None
            raise NotKnown(f"{method}: {status} and no JSON.") from None
        if code >= 500:
            raise NotKnown(f"{method}: {code} {words}")
        kind = Gone if code in (400, 403) and any(each in words for each in _GONE) else Refused
        raise kind(method, code, words, None if after is None else float(after))

    async def download(self, file_id: str, *, most: int = 20 * 2**20) -> bytes:
        found = await self.call("getFile", {"file_id": file_id})
        if int(found.get("file_size") or 0) > most:
            raise Refused("getFile", 400, "the file is larger than wanted", None)
        path = f"/file/bot{{}}/{found['file_path']}"
        status, content = await self._send("get", path, "getFile", 60)
        if status != 200:
            raise Refused("getFile", status, "the file cannot be fetched", None)
        if len(content) > most:
            raise Refused("getFile", 400, "the file is larger than wanted", None)
        return content

    async def close(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def _send(
        self, verb: str, path: str, method: str, seconds: float, **body: Any
    ) -> tuple[int, bytes]:
        if transaction_is_open():
            raise RuntimeError(f"{method} is called inside a transaction.")
        if self._session is None:  # made in the loop that uses it
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=CONNECTIONS, keepalive_timeout=50),
                trust_env=bool(getproxies()),  # else .netrc is read each time
            )
        url = self._url + path.format(self._token.reveal())
        timeout = aiohttp.ClientTimeout(total=seconds, sock_connect=5)
        try:
            async with self._session.request(verb, url, timeout=timeout, **body) as answer:
                content = b""
                async for chunk in answer.content.iter_any():
                    content += chunk
                    if len(content) > _MOST:
                        raise NotKnown(f"{method}: the answer is longer than anybody needs.")
                return answer.status, content
        # None of them is kept: an error of the client names the address, and that holds the token.
        except (aiohttp.ClientConnectorError, aiohttp.InvalidURL):
            raise NotDone(f"{method}: no connection to the Bot API.") from None
        except (aiohttp.ClientError, TimeoutError, asyncio.IncompleteReadError) as error:
            raise NotKnown(f"{method}: no answer ({type(error).__name__}).") from None


def _form(given: Mapping[str, Any], files: Mapping[str, tuple[str, bytes]]) -> aiohttp.FormData:
    form = aiohttp.FormData()
    for name, value in given.items():
        form.add_field(name, value if isinstance(value, str) else json.dumps(value))
    for name, (title, content) in files.items():
        form.add_field(name, content, filename=title)
    return form
