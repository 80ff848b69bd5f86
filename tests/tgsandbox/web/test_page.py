"""The page's own interface: its files, who may ask, what there is to see."""

from typing import Any

import aiohttp
import pytest

from tests.tgsandbox.delivery.plain import hook
from tgsandbox import BotAccess, Person, Sandbox
from tgsandbox.web.doing import ACTS
from tgsandbox.web.static_files import FOLDER

from .client import Client, Json, chat

pytestmark = pytest.mark.sandbox(page=True)


# --- files


async def test_the_page_lets_nothing_in(tg: Sandbox, http: aiohttp.ClientSession) -> None:
    async with http.get(f"{tg.url}/") as response:
        assert await response.read() == (FOLDER / "index.html").read_bytes()
        headers = response.headers
    assert headers["origin-agent-cluster"] == "?1"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-content-type-options"] == "nosniff"
    policy = dict(
        each.strip().split(" ", 1) for each in headers["content-security-policy"].split(";")
    )
    assert policy["default-src"] == "'self'"
    for name in ("object-src", "base-uri", "form-action", "frame-ancestors"):
        assert policy[name] == "'none'"
    assert "script-src" not in policy, "scripts are ours only"


async def test_the_page_is_packed_and_kept(tg: Sandbox, http: aiohttp.ClientSession) -> None:
    async with http.get(f"{tg.url}/page/app.css") as response:
        assert response.headers["content-encoding"] == "gzip"
        assert await response.read() == (FOLDER / "app.css").read_bytes()
        tag = response.headers["etag"]
    async with http.get(f"{tg.url}/page/app.css", headers={"If-None-Match": tag}) as response:
        assert response.status == 304
    for name in ("..%2fview.py", "%2e%2e%2f__init__.py", "nothing.js", "app.py"):
        async with http.get(f"{tg.url}/page/{name}") as response:
            assert response.status == 404


async def test_nothing_from_elsewhere_is_loaded() -> None:
    for file in FOLDER.iterdir():
        found = file.read_text()
        for scheme in ('src="http', "src='http", 'href="http', 'from "http', 'import("http'):
            assert scheme not in found, file.name


# --- who may ask

READS = ["", "page/app.css", *(f"page/api/{each}" for each in (
    *("people", "chats", "chat", "messages", "file/x", "live", "log", "bots"),
))]  # fmt: skip
WRITES = [f"page/api/{each}" for each in ("do/send", "upload", "checkout/open", "replay")]


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "127.0.0.1.evil.example"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
)
async def test_a_page_of_others_may_not_ask(client: Client, headers: dict[str, str]) -> None:
    for method, paths in (("GET", READS), ("POST", WRITES)):
        for path in paths:
            params = {"person": client.person.id, "chat": client.home}
            url = f"{client.tg.url}/{path}"
            async with client.http.request(
                method, url, params=params, headers=headers, json={}
            ) as response:
                assert response.status == 403, path
                assert (await response.json())["detail"]


async def test_the_script_of_mini_apps_is_for_everybody(
    tg: Sandbox, http: aiohttp.ClientSession
) -> None:
    headers = {
        "Host": "evil.example",
        "Origin": "https://shop.example",
        "Sec-Fetch-Site": "cross-site",
    }
    async with http.get(f"{tg.url}/telegram-web-app.js", headers=headers) as response:
        assert response.status == 200
        assert response.headers["access-control-allow-origin"] == "*"
        assert response.headers["content-type"].startswith("text/javascript")
        assert await response.read() == (FOLDER / "telegram-web-app.js").read_bytes()


@pytest.mark.sandbox(page=True, allow_hosts=["TgSandbox", "tg.example"])
async def test_other_names_are_allowed_on_demand(client: Client) -> None:
    for path in ("control", "page/api/people"):
        for host, status in (
            ("tgsandbox:8081", 200),
            ("TG.example", 200),
            ("127.0.0.1", 200),
            ("other:8081", 403),
            ("x.tg.example", 403),
        ):
            headers = {"Host": host, "Origin": f"http://{host}"}
            async with client.http.get(f"{client.tg.url}/{path}", headers=headers) as response:
                assert response.status == status, host
                told = await response.json()
            if status == 403:
                assert told["detail"] == (
                    f"The sandbox does not answer to the name {host.partition(':')[0]!r}. "
                    "If it is yours, start it with --allow-host and that name."
                )
    headers = {"Host": "tgsandbox", "Origin": "http://evil.example"}
    async with client.http.get(f"{client.tg.url}/control", headers=headers) as response:
        assert response.status == 403, "the name alone is no leave"


@pytest.mark.parametrize("name", ["", "a:80", "http://a", "a/b", "*", "я", "a b"])
def test_what_is_no_name_of_a_host(name: str) -> None:
    with pytest.raises(ValueError, match="is not the name of a host"):
        Sandbox(allow_hosts=[name])


async def test_what_is_not_there_is_told_in_words(client: Client) -> None:
    for method, path, status in (("GET", "nothing", 404), ("POST", "people", 405)):
        assert (await client.ask(method, path))[0] == status
    for body in (b"{", b"[]", b"\xff"):
        headers = {"Content-Type": "application/json"}
        async with client.http.post(
            client.address("do/send"), data=body, headers=headers
        ) as response:
            assert response.status == 400
            assert (await response.json())["detail"]
    async with client.http.post(client.address("do/send"), data=b"text=x") as response:
        assert response.status == 415


# --- what there is


async def test_people_and_bots(client: Client, tg: Sandbox, bot: BotAccess, other: Person) -> None:
    found = await client.get("people")
    assert [each["name"] for each in found["people"]] == ["Покупатель", "Buyer"]
    assert [(each["username"], each["token"]) for each in found["bots"]] == [
        ("shop_bot", bot.token)
    ]
    assert found["last"] == tg.world.events.last


async def test_the_list_of_chats(client: Client, tg: Sandbox, bot: BotAccess) -> None:
    new = tg.bot("new_bot", name="Новый")
    group = tg.group("Чайная", client.person, bot)
    await tg.clock.move(60)
    await client.do("send", chat=group.chat.key, text="Всем чаю")
    found = await client.get("chats")
    assert found["me"]["id"] == client.person.id
    assert [
        (each["title"], each["last"] and each["last"].get("text")) for each in found["chats"]
    ] == [
        ("Чайная", "Всем чаю"),
        ("shop_bot", "/start"),
        ("Новый", None),
    ]
    assert found["chats"][2]["key"] == chat(new, client.person)


async def test_a_chat_and_its_pages(client: Client, buyer: Person, bot: BotAccess) -> None:
    for number in range(2, 151):
        await buyer.send(bot, str(number))
    opened = await client.get("chat", chat=client.home)
    texts = [each["text"] for each in opened["messages"]]
    assert texts == [str(number) for number in range(91, 151)]
    assert all(each["out"] and not each["taken"] for each in opened["messages"])

    async def page(**side: Any) -> list[str]:
        found = await client.get("messages", chat=client.home, **side)
        return [each["text"] for each in found["messages"]]

    assert await page(before=91) == [str(number) for number in range(31, 91)]
    assert await page(after=146) == ["147", "148", "149", "150"]
    assert await page(before=10**18 - 1) == texts, "and at once"
    assert await page(before="x", after="9" * 40) == texts


async def test_around_the_field(client: Client, bot: BotAccess) -> None:
    await bot.call("setMyCommands", commands=[{"command": "tea", "description": "Чай"}])
    await bot.call("setMyDescription", description="Лавка")
    opened = await client.get("chat", chat=client.home)
    assert opened["commands"] == [{"command": "tea", "description": "Чай"}]
    assert (opened["description"], opened["started"], opened["blocked"]) == ("Лавка", True, False)
    assert opened["menu"]["type"]


async def test_the_members_of_a_group(client: Client, tg: Sandbox, bot: BotAccess) -> None:
    group = tg.group("Чайная", client.person, bot)
    await bot.call("setMyCommands", commands=[{"command": "tea", "description": "Чай"}])
    opened = await client.get("chat", chat=group.chat.key)
    assert [(each["name"], each["status"]) for each in opened["members"]] == [
        ("Покупатель", "creator"),
        ("shop_bot", "member"),
    ]
    assert [each["command"] for each in opened["commands"]] == ["tea@shop_bot"]


async def test_unread_until_it_is_read(client: Client, bot: BotAccess) -> None:
    for text in ("one", "two"):
        await bot.call("sendMessage", chat_id=client.person.id, text=text)
    (row,) = (await client.get("chats"))["chats"]
    assert (row["unread"], row["last"]["text"]) == (2, "two")
    await client.do("read", message=3)
    (row,) = (await client.get("chats"))["chats"]
    assert row["unread"] == 0


async def test_a_chat_begins_by_being_looked_at(client: Client, tg: Sandbox) -> None:
    new = tg.bot("new_bot")
    assert (await client.get("chat", chat=chat(new, client.person)))["started"] is False
    assert chat(new, client.person) in tg.world.chats


async def test_nobody_sees_the_chats_of_others(
    client: Client, stranger: Client, tg: Sandbox, bot: BotAccess
) -> None:
    group = tg.group("Чайная", stranger.person, bot)
    await stranger.do("send", text="Тайна")
    new = tg.bot("new_bot")
    for key in (stranger.home, group.chat.key, chat(new, stranger.person), "x", "", "1:2", "²:1"):
        for path in ("chat", "messages"):
            told = await client.ask("GET", path, params={"person": client.person.id, "chat": key})
            assert told == (404, {"detail": "There is no such chat."})
        assert await client.refused("send", chat=key or "-", text="это я") == (
            404,
            "There is no such chat.",
        )


@pytest.mark.parametrize("person", ["", "x", "5", "-1", "9" * 30, "²"])
async def test_nobody_is_nobody(client: Client, person: str) -> None:
    params = {"person": person, "chat": client.home}
    for method, path in (("GET", "chats"), ("GET", "chat"), ("GET", "live"), ("POST", "do/send")):
        body = {"text": "Чай"} if method == "POST" else None
        told = await client.ask(method, path, body, params)
        assert told == (404, {"detail": "There is no such person."})


# --- acts


@pytest.mark.parametrize(
    ("act", "given", "status"),
    [
        ("fly", {}, 404),
        ("send", {"text": ""}, 409),
        ("send", {"text": "x" * 4097}, 409),
        ("send", {"text": 5}, 400),
        ("send", {"words": "x"}, 400),
        ("send", {"text": "x", "reply_to": 99}, 409),
        ("press", {"message": 1}, 409),
        ("press", {"message": "x"}, 400),
        ("press", {"message": True}, 400),
        ("tap", {"row": 3}, 409),
        ("edit", {"message": 99, "text": "x"}, 409),
        ("delete", {"message": 99}, 409),
        ("delete", {}, 400),
        ("forward", {"message": 1, "to": "nowhere"}, 404),
        ("react", {"message": 1, "emoji": "nonsense"}, 400),
        ("location", {"latitude": 91, "longitude": 0}, 400),
        ("location", {"latitude": 1}, 400),
        ("unlock", {"message": 1}, 409),
        ("open_app", {}, 409),
        ("open_app", {"message": 1}, 409),
        ("app_data", {"data": "x" * 5000}, 400),
        ("subscription", {"id": "x"}, 404),
        ("add", {"account": 5}, 409),
        ("block", {"blocked": 1}, 400),
    ],
)
async def test_what_cannot_be_done_is_refused_in_words(
    client: Client, act: str, given: Json, status: int
) -> None:
    found, answer = await client.attempt(act, given)
    assert found == status, answer
    assert answer["detail"]


async def test_every_act_of_the_page_is_known() -> None:
    """Those that its scripts name, and no others."""
    scripts = "".join(each.read_text() for each in FOLDER.glob("*.js"))
    by_name = {"add", "block", "leave", "let_in", "promote", "remove", "turn_down"}
    for name in ACTS:
        assert f'act("{name}"' in scripts or (name in by_name and f'"{name}"' in scripts), name


# --- for the drawer


async def test_how_the_bots_fare(client: Client, bot: BotAccess) -> None:
    (found,) = (await client.get("bots"))["bots"]
    assert (found["username"], found["pending"], found["webhook"]) == ("shop_bot", 1, "")
    async with hook() as it:
        it.answers(500)
        await bot.call("setWebhook", url=it.url)
        (found,) = (await client.get("bots"))["bots"]
        assert found["webhook"] == it.url
        await bot.call("deleteWebhook")


async def test_an_update_comes_once_more(client: Client, tg: Sandbox, bot: BotAccess) -> None:
    update = bot.pending[0]
    status, _ = await client.ask("POST", "replay", {"bot": bot.id, "update": update})
    assert status == 200
    assert len(bot.pending) == 2
    assert bot.pending[1]["message"] == update["message"]
    assert bot.pending[1]["update_id"] > update["update_id"]


async def test_no_bot_gets_what_is_no_json(client: Client, bot: BotAccess) -> None:
    body = b'{"bot": %d, "update": {"message": {"x": 1e999}}}' % bot.id
    headers = {"Content-Type": "application/json"}
    async with client.http.post(client.address("replay"), data=body, headers=headers) as response:
        assert response.status == 400
        assert (await response.json())["detail"] == "The request is not JSON."
    assert len(bot.pending) == 1


async def test_what_is_replayed_may_be_of_any_shape(
    client: Client, tg: Sandbox, bot: BotAccess
) -> None:
    """The page can still be looked at, and hears what else happens."""
    async with client.follow() as stream:
        shapes: tuple[Json, ...] = ({}, {"chat": {}}, {"chat": 5, "message_id": []})
        for message in shapes:
            body = {"bot": bot.id, "update": {"message": message}}
            assert (await client.ask("POST", "replay", body))[0] == 200
        assert (await client.messages())[-1]["taken"] is False
        await bot.call("getUpdates", offset=bot.pending[-1]["update_id"] + 1)
        await client.do("send", text="Чай")
        assert await stream.kinds(3) == ["hello", "delivered", "message"]


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({}, 400),
        ({"bot": 5, "update": {"message": {}}}, 404),
        ({"bot": "shop_bot", "update": {"message": {}}}, 400),
        ({"update": {"message": {}}, "bot": True}, 400),
        ({"update": []}, 400),
        ({"update": {"nothing": {}}}, 400),
        ({"update": {"message": 5}}, 400),
        ({"update": {"message_reaction": {}}}, 409),
        ({"update": {"message": {}}, "times": 2}, 400),
    ],
)
async def test_what_cannot_come_again(
    client: Client, bot: BotAccess, given: Json, status: int
) -> None:
    body = {"bot": bot.id, **given} if given else {}
    assert (await client.ask("POST", "replay", body))[0] == status
    assert len(bot.pending) == 1
