"""YooKassa: payments in rubles by its API v3, holds, receipts, saved cards, bare notifications."""

import base64
import binascii
import hashlib
import json
from typing import ClassVar

from tgsandbox.providers.records import (
    Callback,
    Json,
    Letter,
    Payment,
    Request,
    Response,
    json_response,
)
from tgsandbox.providers.shop import Route, Shop, call
from tgsandbox.providers.yookassa_asked import (
    SAVABLE,
    PaymentAsked,
    RefundAsked,
    Refusal,
    amount_in,
    fingerprint,
    key_of,
    payment_asked,
    receipt_in,
    refund_asked,
    shown_amount,
    values_of,
)
from tgsandbox.providers.yookassa_shown import (
    confirmation_shown,
    error_response,
    fee_of,
    listed,
    moment,
    shown_payment,
)
from tgsandbox.telegram.acts import Impossible

CURRENCY = "RUB"
DAY = 86_400
PAID_WITHIN = 3600  # seconds; then nobody may pay any more
CAPTURED_WITHIN = 7 * DAY  # what is held goes back to the payer
KEY_KNOWN_FOR = DAY
_EPOCH = 946_728_000  # ids begin with the seconds since noon of the first of January 2000
_EVENTS = {"paid": "payment.succeeded", "refund": "refund.succeeded"}
_UNKNOWN = (
    "Incorrect payment_id. Payment doesn't exist or access denied. "
    "Specify the payment ID created in your store."
)
_TROUBLES = {
    404: ("not_found", "Resource is not found"),
    405: ("invalid_request", "Method is not allowed"),
    429: ("too_many_requests", "Too many requests. Try again later"),
}


class YooKassa(Shop):
    provider = "yookassa"
    title = "YooKassa"
    ladder = (10, 60, 600, 1800, 3600, 3 * 3600, 6 * 3600, 12 * 3600)  # within a day
    # Beside the common ones: a saved card is declined, a refund ends canceled, too many requests.
    own_faults: ClassVar[tuple[str, ...]] = ("declined", "limit")

    @property
    def base_url(self) -> str:
        return f"{super().base_url}/v3"

    @property
    def credentials(self) -> dict[str, str]:
        number = int(hashlib.sha256(self.name.encode()).hexdigest(), 16) % 900_000 + 100_000
        return {
            "shop_id": str(number),
            "secret_key": f"test_{self.secret('key', str(self._rotations))}",
        }

    @property
    def receipts(self) -> bool:
        """Whether the shop has its receipts by 54-FZ from here: then each payment needs one."""
        return bool(self.memory.get("receipts"))

    @receipts.setter
    def receipts(self, on: bool) -> None:
        self.memory["receipts"] = on
        self.bank.changed()

    def rotate(self, *, overlap: float = 0) -> dict[str, str]:
        """A new secret key for calls; notifications are signed with nothing."""
        if overlap:
            raise Impossible(
                "YooKassa's old key is good for nothing as soon as there is a new one."
            )
        self._rotations += 1
        self.bank.changed()
        return self.credentials

    def callback_secret(self, generation: int) -> str:
        return ""

    def takes(self, status: int) -> bool:
        return status == 200

    # --- whose call it is, and how it is answered

    def owns(self, request: Request) -> bool:
        scheme, _, given = request.headers["authorization"].partition(" ")
        try:
            plain = base64.b64decode(given, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            return False
        return scheme.lower() == "basic" and plain == ":".join(self.credentials.values())

    @classmethod
    def stranger(cls, request: Request) -> Response:
        told = "Error in shopId or secret key. Check their validity."
        return error_response(401, "invalid_credentials", told, "Authorization")

    def trouble(self, status: int, what: str = "") -> Response:
        code, told = _TROUBLES.get(status, ("internal_server_error", "Something went wrong"))
        return error_response(status, code, told)

    def answer(self, request: Request, route: Route, spoilt: int = 0) -> Response:
        """A call that changes something is carried out once for its key, a day long."""
        if request.fault == "limit":
            return self.trouble(429)
        try:
            if route.verb != "POST":
                return super().answer(request, route, spoilt)
            key, asked = key_of(request), fingerprint(request)
            keys: Json = self.memory.setdefault("keys", {})
            known = keys.get(key)
            if known and known["until"] > self.now():
                if known["asked"] != asked:
                    raise Refusal("Idempotence key duplicated", "Idempotence-Key")
                response = Response(200, known["answer"].encode())
            else:
                response = super().answer(request, route)
                if response.status != 200:  # what was refused may be asked again
                    return response
                keys[key] = {
                    "asked": asked,
                    "answer": response.body.decode(),
                    "until": self.now() + KEY_KNOWN_FOR,
                }
        except Refusal as refusal:
            return error_response(refusal.status, refusal.code, str(refusal), refusal.parameter)
        return self.trouble(spoilt) if spoilt else response

    # --- payments

    @call("create", "POST", "/v3/payments")
    def create(self, request: Request) -> Response:
        asked = payment_asked(values_of(request), receipts=self.receipts, currency=CURRENCY)
        method = self._saved(asked.saved_method) if asked.saved_method else None
        payment = self.add(self._new(asked, method))
        if method is None:
            return json_response(self.shown(payment))
        if request.fault == "declined":
            self._cancel(payment, "failed", "payment_network", "insufficient_funds")
        elif method.data.get("revoked"):
            self._cancel(payment, "failed", "yoo_money", "permission_revoked")
        else:
            self._paid(payment)
        return json_response(self.shown(payment))

    @call("list", "GET", "/v3/payments")
    def list_payments(self, request: Request) -> Response:
        shown = [self.shown(each) for each in self.payments]
        return listed(shown, request.asked, ("status", "payment_method.type"))

    @call("status", "GET", "/v3/payments/{id}")
    def one(self, request: Request) -> Response:
        return json_response(self.shown(self._asked_for(request)))

    @call("capture", "POST", "/v3/payments/{id}/capture")
    def capture(self, request: Request) -> Response:
        payment, values = self._asked_for(request), values_of(request)
        if payment.state != "authorized":
            raise Refusal("Payment is not in the status waiting_for_capture", "status")
        amount = payment.amount
        if values.get("amount") is not None:
            amount, _ = amount_in(values, "amount", CURRENCY)
        if amount > payment.amount:
            raise Refusal("Amount is more than what is held", "amount.value")
        less = amount < payment.amount
        receipt = receipt_in(values, amount, CURRENCY, needed=self.receipts and less)
        payment.data["receipt"] = payment.data["receipt"] or receipt is not None
        self._capture(payment, amount)
        return json_response(self.shown(payment))

    @call("cancel", "POST", "/v3/payments/{id}/cancel")
    def cancel_payment(self, request: Request) -> Response:
        payment = self._asked_for(request)
        if payment.state != "authorized":
            raise Refusal(_UNKNOWN, "payment_id")  # so, and not in better words, does it say that
        self._cancel(payment, "canceled", "merchant", "canceled_by_merchant")
        return json_response(self.shown(payment))

    # --- refunds

    @call("refund", "POST", "/v3/refunds")
    def create_refund(self, request: Request) -> Response:
        values = values_of(request)
        asked = refund_asked(values, currency=CURRENCY)
        payment = self.find(asked.payment)
        if payment is None:
            raise Refusal(_UNKNOWN, "payment_id")
        if payment.state != "paid":
            raise Refusal("Payment is not in the status succeeded", "payment_id")
        left = payment.paid - payment.refunded
        if asked.amount > left:
            raise Refusal("Amount is more than what can be refunded", "amount.value")
        if asked.receipt is None and self.receipts and asked.amount < payment.paid:
            raise Refusal("Receipt is missing or illegal", "receipt")
        failed = "insufficient_funds" if request.fault == "declined" else ""
        return json_response(self._refund(payment, asked, failed))

    @call("list_refunds", "GET", "/v3/refunds")
    def list_refunds(self, request: Request) -> Response:
        shown = [each for payment in self.payments for each in payment.data["refunds"]]
        shown.sort(key=lambda each: str(each["created_at"]))
        return listed(shown, request.asked, ("status", "payment_id"))

    @call("refund_status", "GET", "/v3/refunds/{id}")
    def one_refund(self, request: Request) -> Response:
        for payment in self.payments:
            for each in payment.data["refunds"]:
                if each["id"] == request.parts["id"]:
                    return json_response(each)
        told = "Incorrect refund_id. Refund doesn't exist or access denied."
        raise Refusal(told, "refund_id", code="not_found", status=404)

    @call("me", "GET", "/v3/me")
    def me(self, _: Request) -> Response:
        return json_response(
            {
                "account_id": self.credentials["shop_id"],
                "status": "enabled",
                "test": True,
                "fiscalization_enabled": self.receipts,
                "payment_methods": ["bank_card", "yoo_money", "sbp"],
            }
        )

    # --- what payers do, and what the shop's people do in their cabinet

    def do_pay(self, payment: Payment, amount: int, currency: str, again: bool) -> None:
        if again:
            raise Impossible("YooKassa takes a payment once.")
        if (amount, currency) != (payment.amount, payment.currency):
            raise Impossible("YooKassa takes what was asked for, no more and no less.")
        if not payment.open:
            raise Impossible(f"{payment.ref} is {payment.state} for good.")
        self._paid(payment)

    def do_authorize(self, payment: Payment) -> None:
        if payment.data["capture"]:
            raise Impossible(f"{payment.ref} is captured as soon as it is paid.")
        self._paid(payment)

    def do_start(self, payment: Payment) -> None:
        payment.state = "started"  # and pending still: nothing is said

    def do_decline(self, payment: Payment) -> None:
        self._cancel(payment, "failed", "payment_network", "general_decline")

    def do_expire(self, payment: Payment) -> None:
        self._cancel(payment, "expired", "yoo_money", "expired_on_confirmation")

    def do_cancel(self, payment: Payment) -> None:
        if payment.state != "authorized":
            raise Impossible(f"{payment.ref} is {payment.state}: only what is held is canceled.")
        self._cancel(payment, "canceled", "merchant", "canceled_by_merchant")

    def do_refund(self, payment: Payment, amount: int) -> None:
        self._refund(payment, RefundAsked(payment.ref, amount, payment.currency), "")

    def revoke(self, ref: str) -> None:
        """The payer takes their saved card back: it cannot be charged any more."""
        self.payment(ref).data["revoked"] = True
        self.bank.changed()

    # --- what it comes to

    def add(self, payment: Payment) -> Payment:
        super().add(payment)
        self._watch_hold(payment)  # also of those that were kept over a restart
        return payment

    def _new(self, asked: PaymentAsked, method: Payment | None) -> Payment:
        now = self.now()
        ref = self._id(now)
        confirmation = confirmation_shown(asked, ref, self.page_of(ref))
        return Payment(
            ref,
            asked.metadata.get("order_id") or next(iter(asked.metadata.values()), ""),
            asked.amount,
            asked.currency,
            method=method.method if method else asked.method,
            created=now,
            expires=now + PAID_WITHIN,
            title=asked.description,
            success_url=asked.return_url,
            cancel_url=asked.return_url,
            data={
                "capture": asked.capture,
                "confirmation": None if method else confirmation,
                "metadata": asked.metadata,
                "customer": asked.customer,
                "receipt": asked.receipt is not None,
                "save": asked.save,
                "card": method.data["card"] if method else ref,
                "refunds": [],
            },
        )

    def _saved(self, method: str) -> Payment:
        found = self.find(method)
        if found is None or not found.data.get("saved"):
            raise Refusal("Payment method is not found or not saved", "payment_method_id")
        return found

    def _asked_for(self, request: Request) -> Payment:
        payment = self.find(request.parts["id"])
        if payment is None:
            raise Refusal(_UNKNOWN, "payment_id", code="not_found", status=404)
        return payment

    def _paid(self, payment: Payment) -> None:
        payment.method = payment.method or "bank_card"
        payment.data["saved"] = payment.data["save"] and payment.method in SAVABLE
        payment.data["confirmation"] = None
        if payment.data["capture"]:
            self._capture(payment, payment.amount)
            return
        payment.state = "authorized"
        payment.data["capture_before"] = self.now() + CAPTURED_WITHIN
        self._watch_hold(payment)
        self.tell("payment.waiting_for_capture", payment)

    def _capture(self, payment: Payment, amount: int) -> None:
        payment.state, payment.paid, payment.paid_currency = "paid", amount, payment.currency
        payment.paid_at = self.now()
        self.book("paid", payment, amount, charge=payment.ref)
        self.book("fee", payment, fee_of(amount), charge=payment.ref)
        self.tell("payment.succeeded", payment)

    def _cancel(self, payment: Payment, state: str, party: str, reason: str) -> None:
        payment.state = state
        payment.data["confirmation"] = None
        payment.data["canceled"] = {"party": party, "reason": reason}
        self.tell("payment.canceled", payment)

    def _refund(self, payment: Payment, asked: RefundAsked, failed: str) -> Json:
        refund: Json = {
            "id": self._id(self.now()),
            "payment_id": payment.ref,
            "status": "canceled" if failed else "succeeded",
            "created_at": moment(self.now()),
            "amount": shown_amount(asked.amount, asked.currency),
        }
        if asked.description:
            refund["description"] = asked.description
        if asked.metadata:
            refund["metadata"] = asked.metadata
        if failed:
            refund["cancellation_details"] = {"party": "yoo_money", "reason": failed}
        elif asked.receipt is not None:
            refund["receipt_registration"] = "succeeded"
        payment.data["refunds"].append(refund)
        if not failed:
            payment.refunded += asked.amount
            self.book("refund", payment, asked.amount, charge=refund["id"])
            self.tell("refund.succeeded", payment)
        return refund

    def _watch_hold(self, payment: Payment) -> None:
        if payment.state != "authorized":
            return

        def give_back() -> None:
            if payment.state == "authorized":
                self._cancel(payment, "expired", "yoo_money", "expired_on_capture")
                self.bank.changed()

        self.bank.clock.at(payment.data["capture_before"], give_back)

    def _id(self, now: float) -> str:
        end = self.bank.random.getrandbits(48)
        return f"{int(now) - _EPOCH:08x}-000f-5000-{'89ab'[end % 4]}000-{end:012x}"

    # --- as it is shown and said

    def shown(self, payment: Payment) -> Json:
        return shown_payment(payment, self.credentials["shop_id"])

    def payload(self, payment: Payment, event: str, changes: Json) -> Json:
        """What an event says happened is so in it, also where it is forged."""
        event = _EVENTS.get(event, event)
        if event.startswith("refund."):
            refunds = payment.data["refunds"] or [self._as_if_refunded(payment)]
            about = dict(refunds[-1])
        else:
            about, status = self.shown(payment), event.partition(".")[2]
            if about["status"] != status:
                about |= {"status": status, "paid": status != "canceled"}
        amount = changes.get("amount")
        if isinstance(amount, int):
            currency = str(changes.get("currency", payment.currency))
            changes = changes | {"amount": shown_amount(amount, currency)}
        changes.pop("currency", None)
        return {"type": "notification", "event": event, "object": about | changes}

    def _as_if_refunded(self, payment: Payment) -> Json:
        return {
            "id": self._id(self.now()),
            "payment_id": payment.ref,
            "status": "succeeded",
            "created_at": moment(self.now()),
            "amount": shown_amount(payment.paid or payment.amount, payment.currency),
        }

    def letter(self, callback: Callback, *, at: float, secrets: list[str]) -> Letter:
        body = json.dumps(callback.payload, ensure_ascii=False).encode()
        return Letter(callback.url, body, {"content-type": "application/json"})
