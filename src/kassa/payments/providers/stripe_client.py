"""Stripe's own client, asked in our way: never in a transaction, with three kinds of answers."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from typing import Any

import httpx
import stripe

from kassa.db import transaction_is_open
from kassa.payments.providers.http import NOT_SENT, SECONDS, Unreachable
from kassa.payments.providers.protocol import Declined, Mute, NoSuchPayment, Unknown, Why
from kassa.payments.providers.reading import text

# It would tell Stripe about this machine, under a name that it keeps in the home folder.
stripe.enable_telemetry = False


class _Http(stripe.HTTPClient):
    """As Stripe's own over HTTPX, which sends a text in a way that HTTPX is about to forget."""

    name = "httpx"

    def __init__(self, timeout: httpx.Timeout) -> None:
        super().__init__()
        self._client = httpx.AsyncClient(timeout=timeout)

    async def request_async(
        self, method: str, url: str, headers: Mapping[str, str], post_data: str | None = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        try:
            answer = await self._client.request(method, url, headers=headers, content=post_data)
        except NOT_SENT as error:
            raise Unreachable(f"No connection: {type(error).__name__}") from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise Mute(f"No answer: {type(error).__name__}") from error
        return answer.content, answer.status_code, answer.headers

    async def close_async(self) -> None:
        await self._client.aclose()


Call = Callable[[stripe.StripeClient], Awaitable[Any]]
Page = Callable[[stripe.StripeClient, Any], Awaitable[Any]]


class Client:
    def __init__(self, key: str, base_url: str, *, seconds: float = SECONDS) -> None:
        self._key = key
        self._base_url = base_url
        self._timeout = httpx.Timeout(seconds, connect=5)
        self._made: tuple[stripe.StripeClient, _Http] | None = None

    async def do(self, call: Call) -> dict[str, Any] | Declined | Unknown:
        """For what has an effect."""
        try:
            return await self.ask(call)
        except Unreachable as error:
            return Declined(Why.DOWN, str(error))
        except Mute as error:
            return Unknown(str(error))
        except stripe.StripeError as error:
            return _no(error)

    async def get(self, call: Call) -> dict[str, Any]:
        """For what only reads. Raises Mute, or NoSuchPayment."""
        try:
            return await self.ask(call)
        except stripe.InvalidRequestError as error:
            if error.http_status == 404:
                raise NoSuchPayment("Stripe knows no such payment.") from error
            raise Mute(words(error)) from error
        except stripe.StripeError as error:
            raise Mute(words(error)) from error

    async def all(self, page: Page, params: Mapping[str, Any]) -> AsyncGenerator[Any, None]:
        """A list from its first page to the last, newest first."""
        wanted = {"limit": 100, **params}
        while True:
            found = await self.get(lambda client: page(client, wanted))  # noqa: B023
            things = found.get("data")
            if not isinstance(things, list) or not all(isinstance(each, dict) for each in things):
                raise Mute("The answer is no list.")
            for thing in things:
                yield thing
            if not found.get("has_more") or not things:
                return
            wanted = wanted | {"starting_after": text(things[-1], "id")}

    async def ask(self, call: Call) -> dict[str, Any]:
        """Raises what Stripe's client raises, but for connections: Unreachable, or Mute."""
        if transaction_is_open():
            raise RuntimeError("A provider is called inside a transaction.")
        if self._made is None:  # in the loop that uses it
            http = _Http(self._timeout)
            client = stripe.StripeClient(
                self._key,
                base_addresses={"api": self._base_url},
                http_client=http,
                max_network_retries=0,
            )
            self._made = client, http
        try:
            answer: dict[str, Any] = (await call(self._made[0])).to_dict()
        except (AttributeError, TypeError) as error:
            raise Mute("The answer is no object.") from error
        return answer

    async def close(self) -> None:
        made, self._made = self._made, None
        if made is not None:
            await made[1].close_async()


def _no(error: stripe.StripeError) -> Declined | Unknown:
    """A refusal in words. 409, 5xx and a key that was used for another request leave it open."""
    status, said = error.http_status or 0, words(error)
    if status == 409 or not 400 <= status < 500 or isinstance(error, stripe.IdempotencyError):
        return Unknown(said)
    if isinstance(error, stripe.RateLimitError):
        return Declined(Why.DOWN, said)
    if status in {401, 403}:
        return Declined(Why.CONFIGURATION, said)
    if error.code in {"amount_too_small", "amount_too_large"}:
        return Declined(Why.LIMIT, said)
    return Declined(Why.DECLINED if status == 402 else Why.INVALID, said)


def words(error: stripe.StripeError) -> str:
    said = error.user_message or type(error).__name__
    return f"{said} ({error.http_status}, {error.request_id or 'no request id'})"
