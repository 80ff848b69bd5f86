"""What Stripe remembers, and the events by which it tells of that."""

import copy
import hashlib
import hmac
import json
from typing import Any

from tgsandbox.providers import stripe_objects as made
from tgsandbox.providers.records import Callback, Json, Letter, Payment
from tgsandbox.providers.shop import Shop

# What an event is called here and there; `shop.callback(ref, "paid")`.
EVENTS = {
    "paid": "checkout.session.completed",
    "started": "checkout.session.completed",
    "paid_later": "checkout.session.async_payment_succeeded",
    "failed": "checkout.session.async_payment_failed",
    "expired": "checkout.session.expired",
    "authorized": "payment_intent.amount_capturable_updated",
    "refunded": "charge.refunded",
    "refund": "refund.updated",
    "disputed": "charge.dispute.created",
    "dispute_closed": "charge.dispute.closed",
}
# Sent, too, unless the shop wants others: nothing else says that held money was taken or is free,
# or that a refund did not arrive.
_SENT = ("payment_intent.succeeded", "payment_intent.canceled", "refund.failed")
_HOUR = 3600
_MINE = ("type", "event_id", "created", "livemode", "api_version")  # of an event, not its object


class StripeEvents(Shop):
    """All objects are in `memory`, by the letters before the _ of their ids."""

    provider = "stripe"
    title = "Stripe"
    # Stripe says: for up to three days, with growing pauses.
    ladder = (60, 300, 1800, 2 * _HOUR, 5 * _HOUR, 10 * _HOUR, *[12 * _HOUR] * 5)

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.memory["enabled_events"] = sorted({*EVENTS.values(), *_SENT})
        self._asked: tuple[str | None, str | None] = (None, None)  # request and idempotency key

    @property
    def enabled_events(self) -> list[str]:
        """Those that are sent; ["*"] for all that there are. The rest is in the list of events."""
        found: list[str] = self.memory["enabled_events"]
        return found

    @enabled_events.setter
    def enabled_events(self, names: list[str]) -> None:
        self.memory["enabled_events"] = names

    # --- objects

    def kind(self, letters: str) -> dict[str, Json]:
        found: dict[str, Json] = self.memory.setdefault(letters, {})
        return found

    def get(self, id_: str) -> Json | None:
        return self.kind(id_.partition("_")[0]).get(id_)

    def put(self, value: Json) -> Json:
        self.kind(value["id"].partition("_")[0])[value["id"]] = value
        return value

    def newest(self, letters: str) -> list[Json]:
        return list(reversed(self.kind(letters).values()))

    def seconds(self) -> int:
        return int(self.now())

    # --- events

    def event(self, type_: str, about: Json, payment: Payment) -> None:
        """Listed in any case, and sent if the endpoint wants it."""
        happened = made.event(
            self.new_id("evt_"), self.seconds(), type_, copy.deepcopy(about), self._asked
        )
        self.put(happened)
        if type_ in self.enabled_events or "*" in self.enabled_events:
            self.tell(type_, payment, happened)

    def payload(self, payment: Payment, event: str, changes: Json) -> Json:
        """`changes` go to the event's object, but for type, event_id, created, livemode and
        api_version, which are the event's own."""
        type_ = EVENTS.get(event, event)
        about = copy.deepcopy(self._about(payment, type_)) or {}
        if event == "paid":
            about |= {"status": "complete", "payment_status": "paid"}
        about |= {name: value for name, value in changes.items() if name not in _MINE}
        said = made.event(self.new_id("evt_"), self.seconds(), type_, about, (None, None))
        mine = {name: value for name, value in changes.items() if name in _MINE}
        if "event_id" in mine:
            mine["id"] = mine.pop("event_id")
        return said | mine

    def _about(self, payment: Payment, type_: str) -> Json | None:
        kept = payment.data
        if type_.startswith("charge.dispute"):
            return self.get(kept.get("dispute", ""))
        if type_.startswith("charge."):
            return self.get(kept.get("charge", ""))
        if type_.startswith("payment_intent."):
            return self.get(kept.get("intent", ""))
        if type_.startswith("refund."):
            mine = [each for each in self.newest("re") if each["charge"] == kept.get("charge")]
            return mine[0] if mine else None
        return self.get(payment.ref)

    def callback_secret(self, generation: int) -> str:
        return f"whsec_TEST{self.secret('callback', str(generation))}"

    def letter(self, callback: Callback, *, at: float, secrets: list[str]) -> Letter:
        """Signed anew at each try, as Stripe does: the event id stays."""
        body = json.dumps(callback.payload, indent=2, ensure_ascii=False).encode()
        signed = [
            hmac.new(each.encode(), b"%d.%s" % (int(at), body), hashlib.sha256).hexdigest()
            for each in secrets
        ]
        marks = "".join(f",v1={each}" for each in signed)
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
            "Accept": "*/*; q=0.5, application/xml",
            "Cache-Control": "no-cache",
            "Stripe-Signature": f"t={int(at)}{marks},v0={'0' * 64}",
        }
        return Letter(callback.url or self.callback_url, body, headers)
