"""Amounts as the app's texts show them."""

from kassa.money import Money


def price_text(price: Money) -> str:
    """`$5` rather than `$5.00`. The rest is written by the texts, as their language does."""
    return price.format("en").removesuffix(".00") if price.currency == "USD" else str(price)
