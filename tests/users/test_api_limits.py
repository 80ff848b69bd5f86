"""Whoever guesses is stopped; whoever proves who they are is not counted."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from kassa import clock
from kassa.db import Database
from kassa.runtime import application
from kassa.users import keys
from kassa.web.limits import Limits
from tests.users.conftest import NOON, init_data, settings

LOGIN = "/api/users/auth/telegram-login/"
REFRESH = "/api/users/auth/refresh-token/"
ME = "/api/users/me/"
MANY = 40  # more than the guesses that an address has


@pytest.fixture(autouse=True)
def noon() -> Any:
    with clock.moved(lambda: NOON):
        yield


@pytest.fixture
async def http(db: Database) -> AsyncIterator[httpx.AsyncClient]:
    app = application(settings())
    app.state.database = db
    app.state.limits = Limits(now=lambda: 0.0)  # no time passes
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://kassa") as each:
        yield each


async def login(http: httpx.AsyncClient, key: str | None = None, **more: Any) -> httpx.Response:
    headers = {} if key is None else {"X-Kassa-Key": key}
    return await http.post(LOGIN, json={"telegram_chat_id": 1001, **more}, headers=headers)


async def test_many_who_prove_who_they_are_behind_one_address(http: httpx.AsyncClient) -> None:
    proof = init_data({"id": 1001, "first_name": "First"})
    pairs = [(await login(http, init_data=proof)).json() for _ in range(MANY)]
    renewed = [await http.post(REFRESH, json={"refresh": each["refresh"]}) for each in pairs]
    assert {each.status_code for each in renewed} == {200}
    bearer = {"Authorization": f"Bearer {pairs[0]['access']}"}
    assert {(await http.get(ME, headers=bearer)).status_code for _ in range(MANY)} == {200}


async def test_a_service_is_not_counted_even_beside_those_who_guess(
    http: httpx.AsyncClient, db: Database
) -> None:
    key, _ = await db.run(lambda tx: keys.new(tx, "crm"))
    for _ in range(30):
        assert (await login(http, code="000000")).status_code == 401
    assert {(await login(http, key)).status_code for _ in range(MANY)} == {200}


async def test_whoever_guesses_codes_is_stopped(http: httpx.AsyncClient) -> None:
    told = [(await login(http, code=f"{n:06}")).status_code for n in range(32)]
    assert told == [401] * 30 + [429] * 2
    refused = await login(http, init_data=init_data({"id": 1001, "first_name": "First"}))
    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) <= 2
    assert (await login(http, "", code="000000")).status_code == 429, "no key is no service"
    assert (await http.get(ME)).status_code == 401


async def test_whoever_guesses_keys_is_stopped(http: httpx.AsyncClient) -> None:
    told = [(await login(http, f"kassa_{n}")).status_code for n in range(302)]
    assert told == [401] * 300 + [429] * 2


async def test_whoever_guesses_tokens_is_stopped(http: httpx.AsyncClient) -> None:
    told = [(await http.post(REFRESH, json={"refresh": "x"})).status_code for _ in range(302)]
    assert told == [401] * 300 + [429] * 2
    assert (await login(http, code="000000")).status_code == 401
