"""Cards inside Telegram, by the payment providers that @BotFather connects. They tell Telegram,
and Telegram tells us; giving back is done in the provider's own cabinet."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from kassa.botapi import BotApi
from kassa.config import Settings
from kassa.errors import Invalid
from kassa.money import Money
from kassa.payments.invoices import LABEL, cut
from kassa.payments.providers.native import Native, bots_of, payload_key
from kassa.payments.providers.protocol import Abilities, Checkout, Invoice, Item, Method, Order
from kassa.payments.providers.yookassa_shapes import receipt_lines
from kassa.secret import Secret

TOKEN = "provider_token"  # noqa: S105 (a name)


def from_settings(settings: Settings) -> "Telegram | None":
    tokens = {str(each.id): each.provider_tokens for each in settings.bots}
    if not any(tokens.values()):
        return None
    vat = settings.yookassa_vat_code if settings.yookassa_receipts else None
    return Telegram(bots_of(settings), payload_key(settings), tokens, vat=vat)


class Telegram(Native):
    name = "telegram"
    abilities = Abilities(refund="person", status=False, list=False, find=True)

    def __init__(
        self,
        bots: Mapping[str, BotApi],
        key: bytes,
        tokens: Mapping[str, Mapping[str, Secret]],
        *,
        vat: int | None = None,
    ) -> None:
        """`tokens` by bot and currency; `vat` is the code of the usual rate, where YooKassa makes
        receipts by 54-FZ."""
        super().__init__(bots, key)
        self._tokens = tokens
        self._vat = vat
        currencies = dict.fromkeys(code for each in tokens.values() for code in each)
        self.methods = (Method("card", tuple(currencies)),)

    def prices(self, order: Order) -> list[tuple[str, Money]]:
        if not order.items:
            return [(cut(order.description, LABEL), order.amount)]
        return [(cut(_label(each), LABEL), each.amount * each.quantity) for each in order.items]

    def more(self, order: Order, bot: str) -> dict[str, Any]:
        if order.amount.currency not in self._tokens.get(bot, {}):
            raise Invalid(f"Bot {bot} has no provider token for {order.amount.currency}.")
        if self._vat is None or order.amount.currency != "RUB":
            return {}
        return _with_receipt(order, self._vat)

    def shown(self, checkout: Checkout, bot: str) -> Checkout:
        """The token is not kept with the invoice: it opens a till."""
        found = self.bot(bot)
        invoice = checkout.invoice
        tokens = self._tokens.get(str(found.id), {}) if found else {}
        if invoice is None or invoice["currency"] not in tokens:
            return checkout
        token = tokens[invoice["currency"]].reveal()
        return replace(checkout, invoice={**invoice, TOKEN: token})


def _label(item: Item) -> str:
    return item.description if item.quantity == 1 else f"{item.description} × {item.quantity}"


def _with_receipt(order: Order, vat: int) -> dict[str, Any]:
    """The receipt goes to the email or phone that the payer gives Telegram, or that we know."""
    wanted, payer = order.invoice or Invoice(), order.payer
    if wanted.max_tip or wanted.flexible:
        raise Invalid("The lines of a receipt must come to the total: no tips, no shipping.")
    lines = order.items or [Item(order.description, order.amount)]
    receipt: dict[str, Any] = {"items": receipt_lines(lines, vat)}
    asked: dict[str, Any] = {}
    if payer.email:
        receipt["customer"] = {"email": payer.email}
    elif payer.phone:
        receipt["customer"] = {"phone": payer.phone.lstrip("+")}
    elif not wanted.send_phone:
        asked = {"need_email": True, "send_email_to_provider": True}
    return asked | {"provider_data": json.dumps({"receipt": receipt}, ensure_ascii=False)}
