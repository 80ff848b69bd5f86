"""Keyboards: what a bot sends as `reply_markup`, and what Telegram keeps of it.

As in the real server a keyboard is first read, then judged by TDLib, then by Telegram: of
several faults the one that is told is the first that this order finds.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tgsandbox.telegram.errors import bad_request
from tgsandbox.telegram.fields import FieldError, string
from tgsandbox.telegram.keyboard_json import CHATS, Button, Given, in_utf8, is_utf8, read
from tgsandbox.telegram.records import Json
from tgsandbox.telegram.text.entity import ascii_lower
from tgsandbox.telegram.text.links import LinkError, checked, user_id_of

MOST_IN_ROW, MOST = 12, 300  # what is beyond is left out without a word
MOST_INLINE_IN_ROW, MOST_INLINE = 8, 100  # the former likewise; over the latter is an error
MOST_BYTES = 9_500  # of the keyboard as JSON; the real bound is not documented
MOST_DATA, MOST_COPIED, MOST_PLACEHOLDER, MOST_USERS = 64, 256, 64, 10

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
    given = read(value)
    if given.kind == "inline":
        return Markup(inline=_inline(given, private=private, bot_username=bot_username))
    if given.kind == "keyboard":
        return Markup(keyboard=_keyboard(given, private=private))
    if given.kind:
        return Markup(keyboard={given.kind: True, **_options(given, private=private)})
    return Markup()


def inline_only(value: Any, *, private: bool, bot_username: str) -> Json | None:
    """For edits, invoices and inline results, which know no other kind."""
    given = read(value)
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
        url = string(app, "url")
    except FieldError as wrong:
        raise bad_request(f"can't parse menu button: {wrong}") from None
    return _web_app(url, "menu button web app")


def _inline(given: Given, *, private: bool, bot_username: str) -> Json | None:
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


def _keyboard(given: Given, *, private: bool) -> Json | None:
    def judged(button: Button) -> Json:
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


def _options(given: Given, *, private: bool) -> Json:
    options: Json = {}
    if given.kind == "keyboard":
        names = ("is_persistent", "resize_keyboard", "one_time_keyboard", "force_reply")
        options = {name: True for name in names if name in given.flags}
    if given.kind != "remove_keyboard" and given.placeholder:
        placeholder = in_utf8(given.placeholder, "input field placeholder")
        if len(placeholder) > MOST_PLACEHOLDER:
            raise bad_request("REPLY_MARKUP_INVALID")
        options["input_field_placeholder"] = placeholder
    selective = given.flags & {"selective", "personal_keyboard"}
    if selective and not private:  # in a private chat there is nobody to choose from
        options["selective"] = True
    return options


def _judged(rows: list[list[Button]], judge: Callable[[Button], Json]) -> list[list[Json]]:
    """The buttons that have something to show, as far as there is room."""
    found, left = [], MOST
    for row in rows:
        shown = [button for button in row if button.text or "icon_custom_emoji_id" in button.look]
        if buttons := [judge(button) for button in shown[: min(MOST_IN_ROW, left)]]:
            found.append(buttons)
            left -= len(buttons)
    return found


def _judged_inline(button: Button) -> Json:
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
            in_utf8(value["forward_text"], f"{what} forward text")
        case "web_app":
            shown[kind] = {"url": _web_app(value, f"{what} Web App")}
        case "switch_inline_query" | "switch_inline_query_current_chat":
            shown[kind] = in_utf8(value, f"{what} switch inline query")
        case "switch_inline_query_chosen_chat":
            if not any(value[name] for name in CHATS):
                raise bad_request("at least one chat type must be allowed")
            query = in_utf8(value["query"], f"{what} switch inline query")
            if all(value[name] for name in CHATS):
                shown["switch_inline_query"] = query
            else:
                shown[kind] = value | {"query": query}
        case "copy_text":
            shown[kind] = {"text": in_utf8(value, f"{what} copied text")}
        case _:
            shown[kind] = value
    return shown


def _refuse_inline(button: Json, *, first: bool, private: bool) -> None:
    """What Telegram itself refuses."""
    if "callback_data" in button:
        data = button["callback_data"].encode(errors="surrogatepass")
        if len(data) > MOST_DATA:
            raise bad_request("BUTTON_DATA_INVALID")
        if not is_utf8(button["callback_data"]):
            button["callback_data"] = "INVALID"
    if "copy_text" in button and not 0 < len(button["copy_text"]["text"]) <= MOST_COPIED:
        raise bad_request("BUTTON_COPY_TEXT_INVALID")
    if "callback_game" in button or ("web_app" in button and not private):
        raise bad_request("BUTTON_TYPE_INVALID")  # the sandbox has no games
    if "pay" in button and not first:
        raise bad_request("BUTTON_POS_INVALID")


def _judged_reply(button: Button, *, private: bool) -> Json:
    shown = _shown(button, "keyboard button")
    if not button.kind:
        return shown
    if not private:
        raise bad_request(f"{_PRIVATE_ONLY[button.kind]} in private chats only")
    if button.kind == "web_app":
        return shown | {"web_app": {"url": _web_app(button.value, "keyboard button Web App")}}
    return shown | {button.kind: button.value}


def _shown(button: Button, what: str) -> Json:
    text = in_utf8(button.text, f"{what} text")
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
        named = f" '{url}'" if is_utf8(url) else ""
        raise bad_request(f"{what} URL{named} is invalid: {error}") from None
    return in_utf8(kept, f"{what} URL")


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
