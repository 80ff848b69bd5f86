"""Login over HTTP: a proof becomes tokens, tokens say who asks, and all else is told in words."""

import asyncio
import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from structlog.testing import capture_logs

from kassa import clock, users
from kassa.db import Database
from kassa.users import codes, keys, tokens
from tests.users.conftest import BOT, NOON, OTHER_BOT, SECRET, init_data, person, widget

LOGIN = "/api/users/auth/telegram-login/"
REFRESH = "/api/users/auth/refresh-token/"
ME = "/api/users/me/"
WRONG_IDS: list[Any] = ["1001", True, 1001.0, 0, -1001, 2**63, None, []]
USER = {"id": 1001, "first_name": "First", "username": "first", "language_code": "uz"}


@pytest.fixture(autouse=True)
def noon() -> Any:
    with clock.moved(lambda: NOON):
        yield


async def post(
    http: httpx.AsyncClient, to: str, body: object, headers: Mapping[str, str] | None = None
) -> tuple[int, Any]:
    answer = await http.post(to, json=body, headers=headers)
    return answer.status_code, answer.json()


async def login(http: httpx.AsyncClient, **more: Any) -> tuple[int, Any]:
    return await post(http, LOGIN, {"telegram_chat_id": 1001, **more})


async def me(http: httpx.AsyncClient, access: str) -> tuple[int, Any]:
    answer = await http.get(ME, headers={"Authorization": f"Bearer {access}"})
    return answer.status_code, answer.json()


async def code_of(db: Database, telegram_id: int = 1001) -> str:
    user = await person(db, telegram_id)
    return await db.run(lambda tx: codes.new(tx, user.id, secret=SECRET))


# -- the proofs --------------------------------------------------------------------


async def test_a_mini_app_logs_its_person_in(http: httpx.AsyncClient, db: Database) -> None:
    with capture_logs() as lines:
        code, told = await login(http, init_data=init_data(USER), phone_number="+998901234567")

    assert code == 200
    assert set(told) == {"access", "refresh", "user_id", "phone_number", "is_new_user"}
    assert (told["phone_number"], told["is_new_user"]) == ("+998901234567", True)
    user = await users.by_telegram(db, 1001)
    assert told["user_id"] == str(user.uid)
    assert (user.first_name, user.username, user.language) == ("First", "first", "uz")
    assert {
        "event": "Telegram аутентификация",
        "log_level": "info",
        "chat_id": 1001,
        "user_id": str(user.uid),
        "new_user": True,
    } in lines
    assert told["access"] not in str(lines)

    code, again = await login(http, init_data=init_data(USER))
    assert (code, again["is_new_user"], again["user_id"]) == (200, False, told["user_id"])
    assert again["phone_number"] == "+998901234567"
    assert await me(http, again["access"]) == (
        200,
        {
            "user_id": str(user.uid),
            "telegram_chat_id": 1001,
            "first_name": "First",
            "last_name": "",
            "username": "first",
            "language": "uz",
            "phone_number": "+998901234567",
            "phone_proved": False,
            "referral_code": user.referral_code,
            "terms_version": None,
            "created_at": "2026-03-01T12:00:00Z",
        },
    )


async def test_of_any_of_our_bots(http: httpx.AsyncClient) -> None:
    for token in (BOT, OTHER_BOT):
        assert (await login(http, init_data=init_data(USER, token=token)))[0] == 200
    code, told = await login(http, init_data=init_data(USER, token="111111:TEST-FOREIGN"))
    assert (code, "token" in told["detail"]) == (401, True)


async def test_the_login_widget(http: httpx.AsyncClient, db: Database) -> None:
    code, told = await login(http, login_widget=widget(1001, first_name="First"))
    assert (code, told["is_new_user"], told["phone_number"]) == (200, True, None)
    assert (await users.by_telegram(db, 1001)).first_name == "First"


async def test_the_widget_does_not_know_the_language(http: httpx.AsyncClient, db: Database) -> None:
    await login(http, init_data=init_data(USER))
    await login(http, login_widget=widget(1001, first_name="First"))
    assert (await users.by_telegram(db, 1001)).language == "uz"


async def test_a_code_of_the_bot_s(http: httpx.AsyncClient, db: Database) -> None:
    code = await code_of(db)
    status, told = await login(http, code=code)
    assert (status, told["is_new_user"]) == (200, False)
    status, told = await login(http, code=code)
    assert status == 401
    assert "new one" in told["detail"]


async def test_wrong_codes_are_counted(http: httpx.AsyncClient, db: Database) -> None:
    code = await code_of(db)
    wrong = f"{(int(code.replace(' ', '')) + 1) % 10**6:06}"
    for _ in range(5):
        assert (await login(http, code=wrong))[0] == 401
    assert (await login(http, code=code))[0] == 401


async def test_two_logins_at_once_with_one_code(http: httpx.AsyncClient, db: Database) -> None:
    code = await code_of(db)
    answers = await asyncio.gather(*(login(http, code=code) for _ in range(5)))
    assert sorted(status for status, _ in answers) == [200, 401, 401, 401, 401]


async def test_a_service_says_who_it_is(http: httpx.AsyncClient, db: Database) -> None:
    text, key = await db.run(lambda tx: keys.new(tx, "crm"))
    body = {"telegram_chat_id": 1001}

    status, told = await post(http, LOGIN, body, {"X-Kassa-Key": text})
    assert (status, told["is_new_user"]) == (200, True)

    await db.run(lambda tx: keys.revoke(tx, key.id))
    status, told = await post(http, LOGIN, body, {"X-Kassa-Key": text})
    assert status == 401
    assert "X-Kassa-Key" in told["detail"]


async def test_a_service_does_not_change_a_name(http: httpx.AsyncClient, db: Database) -> None:
    await login(http, init_data=init_data(USER))
    text, _ = await db.run(lambda tx: keys.new(tx, "crm"))
    await post(http, LOGIN, {"telegram_chat_id": 1001}, {"X-Kassa-Key": text})
    user = await users.by_telegram(db, 1001)
    assert (user.first_name, user.username, user.language) == ("First", "first", "uz")


@pytest.mark.parametrize("key", ["", "x", "kassa_x", "kassa_" + "A" * 43])
async def test_a_key_that_is_none(http: httpx.AsyncClient, key: str) -> None:
    status, _ = await post(http, LOGIN, {"telegram_chat_id": 1001}, {"X-Kassa-Key": key})
    assert status == 401


async def test_twenty_first_logins_at_once_make_one_person(
    http: httpx.AsyncClient, db: Database
) -> None:
    text = init_data(USER)
    answers = await asyncio.gather(*(login(http, init_data=text) for _ in range(20)))
    assert {status for status, _ in answers} == {200}
    assert [told["is_new_user"] for _, told in answers].count(True) == 1
    assert await db.fetchval("SELECT count(*) FROM users.person") == 1


# -- what is no proof --------------------------------------------------------------


async def test_a_chat_id_alone_logs_nobody_in(http: httpx.AsyncClient, db: Database) -> None:
    status, told = await login(http)
    assert status == 401
    assert "alone is no proof" in told["detail"]
    assert await db.fetchval("SELECT count(*) FROM users.person") == 0


async def test_a_proof_is_of_its_owner_only(http: httpx.AsyncClient, db: Database) -> None:
    await person(db, 1002)
    mine = (
        {"init_data": init_data(USER)},
        {"login_widget": widget(1001)},
        {"code": await code_of(db)},
    )
    for proof in mine:
        status, _ = await post(http, LOGIN, {"telegram_chat_id": 1002, **proof})
        assert status == 401
    assert await db.fetchval("SELECT count(*) FROM users.session") == 0


@pytest.mark.parametrize(
    ("proof", "why"),
    [
        ({"init_data": ""}, "empty"),
        ({"init_data": "x"}, "without ="),
        ({"init_data": init_data(USER, at=NOON - timedelta(days=2))}, "too long ago"),
        ({"init_data": init_data(USER, at=NOON + timedelta(days=2))}, "future"),
        ({"init_data": init_data(USER) + "&hash=x"}, "twice"),
        ({"init_data": "x" * 20_000}, "longer"),
        ({"login_widget": {}}, "missing"),
        ({"login_widget": {"hash": None}}, "neither"),
        ({"login_widget": widget(1001, at=NOON - timedelta(days=2))}, "too long ago"),
        ({"code": "123 456"}, "code is wrong"),
        ({"code": "\ud800"}, "code is wrong"),
    ],
)
async def test_a_wrong_proof_is_told_in_words(
    http: httpx.AsyncClient, proof: dict[str, Any], why: str
) -> None:
    body = json.dumps({"telegram_chat_id": 1001, **proof})
    answer = await http.post(LOGIN, content=body)
    assert answer.status_code == 401
    assert why in answer.json()["detail"]


@pytest.mark.parametrize(
    "body",
    [
        *({"telegram_chat_id": each} for each in WRONG_IDS),
        {},
        {"init_data": "x"},
        {"telegram_chat_id": 1001, "phone_number": "998901234567"},
        {"telegram_chat_id": 1001, "phone_number": 998901234567},
        {"telegram_chat_id": 1001, "phone_number": ""},
        {"telegram_chat_id": 1001, "phone_number": "+999"},
        {"telegram_chat_id": 1001, "init_data": 5},
        {"telegram_chat_id": 1001, "init_data": ["x"]},
        {"telegram_chat_id": 1001, "login_widget": "x"},
        {"telegram_chat_id": 1001, "code": 123456},
        {"telegram_chat_id": 1001, "code": ""},
        {"telegram_chat_id": 1001, "init_data": "x", "code": "123456"},
        [],
        "x",
        None,
        5,
    ],
)
async def test_wrong_data_is_400(http: httpx.AsyncClient, body: object) -> None:
    status, told = await post(http, LOGIN, body)
    assert status == 400, told
    assert isinstance(told["detail"], str)


@pytest.mark.parametrize(
    "raw",
    [b"", b"{", b"\xff\xfe\x00", b"[" * 50_000, b'{"telegram_chat_id":' + b"9" * 5000 + b"}"],
)
@pytest.mark.parametrize("to", [LOGIN, REFRESH])
async def test_what_is_not_json_is_400(http: httpx.AsyncClient, to: str, raw: bytes) -> None:
    answer = await http.post(to, content=raw)
    assert answer.status_code == 400
    assert answer.json() == {"detail": "The body must be JSON."}


async def test_a_body_without_end_is_not_read(http: httpx.AsyncClient) -> None:
    answer = await http.post(LOGIN, content=b" " * 70_000)
    assert answer.status_code == 400
    assert "larger" in answer.json()["detail"]


async def test_a_key_and_another_proof(http: httpx.AsyncClient, db: Database) -> None:
    text, _ = await db.run(lambda tx: keys.new(tx, "crm"))
    body = {"telegram_chat_id": 1001, "init_data": init_data(USER)}
    assert (await post(http, LOGIN, body, {"X-Kassa-Key": text}))[0] == 400


# -- phones ------------------------------------------------------------------------


async def test_a_proved_phone_is_not_typed_over(http: httpx.AsyncClient, db: Database) -> None:
    _, told = await login(http, init_data=init_data(USER), phone_number="+79001234567")
    assert told["phone_number"] == "+79001234567"
    user = await users.by_telegram(db, 1001)
    await db.run(lambda tx: users.set_phone(tx, user.id, "+998901234567", proved=True))

    status, told = await login(http, init_data=init_data(USER), phone_number="+7 900 123-45-67")

    assert (status, told["phone_number"]) == (200, "+998901234567")
    assert (await users.by_telegram(db, 1001)).phone_proved


# -- tokens ------------------------------------------------------------------------


async def test_tokens_are_renewed(http: httpx.AsyncClient) -> None:
    _, told = await login(http, init_data=init_data(USER))
    status, pair = await post(http, REFRESH, {"refresh": told["refresh"]})
    assert (status, set(pair)) == (200, {"access", "refresh"})
    assert (await me(http, pair["access"]))[0] == 200

    with clock.moved(lambda: NOON + timedelta(hours=2)):
        assert await me(http, pair["access"]) == (401, {"detail": "The access token is over."})
        status, newer = await post(http, REFRESH, {"refresh": pair["refresh"]})
        assert status == 200
        assert (await me(http, newer["access"]))[0] == 200

        status, refusal = await post(http, REFRESH, {"refresh": told["refresh"]})
        assert status == 401
        assert "used before" in refusal["detail"]
        # What that ended stays ended: it was committed, though the answer was a no.
        assert (await post(http, REFRESH, {"refresh": newer["refresh"]}))[0] == 401
        assert (await me(http, newer["access"]))[0] == 401


@pytest.mark.parametrize("body", [{}, {"refresh": ""}, {"refresh": 5}, {"refresh": None}, []])
async def test_a_refresh_without_a_token(http: httpx.AsyncClient, body: object) -> None:
    assert (await post(http, REFRESH, body))[0] == 400


async def test_a_refresh_with_what_is_no_token(http: httpx.AsyncClient) -> None:
    _, told = await login(http, init_data=init_data(USER))
    for each in ("x", told["access"]):
        assert (await post(http, REFRESH, {"refresh": each}))[0] == 401
    answer = await http.post(REFRESH, content=b'{"refresh": "\\ud800"}')
    assert answer.status_code == 401


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Basic eDp5", "Bearer x", "x"])
async def test_whoever_shows_no_token_is_nobody(
    http: httpx.AsyncClient, header: str | None
) -> None:
    answer = await http.get(ME, headers={} if header is None else {"Authorization": header})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert isinstance(answer.json()["detail"], str)


async def test_a_header_that_is_not_ascii(http: httpx.AsyncClient) -> None:
    answer = await http.get(ME, headers=[(b"Authorization", "Bearer é.é.é".encode())])
    assert answer.status_code == 401


# -- who is blocked ----------------------------------------------------------------


async def test_whoever_is_blocked_stays_outside(http: httpx.AsyncClient, db: Database) -> None:
    _, told = await login(http, init_data=init_data(USER))
    user = await users.by_telegram(db, 1001)
    await db.run(lambda tx: users.block(tx, user.id))
    key, _ = await db.run(lambda tx: keys.new(tx, "crm"))
    closed = (403, {"detail": tokens.BLOCKED})

    assert await me(http, told["access"]) == closed
    assert await post(http, REFRESH, {"refresh": told["refresh"]}) == closed
    assert await login(http, init_data=init_data(USER)) == closed
    assert await login(http, login_widget=widget(1001)) == closed
    assert await login(http, code=await code_of(db)) == closed
    assert await post(http, LOGIN, {"telegram_chat_id": 1001}, {"X-Kassa-Key": key}) == closed

    await db.run(lambda tx: users.unblock(tx, user.id))
    assert (await login(http, init_data=init_data(USER)))[0] == 200


# -- the house around it -----------------------------------------------------------


async def test_before_the_database_is_open(http: httpx.AsyncClient, app: FastAPI) -> None:
    app.state.database = None
    assert (await login(http, init_data=init_data(USER)))[0] == 503
    assert (await post(http, REFRESH, {"refresh": "x"}))[0] == 503
    assert (await me(http, "x"))[0] == 503


async def test_without_a_slash_at_the_end(http: httpx.AsyncClient) -> None:
    status, told = await post(
        http, LOGIN.rstrip("/"), {"telegram_chat_id": 1001, "init_data": init_data(USER)}
    )
    assert status == 200
    assert (await post(http, REFRESH.rstrip("/"), {"refresh": told["refresh"]}))[0] == 200
    bearer = {"Authorization": f"Bearer {told['access']}"}
    assert (await http.get(ME.rstrip("/"), headers=bearer)).status_code == 200


async def test_no_bot_no_init_data(http: httpx.AsyncClient, app: FastAPI) -> None:
    app.state.settings = app.state.settings.model_copy(update={"bots": ()})
    assert (await login(http, init_data=init_data(USER)))[0] == 401


def test_the_documentation_shows_it(app: FastAPI) -> None:
    described = app.openapi()
    assert set(described["paths"]) >= {LOGIN, REFRESH, ME}
    assert LOGIN.rstrip("/") not in described["paths"]
    login = described["paths"][LOGIN]["post"]
    shown = login["requestBody"]["content"]["application/json"]
    assert set(shown["examples"]) == {"code", "init_data", "login_widget", "service"}
    assert shown["schema"]["required"] == ["telegram_chat_id"]
    assert set(login["responses"]) >= {"200", "400", "401", "403"}
    assert described["paths"][ME]["get"]["security"] == [{"bearer": []}]
    assert login["security"] == [{"X-Kassa-Key": []}, {}]
