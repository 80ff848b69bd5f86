"""Mini Apps on the page: how they open, what they send, and what they keep."""

import hashlib
import hmac
import json
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest

from tgsandbox import BotAccess, Person, Sandbox

from .client import Client, Json

pytestmark = pytest.mark.sandbox(page=True)
APP = "https://shop.example/app"
OPENS = {"text": "Открыть", "web_app": {"url": APP}}


def fragment(url: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(url).fragment, keep_blank_values=True))


def verified(bot: BotAccess, signed: str) -> dict[str, str]:
    """By the book: https://core.telegram.org/bots/webapps#validating-data-received"""
    fields = {name: value for name, (value,) in parse_qs(signed, strict_parsing=True).items()}
    told = fields.pop("hash")
    lines = "\n".join(f"{name}={fields[name]}" for name in sorted(fields))
    secret = hmac.new(b"WebAppData", bot.token.encode(), hashlib.sha256).digest()
    assert told == hmac.new(secret, lines.encode(), hashlib.sha256).hexdigest()
    return fields


# --- opened


async def test_by_a_button_under_a_message(client: Client, bot: BotAccess) -> None:
    keys = {"inline_keyboard": [[OPENS]]}
    sent = await bot.call("sendMessage", chat_id=client.person.id, text="Чай", reply_markup=keys)
    told = await client.do("open_app", message=sent["message_id"], row=0, column=0)
    assert told["url"].startswith(f"{APP}#")
    assert told["bot"]["username"] == "shop_bot"
    data = verified(bot, fragment(told["url"])["tgWebAppData"])
    assert json.loads(data["user"])["id"] == client.person.id
    assert data["query_id"]


async def test_by_the_keyboard_it_can_only_send_data(client: Client, bot: BotAccess) -> None:
    keys = {"keyboard": [["Чай"], [OPENS]]}
    await bot.call("sendMessage", chat_id=client.person.id, text="?", reply_markup=keys)
    told = await client.do("open_app", message=0, row=1, column=0)
    assert told["button"] == "Открыть"
    assert fragment(told["url"])["tgWebAppData"] == ""
    await client.do("app_data", data="чай", button="Открыть")
    assert bot.pending[-1]["message"]["web_app_data"] == {"data": "чай", "button_text": "Открыть"}
    assert await client.refused("open_app", message=0, row=0) == (
        409,
        "There is no Mini App here.",
    )


async def test_by_the_menu_and_by_a_link(client: Client, bot: BotAccess) -> None:
    none = (409, "There is no Mini App here.")
    assert await client.refused("open_app") == none
    assert await client.refused("open_app", start="tea") == (
        409,
        "@shop_bot has no main Mini App.",
    )
    button = {"type": "web_app", **OPENS}
    await bot.call("setChatMenuButton", chat_id=client.person.id, menu_button=button)
    menu = await client.do("open_app")
    assert verified(bot, fragment(menu["url"])["tgWebAppData"])["query_id"]

    bot.record.main_app = APP
    link = await client.do("open_app", start="tea")
    assert link["url"].startswith(f"{APP}?tgWebAppStartParam=tea#")
    assert verified(bot, fragment(link["url"])["tgWebAppData"])["start_param"] == "tea"


async def test_what_an_app_sends_has_its_length(client: Client, bot: BotAccess) -> None:
    words = (400, "A Mini App sends 1 to 4096 bytes.")
    assert await client.refused("app_data", data="") == words
    assert await client.refused("app_data", data="я" * 2049) == words
    await client.do("app_data", data="я" * 2048)
    assert len(bot.pending[-1]["message"]["web_app_data"]["data"]) == 2048


async def test_there_are_no_apps_in_a_group(client: Client, tg: Sandbox, bot: BotAccess) -> None:
    group = f"0:{tg.group('Чайная', client.person, bot).id}"
    given: dict[str, Json] = {
        "open_app": {"start": "x"},
        "app_data": {"data": "x"},
        "custom": {"method": "getStorageKeys"},
        "may_write": {},
        "allow_writing": {},
        "block": {},
    }
    for act, about in given.items():
        assert await client.refused(act, chat=group, **about) == (
            409,
            "This is no chat with a bot.",
        )


async def test_it_asks_to_be_written_to(tg: Sandbox, client: Client, bot: BotAccess) -> None:
    new = tg.user("Новый")
    who = Client(client.http, tg, new, f"{bot.id}:{new.id}")
    assert await who.do("may_write") == {"allowed": False}
    await who.do("allow_writing")
    assert await who.do("may_write") == {"allowed": True}
    assert (await bot.call("sendMessage", chat_id=new.id, text="Чай"))["text"] == "Чай"
    await who.do("block")
    assert await who.do("may_write") == {"allowed": False}


async def test_themes(client: Client) -> None:
    assert {"light", "dark"} <= set(await client.do("themes", chat=""))


# --- custom methods


async def custom(client: Client, method: str, **params: Any) -> Any:
    return (await client.do("custom", method=method, params=params))["result"]


async def test_the_cloud_keeps_what_an_app_gives(
    client: Client, stranger: Client, tg: Sandbox
) -> None:
    for key, value in (("a", "1"), ("b", ""), ("a", "2")):
        assert await custom(client, "saveStorageValue", key=key, value=value) is True
    assert await custom(client, "getStorageKeys") == ["a", "b"]
    assert await custom(client, "getStorageValues", keys=["a", "b", "c"]) == {
        "a": "2",
        "b": "",
        "c": "",
    }
    assert await custom(client, "deleteStorageValues", keys=["a", "c"]) is True
    assert await custom(client, "getStorageKeys") == ["b"]

    assert await custom(stranger, "getStorageKeys") == [], "of others it is hidden"
    tg.bot("other_bot")
    elsewhere = client.home.replace(str(tg.bot("shop_bot").id), str(tg.bot("other_bot").id))
    found = await client.do("custom", chat=elsewhere, method="getStorageKeys")
    assert found == {"result": []}, "and of other bots"


async def test_the_cloud_has_its_limits(client: Client) -> None:
    async def refused(key: Any, value: Any = "x") -> tuple[int, str]:
        params = {"key": key, "value": value}
        return await client.refused("custom", method="saveStorageValue", params=params)

    for key in ("", "x" * 129, "с", "a b", "a\n"):
        assert await refused(key) == (400, "KEY_INVALID")
    assert await refused("a", "x" * 4097) == (400, "VALUE_INVALID")
    await custom(client, "saveStorageValue", key="x" * 128, value="x" * 4096)
    kept = {f"key_{number}": "" for number in range(1024)}
    client.person.user.cloud = {client.home.partition(":")[0]: kept}
    await custom(client, "saveStorageValue", key="key_7", value="again")
    assert await refused("one-more") == (409, "A Mini App keeps 1024 values at most.")
    assert len(await custom(client, "getStorageKeys")) == 1024


async def test_no_other_methods_are_known(client: Client) -> None:
    assert await client.refused("custom", method="getWeather") == (400, "METHOD_INVALID")
    for params in ([1], "x", 5, True):
        told = await client.refused("custom", method="getStorageKeys", params=params)
        assert told == (400, "`params` is an object.")


async def test_the_requested_contact_is_signed(
    client: Client, tg: Sandbox, bot: BotAccess, buyer: Person
) -> None:
    assert await custom(client, "getRequestedContact") == "", "nothing was shared yet"
    buyer.user.last_name = "Вторая"
    await client.do("contact")
    anothers = {"phone_number": "+1", "first_name": "Buyer", "user_id": buyer.id + 1}
    tg.world.say(tg.world.chats[client.home], buyer.user, {"contact": anothers})
    told = verified(bot, await custom(client, "getRequestedContact"))
    assert set(told) == {"contact", "auth_date"}
    assert json.loads(told["contact"]) == {
        "phone_number": buyer.user.phone,
        "first_name": "Покупатель",
        "last_name": "Вторая",
        "user_id": buyer.id,
    }
