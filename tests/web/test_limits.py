"""Who asks too often waits; others do not, and we do not remember more of them than we want."""

import asyncio
from collections.abc import MutableMapping
from itertools import pairwise
from typing import Annotated, Any

import httpx
import pytest
from fastapi import APIRouter, Depends, FastAPI, Request
from hypothesis import given
from hypothesis import strategies as st
from starlette.exceptions import HTTPException
from starlette.requests import Request as Plain
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from kassa.errors import Unavailable
from kassa.web import create_app
from kassa.web.bounds import BURST
from kassa.web.limits import UNPROVED_BURST, Limiter, Limits, by_user, limited, network, refusals
from tests.web.conftest import Clock, client, nothing

ANNA, BORIS = "203.0.113.7", "198.51.100.9"


def test_a_burst_and_then_so_many_a_minute() -> None:
    now = Clock()
    limiter = Limiter(per_minute=60, burst=3, now=now)
    assert [limiter.take("anna") for _ in range(4)] == [0, 0, 0, 1]
    assert limiter.take("boris") == 0, "somebody else has a bucket of their own"
    now.seconds += 0.25
    assert limiter.take("anna") == 0.75
    now.seconds += 0.75
    assert [limiter.take("anna") for _ in range(2)] == [0, 1], "to be refused costs nothing"
    now.seconds += 3600
    assert [limiter.take("anna") for _ in range(4)] == [0, 0, 0, 1], "it never holds more"


@given(
    st.integers(1, 600), st.integers(1, 20), st.lists(st.floats(0, 30), min_size=1, max_size=200)
)
def test_no_stretch_of_time_lets_through_more(
    per_minute: int, burst: int, pauses: list[float]
) -> None:
    now = Clock()
    limiter = Limiter(per_minute=per_minute, burst=burst, now=now)
    taken = []
    for pause in pauses:
        now.seconds += pause
        if not limiter.take("anna"):
            taken.append(now.seconds)
    for n, begin in enumerate(taken):
        for many, end in enumerate(taken[n:], start=1):
            assert many <= burst + (end - begin) * per_minute / 60 + 0.01
    assert taken, "and the first one is let through"
    assert all(one <= two for one, two in pairwise(taken))


def test_whoever_waits_as_long_as_told_is_let_through() -> None:
    now = Clock()
    limiter = Limiter(per_minute=7, burst=1, now=now)
    for _ in range(1000):
        now.seconds += limiter.wait("anna")
        assert limiter.take("anna") == 0


def test_memory_is_bounded_and_the_most_silent_are_forgotten_first() -> None:
    limiter = Limiter(per_minute=1, burst=2, keys=100, now=Clock())
    for key in ("anna", *map(str, range(99)), "anna"):
        assert limiter.take(key) == 0
    assert limiter.wait("anna") > 0
    for n in range(99):
        limiter.take(f"new {n}")
        assert len(limiter) == 100
    assert limiter.wait("anna") > 0, "she came first, but was not silent longest"
    limiter.take("one more")
    assert limiter.wait("anna") == 0
    for n in range(1000):
        assert limiter.wait(f"asked {n}") == 0
    assert len(limiter) == 100


@pytest.mark.parametrize(("per_minute", "burst", "keys"), [(0, 1, 1), (1, 0, 1), (1, 1, 0)])
def test_a_limit_that_lets_nobody_through_is_a_mistake(
    per_minute: int, burst: int, keys: int
) -> None:
    with pytest.raises(ValueError):
        Limiter(per_minute=per_minute, burst=burst, keys=keys)


def test_each_worker_has_its_share() -> None:
    now = Clock()
    limiter = Limits(workers=4, now=now).limiter("pay", per_minute=120, burst=40)
    assert [limiter.take("anna") for _ in range(11)] == [0] * 10 + [2]
    rare = Limits(workers=4, now=now).limiter("sign-in", per_minute=4, burst=2)
    assert [rare.take("anna") for _ in range(2)] == [0, 60], "one at least"


async def test_only_refusals_count_where_they_are_all_that_is_limited() -> None:
    now, router = Clock(), APIRouter()
    limit = limited("guess", per_minute=6, burst=2)

    @router.get(
        "/guess/{status}", dependencies=[Depends(refusals(lambda _: limit), scope="function")]
    )
    async def guess(status: int) -> str:
        if status == 503:
            raise Unavailable("Not now.")
        if status >= 400:
            raise HTTPException(status)
        return "welcome"

    @router.get("/free", dependencies=[Depends(refusals(lambda _: None), scope="function")])
    async def free() -> str:
        raise HTTPException(401)

    app = create_app(nothing, routers=[router], now=now)
    async with client(app, address=ANNA) as anna:

        async def told(*statuses: int) -> list[int]:
            return [(await anna.get(f"/guess/{each}")).status_code for each in statuses]

        assert await told(*[200] * 5, *[503] * 5, *[500] * 3) == [
            *[200] * 5,
            *[503] * 5,
            *[500] * 3,
        ]
        assert await told(401, 403, 401, 200) == [401, 403, 429, 429]
        now.seconds += 10
        assert await told(200, 200, 404, 200) == [200, 200, 404, 429]
        assert {(await anna.get("/free")).status_code for _ in range(20)} == {401}


async def test_guesses_that_come_all_at_once_are_counted_like_others() -> None:
    router, may = APIRouter(), asyncio.Event()
    limit = limited("guess", per_minute=6, burst=2)

    @router.get("/guess", dependencies=[Depends(refusals(lambda _: limit), scope="function")])
    async def guess() -> None:
        await may.wait()
        raise HTTPException(401)

    app = create_app(nothing, routers=[router], now=Clock())
    async with client(app, address=ANNA) as anna:
        asking = [asyncio.create_task(anna.get("/guess")) for _ in range(10)]
        done, _ = await asyncio.wait(asking, timeout=0.5)
        may.set()
        assert [each.result().status_code for each in done] == [429] * 8
        assert sorted([(await each).status_code for each in asking])[:3] == [401, 401, 429]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2a02:5180:0:1::1", "2a02:5180:0:1:ffff::2", True),
        ("2a02:5180:0:1::1", "2a02:5180:0:2::1", False),
        ("::ffff:203.0.113.7", "203.0.113.7", True),
        ("fe80::1%eth0", "fe80::2%eth1", True),
        ("203.0.113.7", "203.0.113.8", False),
        ("unix", "unix", True),
    ],
)
def test_of_ipv6_a_network_is_one_caller(one: str, other: str, same: bool) -> None:
    assert (network(one) == network(other)) is same


SIGN_IN = limited("sign-in", per_minute=6, burst=2)
ORDERS = limited("orders", per_minute=6, burst=2, by=by_user)


def shop(now: Clock, **more: Any) -> FastAPI:
    router = APIRouter()

    @router.post("/login", dependencies=[Depends(SIGN_IN)])
    async def login() -> str:
        return "welcome"

    def who(request: Request, user: int | None = None) -> None:
        request.state.user_id = user

    @router.get("/orders", dependencies=[Depends(who), Depends(ORDERS)])
    async def orders() -> str:
        return "none"

    @router.get("/address")
    async def address(request: Request, more: Annotated[str, Depends(lambda: "")]) -> str:
        return more + str(request.client)

    async def plain(request: Plain) -> Response:
        await SIGN_IN(request)
        return PlainTextResponse("welcome")

    async def callback(request: Plain) -> Response:
        signature = request.headers.get("signature")
        if signature == "seen before" and request.app.state.limits.unproved(request):
            return PlainTextResponse(status_code=429)
        return PlainTextResponse(status_code=200 if signature else 403)

    routes = [
        Route("/plain-login", plain, methods=["POST"]),
        Route("/pay/{provider}/callback", callback, methods=["POST"]),
        Route("/telegram/webhook/{bot}", callback, methods=["POST"]),
    ]
    return create_app(nothing, routers=[router], routes=routes, now=now, **more)


async def test_a_route_has_a_limit_and_says_when_to_come_again() -> None:
    now = Clock()
    app = shop(now)
    async with client(app, address=ANNA) as anna, client(app, address=BORIS) as boris:
        assert [(await anna.post("/login")).status_code for _ in range(2)] == [200, 200]
        now.seconds += 0.5
        refused = await anna.post("/login")
        assert refused.status_code == 429
        assert refused.json() == {"detail": "Too many requests. Please try again in 10 s."}
        assert refused.headers["retry-after"] == "10"
        assert (await anna.post("/plain-login")).status_code == 429, "of one name: one limit"
        assert (await boris.post("/plain-login")).status_code == 200
        now.seconds += 10
        assert (await anna.post("/plain-login")).status_code == 200


async def test_a_user_is_one_wherever_they_call_from() -> None:
    app = shop(Clock())
    async with client(app, address=ANNA) as here, client(app, address=BORIS) as there:
        assert (await here.get("/orders?user=17")).status_code == 200
        assert (await there.get("/orders?user=17")).status_code == 200
        assert (await there.get("/orders?user=17")).status_code == 429
        assert (await there.get("/orders?user=18")).status_code == 200
        codes = [(await there.get("/orders")).status_code for _ in range(3)]
    assert codes == [200, 200, 429], "a stranger is their address"


async def test_the_public_pages_together_have_one_that_nobody_meets_who_reads() -> None:
    app = shop(Clock())
    async with client(app, address=ANNA) as anna, client(app, address=BORIS) as boris:
        codes = [(await anna.get("/nothing")).status_code for _ in range(BURST + 1)]
        assert codes == [404] * BURST + [429]
        last = await anna.get("/address")
        assert (last.status_code, last.headers["retry-after"]) == (429, "1")
        assert last.headers["x-request-id"]
        assert last.headers["x-content-type-options"] == "nosniff"
        assert (await anna.get("/healthz")).status_code == 200, "who watches us sees us"
        signed = await anna.post("/pay/tinypay/callback", headers={"signature": "right"})
        assert signed.status_code == 200
        assert (await boris.get("/address")).status_code == 200


async def call(http: httpx.AsyncClient, path: str, signature: str = "") -> int:
    headers = {"signature": signature} if signature else {}
    return (await http.post(path, headers=headers)).status_code


@pytest.mark.parametrize("path", ["/pay/tinypay/callback", "/telegram/webhook/shop"])
async def test_a_strangers_noise_does_not_stop_the_money_of_the_same_address(path: str) -> None:
    """Their shop, at our bank, calls us: from where our own callbacks come."""
    async with client(shop(Clock()), address=ANNA) as bank:
        assert {await call(bank, path) for _ in range(BURST * 2)} == {403}
        assert {await call(bank, path, "right") for _ in range(BURST * 2)} == {200}


async def test_what_a_stranger_makes_up_is_kept_only_so_often() -> None:
    now = Clock()
    app = shop(now)
    path = "/pay/tinypay/callback"
    async with client(app, address=BORIS) as stranger, client(app, address=ANNA) as bank:
        codes = [await call(stranger, path, "seen before") for _ in range(UNPROVED_BURST + 2)]
        assert codes == [200] * UNPROVED_BURST + [429] * 2
        assert await call(stranger, path, "right") == 200
        assert await call(bank, path, "seen before") == 200
        now.seconds += 2
        assert [await call(stranger, path, "seen before") for _ in range(2)] == [200, 429]


async def test_behind_our_proxy_everybody_is_themselves() -> None:
    app = shop(Clock(), trusted_proxies=["10.0.0.0/8"])
    async with client(app, address="10.0.0.1") as http:
        for _ in range(BURST):
            await http.get("/address", headers={"x-forwarded-for": ANNA})
        one = await http.get("/address", headers={"x-forwarded-for": ANNA})
        other = await http.get("/address", headers={"x-forwarded-for": BORIS})
    assert (one.status_code, other.status_code) == (429, 200)


async def test_a_proxy_nobody_named_is_not_everybody_and_is_told_of_once(
    said: list[MutableMapping[str, Any]],
) -> None:
    app = shop(Clock())
    async with client(app, address="10.0.0.1") as http:
        codes = {
            (await http.get("/address", headers={"x-forwarded-for": ANNA})).status_code
            for _ in range(BURST + 1)
        }
    assert codes == {200}
    (warning,) = (line for line in said if line["log_level"] == "warning")
    assert (warning["event"], warning["setting"]) == ("web.proxy_not_trusted", "TRUSTED_PROXIES")


async def test_nobody_outside_escapes_by_saying_they_are_a_proxy() -> None:
    async with client(shop(Clock()), address="8.8.8.8") as http:
        for _ in range(BURST):
            await http.get("/address", headers={"x-forwarded-for": ANNA})
        assert (await http.get("/address", headers={"x-forwarded-for": BORIS})).status_code == 429
