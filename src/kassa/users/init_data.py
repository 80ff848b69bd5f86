"""A Mini App's init data: who opened it, signed by Telegram for the bot, and for everybody.

found = verify(text, token=bot.token, at=clock.now())
found.user.id
"""

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import unquote_to_bytes

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from kassa.secret import Secret
from kassa.users import signed

MOST = 16 * 1024  # bytes; Telegram's own are below one kilobyte
TELEGRAM = bytes.fromhex("e7bf03a2fa4602af4580703d88dda5bb59f32ed8b02a56c187fe7d34caed242d")
TELEGRAM_TEST = bytes.fromhex("40055058a4ee38156a06562e52eece92a771bcd8346a8c4615cb7376eddf72ec")

_BAD_PERCENT = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_SIGNATURE = re.compile(r"[A-Za-z0-9_-]{86}={0,2}")
_MOST_ID = 2**63 - 1

WrongInitData = signed.Wrong


class WrongSignature(WrongInitData):
    """It was changed, or is another bot's."""


@dataclass(frozen=True, slots=True)
class WebAppUser:
    id: int
    first_name: str
    last_name: str = ""
    username: str = ""
    language_code: str = ""
    is_bot: bool = False
    is_premium: bool = False
    allows_write_to_pm: bool = False
    photo_url: str = ""


@dataclass(frozen=True, slots=True)
class WebAppChat:
    id: int
    type: str
    title: str = ""
    username: str = ""
    photo_url: str = ""


@dataclass(frozen=True, slots=True)
class InitData:
    """Texts that were not there are empty."""

    user: WebAppUser
    auth_date: datetime
    query_id: str = ""
    start_param: str = ""
    chat: WebAppChat | None = None
    chat_type: str = ""
    chat_instance: str = ""
    receiver: WebAppUser | None = None


def verify(
    text: str, *, token: Secret | bytes, at: datetime, fresh: timedelta = signed.DAY
) -> InitData:
    """By the bot's token, as whoever runs the bot does. Raises WrongInitData, and nothing else."""
    return verify_of_bots(text, tokens=[token], at=at, fresh=fresh)


def verify_of_bots(
    text: str, *, tokens: Iterable[Secret | bytes], at: datetime, fresh: timedelta = signed.DAY
) -> InitData:
    """Where it may be any of several bots' data."""
    fields = _fields(text)
    told = signed.digest(fields.pop("hash", None))
    lines = signed.lines(fields)
    right = False
    for token in tokens:
        raw = token if isinstance(token, bytes) else token.reveal().encode()
        secret = hmac.digest(b"WebAppData", raw, hashlib.sha256)
        right |= hmac.compare_digest(hmac.digest(secret, lines, hashlib.sha256), told)
    if not right:
        raise WrongSignature("The hash is not what this bot's token makes of the data.")
    return _read(fields, at=at, fresh=fresh)


def verify_third_party(
    text: str,
    *,
    bot_id: int,
    at: datetime,
    test: bool = False,
    fresh: timedelta = signed.DAY,
    public_key: bytes | None = None,
) -> InitData:
    """By Telegram's public key, as everybody can. `test` is Telegram's test environment, and
    `public_key` that of another signer, such as a sandbox."""
    fields = _fields(text)
    fields.pop("hash", None)
    told = fields.pop("signature", None)
    if told is None:
        raise WrongInitData("The signature is missing.")
    if not _SIGNATURE.fullmatch(told):
        raise WrongInitData("The signature is not 64 bytes in base64url.")
    key = public_key or (TELEGRAM_TEST if test else TELEGRAM)
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(
            base64.urlsafe_b64decode(told.rstrip("=") + "=="),
            f"{bot_id}:WebAppData\n".encode() + signed.lines(fields),
        )
    except InvalidSignature:
        raise WrongSignature("The signature is not Telegram's for this bot.") from None
    return _read(fields, at=at, fresh=fresh)


def _fields(text: str) -> dict[str, str]:
    """A field without a value is a field, too: it is signed like the rest."""
    try:
        raw = text.encode()
    except UnicodeEncodeError:
        raise WrongInitData("The init data is not Unicode.") from None
    if len(raw) > MOST:
        raise WrongInitData("The init data is longer than any of Telegram's.")
    if not raw:
        raise WrongInitData("The init data is empty. Open the app by a button of the bot's.")
    if _BAD_PERCENT.search(raw):
        raise WrongInitData("The init data has a % that encodes nothing.")
    fields: dict[str, str] = {}
    for part in raw.split(b"&"):
        name, equals, value = part.replace(b"+", b" ").partition(b"=")
        if not equals:
            raise WrongInitData("The init data has a field without =.")
        try:
            key, told = unquote_to_bytes(name).decode(), unquote_to_bytes(value).decode()
        except UnicodeDecodeError:
            raise WrongInitData("The init data is not UTF-8.") from None
        if key in fields:
            raise WrongInitData("The init data has a field twice.")
        fields[key] = told
    return fields


def _read(fields: Mapping[str, str], *, at: datetime, fresh: timedelta) -> InitData:
    """Of what is signed already; still, what has no user is of no use."""
    signed_at = signed.when(fields.get("auth_date"), at=at, fresh=fresh)
    if not fields.get("user"):
        raise WrongInitData("The init data has no user.")
    return InitData(
        user=_user(_json(fields["user"], "user")),
        auth_date=signed_at,
        query_id=fields.get("query_id", ""),
        start_param=fields.get("start_param", ""),
        chat=_chat(_json(fields["chat"], "chat")) if fields.get("chat") else None,
        chat_type=fields.get("chat_type", ""),
        chat_instance=fields.get("chat_instance", ""),
        receiver=_user(_json(fields["receiver"], "receiver")) if fields.get("receiver") else None,
    )


def _json(text: str, what: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise WrongInitData(f"The {what} is not a JSON object.")
    return found


def _user(found: Mapping[str, Any]) -> WebAppUser:
    number = found.get("id")
    if type(number) is not int or not 0 < number <= _MOST_ID:
        raise WrongInitData("The user's id is not a positive number.")
    return WebAppUser(
        id=number,
        first_name=_text(found, "first_name"),
        last_name=_text(found, "last_name"),
        username=_text(found, "username"),
        language_code=_text(found, "language_code"),
        is_bot=found.get("is_bot") is True,
        is_premium=found.get("is_premium") is True,
        allows_write_to_pm=found.get("allows_write_to_pm") is True,
        photo_url=_text(found, "photo_url"),
    )


def _chat(found: Mapping[str, Any]) -> WebAppChat:
    number = found.get("id")
    if type(number) is not int or abs(number) > _MOST_ID:
        raise WrongInitData("The chat's id is not a number.")
    return WebAppChat(
        id=number,
        type=_text(found, "type"),
        title=_text(found, "title"),
        username=_text(found, "username"),
        photo_url=_text(found, "photo_url"),
    )


def _text(found: Mapping[str, Any], name: str) -> str:
    value = found.get(name)
    return value if isinstance(value, str) else ""
