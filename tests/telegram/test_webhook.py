"""The webhook as Telegram meets it, and as anybody else does."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from kassa.db import Database
from kassa.telegram.hearing import KINDS
from kassa.telegram.webhook import secret_of
from tests.conftest import Fresh
from tests.telegram.core import KEY, Core, a_core, a_table
from tests.telegram.test_updates import an_update, router


@pytest.fixture
async def core(fresh: Fresh, owner_db: Database) -> AsyncIterator[Core]:
    await a_table(owner_db)
    async with a_core(fresh, router(), webhook=True) as core:
        yield core


async def post(core: Core, body: Any, path: str = "", **headers: str) -> httpx.Response:
    given = {"X-Telegram-Bot-Api-Secret-Token": secret_of(KEY, core.bot.id), **headers}
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    async with httpx.AsyncClient() as http:
        return await http.post(core.address + path, content=content, headers=given)


async def test_telegram_is_told_to_bring_everything(core: Core) -> None:
    info = await core.bot.call("getWebhookInfo")
    assert info["url"] == core.address
    assert sorted(info["allowed_updates"]) == sorted(KINDS)
    assert "pre_checkout_query" in info["allowed_updates"]


async def test_an_update_is_taken_when_it_is_committed(core: Core) -> None:
    for path in ("", core.bot.username, f"{core.bot.id}/"):
        answer = await post(core, an_update(1, "раз"), path)
        assert (answer.status_code, answer.json()) == (200, {"ok": True})
    assert await core.count() == 1


@pytest.mark.parametrize("secret", ["", "wrong", "ключ", "x" * 5000])
async def test_who_does_not_know_the_secret_is_not_telegram(core: Core, secret: str) -> None:
    header = {b"X-Telegram-Bot-Api-Secret-Token": secret.encode()}
    async with httpx.AsyncClient() as http:
        body = json.dumps(an_update(1, "раз")).encode()
        answer = await http.post(core.address, content=body, headers=header)
        assert answer.status_code == 401
        assert (await http.post(core.address, content=body)).status_code == 401
    assert await core.count() == 0


@pytest.mark.parametrize(
    "body",
    [b"", b"not json", b"[1]", b'"text"', b"{", b"[" * 100_000, '{"a": "\xff"}'.encode("latin-1")],
)
async def test_what_is_no_update_is_400(core: Core, body: bytes) -> None:
    answer = await post(core, body)
    assert answer.status_code == 400
    assert "JSON" in answer.json()["detail"]


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
async def test_other_methods_are_405(core: Core, method: str) -> None:
    async with httpx.AsyncClient() as http:
        answer = await http.request(method, core.address)
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


async def test_an_unknown_bot_is_404(core: Core) -> None:
    assert (await post(core, an_update(1, "раз"), "other_bot")).status_code == 404


async def test_a_megabyte_is_an_update_and_five_are_not(core: Core) -> None:
    long = json.dumps(an_update(1, "я" * 500_000), ensure_ascii=False).encode()
    answer = await post(core, long)
    assert answer.status_code == 200
    assert await core.count("SELECT length(said) FROM effects") == 500_000
    assert (await post(core, b" " * 5_000_000)).status_code == 413


@pytest.mark.parametrize(
    "update",
    [
        {},
        {"update_id": 1},
        {"update_id": 1, "something_new": {"from": {"id": 1}}},
        {"update_id": "1", "message": {}},
        {"update_id": -1, "message": {"text": "x"}},
        {"update_id": 2**70, "message": {"text": "x"}},
        {"update_id": 1, "message": "text"},
        {"update_id": 1, "message": None},
    ],
)
async def test_kinds_that_nobody_knows_are_let_go(core: Core, update: dict[str, Any]) -> None:
    assert (await post(core, update)).status_code == 200


async def test_what_aiogram_cannot_read_is_set_aside(core: Core) -> None:
    """It does not block its queue for ever."""
    update = {"update_id": 5, "message": {"message_id": "no number", "text": ["x"]}}
    codes = [(await post(core, update)).status_code for _ in range(4)]
    assert codes == [500, 500, 200, 200]
    assert await core.count("SELECT count(*) FROM telegram.update WHERE dead_at IS NOT NULL") == 1


async def test_without_a_database_telegram_is_asked_to_come_again(core: Core) -> None:
    real = core.updates.database
    core.updates.database = Database("postgresql://x@127.0.0.1:1/x")
    assert (await post(core, an_update(1, "раз"))).status_code == 500
    core.updates.database = real
    assert (await post(core, an_update(1, "раз"))).status_code == 200
    assert await core.count() == 1


async def test_one_hundred_at_once(core: Core) -> None:
    people = [core.tg.user(f"Человек {n}") for n in range(20)]
    updates = [an_update(n, f"{n}", person=people[n % 20].id) for n in range(100) for _ in range(2)]
    answers = await asyncio.gather(*(post(core, update) for update in updates))
    assert {each.status_code for each in answers} == {200}
    assert await core.count() == 100


async def test_one_address_for_several_bots_is_not_enough(fresh: Fresh, owner_db: Database) -> None:
    await a_table(owner_db)
    async with a_core(fresh, router(), names=("one_bot", "two_bot"), webhook=True) as core:
        assert (await post(core, an_update(1, "раз"))).status_code == 404
        assert (await post(core, an_update(1, "раз"), "one_bot")).status_code == 200
        assert (await post(core, an_update(2, "два"), "two_bot")).status_code == 401
        info = await core.bot.call("getWebhookInfo")
        assert info["url"] == f"{core.address}one_bot"


def test_each_bot_has_its_secret() -> None:
    assert secret_of(KEY, 1) != secret_of(KEY, 2)
    assert len(secret_of(KEY, 1)) == 64
