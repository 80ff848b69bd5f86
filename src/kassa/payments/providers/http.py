"""HTTP to a provider: never in a transaction, never for long, and with three kinds of answers."""

import json
from collections.abc import Mapping
from typing import Any

import httpx

from kassa.db import transaction_is_open
from kassa.payments.providers.protocol import Mute

SECONDS = 20.0  # for an answer; what comes later is asked about
_MOST = 4 * 2**20  # bytes of an answer

# It was never sent, so nothing can have happened.
NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)


class Unreachable(Mute):
    """There was no connection: the request was never sent."""


class Client:
    """One provider's API. Redirects are not followed, and the environment's proxies are used."""

    def __init__(
        self,
        base_url: str,
        *,
        headers: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        seconds: float = SECONDS,
    ) -> None:
        self._base = base_url.rstrip("/")
        self._options: dict[str, Any] = {
            "headers": dict(headers or {}),
            "auth": auth,
            "timeout": httpx.Timeout(seconds, connect=5),
        }
        self._client: httpx.AsyncClient | None = None

    async def call(
        self,
        method: str,
        path: str,
        *,
        body: object = None,
        query: Mapping[str, str | int] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> tuple[int, Any]:
        """The status and the JSON of the answer (None where it is none).

        Raises Unreachable where nothing was sent, Mute where there was no answer.
        """
        if transaction_is_open():
            raise RuntimeError("A provider is called inside a transaction.")
        if self._client is None:  # made in the loop that uses it
            self._client = httpx.AsyncClient(**self._options)
        try:
            async with self._client.stream(
                method,
                self._base + path,
                json=body,
                params=query,
                headers=headers,
            ) as answer:
                content = b""
                async for chunk in answer.aiter_bytes():
                    content += chunk
                    if len(content) > _MOST:
                        raise Mute(f"The answer to {path} is longer than anybody needs.")
        except NOT_SENT as error:
            raise Unreachable(f"No connection: {_said(error)}") from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise Mute(f"No answer to {path}: {_said(error)}") from error
        try:
            return answer.status_code, json.loads(content)
        except ValueError:
            return answer.status_code, None

    async def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()


def _said(error: Exception) -> str:
    return str(error) or type(error).__name__
