"""Whose address it is, where proxies of ours stand between."""

import pytest
from starlette.types import Receive, Scope, Send

from kassa.web.proxies import Proxies


async def seen(client: str, *forwarded: str, trusted: tuple[str, ...] = ("10.0.0.0/8",)) -> str:
    found = ""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal found
        found = scope["client"][0]

    headers = [(b"x-forwarded-for", each.encode()) for each in forwarded]
    scope: Scope = {"type": "http", "client": (client, 1), "headers": headers}
    await Proxies(app, trusted=trusted)(scope, None, None)  # type: ignore[arg-type]
    return found


@pytest.mark.parametrize(
    ("client", "forwarded", "address"),
    [
        ("10.0.0.1", ["185.71.76.5"], "185.71.76.5"),
        ("10.0.0.1", ["1.1.1.1, 185.71.76.5"], "185.71.76.5"),  # what stands before, anybody wrote
        ("10.0.0.1", ["185.71.76.5, 10.0.0.2"], "185.71.76.5"),  # two proxies of ours
        ("10.0.0.1", ["1.1.1.1", "185.71.76.5"], "185.71.76.5"),
        ("10.0.0.1", ["2a02:5180::1"], "2a02:5180::1"),
        ("203.0.113.9", ["185.71.76.5"], "203.0.113.9"),  # no proxy of ours
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["185.71.76.5, nonsense"], "10.0.0.1"),
        ("10.0.0.1", ["10.0.0.2"], "10.0.0.1"),
        ("unix", ["185.71.76.5"], "unix"),
    ],
)
async def test_a_header_is_believed_from_our_proxies_alone(
    client: str, forwarded: list[str], address: str
) -> None:
    assert await seen(client, *forwarded) == address


async def scheme(client: str, *told: str) -> str:
    found = ""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal found
        found = scope["scheme"]

    headers = [(b"x-forwarded-proto", each.encode()) for each in told]
    scope: Scope = {"type": "http", "scheme": "http", "client": (client, 1), "headers": headers}
    await Proxies(app, trusted=["10.0.0.0/8"])(scope, None, None)  # type: ignore[arg-type]
    return found


@pytest.mark.parametrize(
    ("client", "told", "found"),
    [
        ("10.0.0.1", ["https"], "https"),
        ("10.0.0.1", ["https, http"], "http"),  # the last one is our proxy's word
        ("10.0.0.1", ["http", "HTTPS"], "https"),
        ("10.0.0.1", ["gopher"], "http"),
        ("10.0.0.1", [], "http"),
        ("203.0.113.9", ["https"], "http"),  # no proxy of ours
    ],
)
async def test_so_is_the_scheme(client: str, told: list[str], found: str) -> None:
    assert await scheme(client, *told) == found
