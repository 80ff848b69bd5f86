"""What Telegram shows of a bot: said when it has changed, and only then."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from kassa import outbox
from kassa.botapi import BotApi
from kassa.config import Settings
from kassa.secret import Secret
from kassa.telegram import Bot, MenuItem, showing
from kassa.telegram.face import FACE
from kassa.telegram.routing import House
from kassa.texts import LANGUAGES, Texts
from tests.conftest import Fresh
from tests.telegram.core import Shown
from tests.telegram.talking import Talk, a_talk

WORDS = {
    "ru": "orders = Заказы\nopen = Открыть\nabout = Магазин\nabout-short = Коротко\n",
    "uz": "orders = Buyurtmalar\nopen = Ochish\nabout = Doʻkon\nabout-short = Qisqa\n",
    "en": "orders = Orders\nopen = Open\nabout = A shop\nabout-short = Short\n",
}
SHOP = Shown(
    "shop",
    texts=Texts("shop", WORDS),
    menu=[MenuItem("orders", command="orders")],
    menu_button=MenuItem("open", page="/miniapp/{bot}/"),
)
BASE = "https://example.com"


async def settled(talk: Talk) -> None:
    """All jobs are done."""
    async with asyncio.timeout(20):
        while await talk.db.fetchval("SELECT count(*) FROM outbox.job WHERE dead_at IS NULL"):
            await talk.db.fetchval("SELECT pg_sleep(0.01)")


async def shown(talk: Talk) -> int:
    return int(await talk.db.fetchval("SELECT count(*) FROM telegram.face"))


async def test_commands_button_and_descriptions_in_each_language(fresh: Fresh) -> None:
    async with a_talk(fresh, [SHOP], public_base_url=BASE) as talk:
        await talk.faces.look()
        await settled(talk)
        assert await shown(talk) == 1
        first: dict[str, str] = {}
        for code, label in (("", "Заказы"), ("uz", "Buyurtmalar"), ("en", "Orders")):
            commands = await talk.bot.call("getMyCommands", language_code=code)
            assert commands[0] == {"command": "orders", "description": label}
            assert [each["command"] for each in commands[1:]] == list(showing.OURS)
            first[code] = commands[1]["description"]
        assert first == {"": "Язык", "uz": "Til", "en": "Language"}
        button = await talk.bot.call("getChatMenuButton")
        assert button["text"] == "Открыть"
        assert button["web_app"]["url"] == "https://example.com/miniapp/shop/"
        assert await talk.bot.call("getMyDescription") == {"description": "Магазин"}
        assert await talk.bot.call("getMyShortDescription", language_code="uz") == {
            "short_description": "Qisqa"
        }


async def test_the_menu_button_speaks_the_language_of_the_chat(fresh: Fresh) -> None:
    async with a_talk(fresh, [SHOP, replace(SHOP, name="other")], public_base_url=BASE) as talk:
        await talk.faces.look()
        guest = talk.tg.user("Mehmon", language="uz")

        async def says() -> str:
            button = await talk.bot.call("getChatMenuButton", chat_id=guest.id)
            return str(button.get("text"))

        async def becomes(label: str) -> None:
            async with asyncio.timeout(20):
                while await says() != label:
                    await asyncio.sleep(0.01)

        await guest.send(talk.bot, "/start")
        await becomes("Ochish")
        await guest.send(talk.bot, "/language")
        await guest.press("English", under=await guest.reply("til"))
        await becomes("Open")


async def test_what_has_not_changed_is_not_said_again(fresh: Fresh) -> None:
    async with a_talk(fresh, [SHOP]) as talk:
        await talk.faces.look()
        await settled(talk)
        said = len(talk.bot.calls("setMyCommands"))
        assert said == 3
        await talk.faces.look()
        assert await talk.db.fetchval("SELECT count(*) FROM outbox.job") == 0

        talk.house.apps = (replace(SHOP, menu=[MenuItem("open", command="orders")]),)
        await talk.faces.look()
        await settled(talk)
        assert len(talk.bot.calls("setMyCommands")) == 6
        commands = await talk.bot.call("getMyCommands")
        assert commands[0]["description"] == "Открыть"


async def test_two_starts_at_once_put_one_job(fresh: Fresh) -> None:
    async with a_talk(fresh, [SHOP]) as talk:
        await talk.worker.stop()
        await talk.faces.look()
        await talk.faces.look()
        [job] = await outbox.list_jobs(talk.db, kind=FACE)
        assert job.payload == {"bot": talk.bot.id}


async def test_without_an_address_the_menu_button_shows_commands(fresh: Fresh) -> None:
    async with a_talk(fresh, [SHOP, Shown("other")]) as talk:
        await talk.faces.look()
        await settled(talk)
        assert await talk.bot.call("getChatMenuButton") == {"type": "commands"}
        assert talk.bot.calls("setMyDescription") == []  # two apps: what it is about is the bot's


async def test_a_refusal_sets_the_job_aside_and_a_failure_is_tried_again(fresh: Fresh) -> None:
    async with a_talk(fresh, [SHOP]) as talk:
        talk.tg.fault("setChatMenuButton", error=(400, "Bad Request: BUTTON_URL_INVALID"), times=1)
        await talk.faces.look()
        await until_dead(talk)
        assert await shown(talk) == 0
        await talk.faces.look()
        await settled(talk)
        assert await shown(talk) == 1


async def until_dead(talk: Talk) -> None:
    async with asyncio.timeout(20):
        while not await outbox.list_jobs(talk.db, dead=True):
            await talk.db.fetchval("SELECT pg_sleep(0.01)")
    [job] = await outbox.list_jobs(talk.db, dead=True)
    assert "The bot shop: setChatMenuButton: 400" in (job.last_error or "")


async def test_telegram_says_later_and_later_it_is(fresh: Fresh) -> None:
    async with a_talk(fresh, [SHOP]) as talk:
        talk.tg.fault("setMyCommands", retry_after=1, times=1)
        await talk.faces.look()
        await settled(talk)
        assert await shown(talk) == 1
        assert await outbox.list_jobs(talk.db) == []


async def test_a_bot_that_has_left_is_left_alone(fresh: Fresh) -> None:
    async with a_talk(fresh, [SHOP]) as talk:
        await talk.db.run(lambda tx: outbox.put(tx, FACE, {"bot": 1}))
        await settled(talk)
        assert await outbox.list_jobs(talk.db) == []
        assert talk.bot.calls("setMyCommands") == []


# -- what Telegram would not show ----------------------------------------------------


def an_app(**words: str) -> Shown:
    source = "".join(f"{name.replace('_', '-')} = {text}\n" for name, text in words.items())
    return Shown("shop", texts=Texts("shop", dict.fromkeys(LANGUAGES, source)))


@pytest.mark.parametrize(
    ("app", "problem"),
    [
        (
            replace(an_app(a="x" * 65), menu=[MenuItem("a", data="a")]),
            "the text a (ru) has 65 characters; 1 to 64 fit",
        ),
        (
            replace(an_app(a="x", command_a="x" * 257), menu=[MenuItem("a", command="a")]),
            "the text command-a (ru) has 257 characters; 1 to 256 fit",
        ),
        (replace(an_app(), menu=[MenuItem("a", data="a")]), "shop has no text 'a'."),
        (
            replace(an_app(a="x"), menu=[MenuItem("a", command="Заказы")]),
            "/Заказы is no command: up to 32 of a-z, 0-9 and _",
        ),
        (
            replace(an_app(a="x"), menu=[MenuItem("a", data="ж" * 33)]),
            "the data of a is longer than 64 bytes",
        ),
        (
            replace(an_app(a="x"), menu=[MenuItem("a", data="a", url="https://example.com")]),
            "a in the menu needs one of command, data, page, url",
        ),
        (
            replace(an_app(a="x"), menu=[MenuItem("a")]),
            "a in the menu needs one of command, data, page, url",
        ),
        (
            replace(an_app(a="x"), menu_button=MenuItem("a", url="https://example.com")),
            "the menu button a opens a page of the Mini App, and names none",
        ),
        (an_app(about="x" * 513), "the text about (ru) has 513 characters; 1 to 512 fit"),
        (
            an_app(about_short="x" * 121),
            "the text about-short (ru) has 121 characters; 1 to 120 fit",
        ),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_what_telegram_would_not_show_is_told_in_words(app: Shown, problem: str) -> None:
    assert showing.wrong("main", [app])[0] == f"bot main: the app shop: {problem}"


def test_what_it_shows_is_right() -> None:
    assert showing.wrong("main", [SHOP]) == []
    assert showing.wrong("main", [an_app(about="x" * 513), SHOP]) == []  # nobody says it


# -- where Mini Apps are -------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "api", "base"),
    [
        ("https://example.com", {}, "https://example.com"),
        ("http://127.0.0.1:8000", {}, ""),  # Telegram would refuse the whole message
        (
            "http://127.0.0.1:8000",
            {"telegram_api_url": "http://127.0.0.1:1"},
            "http://127.0.0.1:8000",
        ),
        (None, {"telegram_api_url": "http://127.0.0.1:1"}, ""),
    ],
)
def test_telegram_opens_nothing_but_https_and_a_sandbox_does(
    url: str | None, api: Mapping[str, Any], base: str
) -> None:
    given = api if url is None else {"public_base_url": url, **api}
    assert showing.base(Settings(debug=True, **given)) == base


def test_a_page_is_below_the_address() -> None:
    bot = Bot(1, "work", BotApi(Secret("1:TEST-TOKEN")), ())
    house = House(bot, [], first=None, last=None)  # type: ignore[arg-type]
    assert (
        showing.page("https://x.example", house, MenuItem("a", page="m/")) == "https://x.example/m/"
    )
