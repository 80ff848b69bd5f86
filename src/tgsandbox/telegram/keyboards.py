"""Keyboards: what a bot sends as `reply_markup`, and what Telegram keeps of it.

As in the real server a keyboard is first read, then judged by TDLib, then by Telegram: of
several faults the one that is told is the first that this order finds.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tgsandbox.telegram.errors import bad_request
from tgsandbox.telegram.records import Json
from tgsandbox.telegram.text.entity import ascii_lower
from tgsandbox.telegram.text.links import LinkError, checked, integer, user_id_of
from tgsandbox.telegram.text.shape import clean

MOST_IN_ROW, MOST = 12, 300  # what is beyond is left out without a word
MOST_INLINE_IN_ROW, MOST_INLINE = 8, 100  # the former likewise; over the latter is an error
MOST_BYTES = 9_500  # of the keyboard as JSON; the real bound is not documented
MOST_DATA, MOST_COPIED, MOST_PLACEHOLDER, MOST_USERS = 64, 256, 64, 10

_STYLES = ("primary", "danger", "success")
_CHATS = ("allow_user_chats", "allow_bot_chats", "allow_group_chats", "allow_channel_chats")
_PRIVATE_ONLY = {
    "request_contact": "phone number can be requested",
    "request_location": "location can be requested",
    "request_poll": "poll can be requested",
    "web_app": "web App buttons can be used",
    "request_users": "users can be requested",
    "request_chat": "chats can be requested",
    "request_managed_bot": "managed bots can be requested",
}
_LOCAL = re.compile(
    r"(https?://)(localhost|127\.0\.0\.1|\[::1\])(?=(?::[0-9]*)?(?:[/?#]|\Z))", re.IGNORECASE
)
_AFTER_HTTPS = re.compile("Wrong (?:HTTP|tg|ton) URL|Unallowed characters in URL host")


@dataclass(frozen=True, slots=True)
class Markup:
    """At most one of the two: what stands under a message, or what comes up below the chat."""

    inline: Json | None = None
    keyboard: Json | None = None


def markup_of(value: Any, *, private: bool, bot_username: str) -> Markup:
    given = _read(value)
    if given.kind == "inline":
        return Markup(inline=_inline(given, private=private, bot_username=bot_username))
    if given.kind == "keyboard":
        return Markup(keyboard=_keyboard(given, private=private))
    if given.kind:
        return Markup(keyboard={given.kind: True, **_options(given, private=private)})
    return Markup()


def inline_only(value: Any, *, private: bool, bot_username: str) -> Json | None:
    """For edits, invoices and inline results, which know no other kind."""
    given = _read(value)
    if given.kind == "inline":
        return _inline(given, private=private, bot_username=bot_username)
    if given.kind:
        raise bad_request("inline keyboard expected")
    return None


def has_pay(inline: Json | None) -> bool:
    """Whether it begins with a Pay button, which only an invoice may have, and must."""
    return inline is not None and "pay" in inline["inline_keyboard"][0][0]


def checked_web_app(app: Json) -> str:
    """The address of the Mini App that a menu button opens."""
    try:
        url = _string(app, "url")
    except _Wrong as wrong:
        raise bad_request(f"can't parse menu button: {wrong}") from None
    return _web_app(url, "menu button web app")


@dataclass(frozen=True, slots=True)
class _Button:
    text: str
    look: Json = field(default_factory=dict)
    kind: str = ""  # the field that makes it what it is
    value: Any = None


@dataclass(frozen=True, slots=True)
class _Given:
    kind: str = ""  # inline, keyboard, remove_keyboard, force_reply
    rows: list[list[_Button]] = field(default_factory=list)
    flags: frozenset[str] = frozenset()
    placeholder: str = ""


class _Wrong(Exception):
    """Why a value cannot be read, in the words of the real server."""


def _read(value: Any) -> _Given:
    if value is None:
        return _Given()
    if not isinstance(value, dict):
        raise bad_request("object expected as reply markup")
    try:
        return _markup(value)
    except _Wrong as wrong:
        said = str(wrong)
        raise bad_request(said[0].lower() + said[1:]) from None


def _markup(value: Json) -> _Given:
    rows = _rows(value, "keyboard", "keyboard button", _reply_button)
    inline = _rows(value, "inline_keyboard", "inline keyboard button", _inline_button)
    names = ["hide_keyboard", "remove_keyboard", "personal_keyboard", "selective"]
    names += ["force_reply_keyboard", "force_reply"]
    flags = set(_flags_set(value, *names))
    placeholder = _string(value, "input_field_placeholder", "")
    if rows:
        flags |= set(_flags_set(value, "resize_keyboard", "one_time_keyboard", "is_persistent"))
        kind = "keyboard"
    elif inline:
        kind = "inline"
    elif flags & {"hide_keyboard", "remove_keyboard"}:
        kind = "remove_keyboard"
    else:
        kind = "force_reply" if flags & {"force_reply_keyboard", "force_reply"} else ""
    return _Given(kind, rows or inline, frozenset(flags), placeholder)


def _rows(
    value: Json, name: str, what: str, button: Callable[[Any], _Button]
) -> list[list[_Button]]:
    found: list[list[_Button]] = []
    for row in _typed(value, name, list, "Array") if name in value else ():
        if not isinstance(row, list):
            where = " of the InlineKeyboardMarkup" if name == "inline_keyboard" else ""
            raise _Wrong(f'Field "{name}"{where} must be an Array of Arrays')
        try:
            found.append([button(each) for each in row])
        except _Wrong as wrong:
            raise _Wrong(f"Can't parse {what}: {wrong}") from None
    return found


def _inline_button(value: Any) -> _Button:
    if not isinstance(value, dict):
        raise _Wrong("InlineKeyboardButton must be an Object")
    text, look = _string(value, "text"), _look(value)
    for name in ("url", "callback_data"):
        if given := _string(value, name, ""):
            return _Button(text, look, name, given)
    for name, read in _INLINE.items():
        if name in value:
            return _Button(text, look, name, read(value, name))
    raise _Wrong("Text buttons are unallowed in the inline keyboard")


def _reply_button(value: Any) -> _Button:
    if isinstance(value, str):
        return _Button(value)
    if not isinstance(value, dict):
        raise _Wrong("KeyboardButton must be a String or an Object")
    text, look = _string(value, "text"), _look(value)
    contact = [_flag(value, name) for name in ("request_phone_number", "request_contact")]
    if any(contact):
        return _Button(text, look, "request_contact", True)
    if _flag(value, "request_location"):
        return _Button(text, look, "request_location", True)
    for name, read in _REPLY.items():
        if name in value:
            kind = "request_users" if name == "request_user" else name
            return _Button(text, look, kind, read(value, name))
    return _Button(text, look)


def _look(value: Json) -> Json:
    look: Json = {}
    if icon := _number(value, "icon_custom_emoji_id", 0, bits=64):
        look["icon_custom_emoji_id"] = str(icon)
    style = ascii_lower(_string(value, "style", ""))
    if style not in ("", "default", *_STYLES):
        raise _Wrong("invalid button style specified")
    if style in _STYLES:
        look["style"] = style
    return look


def _chosen_chat(value: Json, name: str) -> Json:
    chosen = _object(value, name)
    return {"query": _string(chosen, "query", "")} | {each: _flag(chosen, each) for each in _CHATS}


def _login(value: Json, name: str) -> Json:
    login = _object(value, name)
    url, username = _string(login, "url"), _string(login, "bot_username", "")
    _flag(login, "request_write_access")
    forwarded = _string(login, "forward_text", "")
    bot = username.removeprefix("@")
    if username and not re.fullmatch(r"[A-Za-z0-9_]+", bot):
        raise _Wrong("LoginUrl bot username is invalid")
    return {"url": url, "bot": bot, "forward_text": forwarded}


def _poll(value: Json, name: str) -> Json:
    type_ = _string(_object(value, name), "type", "")
    return {"type": type_} if type_ in ("quiz", "regular") else {}


def _users(value: Json, name: str) -> Json:
    request = _object(value, name)
    asked: Json = {"request_id": _number(request, "request_id")}
    asked |= _flags_there(request, "user_is_bot", "user_is_premium")
    asked["max_quantity"] = max(_number(request, "max_quantity", 1), 1)
    return asked | _flags_set(request, "request_name", "request_username", "request_photo")


def _chat(value: Json, name: str) -> Json:
    request = _object(value, name)
    asked: Json = {"request_id": _number(request, "request_id")}
    asked["chat_is_channel"] = _flag(request, "chat_is_channel")
    asked |= _flags_there(request, "chat_is_forum", "chat_has_username")
    asked |= _flags_set(request, "chat_is_created")
    for rights in ("user_administrator_rights", "bot_administrator_rights"):
        if rights in request:
            given = _object(request, rights)
            known = [each for each in given if re.fullmatch(r"(?:can|is)_[a-z_]+", each)]
            asked[rights] = _flags_set(given, *known)
    names = ("bot_is_member", "request_title", "request_username", "request_photo")
    return asked | _flags_set(request, *names)


def _managed_bot(value: Json, name: str) -> Json:
    request = _object(value, name)
    asked: Json = {"request_id": _number(request, "request_id")}
    for suggested in ("suggested_name", "suggested_username"):
        if text := _in_utf8(_string(request, suggested, ""), suggested):
            asked[suggested] = text
    return asked


def _inline(given: _Given, *, private: bool, bot_username: str) -> Json | None:
    for row in given.rows:
        for button in row:
            bot = button.value["bot"] if button.kind == "login_url" else ""
            if bot and ascii_lower(bot) != ascii_lower(bot_username.removeprefix("@")):
                raise bad_request(f'bot "{bot}" not found')
    rows = [row[:MOST_INLINE_IN_ROW] for row in _judged(given.rows, _judged_inline)]
    if not rows:
        return None
    for at, shown in enumerate(shown for row in rows for shown in row):
        _refuse_inline(shown, first=at == 0, private=private)
    found: Json = {"inline_keyboard": rows}
    if "force_reply" in given.flags:
        found["force_reply"] = True
    _refuse_long(found, too_many=sum(map(len, rows)) > MOST_INLINE)
    return found


def _keyboard(given: _Given, *, private: bool) -> Json | None:
    def judged(button: _Button) -> Json:
        return _judged_reply(button, private=private)

    rows = _judged(given.rows, judged)
    if not rows:
        return None
    for button in (button for row in rows for button in row):
        if button.get("request_users", {}).get("max_quantity", 1) > MOST_USERS:
            raise bad_request("BUTTON_QUANTITY_MAX_INVALID")
    found = {"keyboard": rows, **_options(given, private=private)}
    _refuse_long(found)
    return found


def _options(given: _Given, *, private: bool) -> Json:
    options: Json = {}
    if given.kind == "keyboard":
        names = ("is_persistent", "resize_keyboard", "one_time_keyboard", "force_reply")
        options = {name: True for name in names if name in given.flags}
    if given.kind != "remove_keyboard" and given.placeholder:
        placeholder = _in_utf8(given.placeholder, "input field placeholder")
        if len(placeholder) > MOST_PLACEHOLDER:
            raise bad_request("REPLY_MARKUP_INVALID")
        options["input_field_placeholder"] = placeholder
    selective = given.flags & {"selective", "personal_keyboard"}
    if selective and not private:  # in a private chat there is nobody to choose from
        options["selective"] = True
    return options


def _judged(rows: list[list[_Button]], judge: Callable[[_Button], Json]) -> list[list[Json]]:
    """The buttons that have something to show, as far as there is room."""
    found, left = [], MOST
    for row in rows:
        shown = [button for button in row if button.text or "icon_custom_emoji_id" in button.look]
        if buttons := [judge(button) for button in shown[: min(MOST_IN_ROW, left)]]:
            found.append(buttons)
            left -= len(buttons)
    return found


def _judged_inline(button: _Button) -> Json:
    what = "inline keyboard button"
    shown, kind, value = _shown(button, what), button.kind, button.value
    match kind:
        case "url":
            user_id = user_id_of(value)
            shown["url"] = f"tg://user?id={user_id}" if user_id else _link(value, what)
        case "login_url":
            if user_id_of(value["url"]):
                raise bad_request("link to a user can't be used in login URL buttons")
            shown["url"] = _link(value["url"], f"{what} login", check=_secure)  # no more is shown
            _in_utf8(value["forward_text"], f"{what} forward text")
        case "web_app":
            shown[kind] = {"url": _web_app(value, f"{what} Web App")}
        case "switch_inline_query" | "switch_inline_query_current_chat":
            shown[kind] = _in_utf8(value, f"{what} switch inline query")
        case "switch_inline_query_chosen_chat":
            if not any(value[name] for name in _CHATS):
                raise bad_request("at least one chat type must be allowed")
            query = _in_utf8(value["query"], f"{what} switch inline query")
            if all(value[name] for name in _CHATS):
                shown["switch_inline_query"] = query
            else:
                shown[kind] = value | {"query": query}
        case "copy_text":
            shown[kind] = {"text": _in_utf8(value, f"{what} copied text")}
        case _:
            shown[kind] = value
    return shown


def _refuse_inline(button: Json, *, first: bool, private: bool) -> None:
    """What Telegram itself refuses."""
    if "callback_data" in button:
        data = button["callback_data"].encode(errors="surrogatepass")
        if len(data) > MOST_DATA:
            raise bad_request("BUTTON_DATA_INVALID")
        if not _is_utf8(button["callback_data"]):
            button["callback_data"] = "INVALID"
    if "copy_text" in button and not 0 < len(button["copy_text"]["text"]) <= MOST_COPIED:
        raise bad_request("BUTTON_COPY_TEXT_INVALID")
    if "callback_game" in button or ("web_app" in button and not private):
        raise bad_request("BUTTON_TYPE_INVALID")  # the sandbox has no games
    if "pay" in button and not first:
        raise bad_request("BUTTON_POS_INVALID")


def _judged_reply(button: _Button, *, private: bool) -> Json:
    shown = _shown(button, "keyboard button")
    if not button.kind:
        return shown
    if not private:
        raise bad_request(f"{_PRIVATE_ONLY[button.kind]} in private chats only")
    if button.kind == "web_app":
        return shown | {"web_app": {"url": _web_app(button.value, "keyboard button Web App")}}
    return shown | {button.kind: button.value}


def _shown(button: _Button, what: str) -> Json:
    text = _in_utf8(button.text, f"{what} text")
    if not text:
        raise bad_request(f"{what} text must be non-empty")
    return {"text": text, **button.look}


def _web_app(url: str, what: str) -> str:
    if user_id_of(url):
        raise bad_request("link to a user can't be used in Web App URL buttons")
    return _link(url, what, check=_secure_or_local)


def _link(url: str, what: str, *, check: Callable[[str], str] = checked) -> str:
    try:
        kept = check(url)
    except LinkError as error:
        named = f" '{url}'" if _is_utf8(url) else ""
        raise bad_request(f"{what} URL{named} is invalid: {error}") from None
    return _in_utf8(kept, f"{what} URL")


def _secure(url: str) -> str:
    """HTTPS is asked for once the link can be taken apart, and before it is looked at closer."""
    try:
        kept = checked(url)
    except LinkError as error:
        late = _AFTER_HTTPS.fullmatch(str(error))
        if not late or ascii_lower(url).startswith("https://"):
            raise
        kept = ""
    if not kept.startswith("https://"):
        raise LinkError("Only HTTPS links are allowed")
    return kept


def _secure_or_local(url: str) -> str:
    """The sandbox's one liberty: it runs on a laptop, and so may the Mini App."""
    local = _LOCAL.match(url)
    if local is None:
        return _secure(url)
    numeric = checked(f"{local[1]}127.0.0.1{url[local.end() :]}")
    return numeric.replace("127.0.0.1", ascii_lower(local[2]), 1)


def _refuse_long(found: Json, *, too_many: bool = False) -> None:
    if too_many or len(json.dumps(found, ensure_ascii=False).encode()) > MOST_BYTES:
        raise bad_request("reply markup is too long")


def _is_utf8(text: str) -> bool:
    return not re.search("[\ud800-\udfff]", text)


def _in_utf8(text: str, what: str) -> str:
    """The text without what Telegram takes out of every text."""
    if not _is_utf8(text):
        raise bad_request(f"{what} must be encoded in UTF-8")
    return clean(text)


def _string(value: Json, name: str, default: str | None = None) -> str:
    given = _given(value, name, default)
    if isinstance(given, bool) or not isinstance(given, int | float | str):
        raise _Wrong(f'Field "{name}" must be of type String')
    return str(given)


def _number(value: Json, name: str, default: int | None = None, *, bits: int = 32) -> int:
    given = _given(value, name, default)
    if isinstance(given, bool) or not isinstance(given, int | float | str):
        raise _Wrong(f'Field "{name}" must be a Number')
    number = integer(str(given), bits=bits)
    if number is None:
        raise _Wrong(f'Field "{name}" must be a valid Number')
    return number


def _flag(value: Json, name: str) -> bool:
    return name in value and bool(_typed(value, name, bool, "Boolean"))


def _flags_there(value: Json, *names: str) -> Json:
    """Those that are given, since false is not the same as not given."""
    return {name: _flag(value, name) for name in names if name in value}


def _flags_set(value: Json, *names: str) -> Json:
    return {name: True for name in names if _flag(value, name)}


def _object(value: Json, name: str) -> Json:
    found: Json = _typed(value, name, dict, "Object")
    return found


def _typed(value: Json, name: str, type_: type, called: str) -> Any:
    given = _given(value, name)
    if not isinstance(given, type_):
        raise _Wrong(f'Field "{name}" must be of type {called}')
    return given


def _given(value: Json, name: str, default: Any = None) -> Any:
    """A field that is null is there, and is of the wrong type."""
    if name not in value and default is None:
        raise _Wrong(f'Can\'t find field "{name}"')
    return value.get(name, default)


_Reader = Callable[[Json, str], Any]


def _inner(field_: str) -> _Reader:
    return lambda value, name: _string(_object(value, name), field_)


_INLINE: dict[str, _Reader] = {  # the first that is there is meant
    "callback_game": lambda value, name: {},  # whatever it is set to, as the next
    "pay": lambda value, name: True,
    "switch_inline_query": _string,
    "switch_inline_query_chosen_chat": _chosen_chat,
    "switch_inline_query_current_chat": _string,
    "login_url": _login,
    "web_app": _inner("url"),
    "copy_text": _inner("text"),
    "disabled": lambda value, name: _object(value, name) and {},
}
_REPLY: dict[str, _Reader] = {
    "request_poll": _poll,
    "web_app": _inner("url"),
    "request_users": _users,
    "request_user": _users,
    "request_chat": _chat,
    "request_managed_bot": _managed_bot,
}
