"""What a page sends: JSON of a size, a key for one tap, and a price that must be ours."""

import json
import re
import unicodedata
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from fastapi import Request

from kassa.apps.miniapp.refusing import No
from kassa.errors import Invalid
from kassa.money import Money
from kassa.users import User

MOST = 64 * 1024  # bytes of a request

_KEY = re.compile(r"[A-Za-z0-9_-]{8,64}")


async def read(request: Request) -> Mapping[str, Any]:
    """A JSON object. A form of another site's cannot send one: browsers ask first, and get no."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise No(415, "bad_request")
    raw = b""
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > MOST:
            raise No(413, "bad_request")
    try:
        found = json.loads(raw, parse_float=Decimal, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise No(400, "bad_request") from None
    if not isinstance(found, dict):
        raise No(400, "bad_request")
    return found


def _no_number(name: str) -> None:
    raise ValueError(name)


def key(request: Request, user: User) -> str | None:
    """The page's name for one tap of the button, so that two of them are one."""
    said = request.headers.get("idempotency-key")
    if said is None:
        return None
    if not _KEY.fullmatch(said):
        raise No(400, "bad_request")
    return f"{user.id}:{said}"


def is_price(amount: object, price: Money) -> bool:
    if isinstance(amount, bool) or not isinstance(amount, int | Decimal):
        return False
    try:
        return Money.from_decimal(amount, price.currency) == price
    except Invalid:
        return False


def shown(said: object) -> str:
    """What somebody sent, as it may be said back to them."""
    if said is None:
        return "—"
    plain = [each for each in str(said)[:40] if unicodedata.category(each)[0] != "C"]
    return "".join(plain) or "—"
