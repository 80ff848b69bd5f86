"""The providers of a sandbox: whose shops there are, and which of them a call is for.

How to add a provider: one file with a subclass of Shop, named in PROVIDERS below.
1. Set `provider`, `title`, `ladder` (seconds between the tries of a callback).
2. `credentials` (from `self.secret("key")`: deterministic), `owns(request)`, `stranger(request)`.
3. A handler for each call: `@call("create", "POST", "/v1/things")` over
   `def create(self, request: Request) -> Response`; `request.json`, `.form`, `.asked` (the
   query), `.parts["id"]` (of the path), `.headers["x-shop"]`; raise Refused(response) to refuse.
   It makes `self.add(Payment(ref=self.new_id(), ...))`; `expires` is then seen to.
4. The acts that there are: `do_pay`, `do_decline`, `do_expire`, `do_cancel`, `do_refund` ...:
   set payment.state (STATES), .paid, .refunded; `self.book("paid", payment, amount, charge=...)`,
   `self.book("fee", ...)`; `self.tell("event", payment)`. What is left out raises Impossible.
5. `payload(payment, event, changes)` and `letter(callback, at=, secrets=)`: what a callback says
   and how it is signed, anew at each try; `callback_secret(generation)` returns "" where callbacks
   are not signed. `trouble(status)`: the provider's answers of 404, 405, 429, 500 and 503.
All state is payments, books and `self.memory`, JSON values: so it is kept over a restart.
Pages where people pay are `pages.answer(bank, request) -> Response`, asked for /bank/...
(`request.path` is what follows /bank); `shop.page_of(ref)` is a payment's address there.
"""

import asyncio
import json
import logging
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from random import Random

import aiohttp

from tgsandbox.clock import Clock
from tgsandbox.providers.records import (
    Entry,
    Headers,
    Json,
    Letter,
    Payment,
    Refused,
    Request,
    Response,
    Sent,
    json_response,
)
from tgsandbox.providers.shop import Shop, call
from tgsandbox.telegram.acts import Impossible
from tgsandbox.telegram.errors import ApiError
from tgsandbox.telegram.request import Receive, Scope, Send, body_of

__all__ = [
    "Bank",
    "Entry",
    "Impossible",
    "Json",
    "Letter",
    "Payment",
    "Refused",
    "Request",
    "Response",
    "Sent",
    "Shop",
    "call",
    "json_response",
]

# Loaded when they are named: a bot without payments needs none of them.
PROVIDERS = {
    "stripe": "tgsandbox.providers.stripe:Stripe",
    "oneplat": "tgsandbox.providers.oneplat:OnePlat",
    "cryptopay": "tgsandbox.providers.cryptopay:CryptoPay",
    "yookassa": "tgsandbox.providers.yookassa:YooKassa",
    "remnawave": "tgsandbox.providers.remnawave:Remnawave",
}
BODY_LIMIT = 1 << 20
SAVE_SECONDS = 0.5  # what a kill may cost

log = logging.getLogger("tgsandbox")


class Bank:
    """An ASGI app for /providers and /bank; `file` keeps all shops over a restart."""

    def __init__(
        self,
        clock: Clock,
        url: Callable[[], str],
        *,
        seed: int | None = None,
        file: Path | None = None,
        allow_hosts: frozenset[str] = frozenset(),
    ) -> None:
        self.clock = clock
        self.allow_hosts = allow_hosts  # names under which the pages answer
        self.random = Random(seed)  # noqa: S311  ids, not secrets
        self.shops: dict[tuple[str, str], Shop] = {}
        self._url = url
        self._seed, self._starts = seed, 0
        self._file = file
        self._alarm: asyncio.TimerHandle | None = None
        self._session: aiohttp.ClientSession | None = None

    @property
    def url(self) -> str:
        return self._url()

    def shop(self, provider: str, *, name: str = "shop", callback_url: str | None = None) -> Shop:
        """The shop of that name; made when it is named for the first time."""
        found = self.shops.get((provider, name))
        if found is None:
            found = self.shops[provider, name] = _kind_of(provider)(self, name)
        if callback_url is not None:
            found.callback_url = callback_url
        self.changed()
        return found

    def find(self, provider: str, ref: str) -> tuple[Shop, Payment] | None:
        """The payment of whatever shop, for the page where it is paid."""
        for shop in self.shops_of(provider):
            if payment := shop.find(ref):
                return shop, payment
        return None

    def shops_of(self, provider: str) -> list[Shop]:
        return [each for (whose, _), each in self.shops.items() if whose == provider]

    # --- over HTTP

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            body = await body_of(receive, BODY_LIMIT)
        except ApiError as error:
            await _send(send, json_response({"error": error.description}, error.code))
            return
        headers = Headers(
            {str(name, "latin-1"): str(value, "latin-1") for name, value in scope["headers"]}
        )
        query = str(scope["query_string"], "latin-1")
        _, first, rest = scope["path"].split("/", 2)
        request = Request(scope["method"], f"/{rest}", query, headers, body)
        response = self._page(request) if first == "bank" else self._call(request)
        if response.delay:
            await asyncio.sleep(response.delay)
        await _send(send, response)

    def _call(self, request: Request) -> Response:
        provider, _, path = request.path.removeprefix("/").partition("/")
        if provider not in PROVIDERS:
            return json_response({"error": f"no provider {provider!r}"}, 404)
        request.path = f"/{path}"
        shops = self.shops_of(provider) or [self.shop(provider)]
        for shop in shops:
            if shop.owns(request):
                return shop.handle(request)
        return shops[0].stranger(request)

    def _page(self, request: Request) -> Response:
        try:
            pages = import_module("tgsandbox.providers.pages")
            response: Response = pages.answer(self, request)
        except Exception:  # an edge: a person sees that something went wrong, and goes on
            log.exception("the page %s failed", request.path)
            return json_response({"error": "this page failed"}, 500)
        return response

    # --- its life

    def start(self) -> None:
        """What was kept is there again."""
        if self._file is None or not self._file.exists():
            return
        kept = json.loads(self._file.read_bytes())
        self._starts = kept["starts"] + 1
        if self._seed is not None:  # dice that fall as before would give ids twice
            self.random = Random(f"{self._seed}:{self._starts}")  # noqa: S311
        for each in kept["shops"]:
            given = self.shops.get((each["provider"], each["name"]))
            shop = given or self.shop(each["provider"], name=each["name"])
            shop.callback_url = shop.callback_url or each["callback_url"]
            shop.restore(each)

    async def stop(self) -> None:
        for shop in self.shops.values():
            await shop.callbacks.stop()
        if self._session:
            await self._session.close()
            self._session = None
        if self._alarm:
            self._alarm.cancel()
            self._alarm = None
        if self.shops:
            self._save()

    def changed(self) -> None:
        """Something is to be kept, soon."""
        if self._file is None or self._alarm is not None:
            return
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:  # named before anything runs; saved with what comes next
            return
        self._alarm = loop.call_later(SAVE_SECONDS, self._save_or_tell)

    def _save_or_tell(self) -> None:
        self._alarm = None
        try:
            self._save()
        except OSError:
            log.exception("The providers' books could not be written to %s", self._file)

    def _save(self) -> None:
        if self._file is None:
            return
        kept = {
            "starts": self._starts,
            "shops": [each.kept() for each in self.shops.values()],
        }
        fresh = self._file.with_suffix(".new")
        fresh.write_text(json.dumps(kept))
        fresh.replace(self._file)

    def session(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0), cookie_jar=aiohttp.DummyCookieJar()
            )
        return self._session


def _kind_of(provider: str) -> type[Shop]:
    if provider not in PROVIDERS:
        raise Impossible(f"There is no provider {provider!r}, only {', '.join(PROVIDERS)}.")
    module, _, name = PROVIDERS[provider].partition(":")
    found: type[Shop] = getattr(import_module(module), name)
    return found


async def _send(send: Send, response: Response) -> None:
    headers = [(name.encode(), value.encode()) for name, value in response.headers.items()]
    headers.append((b"content-length", str(len(response.body)).encode()))
    if response.lost:  # the server hangs up on an answer that never ends
        headers = [(b"content-length", b"1")]
        await send({"type": "http.response.start", "status": response.status, "headers": headers})
        return
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": response.body})
