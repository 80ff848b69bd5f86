"""Mini Apps: opened, heard, and what they keep for a person in the cloud."""

import re
from typing import Any

from tgsandbox.given import Given, Wrong
from tgsandbox.telegram import acts, mini_apps
from tgsandbox.telegram.methods.profile import menu_button
from tgsandbox.telegram.records import Json
from tgsandbox.web import view
from tgsandbox.web.doing import MOST, Scene, act
from tgsandbox.web.writing import button

MOST_BYTES = 4096
MOST_KEPT = 1024
_CLOUD_KEY = re.compile(r"[A-Za-z0-9_-]{1,128}")


@act("message", "row", "column", "start")
def open_app(scene: Scene, given: Given) -> Json:
    """By a button under a message, of the keyboard (message 0), of the menu, or by a link."""
    world, user, chat = scene.world, scene.user, scene.chat
    number, start = given.whole_or("message", None, 0, MOST), given.text_or("start", None)
    if number:
        found = scene.message(given)
        url = _app_of(button((found.markup or {}).get("inline_keyboard", []), given))
        bot = world.bots[found.via or found.sender]
        return _opened(mini_apps.open_by_button(world, user, bot, chat, url), bot)
    bot = scene.bot
    if number == 0:
        tapped = button((chat.keyboard or {}).get("keyboard", []), given)
        opened = mini_apps.open_by_keyboard(_app_of(tapped))
        return _opened(opened, bot) | {"button": tapped["text"]}
    if start is None:
        url = _app_of(menu_button(bot, str(chat.id)))
        return _opened(mini_apps.open_by_button(world, user, bot, chat, url), bot)
    if not bot.main_app:
        raise Wrong(f"@{bot.username} has no main Mini App.", 409)
    opened = mini_apps.open_by_link(world, user, bot, chat, url=bot.main_app, start=start)
    return _opened(opened, bot)


def _opened(url: str, bot: Any) -> Json:
    return {"url": url, "bot": view.bot(bot)}


def _app_of(pressed: Any) -> str:
    app = pressed.get("web_app") if isinstance(pressed, dict) else None
    if not app:
        raise Wrong("There is no Mini App here.", 409)
    return str(app["url"])


@act("data", "button")
def app_data(scene: Scene, given: Given) -> Json:
    chat, data = scene.world.private_chat(scene.user, scene.bot), given.text_or("data", "")
    if not 1 <= len(data.encode()) <= MOST_BYTES:
        raise Wrong(f"A Mini App sends 1 to {MOST_BYTES} bytes.")
    body = {"web_app_data": {"data": data, "button_text": given.text_or("button", "")}}
    return scene.said(acts.write(scene.world, scene.user, chat, body))


@act()
def may_write(scene: Scene, _: Given) -> Json:
    """Whether the bot may write to them already."""
    chat = scene.world.private_chat(scene.user, scene.bot)
    return {"allowed": (chat.started or chat.writable) and not chat.blocked}


@act()
def allow_writing(scene: Scene, _: Given) -> None:
    acts.allow_writing(scene.world, scene.user, scene.bot)


@act()
def themes(_: Scene, __: Given) -> Json:
    """The colours that Mini Apps are told, by the theme's name."""
    return mini_apps.THEMES


# --- invokeCustomMethod


@act("method", "params")
def custom(scene: Scene, given: Given) -> Json:
    """CloudStorage, and the contact that was shared."""
    method, params = given.text_or("method", ""), given.values.get("params") or {}
    if not isinstance(params, dict):
        raise Wrong("`params` is an object.")
    if method == "getRequestedContact":
        return {"result": _shared_contact(scene)}
    return {"result": _cloud(scene, method, params)}


def _shared_contact(scene: Scene) -> str:
    """The latest of their own in this chat."""
    bot, user = scene.bot, scene.user
    shared = (each.body.get("contact", {}) for each in reversed(scene.chat.messages.values()))
    contact = next((each for each in shared if each.get("user_id") == user.id), None)
    return mini_apps.signed_contact(scene.world, bot, contact) if contact else ""


def _cloud(scene: Scene, method: str, params: Json) -> Any:
    """What a Mini App keeps for this person."""
    user, bot = scene.user, str(scene.bot.id)
    kept = dict(user.cloud.get(bot, {}))
    given = params.get("keys")
    keys = [str(each) for each in given] if isinstance(given, list) else []
    match method:
        case "getStorageKeys":
            return list(kept)
        case "getStorageValues":
            return {each: kept.get(each, "") for each in keys}
        case "deleteStorageValues":
            for each in keys:
                kept.pop(each, None)
        case "saveStorageValue":
            key, value = str(params.get("key", "")), str(params.get("value", ""))
            if not _CLOUD_KEY.fullmatch(key):
                raise Wrong("KEY_INVALID")
            if len(value) > MOST_BYTES:
                raise Wrong("VALUE_INVALID")
            kept[key] = value
            if len(kept) > MOST_KEPT:
                raise Wrong(f"A Mini App keeps {MOST_KEPT} values at most.", 409)
        case _:
            raise Wrong("METHOD_INVALID")
    user.cloud = {**user.cloud, bot: kept}
    scene.world.save(user)
    return True
