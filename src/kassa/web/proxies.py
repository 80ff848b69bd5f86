"""Who calls, where proxies of ours stand between: a header is believed from them alone."""

from collections.abc import Sequence
from ipaddress import ip_address, ip_network

from starlette.types import ASGIApp, Receive, Scope, Send


class Proxies:
    """Puts the caller's address into the scope: the last one in X-Forwarded-For that is not one
    of our proxies'. What stands before it, anybody may have written."""

    def __init__(self, app: ASGIApp, *, trusted: Sequence[str]) -> None:
        self.app = app
        self._trusted = [ip_network(each) for each in trusted]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope.get("client") and self._ours(scope["client"][0]):
            told = b",".join(v for name, v in scope["headers"] if name == b"x-forwarded-for")
            for each in reversed(told.decode("latin-1").split(",")):
                address = each.strip()
                if not self._ours(address):
                    if _is_address(address):
                        scope = {**scope, "client": (address, 0)}
                    break
        await self.app(scope, receive, send)

    def _ours(self, address: str) -> bool:
        return _is_address(address) and any(
            ip_address(address) in network for network in self._trusted
        )


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
