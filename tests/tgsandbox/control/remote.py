"""The control interface, as a tester in another language sees it."""

import base64
from dataclasses import dataclass
from typing import Any

import aiohttp

from tests.tgsandbox.delivery.plain import Client

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


@dataclass
class Remote:
    """Requests to the control interface; what is refused is refused with a `detail`."""

    http: aiohttp.ClientSession
    url: str

    async def ask(
        self, verb: str, path: str, body: Any = None, **more: Any
    ) -> tuple[int, dict[str, Any]]:
        url = f"{self.url}/control{path}"
        if body is not None:
            more["json"] = body
        async with self.http.request(verb, url, **more) as response:
            found = await response.json()
            if response.status != 200:
                assert isinstance(found["detail"], str)
                assert found["detail"]
            return response.status, found

    async def get(self, path: str = "") -> Any:
        status, found = await self.ask("GET", path)
        assert status == 200, found
        return found

    async def post(self, path: str, **body: Any) -> Any:
        status, found = await self.ask("POST", path, body)
        assert status == 200, found
        return found

    async def refused(self, path: str, body: Any) -> tuple[int, str]:
        status, found = await self.ask("POST", path, body)
        assert status != 200, found
        return status, found["detail"]


async def chat_of(remote: Remote, name: str = "Buyer") -> int:
    return int((await remote.get(f"/people/{name}"))["id"])


TEA = {"title": "Tea", "description": "Green", "payload": "tea-1"}


async def serve(call: Client, ok: bool = True) -> None:
    """A bot that answers pre-checkout queries and counts nothing."""
    offset = 0
    while True:
        for update in (await call("getUpdates", timeout=5, offset=offset)).result:
            offset = update["update_id"] + 1
            if query := update.get("pre_checkout_query"):
                await call(
                    "answerPreCheckoutQuery",
                    pre_checkout_query_id=query["id"],
                    ok=ok,
                    error_message="Sold out",
                )
