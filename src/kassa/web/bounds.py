"""What holds for every request: how often, and how large. See limits.py for what a route adds."""

import re
from collections.abc import Callable, Sequence
from fnmatch import translate
from ipaddress import ip_address
from typing import TypeVar

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kassa.log import get
from kassa.web.answers import refuse
from kassa.web.limits import Limits, TooMany, by_address
from kassa.web.proxies import TOLD

PER_MINUTE, BURST = 1200, 600  # generous: a mobile network stands behind one address

# Who calls here signs, and sends as much as there is to tell. Not even refusals may be counted
# against an address: anybody can make Telegram, or a bank, send us their own bot's updates or
# their own shop's callbacks, and ours come from the same address. See Limits.unproved.
SIGNED = (
    *("/pay/*/callback", "/1plat-webhook", "/api/miniapp/payment-webhook"),
    "/telegram/webhook*",
)
FREE = ("/healthz", "/readyz", "/metrics")  # who watches us must see us

MOST_BYTES = 1_000_000

_log = get(__name__)

F = TypeVar("F", bound=Callable[..., object])


class Often:
    """So many requests for each address, but not where callers sign."""

    def __init__(self, app: ASGIApp, *, limits: Limits, signed: Sequence[str] = SIGNED) -> None:
        self.app = app
        self._all = limits.limiter("all", per_minute=PER_MINUTE, burst=BURST)
        self._free = matching([*FREE, *signed])
        self._warned = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or self._free(scope["path"]) or self._shared(scope):
            await self.app(scope, receive, send)
        elif wait := self._all.take(by_address(HTTPConnection(scope))):
            await refuse(TooMany(wait))(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    def _shared(self, scope: Scope) -> bool:
        """A proxy that TRUSTED_PROXIES does not name: its address would be everybody's."""
        if TOLD in scope or "x-forwarded-for" not in Headers(scope=scope):
            return False
        client = scope["client"][0] if scope.get("client") else ""
        if _is_public(client):
            return False
        if not self._warned:
            self._warned = True
            _log.warning("web.proxy_not_trusted", address=client, setting="TRUSTED_PROXIES")
        return True


class Large:
    """A body is at most so large; refused where it is read, before the rest has come."""

    def __init__(self, app: ASGIApp, *, most: int = MOST_BYTES) -> None:
        self.app = app
        self._most = most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        told = Headers(scope=scope).get("content-length", "")
        come = 0

        async def receiving() -> Message:
            nonlocal come
            most = getattr(scope.get("endpoint"), "most_bytes", self._most)
            if told.isascii() and told.isdigit() and int(told[:20]) > most:
                raise _too_large(most)
            message = await receive()
            if message["type"] == "http.request":
                come += len(message.get("body", b""))
                if come > most:
                    raise _too_large(most)
            return message

        await self.app(scope, receiving, send)


def most_bytes(most: int) -> Callable[[F], F]:
    """Of a route, above its function: how large its body may be, instead of MOST_BYTES."""

    def setting(endpoint: F) -> F:
        endpoint.most_bytes = most  # type: ignore[attr-defined]
        return endpoint

    return setting


def matching(paths: Sequence[str]) -> Callable[[str], bool]:
    """Where * stands for any text."""
    pattern = re.compile("|".join(map(translate, paths)) or r"(?!)")
    return lambda path: pattern.match(path) is not None


def _too_large(most: int) -> HTTPException:
    # An HTTPException, since FastAPI makes a 400 of any other while it reads.
    return HTTPException(413, f"The body is larger than {most:,} bytes.".replace(",", " "))


def _is_public(address: str) -> bool:
    try:
        return ip_address(address).is_global
    except ValueError:
        return False
