"""What a page asks for, against what we sell: prices are ours, never the request's."""

import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from fastapi import Request

from kassa.apps.tokens.options import Options
from kassa.apps.tokens.refusing import No
from kassa.apps.tokens.words import price_text
from kassa.errors import Invalid
from kassa.money import Money
from kassa.users import User

MOST = 64 * 1024  # bytes of a request
MOST_EMAIL = 254

_EMAIL = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@"
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}"
)
_KEY = re.compile(r"[A-Za-z0-9_-]{8,64}")


@dataclass(frozen=True, slots=True)
class Order:
    tokens: int
    price: Money
    method: str
    email: str


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


def order(given: Mapping[str, Any], user: User, options: Options) -> Order:
    said = given.get("user_id")
    if type(said) is not int or said != user.telegram_id:
        raise No(400, "wrong_user", proved=user.telegram_id, said=_shown(said))
    tokens = given.get("credits")
    package = options.package(tokens) if type(tokens) is int else None
    if package is None:
        there = ", ".join(str(each.tokens) for each in options.packages)
        raise No(400, "wrong_credits", said=_shown(tokens), there=there)
    currency = given.get("currency")
    price = package.prices.get(currency) if isinstance(currency, str) else None
    if price is None:
        raise No(400, "wrong_currency", said=_shown(currency), there=", ".join(package.prices))
    amount = given.get("amount")
    if not _is(amount, price):
        told: dict[str, Any] = {
            "tokens": package.tokens,
            "price": price_text(price),
            "said": _shown(amount),
        }
        raise No(400, "wrong_amount", **told)
    method, email = given.get("payment_method"), given.get("email") or ""
    if not isinstance(method, str) or not method:
        raise No(400, "no_method")
    if not isinstance(email, str) or not _is_email(email, needed=method == "card"):
        raise No(400, "bad_email")
    return Order(package.tokens, price, method, email.strip())


def key(request: Request, user: User) -> str | None:
    """The page's name for one tap of the button, so that two of them are one."""
    said = request.headers.get("idempotency-key")
    if said is None:
        return None
    if not _KEY.fullmatch(said):
        raise No(400, "bad_request")
    return f"{user.id}:{said}"


def _is(amount: object, price: Money) -> bool:
    if isinstance(amount, bool) or not isinstance(amount, int | Decimal):
        return False
    try:
        return Money.from_decimal(amount, price.currency) == price
    except Invalid:
        return False


def _is_email(text: str, *, needed: bool) -> bool:
    text = text.strip()
    if not text:
        return not needed
    return len(text) <= MOST_EMAIL and _EMAIL.fullmatch(text) is not None and ".." not in text


def _shown(said: object) -> str:
    """What somebody sent, as it may be said back to them."""
    if said is None:
        return "—"
    plain = [each for each in str(said)[:40] if unicodedata.category(each)[0] != "C"]
    return "".join(plain) or "—"
