"""What people do on the page."""

import hashlib
import hmac
import inspect
import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from tgsandbox.given import Wrong
from tgsandbox.telegram import acts, membership, mini_apps
from tgsandbox.telegram.inline import result_message
from tgsandbox.telegram.methods.profile import menu_button
from tgsandbox.telegram.records import Bot, Chat, Json, Message, User
from tgsandbox.telegram.world import World
from tgsandbox.web import opus, view

_Act = Callable[..., Any]
KINDS = ("photo", "voice", "document", "video", "audio", "sticker")
_CLOUD_KEY = re.compile(r"[A-Za-z0-9_-]{1,128}")


class Doing:
    """An act is a method of the name; its arguments come from the page."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._acts: dict[str, _Act] = {
            name.removeprefix("do_"): getattr(self, name) for name in dir(self) if name[:3] == "do_"
        }

    async def do(self, name: str, user: User, chat: Chat | None, given: Json) -> Json:
        act = self._acts.get(name)
        if act is None:
            raise Wrong(f"Nobody knows how to {name!r}.", 404)
        if chat is None and name not in _ANYWHERE:
            raise Wrong("There is no such chat.", 404)
        _expect_fitting(act, given)
        return act(user, chat, **given) or {}

    def upload(self, user: User, chat: Chat, content: bytes, about: dict[str, str]) -> Json:
        kind = about.get("kind", "document")
        if kind not in KINDS:
            raise Wrong(f"A file is one of {', '.join(KINDS)}.")
        if not content:
            raise Wrong("The file is empty.")
        if kind == "voice" and opus.is_webm(content):
            content = opus.ogg_of(content) or content
        duration = about.get("duration", "")
        message = acts.send_file(
            self._world,
            user,
            chat,
            kind,
            content,
            name=about.get("name"),
            mime=about.get("mime"),
            caption=about.get("caption", ""),
            duration=int(duration) if duration.isdecimal() else None,
        )
        return self._said(user, message)

    # --- writing

    def do_send(
        self, user: User, chat: Chat, *, text: str = "", reply_to: int | None = None
    ) -> Json:
        more: Json = {"reply_to": reply_to} if reply_to else {}
        return self._said(user, acts.write_text(self._world, user, chat, text, **more))

    def do_edit(self, user: User, chat: Chat, *, message: int = 0, text: str = "") -> None:
        acts.edit(self._world, user, self._message(chat, message), text)

    def do_delete(self, user: User, chat: Chat, *, message: int = 0) -> None:
        acts.delete(self._world, user, self._message(chat, message))

    def do_forward(self, user: User, chat: Chat, *, message: int = 0, to: str = "") -> Json:
        target = self._world.chats.get(to)
        if target is None:
            raise Wrong("There is no such chat.", 404)
        return self._said(
            user, acts.forward(self._world, user, self._message(chat, message), target)
        )

    def do_react(
        self, user: User, chat: Chat, *, message: int = 0, emoji: str | None = None
    ) -> None:
        acts.react_with(self._world, user, self._message(chat, message), emoji)

    def do_pin(self, user: User, chat: Chat, *, message: int = 0) -> None:
        found = self._message(chat, message)
        if found.id in chat.pinned:
            membership.unpin(self._world, chat, [found.id])
        else:
            membership.pin(self._world, found, user)

    def do_contact(self, user: User, chat: Chat) -> Json:
        return self._said(user, acts.share_contact(self._world, user, chat))

    def do_location(
        self, user: User, chat: Chat, *, latitude: float = 0.0, longitude: float = 0.0
    ) -> Json:
        body = {"location": {"latitude": float(latitude), "longitude": float(longitude)}}
        return self._said(user, acts.write(self._world, user, chat, body))

    def do_read(self, user: User, chat: Chat, *, message: int = 0) -> None:
        chat.read = {**chat.read, str(user.id): max(chat.read.get(str(user.id), 0), message)}
        self._world.save(chat)

    # --- buttons

    def do_press(
        self, user: User, chat: Chat, *, message: int = 0, row: int = 0, column: int = 0
    ) -> Json:
        found = self._message(chat, message)
        button = self._button(found, row, column)
        if "callback_data" not in button:
            raise Wrong("The button has nothing to say to the bot.", 409)
        query = acts.press(self._world, user, found, button["callback_data"])
        return {"query": query.id}

    def do_tap(self, user: User, chat: Chat, *, row: int = 0, column: int = 0) -> Json:
        button = _at((chat.keyboard or {}).get("keyboard", []), row, column)
        return self._said(user, acts.tap(self._world, user, chat, button))

    def _button(self, message: Message, row: int, column: int) -> Json:
        found: Json = _at((message.markup or {}).get("inline_keyboard", []), row, column)
        return found

    # --- inline mode

    def do_ask_inline(self, user: User, chat: Chat, *, bot: str = "", text: str = "") -> Json:
        account = self._world.by_username(bot)
        if not isinstance(account, Bot):
            raise Wrong(f"There is no bot @{bot}.", 404)
        return {"query": acts.ask_inline(self._world, user, account, chat=chat, text=text).id}

    def do_choose(
        self, user: User, chat: Chat, *, bot: str = "", text: str = "", **result: Any
    ) -> Json:
        account = self._world.by_username(bot)
        if not isinstance(account, Bot):
            raise Wrong(f"There is no bot @{bot}.", 404)
        chosen = result["result"]
        message = result_message(self._world, account, user, chat, chosen)
        acts.chosen(
            self._world, user, account, message=message, result_id=str(chosen["id"]), text=text
        )
        return self._said(user, message)

    # --- Mini Apps

    def do_open_app(
        self,
        user: User,
        chat: Chat,
        *,
        message: int | None = None,
        row: int = 0,
        column: int = 0,
        start: str | None = None,
    ) -> Json:
        """By a button under a message, of the keyboard (message 0), of the menu, or by a link."""
        world, bot = self._world, self._world.bots.get(chat.bot_id)
        if message:
            found = self._message(chat, message)
            url = _app_of(self._button(found, row, column))
            bot = world.bots[found.via or found.sender]
            opened = mini_apps.open_by_button(world, user, bot, chat, url)
        elif message == 0:
            button = _at((chat.keyboard or {}).get("keyboard", []), row, column)
            return {
                "url": mini_apps.open_by_keyboard(_app_of(button)),
                "button": button["text"],
                "bot": view.bot(world.bots[chat.bot_id]),
            }
        elif bot is None:
            raise Wrong("There is no Mini App here.", 409)
        elif start is not None:
            if not bot.main_app:
                raise Wrong(f"@{bot.username} has no main Mini App.", 409)
            opened = mini_apps.open_by_link(world, user, bot, chat, url=bot.main_app, start=start)
        else:
            url = _app_of(menu_button(bot, str(chat.id)))
            opened = mini_apps.open_by_button(world, user, bot, chat, url)
        return {"url": opened, "bot": view.bot(bot)}

    def do_app_data(self, user: User, chat: Chat, *, data: str = "", button: str = "") -> Json:
        if not 1 <= len(data.encode()) <= 4096:
            raise Wrong("A Mini App sends 1 to 4096 bytes.")
        body = {"web_app_data": {"data": data, "button_text": button}}
        return self._said(user, acts.write(self._world, user, chat, body))

    def do_custom(
        self, user: User, chat: Chat, method: str = "", params: Json | None = None
    ) -> Json:
        """invokeCustomMethod: CloudStorage, and the contact that was shared."""
        if method == "getRequestedContact":
            return {"result": self._shared_contact(user, chat)}
        return {"result": self._cloud(user, chat, method, params or {})}

    def _cloud(self, user: User, chat: Chat, method: str, params: Json) -> Any:
        """What a Mini App keeps for this person."""
        kept = dict(user.cloud.get(str(chat.bot_id), {}))
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
                if len(value) > 4096:
                    raise Wrong("VALUE_INVALID")
                kept[key] = value
                if len(kept) > 1024:
                    raise Wrong("A Mini App keeps 1024 values at most.", 409)
            case _:
                raise Wrong("METHOD_INVALID")
        user.cloud = {**user.cloud, str(chat.bot_id): kept}
        self._world.save(user)
        return True

    def do_may_write(self, user: User, chat: Chat) -> Json:
        """Whether the bot may write to them already."""
        return {"allowed": (chat.started or chat.writable) and not chat.blocked}

    def do_allow_writing(self, user: User, chat: Chat) -> None:
        acts.allow_writing(self._world, user, self._world.bots[chat.bot_id])

    def _shared_contact(self, user: User, chat: Chat) -> str:
        """What a Mini App gets after requestContact: signed, as initData is."""
        shared = (each.body.get("contact", {}) for each in reversed(chat.messages.values()))
        contact = next((each for each in shared if each.get("user_id") == user.id), None)
        if contact is None:
            return ""
        fields = {
            "contact": json.dumps(contact, ensure_ascii=False, separators=(",", ":")),
            "auth_date": str(self._world.clock.now()),
        }
        lines = "\n".join(f"{name}={fields[name]}" for name in sorted(fields))
        token = self._world.bots[chat.bot_id].token
        secret = hmac.new(b"WebAppData", token.encode(), hashlib.sha256).digest()
        fields["hash"] = hmac.new(secret, lines.encode(), hashlib.sha256).hexdigest()
        return urlencode(fields)

    def do_themes(self, _: User, __: Chat | None) -> Json:
        """The colours that Mini Apps are told, by the theme's name."""
        return mini_apps.THEMES

    # --- paid media, subscriptions, Stars

    def do_unlock(self, user: User, chat: Chat, *, message: int = 0) -> None:
        found = self._message(chat, message)
        if "paid_media" not in found.body:
            raise Wrong("There is nothing to pay for in this message.", 409)
        self._world.till.unlock(user, found)

    def do_buy_stars(self, user: User, _: Chat | None, *, amount: int = 0) -> Json:
        self._world.till.buy_stars(user, int(amount))
        return {"me": view.person(user)}

    def do_subscriptions(self, user: User, _: Chat | None) -> Json:
        till = self._world.till
        return {
            "subscriptions": [
                each.row()
                | {
                    "bot": view.bot(self._world.bots[each.bot_id]),
                    "title": till.invoices[each.invoice].title,
                }
                for each in till.subscriptions.of(user)
            ]
        }

    def do_subscription(
        self, user: User, _: Chat | None, *, id: str = "", go_on: bool = False
    ) -> None:
        subscriptions = self._world.till.subscriptions
        found = subscriptions.known.get(id)
        if found is None or found.user_id != user.id:
            raise Wrong("There is no such subscription.", 404)
        (subscriptions.resume if go_on else subscriptions.cancel)(found)

    # --- people and groups

    def do_block(self, user: User, chat: Chat, *, blocked: bool = True) -> None:
        membership.set_blocked(self._world, chat, blocked=bool(blocked))

    def new_person(self, name: str = "", **about: Any) -> Json:
        if not name.strip():
            raise Wrong("A person has a name.")
        known = {key: about[key] for key in ("language", "username", "last_name") if about.get(key)}
        made = self._world.new_user(name.strip()[:64], **known)
        made.phone = f"+99890{made.id % 10_000_000:07}"
        self._world.save(made)
        return {"person": view.person(made)}

    def do_change(self, user: User, _: Chat | None, **about: Any) -> Json:
        for name in ("language", "phone", "premium", "first_name", "last_name", "deactivated"):
            if name in about:
                setattr(user, name, about[name] or (None if name != "premium" else False))
        user.deactivated = bool(user.deactivated)
        user.first_name = user.first_name or "?"
        self._world.save(user)
        self._world.events.emit("person", user=user)
        return {"me": view.person(user)}

    def do_new_group(
        self, user: User, _: Chat | None, *, title: str = "", members: Any = None
    ) -> Json:
        if not title.strip():
            raise Wrong("A group has a name.")
        group = self._world.new_group(title.strip()[:128], user)
        for each in members or ():
            acts.add_to_group(self._world, user, group, self._account(each))
        return {"chat": group.key}

    def do_add(self, user: User, chat: Chat, *, account: int = 0) -> None:
        acts.add_to_group(self._world, user, chat, self._account(account))

    def do_remove(self, user: User, chat: Chat, *, account: int = 0) -> None:
        acts.remove(self._world, user, chat, self._account(account))

    def do_promote(self, user: User, chat: Chat, *, account: int = 0) -> None:
        acts.promote(self._world, user, chat, self._account(account))

    def do_leave(self, user: User, chat: Chat) -> None:
        acts.leave(self._world, user, chat)

    def _message(self, chat: Chat, number: int) -> Message:
        found = chat.messages.get(number)
        if found is None:
            raise Wrong("The message is gone.", 409)
        return found

    def _account(self, number: Any) -> User | Bot:
        found = self._world.accounts.get(number)
        if found is None:
            raise Wrong("There is nobody of that number.", 404)
        return found

    def _said(self, user: User, message: Message) -> Json:
        return {"message": view.message(self._world, user, message)}


def _expect_fitting(act: _Act, given: Json) -> None:
    """Only what the act takes, of the kind that it takes."""
    known = inspect.signature(act).parameters
    open_ended = any(each.kind is each.VAR_KEYWORD for each in known.values())
    for name, value in given.items():
        if name not in known:
            if open_ended:
                continue
            raise Wrong(f"Unknown: {name}.")
        default = known[name].default
        fits = isinstance(value, type(default)) and isinstance(value, bool) == (
            isinstance(default, bool)
        )
        if default is not None and not fits and not (type(default) is float and type(value) is int):
            raise Wrong(f"`{name}` is a {type(default).__name__}.")


def _at(rows: list[list[Any]], row: int, column: int) -> Any:
    try:
        return rows[row][column]
    except IndexError:
        raise Wrong("The buttons have changed.", 409) from None


def _app_of(button: Any) -> str:
    app = button.get("web_app") if isinstance(button, dict) else None
    if not app:
        raise Wrong("There is no Mini App here.", 409)
    return str(app["url"])


_ANYWHERE = {
    "buy_stars",
    "subscriptions",
    "subscription",
    "change",
    "new_group",
    "themes",
}
