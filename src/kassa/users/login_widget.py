"""The Login Widget's data: who pressed "Log in with Telegram" on a website."""

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from kassa.secret import Secret
from kassa.users import signed

MOST = 4096  # characters of all its values

WrongLogin = signed.Wrong


@dataclass(frozen=True, slots=True)
class WidgetLogin:
    id: int
    first_name: str
    last_name: str
    username: str
    photo_url: str
    auth_date: datetime


def verify(
    data: Mapping[str, object],
    *,
    tokens: Iterable[Secret | bytes],
    at: datetime,
    fresh: timedelta = signed.DAY,
) -> WidgetLogin:
    """Of any of these bots. Raises WrongLogin, and nothing else."""
    fields = {name: _text(value) for name, value in data.items()}
    if sum(map(len, fields.values())) > MOST:
        raise WrongLogin("The login data is longer than any of Telegram's.")
    told = signed.digest(fields.pop("hash", None))
    lines = signed.lines(fields)
    right = False
    for token in tokens:
        raw = token if isinstance(token, bytes) else token.reveal().encode()
        secret = hashlib.sha256(raw).digest()
        right |= hmac.compare_digest(hmac.digest(secret, lines, hashlib.sha256), told)
    if not right:
        raise WrongLogin("The hash is not what this bot's token makes of the data.")
    signed_at = signed.when(fields.get("auth_date"), at=at, fresh=fresh)
    number = fields.get("id", "")
    if not (number.isascii() and number.isdigit() and len(number) < 19 and int(number)):
        raise WrongLogin("The id is not a positive number.")
    return WidgetLogin(
        id=int(number),
        first_name=fields.get("first_name", ""),
        last_name=fields.get("last_name", ""),
        username=fields.get("username", ""),
        photo_url=fields.get("photo_url", ""),
        auth_date=signed_at,
    )


def _text(value: object) -> str:
    """JavaScript gives numbers as numbers, a query gives them as texts."""
    if isinstance(value, str):
        return value
    if type(value) is int and abs(value) < 2**63:  # a longer one, Python would not even write
        return str(value)
    raise WrongLogin("A field of the login data is neither a text nor a number.")
