"""How something is paid, as a page is told: one to open, an invoice, or what to send to where."""

from collections.abc import Mapping
from typing import Any

from kassa.apps.models import Kassa
from kassa.botapi import Refused
from kassa.errors import Unavailable
from kassa.money import Money
from kassa.payments import Checkout, Payment
from kassa.payments.invoices import STARS
from kassa.texts import load


class NoLink(Exception):
    """Telegram gives no link to an invoice just now."""


def number(price: Money) -> float | int:
    return int(price.amount) if price.currency == STARS else float(price.decimal)


async def told(kassa: Kassa, payment: Payment, checkout: Checkout, language: str) -> dict[str, Any]:
    """Raises NoLink."""
    to_send = checkout.amount or payment.price
    said: dict[str, Any] = {
        "payment_id": str(payment.id),
        "payment_url": checkout.mini_app_url or checkout.url,
        "kind": "redirect",
        "amount": number(to_send),
        "currency": to_send.currency,
        "expires_at": min(checkout.expires_at or payment.expires_at, payment.expires_at),
    }
    if checkout.invoice is not None:
        said["kind"] = "invoice"
        said["invoice_url"] = said["payment_url"] = await _link(kassa, payment, checkout.invoice)
    elif checkout.requisites:
        said["kind"] = "requisites"
        names = load("kassa.payments")
        said["requisites"] = [
            {
                "id": each.name,
                "name": names.say(language, "requisite", name=each.name),
                "value": each.value,
            }
            for each in checkout.requisites
        ]
    return said


async def _link(kassa: Kassa, payment: Payment, invoice: Mapping[str, Any]) -> str:
    """Of an invoice that Telegram opens above the page."""
    bot = kassa.bots[payment.bot]
    params = {name: value for name, value in invoice.items() if name != "protect_content"}
    try:
        return str(await bot.api.call("createInvoiceLink", params, seconds=10))
    except (Refused, Unavailable):
        raise NoLink from None
