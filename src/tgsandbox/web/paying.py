"""The payment sheet over HTTP: opened, filled in, paid or given up, step by step."""

import secrets

from tgsandbox.given import Given, Wrong
from tgsandbox.telegram.payments.checkout import Checkout, Receipt
from tgsandbox.telegram.payments.currencies import CURRENCIES
from tgsandbox.telegram.payments.failures import PaymentFailed, VerificationNeeded
from tgsandbox.telegram.records import Json, User
from tgsandbox.telegram.world import World
from tgsandbox.web.doing import MOST, Scene

MOST_OPEN = 200
STEPS = {  # with the names that each understands
    "open": ("link", "chat", "message"),
    "look": ("id",),  # after an answer was lost on its way
    "submit": ("id", "info"),
    "pay": ("id", "card", "tip", "shipping_option"),
    "confirm": ("id", "agreed"),
    "close": ("id",),
    "receipt": ("charge",),
}


class Paying:
    def __init__(self, world: World) -> None:
        self._world = world
        self._open: dict[str, Checkout] = {}

    async def step(self, name: str, scene: Scene, values: Json) -> Json:  # noqa: PLR0911
        if name not in STEPS:
            raise Wrong(f"There is no step {name!r}.", 404)
        given = Given(values, STEPS[name])
        if name == "open":
            return self._opened(scene, given)
        if name == "receipt":
            return self._kept(scene.user, given.text("charge"))
        key = given.text("id")
        checkout = self._open.get(key)
        if checkout is None or checkout.user is not scene.user:
            raise PaymentFailed("CHECKOUT_CLOSED")
        match name:
            case "submit":
                info = given.values.get("info")
                options = await checkout.submit(info if isinstance(info, dict) else {})
                return {"options": options, "form": checkout.form()}
            case "pay":
                return await self._pay(checkout, given)
            case "confirm":
                return _receipt(await checkout.confirm(given.flag("agreed")))
            case "close":
                checkout.give_up()
                self._open.pop(key, None)
                return {"state": checkout.state}
        return {"form": checkout.form()}

    def _opened(self, scene: Scene, given: Given) -> Json:
        till, message = self._world.till, None
        if link := given.text_or("link", None):
            invoice = till.invoice_by_link(link)
        else:
            chat = scene.chat_named(given.text("chat"))
            message = chat.messages.get(given.whole("message", 0, MOST))
            if message is None or message.invoice is None:
                raise Wrong("The invoice is gone.", 404)
            invoice = till.invoices[message.invoice]
        checkout = till.open(scene.user, invoice, message)
        while len(self._open) >= MOST_OPEN:
            self._open.pop(next(iter(self._open))).give_up()
        key = secrets.token_hex(8)
        self._open[key] = checkout
        return {"id": key, "form": checkout.form()}

    async def _pay(self, checkout: Checkout, given: Given) -> Json:
        try:
            receipt = await checkout.pay(
                card=given.text_or("card", "ok"),
                tip=given.whole_or("tip", 0, -MOST, MOST),
                shipping_option=given.text_or("shipping_option", None),
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
