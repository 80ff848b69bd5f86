"""The payload of an invoice inside Telegram: whose it is, and proof that we have made it.

It comes back with each question and with the money. What it says is signed, since other programs
with the bot's token, and bots that we do not know, make payloads, too.
"""

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass

from kassa.errors import Invalid
from kassa.money import Money
from kassa.secret import Secret

MOST = 128  # bytes

_FORM = re.compile(
    r"kassa:([A-Za-z0-9._-]{1,60}):([0-9]{1,20}):([0-9]{1,20}):([A-Z0-9]{3}):([0-9]{1,19}):([1s])"
    r":([A-Za-z0-9_-]{22})"
)


@dataclass(frozen=True, slots=True)
class Payload:
    key: str  # of the attempt
    bot: str
    payer: int  # their Telegram id
    price: Money
    subscription: bool


def key_from(secret_key: Secret) -> bytes:
    """For nothing but payloads."""
    return _hmac(secret_key.reveal().encode(errors="surrogatepass"), "kassa.payments.payload")


def make(secret: bytes, payload: Payload) -> str:
    price = payload.price
    kind = "s" if payload.subscription else "1"
    said = (
        f"kassa:{payload.key}:{payload.bot}:{payload.payer}:{price.currency}:{price.amount}:{kind}"
    )
    text = f"{said}:{_tag(secret, said)}"
    if len(text) > MOST or not _FORM.fullmatch(text):
        raise Invalid("This cannot be said in the payload of an invoice.")
    return text


def read(secret: bytes, text: object) -> Payload | None:
    """None for what is not ours, or was changed."""
    found = _FORM.fullmatch(text) if isinstance(text, str) and len(text) <= MOST else None
    if found is None:
        return None
    said = found[0].rpartition(":")[0]
    if not hmac.compare_digest(found[7], _tag(secret, said)):
        return None
    key, bot, payer, currency, amount, kind, _ = found.groups()
    return Payload(key, bot, int(payer), Money(int(amount), currency), kind == "s")


def _tag(secret: bytes, said: str) -> str:
    return base64.urlsafe_b64encode(_hmac(secret, said)[:16]).decode().rstrip("=")


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), hashlib.sha256).digest()
