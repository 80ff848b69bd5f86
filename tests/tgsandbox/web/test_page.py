"""The page's own interface: who may see and do what, and every refusal in words."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from tgsandbox import BotAccess, Person, Sandbox
from tgsandbox.web.static_files import FOLDER

pytestmark = pytest.mark.sandbox(page=True)
Json = dict[str, Any]


class Client:
    """A browser's requests in the name of a person."""

    def __init__(self, session: aiohttp.ClientSession, url: str, person: int) -> None:
        self._session, self.url, self.person = session, url, person

    async def ask(self, method: str, path: str, body: Any = None, **params: Any) -> tuple[int, Any]:
        params = {"person": self.person, **params}
        async with self._session.request(
            method, f"{self.url}/page/api/{path}", params=params, json=body
        ) as response:
            return response.status, await response.json()

    async def get(self, path: str, **params: Any) -> Any:
        status, answer = await self.ask("GET", path, **params)
        assert status == 200, answer
        return answer

    async def do(self, act: str, chat: str | None, **given: Any) -> tuple[int, Any]:
        return await self.ask("POST", f"do/{act}", given, **({"chat": chat} if chat else {}))


@pytest_asyncio.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def buyer(tg: Sandbox) -> Person:
    return tg.user("Покупатель", stars=100)


@pytest.fixture
def bot(tg: Sandbox) -> BotAccess:
    return tg.bot("shop_bot")


@pytest.fixture
def client(tg: Sandbox, session: aiohttp.ClientSession, buyer: Person) -> Client:
    return Client(session, tg.url, buyer.id)


def chat(bot: BotAccess, person: Person) -> str:
    return f"{bot.id}:{person.id}"


async def test_a_chat_and_its_pages(client: Client, buyer: Person, bot: BotAccess) -> None:
    for number in range(150):
        await buyer.send(bot, str(number))
    opened = await client.get("chat", chat=chat(bot, buyer))
    texts = [each["text"] for each in opened["messages"]]
    assert texts == [str(number) for number in range(90, 150)]
    assert all(each["out"] and not each["taken"] for each in opened["messages"])

    first = opened["messages"][0]["message_id"]
    before = (await client.get("messages", chat=chat(bot, buyer), before=first))["messages"]
    assert [each["text"] for each in before] == [str(number) for number in range(30, 90)]
    after = (await client.get("messages", chat=chat(bot, buyer), after=145))["messages"]
    assert [each["text"] for each in after] == ["145", "146", "147", "148", "149"]


async def test_unread_until_it_is_read(client: Client, buyer: Person, bot: BotAccess) -> None:
    await buyer.send(bot, "/start")
    for text in ("one", "two"):
        await bot.call("sendMessage", chat_id=buyer.id, text=text)
    (row,) = (await client.get("chats"))["chats"]
    assert (row["unread"], row["last"]["text"]) == (2, "two")
    await client.do("read", row["key"], message=3)
    (row,) = (await client.get("chats"))["chats"]
    assert row["unread"] == 0


async def test_paid_media_is_hidden_until_it_is_paid(
    client: Client, buyer: Person, bot: BotAccess
) -> None:
    await buyer.send(bot, "/start")
    sent = await buyer.photo(PNG)
    photo = sent.body["photo"][0]["file_id"]
    media = [{"type": "photo", "media": photo}]
    await bot.call("sendPaidMedia", chat_id=buyer.id, star_count=10, media=media)
    last = (await client.get("chat", chat=chat(bot, buyer)))["messages"][-1]
    assert photo not in str(last)

    assert (await client.do("unlock", chat(bot, buyer), message=last["message_id"]))[0] == 200
    last = (await client.get("chat", chat=chat(bot, buyer)))["messages"][-1]
    assert last["paid_media"]["paid_media"][0]["photo"][0]["file_id"] == photo
    assert buyer.stars == 90


async def test_nobody_sees_the_chats_of_others(client: Client, tg: Sandbox, bot: BotAccess) -> None:
    other = tg.user("Продавец")
    await other.send(bot, "secret")
    for path in ("chat", "messages"):
        status, answer = await client.ask("GET", path, chat=chat(bot, other))
        assert (status, answer["detail"]) == (404, "There is no such chat.")
    status, _ = await client.do("send", chat(bot, other), text="it is me")
    assert status == 404


@pytest.mark.parametrize(
    ("act", "given", "status"),
    [
        ("fly", {}, 404),
        ("send", {"text": ""}, 409),
        ("send", {"text": "x" * 4097}, 409),
        ("send", {"text": 5}, 400),
        ("send", {"words": "x"}, 400),
        ("press", {"message": 1}, 409),
        ("press", {"message": "x"}, 400),
        ("tap", {"row": 3}, 409),
        ("edit", {"message": 99, "text": "x"}, 409),
        ("forward", {"message": 1, "to": "nowhere"}, 404),
        ("react", {"message": 1, "emoji": "nonsense"}, 400),
        ("unlock", {"message": 1}, 409),
        ("open_app", {}, 409),
        ("open_app", {"message": 1}, 409),
        ("app_data", {"data": "x" * 5000}, 400),
        ("buy_stars", {"amount": -5}, 400),
        ("subscription", {"id": "x"}, 404),
        ("ask_inline", {"bot": "nobody_bot"}, 404),
        ("add", {"account": 5}, 404),
    ],
)
async def test_what_cannot_be_done_is_refused(  # noqa: PLR0917
    client: Client, buyer: Person, bot: BotAccess, act: str, given: Json, status: int
) -> None:
    await buyer.send(bot, "/start")
    found, answer = await client.do(act, chat(bot, buyer), **given)
    assert found == status, answer
    assert answer["detail"]


async def test_a_stranger_page_may_not_ask(
    tg: Sandbox, session: aiohttp.ClientSession, buyer: Person
) -> None:
    address = f"{tg.url}/page/api/do/send?person={buyer.id}"
    for headers in ({"Origin": "https://evil.example"}, {"Host": "evil.example"}):
        async with session.post(address, json={}, headers=headers) as response:
            assert response.status == 403


async def test_files_are_shown_only_where_they_do_no_harm(
    tg: Sandbox, session: aiohttp.ClientSession, buyer: Person, bot: BotAccess
) -> None:
    await buyer.send(bot, "/start")
    page = await buyer.document(b"<script>alert(1)</script>", name="x.html", mime="text/html")
    file_id = page.body["document"]["file_id"]
    async with session.get(f"{tg.url}/page/api/file/{file_id}") as response:
        assert response.headers["content-type"] == "application/octet-stream"
        assert response.headers["content-disposition"] == "attachment"
        assert response.headers["x-content-type-options"] == "nosniff"


async def test_the_page_is_packed_and_kept(tg: Sandbox, session: aiohttp.ClientSession) -> None:
    async with session.get(f"{tg.url}/page/app.css") as response:
        assert response.headers["content-encoding"] == "gzip"
        assert await response.read() == (FOLDER / "app.css").read_bytes()
        tag = response.headers["etag"]
    async with session.get(f"{tg.url}/page/app.css", headers={"If-None-Match": tag}) as response:
        assert response.status == 304
    for name in ("..%2fview.py", "%2e%2e%2f__init__.py", "nothing.js", "app.py"):
        async with session.get(f"{tg.url}/page/{name}") as response:
            assert response.status == 404


async def test_nothing_from_elsewhere_is_loaded() -> None:
    for file in FOLDER.iterdir():
        found = file.read_text()
        for scheme in ('src="http', "src='http", 'href="http', 'from "http', 'import("http'):
            assert scheme not in found, file.name


PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c63"
    "f8cfc0000003010100c9fe92ef0000000049454e44ae426082"
)
