"""Tinypay's fake, with books of its own. It is written from Tinypay's documentation, not from our
adapter: only then does it find what the adapter has misunderstood."""

import hashlib
import hmac
import json
from typing import Any, ClassVar

from tgsandbox.providers.bank import (
    Impossible,
    Json,
    Letter,
    Payment,
    Refused,
    Request,
    Response,
    Shop,
    call,
    json_response,
)
from tgsandbox.providers.records import Callback
from tgsandbox.providers.shop import Route

NAMES = {"waiting": "new", "failed": "refused"}  # the others are called the same
FEE = 2  # percent


def wrong(status: int, words: str) -> Refused:
    return Refused(json_response({"error": words}, status))


class TinypayBank(Shop):
    provider = "tinypay"
    title = "Tinypay"
    ladder = (10, 60, 600)
    own_faults: ClassVar = ("limit",)

    @property
    def credentials(self) -> dict[str, str]:
        secret = self.callback_secret(self._rotations)
        return {"key": f"tiny_test_{self.secret('key')}", "secret": secret}

    def owns(self, request: Request) -> bool:
        return request.headers["authorization"] == f"Bearer {self.credentials['key']}"

    @classmethod
    def stranger(cls, request: Request) -> Response:
        return json_response({"error": "Whose key is this?"}, 401)

    def trouble(self, status: int, what: str = "") -> Response:
        return json_response({"error": what or "trouble"}, status)

    def answer(self, request: Request, route: Route, spoilt: int = 0) -> Response:
        if request.fault == "limit":
            return self.trouble(429, "Too many requests.")
        return super().answer(request, route, spoilt)

    # --- calls

    @call("create", "POST", "/v1/payments")
    def create(self, request: Request) -> Response:
        given, key = request.json, request.headers["idempotency-key"]
        if known := self._known(key):
            return json_response(self._shown(self.payment(known)))
        if given["amount"] < 100:
            raise wrong(422, "The least is 1.00.")
        payment = self.add(
            Payment(
                ref=self.new_id("tp_"),
                key=given["order"],
                amount=given["amount"],
                currency=given["currency"],
                created=self.now(),
                expires=given["until"] or 0.0,
                title=given["title"],
                success_url=given["back"],
                data={"refunds": {}},
            )
        )
        self._asked[key] = payment.ref
        return json_response(self._shown(payment), 201)

    @call("list", "GET", "/v1/payments")
    def list(self, request: Request) -> Response:
        asked = request.asked
        since, until = float(asked.get("since", 0)), float(asked.get("until", "inf"))
        found = [
            self._shown(each)
            for each in self.payments
            if ("order" not in asked or each.key == asked["order"])
            and (not since or since <= each.data.get("moved", -1) <= until)
        ]
        return json_response({"items": found})

    @call("status", "GET", "/v1/payments/{id}")
    def status(self, request: Request) -> Response:
        return json_response(self._shown(self._named(request)))

    @call("cancel", "POST", "/v1/payments/{id}/cancel")
    def cancel_call(self, request: Request) -> Response:
        payment = self._named(request)
        if not payment.open:
            raise wrong(409, f"It is {payment.state}.")
        self.do_cancel(payment)
        return json_response(self._shown(payment))

    @call("refund", "POST", "/v1/payments/{id}/refunds")
    def refund_call(self, request: Request) -> Response:
        payment, key = self._named(request), request.headers["idempotency-key"]
        refunds = payment.data["refunds"]
        if key not in refunds:
            amount = request.json["amount"]
            if not 0 < amount <= payment.paid - payment.refunded:
                raise wrong(402, "There is not so much left of it.")
            refunds[key] = self.new_id("tr_")
            self.do_refund(payment, amount)
        return json_response({"id": refunds[key], "state": "done"})

    # --- what payers and the bank do

    def do_pay(self, payment: Payment, amount: int, currency: str, again: bool) -> None:
        if not payment.open or again or currency != payment.currency:
            raise Impossible(f"{payment.ref} is {payment.state}, and paid in {payment.currency}.")
        payment.state, payment.paid, payment.paid_at = "paid", amount, self.now()
        payment.data["fee"] = amount * FEE // 100
        self.book("paid", payment, amount, charge=payment.ref)
        self.book("fee", payment, payment.data["fee"], charge=payment.ref)
        self._moved("payment.paid", payment)

    def do_refund(self, payment: Payment, amount: int) -> None:
        payment.refunded += amount
        self.book("refund", payment, amount, charge=payment.ref)
        self._moved("payment.refunded", payment)

    def do_decline(self, payment: Payment) -> None:
        payment.state = "failed"
        self._moved("payment.refused", payment)

    def do_expire(self, payment: Payment) -> None:
        payment.state = "expired"
        self._moved("payment.expired", payment)

    def do_cancel(self, payment: Payment) -> None:
        payment.state = "canceled"
        self._moved("payment.canceled", payment)

    # --- callbacks

    def payload(self, payment: Payment, event: str, changes: Json) -> Json:
        told = self._shown(payment) | changes
        return {"id": self.new_id("te_"), "type": event, "payment": told}

    def letter(self, callback: Callback, *, at: float, secrets: Any) -> Letter:
        body = json.dumps(callback.payload).encode()
        made = [hmac.new(each.encode(), body, hashlib.sha256).hexdigest() for each in secrets]
        return Letter(callback.url, body, {"tinypay-signature": ",".join(made)})

    # --- payments

    @property
    def _asked(self) -> Json:
        found: Json = self.memory.setdefault("asked", {})
        return found

    def _known(self, key: str) -> str:
        return str(self._asked.get(key, ""))

    def _named(self, request: Request) -> Payment:
        payment = self.find(request.parts["id"])
        if payment is None:
            raise wrong(404, "There is no such payment.")
        return payment

    def _moved(self, event: str, payment: Payment) -> None:
        payment.data["moved"] = self.now()
        self.tell(event, payment)

    def _shown(self, payment: Payment) -> Json:
        return {
            "id": payment.ref,
            "order": payment.key,
            "state": NAMES.get(payment.state, payment.state),
            "currency": payment.currency,
            "amount": payment.amount,
            "paid": payment.paid,
            "fee": payment.data.get("fee", 0),
            "refunded": payment.refunded,
            "paid_at": payment.paid_at or None,
            "until": payment.expires or None,
            "url": self.page_of(payment.ref),
        }
