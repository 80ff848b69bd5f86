"""Who calls, and how, where proxies of ours stand between: headers are believed from them alone."""

from collections.abc import Sequence
from ipaddress import ip_address, ip_network

from starlette.types import ASGIApp, Receive, Scope, Send

TOLD = "kassa.proxy"  # in a scope: a proxy of ours has told who calls


class Proxies:
    """Puts the caller's address into the scope: the last one in X-Forwarded-For that is not one
    of our proxies'. What stands before it, anybody may have written. So with the scheme: the last
    one of X-Forwarded-Proto is what the nearest proxy says."""

    def __init__(self, app: ASGIApp, *, trusted: Sequence[str]) -> None:
        self.app = app
        self._trusted = [ip_network(each) for each in trusted]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope.get("client") and self._ours(scope["client"][0]):
            scope = {**scope, TOLD: True}
            for address in reversed(_listed(scope, b"x-forwarded-for")):
                if not self._ours(address):
                    if _is_address(address):
                        scope["client"] = (address, 0)
                    break
            scheme = _listed(scope, b"x-forwarded-proto")[-1].lower()
            if scheme in {"http", "https"}:
                scope["scheme"] = scheme
        await self.app(scope, receive, send)

    def _ours(self, address: str) -> bool:
        return _is_address(address) and any(
            ip_address(address) in network for network in self._trusted
        )


def _listed(scope: Scope, header: bytes) -> list[str]:
    told = b",".join(value for name, value in scope["headers"] if name == header)
    return [each.strip() for each in told.decode("latin-1").split(",")]


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
