"""The Bot API as bench/update.py needs it: it answers at once, and remembers what it was asked.

Raw HTTP/1.1 with connections that are kept, in a process of its own: of two cores, Telegram's part
of the work should take as little as can be.
"""

import asyncio
import json
import os
import time
from typing import Any, cast

import uvloop

from kassa.telegram.hearing import KINDS

_MESSAGE: dict[str, Any] = {
    "message_id": 1,
    "date": 1,
    "chat": {"id": 1, "type": "private", "first_name": "Buyer"},
    "text": "x",
}
_BOT = {"id": 1, "is_bot": True, "first_name": "bench", "username": "bench_bot"}


class Telegram:
    def __init__(self) -> None:
        self.said = 0
        self.last = 0.0  # when
        self.answers: dict[str, tuple[float, bool]] = {}  # to pre-checkout queries
        self.hooks: dict[str, Any] = {}  # where each bot wants its updates

    def call(self, token: str, method: str, body: bytes) -> Any:
        if method == "sendMessage":
            self.said += 1
            self.last = time.monotonic()
            return _MESSAGE
        if method == "answerPreCheckoutQuery":
            given = json.loads(body)
            query = given["pre_checkout_query_id"]
            self.answers.setdefault(query, (time.monotonic(), given["ok"]))
            return True
        if method == "setWebhook":
            self.hooks[token] = json.loads(body)["url"]
        number = int(token.partition(":")[0])
        known: dict[str, Any] = {
            "getMe": {**_BOT, "id": number, "username": f"bench{number}_bot"},
            "getWebhookInfo": {"url": self.hooks.get(token, ""), "allowed_updates": KINDS},
            "getUpdates": [],
            "getStarTransactions": {"transactions": []},
        }
        return known.get(method, True)

    def told(self) -> Any:
        return {"said": self.said, "last": self.last, "answers": self.answers}


class Connection(asyncio.Protocol):
    def __init__(self, telegram: Telegram) -> None:
        self._telegram = telegram
        self._asked = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._asked += data
        while (end := self._asked.find(b"\r\n\r\n")) >= 0:
            head = self._asked[:end]
            _, _, rest = head.lower().partition(b"content-length:")
            size = int(rest.split(b"\r\n", 1)[0] or b"0")
            begin = end + 4
            if len(self._asked) < begin + size:
                return
            body, self._asked = self._asked[begin : begin + size], self._asked[begin + size :]
            self._answer(head.split(b" ", 2)[1].decode(), body)

    def _answer(self, path: str, body: bytes) -> None:
        if path == "/told":
            answer = self._telegram.told()
        else:
            token, _, method = path.removeprefix("/bot").rpartition("/")
            answer = {"ok": True, "result": self._telegram.call(token, method, body)}
        content = json.dumps(answer).encode()
        self._transport.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
            % (len(content), content)
        )


async def main() -> None:
    telegram = Telegram()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(telegram), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    parent = os.getppid()
    while os.getppid() == parent:
        await asyncio.sleep(1)


if __name__ == "__main__":
    uvloop.run(main())
