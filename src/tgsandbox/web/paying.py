"""The payment sheet over HTTP: opened, filled in, paid or given up, step by step."""

import secrets
from typing import Any

from tgsandbox.given import Wrong
from tgsandbox.telegram.payments.checkout import Checkout, Receipt
from tgsandbox.telegram.payments.currencies import CURRENCIES
from tgsandbox.telegram.payments.failures import PaymentFailed, VerificationNeeded
from tgsandbox.telegram.records import Json, User
from tgsandbox.telegram.world import World

MOST_OPEN = 200


class Paying:
    def __init__(self, world: World) -> None:
        self._world = world
        self._open: dict[str, Checkout] = {}

    async def step(self, name: str, user: User, given: Json) -> Json:  # noqa: PLR0911
        if name == "open":
            return self._opened(user, given)
        if name == "receipt":
            return self._kept(user, str(given.get("charge")))
        checkout = self._open.get(str(given.get("id")))
        if checkout is None or checkout.user is not user:
            raise PaymentFailed("CHECKOUT_CLOSED")
        match name:
            case "look":  # after an answer was lost on its way
                return {"form": checkout.form()}
            case "submit":
                info: Any = given.get("info")
                options = await checkout.submit(info if isinstance(info, dict) else {})
                return {"options": options, "form": checkout.form()}
            case "pay":
                return await self._pay(checkout, given)
            case "confirm":
                return _receipt(await checkout.confirm(bool(given.get("agreed"))))
            case "close":
                checkout.give_up()
                self._open.pop(str(given["id"]), None)
                return {"state": checkout.state}
        raise Wrong(f"There is no step {name!r}.", 404)

    def _opened(self, user: User, given: Json) -> Json:
        till, message = self._world.till, None
        if "link" in given:
            invoice = till.invoice_by_link(str(given["link"]))
        else:
            chat = self._world.chats.get(str(given.get("chat")))
            message = chat.messages.get(int(given.get("message", 0))) if chat else None
            if message is None or message.invoice is None or chat is None:
                raise Wrong("The invoice is gone.", 404)
            if not self._world.is_member(chat, user.id):
                raise Wrong("There is no such chat.", 404)
            invoice = till.invoices[message.invoice]
        checkout = till.open(user, invoice, message)
        while len(self._open) >= MOST_OPEN:
            self._open.pop(next(iter(self._open))).give_up()
        key = secrets.token_hex(8)
        self._open[key] = checkout
        return {"id": key, "form": checkout.form()}

    async def _pay(self, checkout: Checkout, given: Json) -> Json:
        option = given.get("shipping_option")
        try:
            receipt = await checkout.pay(
                card=str(given.get("card", "ok")),
                tip=int(given.get("tip", 0)),
                shipping_option=None if option is None else str(option),
            )
        except VerificationNeeded:
            return {"confirm": True}
        return _receipt(receipt)

    def _kept(self, user: User, charge_id: str) -> Json:
        """What was paid for, long after."""
        till = self._world.till
        charge = till.charges.get(charge_id)
        if charge is None or charge.user_id != user.id:
            raise Wrong("There is no such payment.", 404)
        found = {
            "bot": self._world.bots[charge.bot_id].first_name,
            "exponent": CURRENCIES[charge.currency].exponent,
            "at": charge.at,
            "refunded": charge.refunded,
            "period": charge.period,
        }
        if invoice := till.invoices.get(charge.invoice):
            found |= {"title": invoice.title, "prices": invoice.prices, "photo": invoice.photo}
            found["extra"] = charge.amount - invoice.total  # tips and shipping
        return found


def _receipt(receipt: Receipt) -> Json:
    charge = receipt.charge
    return {
        "paid": True,
        "currency": charge.currency,
        "amount": charge.amount,
        "charge": charge.id,
        "message": receipt.message.id,
    }
