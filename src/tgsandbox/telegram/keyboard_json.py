"""Keyboards as they are given: from the JSON of `reply_markup` to buttons, before any is judged."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tgsandbox.telegram.errors import bad_request
from tgsandbox.telegram.fields import (
    FieldError,
    flag,
    flags_set,
    flags_there,
    number,
    object_,
    string,
    typed,
)
from tgsandbox.telegram.records import Json
from tgsandbox.telegram.text.entity import ascii_lower
from tgsandbox.telegram.text.shape import clean

CHATS = ("allow_user_chats", "allow_bot_chats", "allow_group_chats", "allow_channel_chats")
_STYLES = ("primary", "danger", "success")


@dataclass(frozen=True, slots=True)
class Button:
    text: str
    look: Json = field(default_factory=dict)
    kind: str = ""  # the field that makes it what it is
    value: Any = None


@dataclass(frozen=True, slots=True)
class Given:
    kind: str = ""  # inline, keyboard, remove_keyboard, force_reply
    rows: list[list[Button]] = field(default_factory=list)
    flags: frozenset[str] = frozenset()
    placeholder: str = ""


def read(value: Any) -> Given:
    """A keyboard as it was given, with none of its buttons judged yet."""
    if value is None:
        return Given()
    if not isinstance(value, dict):
        raise bad_request("object expected as reply markup")
    try:
        return _markup(value)
    except FieldError as wrong:
        said = str(wrong)
        raise bad_request(said[0].lower() + said[1:]) from None


def _markup(value: Json) -> Given:
    rows = _rows(value, "keyboard", "keyboard button", _reply_button)
    inline = _rows(value, "inline_keyboard", "inline keyboard button", _inline_button)
    names = ["hide_keyboard", "remove_keyboard", "personal_keyboard", "selective"]
    names += ["force_reply_keyboard", "force_reply"]
    flags = set(flags_set(value, *names))
    placeholder = string(value, "input_field_placeholder", "")
    if rows:
        flags |= set(flags_set(value, "resize_keyboard", "one_time_keyboard", "is_persistent"))
        kind = "keyboard"
    elif inline:
        kind = "inline"
    elif flags & {"hide_keyboard", "remove_keyboard"}:
        kind = "remove_keyboard"
    else:
        kind = "force_reply" if flags & {"force_reply_keyboard", "force_reply"} else ""
    return Given(kind, rows or inline, frozenset(flags), placeholder)


def _rows(value: Json, name: str, what: str, button: Callable[[Any], Button]) -> list[list[Button]]:
    found: list[list[Button]] = []
    for row in typed(value, name, list, "Array") if name in value else ():
        if not isinstance(row, list):
            where = " of the InlineKeyboardMarkup" if name == "inline_keyboard" else ""
            raise FieldError(f'Field "{name}"{where} must be an Array of Arrays')
        try:
            found.append([button(each) for each in row])
        except FieldError as wrong:
            raise FieldError(f"Can't parse {what}: {wrong}") from None
    return found


def _inline_button(value: Any) -> Button:
    if not isinstance(value, dict):
        raise FieldError("InlineKeyboardButton must be an Object")
    text, look = string(value, "text"), _look(value)
    for name in ("url", "callback_data"):
        if given := string(value, name, ""):
            return Button(text, look, name, given)
    for name, read in _INLINE.items():
        if name in value:
            return Button(text, look, name, read(value, name))
    raise FieldError("Text buttons are unallowed in the inline keyboard")


def _reply_button(value: Any) -> Button:
    if isinstance(value, str):
        return Button(value)
    if not isinstance(value, dict):
        raise FieldError("KeyboardButton must be a String or an Object")
    text, look = string(value, "text"), _look(value)
    contact = [flag(value, name) for name in ("request_phone_number", "request_contact")]
    if any(contact):
        return Button(text, look, "request_contact", True)
    if flag(value, "request_location"):
        return Button(text, look, "request_location", True)
    for name, read in _REPLY.items():
        if name in value:
            kind = "request_users" if name == "request_user" else name
            return Button(text, look, kind, read(value, name))
    return Button(text, look)


def _look(value: Json) -> Json:
    look: Json = {}
    if icon := number(value, "icon_custom_emoji_id", 0, bits=64):
        look["icon_custom_emoji_id"] = str(icon)
    style = ascii_lower(string(value, "style", ""))
    if style not in ("", "default", *_STYLES):
        raise FieldError("invalid button style specified")
    if style in _STYLES:
        look["style"] = style
    return look


def _chosen_chat(value: Json, name: str) -> Json:
    chosen = object_(value, name)
    return {"query": string(chosen, "query", "")} | {each: flag(chosen, each) for each in CHATS}


def _login(value: Json, name: str) -> Json:
    login = object_(value, name)
    url, username = string(login, "url"), string(login, "bot_username", "")
    flag(login, "request_write_access")
    forwarded = string(login, "forward_text", "")
    bot = username.removeprefix("@")
    if username and not re.fullmatch(r"[A-Za-z0-9_]+", bot):
        raise FieldError("LoginUrl bot username is invalid")
    return {"url": url, "bot": bot, "forward_text": forwarded}


def _poll(value: Json, name: str) -> Json:
    type_ = string(object_(value, name), "type", "")
    return {"type": type_} if type_ in ("quiz", "regular") else {}


def _users(value: Json, name: str) -> Json:
    request = object_(value, name)
    asked: Json = {"request_id": number(request, "request_id")}
    asked |= flags_there(request, "user_is_bot", "user_is_premium")
    asked["max_quantity"] = max(number(request, "max_quantity", 1), 1)
    return asked | flags_set(request, "request_name", "request_username", "request_photo")


def _chat(value: Json, name: str) -> Json:
    request = object_(value, name)
    asked: Json = {"request_id": number(request, "request_id")}
    asked["chat_is_channel"] = flag(request, "chat_is_channel")
    asked |= flags_there(request, "chat_is_forum", "chat_has_username")
    asked |= flags_set(request, "chat_is_created")
    for rights in ("user_administrator_rights", "bot_administrator_rights"):
        if rights in request:
            given = object_(request, rights)
            known = [each for each in given if re.fullmatch(r"(?:can|is)_[a-z_]+", each)]
            asked[rights] = flags_set(given, *known)
    names = ("bot_is_member", "request_title", "request_username", "request_photo")
    return asked | flags_set(request, *names)


def _managed_bot(value: Json, name: str) -> Json:
    request = object_(value, name)
    asked: Json = {"request_id": number(request, "request_id")}
    for suggested in ("suggested_name", "suggested_username"):
        if text := in_utf8(string(request, suggested, ""), suggested):
            asked[suggested] = text
    return asked


def is_utf8(text: str) -> bool:
    return not re.search("[\ud800-\udfff]", text)


def in_utf8(text: str, what: str) -> str:
    """The text without what Telegram takes out of every text."""
    if not is_utf8(text):
        raise bad_request(f"{what} must be encoded in UTF-8")
    return clean(text)


_Reader = Callable[[Json, str], Any]


def _inner(field_: str) -> _Reader:
    return lambda value, name: string(object_(value, name), field_)


_INLINE: dict[str, _Reader] = {  # the first that is there is meant
    "callback_game": lambda value, name: {},  # whatever it is set to, as the next
    "pay": lambda value, name: True,
    "switch_inline_query": string,
    "switch_inline_query_chosen_chat": _chosen_chat,
    "switch_inline_query_current_chat": string,
    "login_url": _login,
    "web_app": _inner("url"),
    "copy_text": _inner("text"),
    "disabled": lambda value, name: object_(value, name) and {},
}
_REPLY: dict[str, _Reader] = {
    "request_poll": _poll,
    "web_app": _inner("url"),
    "request_users": _users,
    "request_user": _users,
    "request_chat": _chat,
    "request_managed_bot": _managed_bot,
}
