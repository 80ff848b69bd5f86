"""Mini Apps: the address that one opens at, with signed data of who opened it."""

import base64
import hashlib
import hmac
import json
from typing import Any
from urllib.parse import urlencode, urlsplit

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tgsandbox.telegram.records import Bot, Chat, Json, User
from tgsandbox.telegram.world import World

VERSION = "9.1"
QUERY_LIVES = 3600.0
THEMES = {
    "light": {
        "bg_color": "#ffffff",
        "secondary_bg_color": "#f0f0f0",
        "text_color": "#000000",
        "hint_color": "#707579",
        "link_color": "#3390ec",
        "button_color": "#3390ec",
        "button_text_color": "#ffffff",
        "header_bg_color": "#ffffff",
        "bottom_bar_bg_color": "#ffffff",
        "accent_text_color": "#3390ec",
        "section_bg_color": "#ffffff",
        "section_header_text_color": "#3390ec",
        "section_separator_color": "#e6e6e6",
        "subtitle_text_color": "#707579",
        "destructive_text_color": "#e53935",
    },
    "dark": {
        "bg_color": "#212121",
        "secondary_bg_color": "#181818",
        "text_color": "#ffffff",
        "hint_color": "#aaaaaa",
        "link_color": "#8774e1",
        "button_color": "#8774e1",
        "button_text_color": "#ffffff",
        "header_bg_color": "#212121",
        "bottom_bar_bg_color": "#212121",
        "accent_text_color": "#8774e1",
        "section_bg_color": "#212121",
        "section_header_text_color": "#8774e1",
        "section_separator_color": "#2f2f2f",
        "subtitle_text_color": "#aaaaaa",
        "destructive_text_color": "#e53935",
    },
}
# Not Telegram's: whoever checks third-party signatures is told to trust this one instead.
_SIGNER = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"tgsandbox signs").digest())


def public_key() -> str:
    """By which a third party checks `signature`, in hex."""
    return _SIGNER.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex()


def init_data(world: World, user: User, bot: Bot, *, at: int | None = None, **more: str) -> str:
    """Signed as Telegram signs it: for the bot by its token, for others by our key."""
    fields = {
        "user": json.dumps(_user(user), ensure_ascii=False, separators=(",", ":")),
        **more,
        "auth_date": str(at if at is not None else world.clock.now()),
    }
    fields["signature"] = _signature(bot, fields)
    return _hashed(bot, fields)


def signed_contact(world: World, bot: Bot, contact: Json) -> str:
    """What an app gets after requestContact: signed for the bot, as initData is."""
    told = json.dumps(contact, ensure_ascii=False, separators=(",", ":"))
    return _hashed(bot, {"contact": told, "auth_date": str(world.clock.now())})


def open_by_button(world: World, user: User, bot: Bot, chat: Chat, url: str) -> str:
    """From an inline button or the menu button: the app may answer with a message."""
    query = world.ask("web_app", bot, user, lives=QUERY_LIVES, chat=chat.key)
    return address(url, init_data(world, user, bot, query_id=query.id))


def open_by_keyboard(url: str) -> str:
    """From the reply keyboard: the app does not learn who it is, it can only send data back."""
    return address(url, "")


def open_by_link(world: World, user: User, bot: Bot, chat: Chat, *, url: str, start: str) -> str:
    """From t.me/bot/app?startapp=..."""
    more: Any = {"chat_instance": world.chat_instance(chat), "chat_type": "sender"}
    if start:
        more["start_param"] = start
        url = _with_query(url, "tgWebAppStartParam", start)
    return address(url, init_data(world, user, bot, **more))


def address(url: str, data: str, *, theme: str = "light", platform: str = "tdesktop") -> str:
    """The URL with what a client adds behind the #, a fragment of its own kept before."""
    fragment = urlencode(
        {
            "tgWebAppData": data,
            "tgWebAppVersion": VERSION,
            "tgWebAppPlatform": platform,
            "tgWebAppThemeParams": json.dumps(THEMES[theme], separators=(",", ":")),
        }
    )
    parts = urlsplit(url)
    before = f"{parts.fragment}&" if parts.fragment else ""
    return parts._replace(fragment=before + fragment).geturl()


def _user(user: User) -> Json:
    found: Json = {
        "id": user.id,
        "first_name": user.first_name,
        "last_name": user.last_name or "",
    }
    if user.username:
        found["username"] = user.username
    if user.language:
        found["language_code"] = user.language
    if user.premium:
        found["is_premium"] = True
    found["allows_write_to_pm"] = True
    return found


def _hashed(bot: Bot, fields: dict[str, str]) -> str:
    secret = hmac.new(b"WebAppData", bot.token.encode(), hashlib.sha256).digest()
    digest = hmac.new(secret, _lines(fields), hashlib.sha256).hexdigest()
    return urlencode(fields | {"hash": digest})


def _lines(fields: dict[str, str]) -> bytes:
    return "\n".join(f"{name}={fields[name]}" for name in sorted(fields)).encode()


def _signature(bot: Bot, fields: dict[str, str]) -> str:
    signed = _SIGNER.sign(f"{bot.id}:WebAppData\n".encode() + _lines(fields))
    return base64.urlsafe_b64encode(signed).decode().rstrip("=")


def _with_query(url: str, name: str, value: str) -> str:
    parts = urlsplit(url)
    added = urlencode({name: value})
    return parts._replace(query=f"{parts.query}&{added}" if parts.query else added).geturl()
