"""Who may not ask, and what cannot be: each is refused in words."""

import io
import random
from typing import Any

import aiohttp
import pytest

from tests.tgsandbox.delivery.plain import Client
from tgsandbox import Sandbox
from tgsandbox.person_acts import ACTS

from .remote import Remote

pytestmark = pytest.mark.sandbox(control=True)


# --- who may not, and what cannot be


@pytest.mark.sandbox(control=False)
@pytest.mark.parametrize("path", ["", "/bots", "/events", "/people/Buyer/send"])
async def test_it_is_off_when_it_was_not_asked_for(
    tg: Sandbox, http: aiohttp.ClientSession, path: str
) -> None:
    for verb in ("GET", "POST"):
        async with http.request(verb, f"{tg.url}/control{path}", json={}) as response:
            assert response.status == 404


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:8081", "127.0.0.1.evil.example", "localhost.evil.example", "["],
)
async def test_a_name_of_others_that_leads_here_is_refused(remote: Remote, host: str) -> None:
    """A page that has its own name resolved to this machine (DNS rebinding)."""
    for verb, path in (("GET", ""), ("GET", "/events"), ("POST", "/bots"), ("DELETE", "/faults")):
        status, _ = await remote.ask(verb, path, headers={"Host": host})
        assert status == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "http://localhost"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
async def test_pages_of_others_are_refused(remote: Remote, headers: dict[str, str]) -> None:
    for verb, path in (("GET", ""), ("GET", "/events"), ("POST", "/clock"), ("DELETE", "/faults")):
        status, found = await remote.ask(
            verb, path, {} if verb == "POST" else None, headers=headers
        )
        assert (status, found["detail"]) == (
            403,
            "Pages of other addresses may not steer the sandbox.",
        )


async def test_our_own_pages_and_names_are_welcome(tg: Sandbox, remote: Remote) -> None:
    port = tg.url.rpartition(":")[2]
    for host in (f"127.0.0.1:{port}", f"localhost:{port}", "LOCALHOST", "[::1]:80"):
        headers = {"Host": host, "Origin": f"http://{host}", "Sec-Fetch-Site": "same-origin"}
        assert (await remote.ask("GET", "", headers=headers))[0] == 200
    followed = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert (await remote.ask("GET", "", headers=followed))[0] == 200
    assert (await remote.ask("POST", "/clock", {}, headers=followed))[0] == 403


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "", "json"])
async def test_only_json_is_read(remote: Remote, kind: str) -> None:
    """A form of another site's page cannot send it without asking first."""
    headers = {"Content-Type": kind}
    status, _ = await remote.ask("POST", "/clock", data=b'{"move": 1}', headers=headers)
    assert status == 415


@pytest.mark.parametrize("body", [b"{", b"[]", b"1", b"\xff", b'{"move": NaN}', b"[" * 100_000])
async def test_what_is_no_json_object_is_refused(remote: Remote, body: bytes) -> None:
    headers = {"Content-Type": "application/json; charset=utf-8"}
    status, _ = await remote.ask("POST", "/clock", data=body, headers=headers)
    assert status == 400


async def test_too_much_is_refused(remote: Remote) -> None:
    headers = {"Content-Type": "application/json"}
    body = b'{"move": "' + b"x" * (33 << 20) + b'"}'
    try:
        status, _ = await remote.ask("POST", "/clock", data=io.BytesIO(body), headers=headers)
    except aiohttp.ClientError:  # it hung up before all was sent
        return
    assert status == 413


REFUSED: list[tuple[str, Any, int]] = [
    ("/nowhere", {}, 404),
    ("/bots", {}, 400),
    ("/bots", {"username": "x"}, 400),
    ("/bots", {"username": 5}, 400),
    ("/bots", {"username": "shop_bot", "inline": "yes"}, 400),
    ("/bots", {"username": "shop_bot", "apps": {"a": 1}}, 400),
    ("/bots", {"username": "shop_bot", "main_app": []}, 400),
    ("/bots", {"username": "shop_bot", "token": "x"}, 400),
    ("/people", {}, 400),
    ("/people", {"name": ""}, 400),
    ("/people", {"name": "A", "stars": -1}, 400),
    ("/people", {"name": "A", "stars": True}, 400),
    ("/people", {"name": "A", "stars": 1.5}, 400),
    ("/people", {"name": "A", "premium": 1}, 400),
    ("/people", {"name": "A", "username": "shop_bot"}, 400),
    ("/people", {"name": "A", "age": 5}, 400),
    ("/people/Nobody/send", {"text": "x"}, 404),
    ("/people/Buyer/dance", {}, 404),
    ("/people/Buyer/send", {}, 400),
    ("/people/Buyer/send", {"text": 5}, 400),
    ("/people/Buyer/send", {"text": "x", "to": "nobody_bot"}, 404),
    ("/people/Buyer/send", {"text": "x", "to": {}}, 404),
    ("/people/Buyer/send", {"text": "x", "reply_to": 999}, 409),
    ("/people/Buyer/send", {"text": "x", "reply_to": "1"}, 400),
    ("/people/Buyer/send", {"text": "x" * 4097}, 409),
    ("/people/Buyer/send", {"text": "x", "tx": 1}, 400),
    ("/people/Buyer/start", {}, 400),
    ("/people/Buyer/document", {"content": "*"}, 400),
    ("/people/Buyer/document", {"content": 5}, 400),
    ("/people/Buyer/document", {}, 400),
    ("/people/Buyer/voice", {"content": "", "duration": -1}, 400),
    ("/people/Buyer/album", {"photos": [5]}, 400),
    ("/people/Buyer/album", {"photos": []}, 409),
    ("/people/Buyer/album", {"photos": {}}, 400),
    ("/people/Buyer/share_location", {"latitude": 91, "longitude": 0}, 400),
    ("/people/Buyer/share_location", {"latitude": "1", "longitude": 0}, 400),
    ("/people/Buyer/share_location", {}, 400),
    ("/people/Buyer/reply", {"timeout": -1}, 400),
    ("/people/Buyer/reply", {"timeout": "5"}, 400),
    ("/people/Buyer/reply", {"timeout": 601}, 400),
    ("/people/Buyer/reply", {"containing": 5}, 400),
    ("/people/Buyer/press", {"text": "x", "timeout": 0}, 408),
    ("/people/Buyer/press", {"text": "x", "under": 999}, 409),
    ("/people/Buyer/press", {"text": "x", "answer": "yes"}, 400),
    ("/people/Buyer/forward", {}, 400),
    ("/people/Buyer/forward", {"message": True}, 400),
    ("/people/Buyer/gone", {"message": "1"}, 400),
    ("/people/Buyer/reaction", {"message": 999}, 409),
    ("/people/Buyer/cancel_subscription", {"link": "https://t.me/$nothing"}, 402),
    ("/people/Buyer/edit", {"message": 999, "text": "x"}, 409),
    ("/people/Buyer/react", {"message": 1, "emoji": "not an emoji"}, 400),
    ("/people/Buyer/send_data", {"text": "x", "data": "y", "timeout": 0}, 408),
    ("/people/Buyer/ask_inline", {"bot": "nobody_bot"}, 404),
    ("/people/Buyer/choose", {"result": "x"}, 404),
    ("/people/Buyer/pay", {"link": "https://t.me/$nothing"}, 402),
    ("/people/Buyer/pay", {"timeout": 0}, 408),
    ("/people/Buyer/pay", {"message": 1}, 409),
    ("/people/Buyer/pay", {"shipping_address": "x"}, 400),
    ("/people/Buyer/pay_checkout", {"checkout": 999}, 404),
    ("/people/Buyer/unlock", {"message": 1}, 400),
    ("/people/Buyer/buy_stars", {"amount": 0}, 400),
    ("/people/Buyer/buy_stars", {"amount": "5"}, 400),
    ("/people/Buyer/block", {"to": "nobody_bot"}, 404),
    ("/people/Buyer/block", {}, 400),
    ("/people/Buyer/join", {"group": "nowhere"}, 404),
    ("/groups", {"title": "Shop"}, 400),
    ("/groups", {"title": "", "creator": "Buyer"}, 400),
    ("/groups", {"title": "Shop", "creator": "Nobody"}, 404),
    ("/groups", {"title": "Shop", "creator": "Buyer", "members": ["Nobody"]}, 404),
    ("/groups", {"title": "Shop", "creator": "Buyer", "members": "Buyer"}, 400),
    ("/groups/nowhere/add", {"members": []}, 404),
    ("/groups", {"title": "Friends", "creator": "Buyer"}, 200),
    ("/groups/Friends/dance", {"members": []}, 404),
    ("/groups/Friends/add", {"members": [], "rights": {}}, 400),
    ("/groups/Friends/promote", {"members": [], "rights": {"can_fly": True}}, 400),
    ("/groups/Friends/promote", {"members": [], "rights": {"can_pin_messages": 1}}, 400),
    ("/scenarios", {}, 200),
    ("/scenarios", {"steps": {}}, 400),
    ("/faults", {}, 400),
    ("/faults", {"method": "getMe"}, 400),
    ("/faults", {"method": "noSuchMethod", "delay": 1}, 404),
    ("/faults", {"delay": "x"}, 400),
    ("/faults", {"delay": -1}, 400),
    ("/faults", {"lose_answer": 1}, 400),
    ("/faults", {"error": 500}, 400),
    ("/faults", {"error": [200, "OK"]}, 400),
    ("/faults", {"error": ["500", "x"]}, 400),
    ("/faults", {"error": [500, ""]}, 400),
    ("/faults", {"retry_after": 0}, 400),
    ("/faults", {"delay": 1, "times": 0}, 400),
    ("/faults", {"delay": 1, "after": -1}, 400),
    ("/faults", {"delay": 1, "bot": "nobody_bot"}, 404),
    ("/faults", {"delay": 1, "chat": "Nobody"}, 404),
    ("/faults", {"type": "message"}, 400),
    ("/faults", {"type": "no_such", "twice": True}, 404),
    ("/faults", {"late": 5, "delay": 5}, 400),
    ("/limits", {"on": 1}, 400),
    ("/limits", {"per_bot": 0}, 400),
    ("/limits", {"per_chat": "1"}, 400),
    ("/limits", {"per_minute": 1}, 400),
    ("/clock", {"move": -1}, 400),
    ("/clock", {"move": "1"}, 400),
    ("/clock", {"move": 10**10}, 400),
    ("/clock", {"days": -1}, 400),
]


async def test_every_bad_request_is_refused_in_words(remote: Remote, call: Client) -> None:
    for path, body, expected in REFUSED:
        status, found = await remote.ask("POST", path, body)
        assert status == expected, (path, body, found)


async def test_wrong_verbs_are_refused_in_words(remote: Remote) -> None:
    for verb, path in (("DELETE", "/bots"), ("PUT", "/clock"), ("GET", "/scenarios"), ("POST", "")):
        assert (await remote.ask(verb, path, {}))[0] in (404, 405)
    assert (await remote.ask("DELETE", "/faults/x"))[0] == 404


async def test_random_requests_never_break_it(tg: Sandbox, remote: Remote, call: Client) -> None:
    """Any act with any of its names and any values: refused in words or done, never a 500."""
    chance = random.Random(7)
    values: list[Any] = [
        *(None, True, False, 0, 1, -1, 2**70, 1.5, -0.0, 1e300, "", "x", "Buyer", "shop_bot", "5"),
        *("Shop", "\u0000", "я" * 5000, "https://t.me/$x", [], ["x"], [None], {}, {"a": {"b": 1}}),
        *("aGVsbG8=", "message", "sendMessage", [400, "x"], {"country_code": "UZ"}),
    ]
    await remote.post("/groups", title="Shop", creator="Buyer", members=["shop_bot"])
    tg.deadline = 0.01
    paths = {f"/people/Buyer/{act}": known for act, (_, known) in ACTS.items()}
    paths |= {
        "/bots": ("username", "name", "inline", "apps", "main_app"),
        "/people": ("name", "language", "last_name", "username", "phone", "premium", "stars"),
        "/groups": ("title", "creator", "members"),
        "/groups/Shop/add": ("members",),
        "/faults": ("type", "late", "swap", "twice", "times", "error", "bot", "chat"),
        "/limits": ("per_bot", "per_chat", "per_group", "chat_burst"),
        "/clock": ("move", "days"),
        "/scenarios": ("steps",),
    }
    statuses = set()
    for _ in range(1200):
        path = chance.choice(list(paths))
        body = {name: chance.choice(values) for name in paths[path] if chance.random() < 0.7}
        if "timeout" in paths[path]:
            body["timeout"] = chance.choice([0, 0.001, *values[:3]])
        status, found = await remote.ask("POST", path, body)
        assert status < 500, (path, body, found)
        statuses.add(status)
    assert {200, 400, 404, 408, 409} <= statuses
    await remote.get()


async def test_whatever_people_do_in_python_can_be_asked_for(tg: Sandbox, remote: Remote) -> None:
    """Nothing is added to Person and forgotten here."""
    apart = {"hear", "id", "message", "name", "stars", "until", "user"}
    told = await remote.get("/acts")
    assert told["send"] == ["to", "text", "reply_to"]
    assert set(told) == set(ACTS)
    acts = {each for each in dir(tg.user("Buyer")) if not each.startswith("_")} - apart
    assert acts <= set(ACTS)
