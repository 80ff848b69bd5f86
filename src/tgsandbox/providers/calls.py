"""Which handler a call is for."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from tgsandbox.providers.records import Request, Response

Handler = Callable[[Any, Request], Response]


class Route(NamedTuple):
    call: str
    verb: str
    path: tuple[str, ...]
    handler: Handler


def call(name: str, verb: str, path: str) -> Callable[[Handler], Handler]:
    """Marks the handler of a call: @call("status", "GET", "/v1/things/{id}"). `name` is what
    faults go by: create, status, list, refund, cancel, capture, balance ... A handler does not
    wait for anything, and raises Refused with the provider's answer to what is wrong."""

    def mark(handler: Handler) -> Handler:
        routes = getattr(handler, "routes", ())
        made = Route(name, verb, tuple(path.strip("/").split("/")), handler)
        handler.routes = (*routes, made)  # type: ignore[attr-defined]
        return handler

    return mark


def matched(route: Sequence[str], asked: Sequence[str]) -> dict[str, str] | None:
    if len(route) != len(asked):
        return None
    parts = {}
    for wanted, given in zip(route, asked, strict=True):
        if wanted.startswith("{"):
            parts[wanted[1:-1]] = given
        elif wanted != given:
            return None
    return parts
