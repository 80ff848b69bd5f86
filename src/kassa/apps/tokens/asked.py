"""What a page asks for, against what we sell: prices are ours, never the request's."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kassa.apps.miniapp import asking
from kassa.apps.miniapp.refusing import No
from kassa.apps.tokens.options import Options
from kassa.apps.tokens.words import price_text
from kassa.money import Money
from kassa.payments import Offer
from kassa.users import User

MOST_EMAIL = 254

_EMAIL = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@"
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}"
)


@dataclass(frozen=True, slots=True)
class Order:
    tokens: int
    price: Money
    method: str
    email: str


def order(
    given: Mapping[str, Any],
    user: User,
    options: Options,
    offers: Callable[[Money], Sequence[Offer]],
) -> Order:
    said = given.get("user_id")
    if type(said) is not int or said != user.telegram_id:
        raise No(400, "wrong_user", proved=user.telegram_id, said=asking.shown(said))
    tokens = given.get("credits")
    package = options.package(tokens) if type(tokens) is int else None
    if package is None:
        there = ", ".join(str(each.tokens) for each in options.packages)
        raise No(400, "wrong_credits", said=asking.shown(tokens), there=there)
    currency = given.get("currency")
    sold = {code: price for code, price in package.prices.items() if offers(price)}
    price = sold.get(currency) if isinstance(currency, str) else None
    if price is None:
        raise No(400, "wrong_currency", said=asking.shown(currency), there=", ".join(sold) or "—")
    amount = given.get("amount")
    if not asking.is_price(amount, price):
        told: dict[str, Any] = {
            "tokens": package.tokens,
            "price": price_text(price),
            "said": asking.shown(amount),
        }
        raise No(400, "wrong_amount", **told)
    method, email = given.get("payment_method"), given.get("email") or ""
    if not isinstance(method, str) or not method:
        raise No(400, "no_method")
    if not isinstance(email, str) or not _is_email(email, needed=method == "card"):
        raise No(400, "bad_email")
    return Order(package.tokens, price, method, email.strip())


def _is_email(text: str, *, needed: bool) -> bool:
    text = text.strip()
    if not text:
        return not needed
    return len(text) <= MOST_EMAIL and _EMAIL.fullmatch(text) is not None and ".." not in text
