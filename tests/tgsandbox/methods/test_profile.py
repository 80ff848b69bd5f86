"""What a bot says of itself: who it is, its commands, its menu button."""

import pytest

from tests.tgsandbox.methods.place import Cases, Json, Place
from tgsandbox import Group, Person
from tgsandbox.telegram.methods.profile import commands_shown

START = {"command": "start", "description": "Начать"}


async def test_a_bot_knows_itself(place: Place) -> None:
    told = await place.call("getMe")
    assert told == {
        "id": place.bot.id,
        "is_bot": True,
        "first_name": "shop_bot",
        "username": "shop_bot",
    } | {name: told[name] for name in told if name.startswith(("can_", "has_", "supports_"))}
    assert await place.call("logOut") is True
    assert await place.call("close") is True


@pytest.mark.parametrize(
    ("method", "field", "most", "refusal"),
    [
        ("MyName", "name", 64, "BOT_TITLE_INVALID"),
        ("MyDescription", "description", 512, "BOT_DESC_INVALID"),
        ("MyShortDescription", "short_description", 120, "BOT_SHARETEXT_INVALID"),
    ],
)
async def test_names_and_descriptions_by_language(
    place: Place, method: str, field: str, most: int, refusal: str
) -> None:
    async def told(language: str = "") -> str:
        found: str = (await place.call(f"get{method}", language_code=language))[field]
        return found

    async def set_(text: str, language: str = "") -> None:
        assert await place.call(f"set{method}", **{field: text}, language_code=language) is True

    await set_("y" * most)
    await set_("Чай", "ru")
    assert (await told(), await told("ru"), await told("de")) == ("y" * most, "Чай", "y" * most)
    await set_("", "ru")
    assert await told("ru") == "y" * most
    too_long = await place.refused(f"set{method}", **{field: "y" * (most + 1)})
    assert too_long == f"400 Bad Request: {refusal}"
    wrong = "400 Bad Request: invalid language code specified"
    assert await place.refused(f"set{method}", **{field: "y"}, language_code="rus") == wrong
    assert await place.refused(f"get{method}", language_code="RU") == wrong


async def test_a_name_cannot_be_empty(place: Place) -> None:
    assert await place.refused("setMyName", name="") == "400 Bad Request: BOT_TITLE_INVALID"
    await place.call("setMyName", name="Чайная")
    assert (await place.call("getMe"))["first_name"] == "Чайная"


# --- commands


async def commands(place: Place, name: str, **where: object) -> None:
    given = [{"command": name, "description": "d"}]
    await place.call("setMyCommands", commands=given, **where)


def offered(place: Place, who: Person, group: Group | None = None) -> str:
    chat = group.chat if group else place.bot.chat_with(who.user)
    shown = commands_shown(place.bot.record, chat, who.id, who.user.language)
    return " ".join(each["command"] for each in shown)


async def test_commands_for_each_scope_and_language(place: Place) -> None:
    owner, member = place.tg.user("Owner"), place.tg.user("Buyer", language="de")
    club = place.tg.group("Club", owner, member, place.bot)
    club_is: Json = {"chat_id": club.id}
    steps: list[tuple[str, Json, list[str]]] = [
        ("all", {}, ["all", "all", "all", "all"]),
        ("russian", {"language_code": "ru"}, ["russian", "all", "russian", "all"]),
        (
            "private",
            {"scope": {"type": "all_private_chats"}},
            ["private", "private", "russian", "all"],
        ),
        (
            "groups",
            {"scope": {"type": "all_group_chats"}},
            ["private", "private", "groups", "groups"],
        ),
        (
            "admins",
            {"scope": {"type": "all_chat_administrators"}},
            ["private", "private", "admins", "groups"],
        ),
        (
            "club",
            {"scope": {"type": "chat", **club_is}},
            ["private", "private", "club", "club"],
        ),
        (
            "chiefs",
            {"scope": {"type": "chat_administrators", **club_is}},
            ["private", "private", "chiefs", "club"],
        ),
        (
            "mine",
            {"scope": {"type": "chat_member", **club_is, "user_id": member.id}},
            ["private", "private", "chiefs", "mine"],
        ),
        (
            "here",
            {"scope": {"type": "chat", "chat_id": place.buyer.id}},
            ["here", "private", "chiefs", "mine"],
        ),
    ]
    for name, where, seen in steps:
        await commands(place, name, **where)
        told = await place.call("getMyCommands", **where)
        assert told == [{"command": name, "description": "d"}]
        assert [
            offered(place, place.buyer),
            offered(place, member),
            offered(place, owner, club),
            offered(place, member, club),
        ] == seen
    for _, where, _ in reversed(steps):
        assert await place.call("deleteMyCommands", **where) is True
        assert await place.call("getMyCommands", **where) == []
    assert offered(place, place.buyer) == ""


COMMANDS: Cases = [
    ({"commands": "["}, "can't parse commands JSON object"),
    ({"commands": "{}"}, "expected an Array of BotCommand"),
    ({"commands": [1]}, "can't parse BotCommand: expected an Object"),
    ({"commands": [{}]}, "can't parse BotCommand: Can't find field \"command\""),
    (
        {"commands": [{"command": "a"}]},
        "can't parse BotCommand: Can't find field \"description\"",
    ),
    ({"commands": [START | {"command": "/"}]}, "command must be non-empty"),
    ({"commands": [START | {"command": "a" * 33}]}, "command length must not exceed 32"),
    ({"commands": [START | {"command": "Start"}]}, "BOT_COMMAND_INVALID"),
    ({"commands": [START | {"command": "чай"}]}, "BOT_COMMAND_INVALID"),
    ({"commands": [START | {"description": ""}]}, "command description must be non-empty"),
    (
        {"commands": [START | {"description": "d" * 257}]},
        "command description length must not exceed 256",
    ),
    ({"commands": [START] * 101}, "BOT_COMMANDS_TOO_MUCH"),
    ({"scope": "{"}, "can't parse BotCommandScope JSON object"),
    ({"scope": "[]"}, "can't parse BotCommandScope: BotCommandScope must be an Object"),
    ({"scope": "{}"}, "can't parse BotCommandScope: Can't find field \"type\""),
    ({"scope": {"type": "x"}}, "can't parse BotCommandScope: Unsupported type specified"),
    ({"scope": {"type": "chat"}}, "can't parse BotCommandScope: Can't find field \"chat_id\""),
    (
        {"scope": {"type": "chat", "chat_id": ""}},
        "can't parse BotCommandScope: Empty chat_id specified",
    ),
    (
        {"scope": {"type": "chat_member", "chat_id": 1}},
        "can't parse BotCommandScope: Can't find field \"user_id\"",
    ),
    (
        {"scope": {"type": "chat_member", "chat_id": 1, "user_id": 0}},
        "can't parse BotCommandScope: Invalid user_id specified",
    ),
    ({"scope": {"type": "chat", "chat_id": 1}}, "chat not found"),
    (
        {"scope": {"type": "chat_administrators", "chat_id": "here"}},
        "can't use specified scope in private chats",
    ),
    ({"language_code": "RU"}, "invalid language code specified"),
]


@pytest.mark.parametrize(("args", "reason"), COMMANDS)
async def test_commands_refused(place: Place, args: Json, reason: str) -> None:
    if isinstance(scope := args.get("scope"), dict) and scope.get("chat_id") == "here":
        args = {"scope": scope | {"chat_id": place.buyer.id}}
    asked = {"commands": [START]} | args
    assert await place.refused("setMyCommands", **asked) == f"400 Bad Request: {reason}"
    assert place.bot.record.commands == {}


# --- the menu button

APP = {"type": "web_app", "text": "Лавка", "web_app": {"url": "https://shop.example/"}}


async def test_the_menu_button_of_a_chat_and_of_all(place: Place) -> None:
    here = {"chat_id": place.buyer.id}
    assert await place.call("getChatMenuButton", **here) == {"type": "default"}
    assert await place.call("setChatMenuButton", menu_button=APP) is True
    assert await place.call("getChatMenuButton", **here) == APP
    assert await place.call("setChatMenuButton", **here, menu_button={"type": "commands"})
    assert await place.call("getChatMenuButton", **here) == {"type": "commands"}
    assert await place.call("getChatMenuButton") == APP
    assert await place.call("setChatMenuButton", **here) is True
    assert await place.call("getChatMenuButton", **here) == APP


@pytest.mark.parametrize(
    ("args", "reason"),
    [
        ({"menu_button": "{"}, "can't parse menu button JSON object"),
        ({"menu_button": "[]"}, "can't parse menu button: MenuButton must be an Object"),
        ({"menu_button": "{}"}, "can't parse menu button: Can't find field \"type\""),
        (
            {"menu_button": {"type": "x"}},
            "can't parse menu button: MenuButton has unsupported type",
        ),
        (
            {"menu_button": {"type": "web_app", "text": "a"}},
            "can't parse menu button: Can't find field \"web_app\"",
        ),
        ({"menu_button": APP | {"text": ""}}, "menu button text must be non-empty"),
        (
            {"menu_button": APP | {"web_app": {"url": "http://shop.example"}}},
            "menu button web app URL 'http://shop.example' is invalid: "
            "Only HTTPS links are allowed",
        ),
        ({"chat_id": -1001}, "invalid chat_id specified"),
        ({"chat_id": 5}, "user not found"),
    ],
)
async def test_menu_buttons_refused(place: Place, args: Json, reason: str) -> None:
    assert await place.refused("setChatMenuButton", **args) == f"400 Bad Request: {reason}"
    if "chat_id" in args:
        assert await place.refused("getChatMenuButton", **args) == f"400 Bad Request: {reason}"
