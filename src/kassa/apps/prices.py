"""Prices as an operator writes them in kassa.toml: { USD = "5", RUB = 490, XTR = 250 }."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import BeforeValidator

from kassa.errors import Invalid
from kassa.money import Money
from kassa.payments.invoices import MOST_STARS, STARS


def _prices(given: object) -> object:
    """Currencies and amounts, as a person writes them: "5", 5 or 4.99."""
    if not isinstance(given, Mapping) or not given:
        raise ValueError('must be currencies and prices, such as { USD = "5", XTR = 250 }')
    found = {}
    for currency, amount in given.items():
        if isinstance(amount, Money):
            price = amount
        else:
            try:
                price = Money.from_decimal(str(amount), str(currency).upper())
            except Invalid as error:
                raise ValueError(str(error)) from None
        if price.amount <= 0 or price.currency == "TOK":
            raise ValueError(f"nobody can pay {price}")
        if price.currency == STARS and price.amount > MOST_STARS:
            raise ValueError(f"at most {MOST_STARS} Stars can be paid at once")
        found[price.currency] = price
    return found


Prices = Annotated[Mapping[str, Money], BeforeValidator(_prices)]
