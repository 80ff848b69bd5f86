"""Invoices inside Telegram: what one may say and ask, in words before Telegram says so in codes."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from kassa.errors import Invalid
from kassa.money import Money, telegram_exponent
from kassa.payments.providers.protocol import Invoice

STARS = "XTR"
TITLE, DESCRIPTION, LABEL = 32, 255, 64  # characters at most; the last is our own wish
MOST_STARS = 100_000
MOST_STARS_A_MONTH = 10_000  # of a subscription
MOST_TIPS = 4


def check(invoice: Invoice, amount: Money) -> None:
    """Raises Invalid for what Telegram would refuse."""
    telegram_exponent(amount.currency)
    if len(invoice.title) > TITLE:
        raise Invalid(f"The title of an invoice has {TITLE} characters at most.")
    if len(invoice.description) > DESCRIPTION:
        raise Invalid(f"The description of an invoice has {DESCRIPTION} characters at most.")
    if invoice.photo_url and not invoice.photo_url.startswith(("https://", "http://")):
        raise Invalid("The photo of an invoice is named by its address, https://…")
    _check_tips(invoice)
    if amount.currency == STARS:
        _check_stars(invoice, amount)
    elif invoice.subscription:
        raise Invalid("Only Stars are paid as a subscription.")


def _check_tips(invoice: Invoice) -> None:
    tips = invoice.suggested_tips
    if invoice.max_tip < 0 or any(tip <= 0 for tip in tips):
        raise Invalid("A tip is more than nothing.")
    if len(tips) > MOST_TIPS:
        raise Invalid(f"At most {MOST_TIPS} tips are suggested.")
    if list(tips) != sorted(set(tips)):
        raise Invalid("Suggested tips go from the smallest to the largest.")
    if any(tip > invoice.max_tip for tip in tips):
        raise Invalid("A suggested tip is larger than the largest one allowed.")


def _check_stars(invoice: Invoice, amount: Money) -> None:
    asks = (
        invoice.max_tip,
        invoice.need_name,
        invoice.need_phone,
        invoice.need_email,
        invoice.need_address,
        invoice.send_phone,
        invoice.send_email,
        invoice.flexible,
    )
    if any(asks):
        raise Invalid("An invoice in Stars has no tips, no shipping, and asks the payer nothing.")
    most = MOST_STARS_A_MONTH if invoice.subscription else MOST_STARS
    if amount.amount > most:
        raise Invalid(f"At most {most} Stars are paid that way.")


def cut(text: str, most: int) -> str:
    """The text in one line, ended by … at a word where it is too long."""
    line = " ".join(text.split())
    if len(line) <= most:
        return line
    head = line[: most - 1]
    words, space, _ = head.rpartition(" ")
    if space and len(words) >= most // 2 and line[most - 1] != " ":
        head = words
    return head.rstrip(" ,.;:!?-–—(") + "…"


def written(invoice: Invoice) -> dict[str, Any]:
    """Only what is not as usual."""
    said = {each.name: getattr(invoice, each.name) for each in fields(Invoice)}
    return {name: value for name, value in said.items() if value}


def read(said: Mapping[str, Any] | None) -> Invoice | None:
    if said is None:
        return None
    return Invoice(**{**said, "suggested_tips": tuple(said.get("suggested_tips", ()))})
