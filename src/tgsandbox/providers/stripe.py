"""Stripe's API, as far as a shop needs it that takes payments by Checkout.

What a client should know:
- `StripeClient(key, base_addresses={"api": shop.base_url}, max_network_retries=0)`: with the
  SDK's own retries (two), a fault that hits once is healed by the SDK.
- There is no PaymentIntent before somebody tries to pay: session.payment_intent is null till then.
- With capture_method=manual pay() and authorize() hold the money: checkout.session.completed
  has payment_status "unpaid", and it is "paid" once it is captured. A hold ends after 7 days.
- start() is a debit that takes days: "completed" with payment_status "unpaid", and then
  async_payment_succeeded or async_payment_failed.
- An Idempotency-Key is good for 24 hours; what was stored, a 500 too, is said again with
  `Idempotent-Replayed: true`; parameters that did not pass validation are not stored. Another
  call with the same key is a 400 of type idempotency_error, one at the same time (fault
  "conflict") a 409 idempotency_key_in_use.
- Faults of its own: limit (429), conflict (409), card_declined and authentication_required (402,
  of "charge", the call that confirms a PaymentIntent), refund_pending (`settle_refund` ends it).
- POST /v1/webhook_endpoints sets the shop's callback address, for `tgsandbox serve`.
Names of calls, for faults: create, status, expire, list, line_items; intent, intents, charge,
confirm, capture, cancel; refund, refund_status, refunds; and the other lists by their names.
"""

from tgsandbox.providers import stripe_objects as made
from tgsandbox.providers.records import Json, Payment, Refused, Request, Response, json_response
from tgsandbox.providers.shop import call
from tgsandbox.providers.stripe_api import form_of
from tgsandbox.providers.stripe_checks import (
    INTENT_FIELDS,
    REFUND_FIELDS,
    SESSION_FIELDS,
    amount_checked,
    currency_checked,
    email_checked,
    lines_checked,
    url_checked,
)
from tgsandbox.providers.stripe_desk import made_error
from tgsandbox.providers.stripe_reads import StripeReads
from tgsandbox.providers.stripe_wire import Form, invalid, missing, refused

_CAPTURES = ("automatic", "automatic_async", "manual")
_CANCELABLE = (
    *("requires_payment_method", "requires_capture", "requires_confirmation"),
    *("requires_action", "processing"),
)


class Stripe(StripeReads):
    """Its calls that move money."""

    # --- Checkout Sessions

    @call("create", "POST", "/v1/checkout/sessions")
    def create_session(self, request: Request) -> Response:
        form = form_of(request)
        form.only(SESSION_FIELDS)
        mode = form.choice("mode", "payment", "setup", "subscription")
        if mode != "payment":
            raise missing("mode") if not mode else invalid("Only mode=payment is here.", "mode")
        if form.text("ui_mode") not in ("", "hosted", "hosted_page"):
            raise invalid("Only the hosted page is here.", "ui_mode")
        lines, currency, total = lines_checked(form.parts("line_items"))
        now = self.seconds()
        expires = form.integer("expires_at") or now + 86_400
        if not 1800 <= expires - now + 5 <= 86_405:  # seconds pass on the way
            limit = "at least 30 minutes" if expires - now < 1800 else "less than 24 hours"
            told = f"The `expires_at` timestamp must be {limit} from Checkout Session creation."
            raise invalid(told, "expires_at")
        if customer := form.text("customer"):
            self.found(customer, "cus_", "customer", "customer")
            if "customer_email" in form:
                told = "You may only specify one of these parameters: customer, customer_email."
                raise invalid(told, "customer_email")
        intent = form.part("payment_intent_data")
        asked = {
            "metadata": intent.metadata(),
            "capture_method": intent.choice("capture_method", *_CAPTURES, default="automatic"),
            "setup_future_usage": intent.choice("setup_future_usage", "on_session", "off_session"),
            "description": intent.text("description"),
        }
        id_ = self.new_id("cs_test_", 58)
        session = made.session(
            id_,
            now,
            amount_subtotal=total,
            amount_total=total,
            cancel_url=url_checked(form, "cancel_url") or None,
            client_reference_id=form.text("client_reference_id", most=200) or None,
            currency=currency,
            customer=customer or None,
            customer_email=email_checked(form, "customer_email") or None,
            expires_at=expires,
            locale=form.text("locale") or None,
            metadata=form.metadata(),
            success_url=url_checked(form, "success_url", needed=True),
            url=self.page_of(id_),
        )
        self.put(session)
        items = [
            made.line_item(self.new_id("li_"), name, count, unit, currency)
            for name, count, unit in lines
        ]
        where = f"/v1/checkout/sessions/{id_}/line_items"
        self.kind("lines")[id_] = {
            "object": "list",
            "data": items,
            "has_more": False,
            "url": where,
        }
        self.add(
            Payment(
                ref=id_,
                key=session["client_reference_id"] or "",
                amount=total,
                currency=currency.upper(),
                created=self.now(),
                expires=float(expires),
                title=", ".join(name for name, _, _ in lines),
                success_url=session["success_url"].replace("{CHECKOUT_SESSION_ID}", id_),
                cancel_url=session["cancel_url"] or "",
                data={"asked": asked},
            )
        )
        return self.shown(session, form)

    @call("status", "GET", "/v1/checkout/sessions/{id}")
    def session(self, request: Request) -> Response:
        found = self.found(request.parts["id"], "cs_", "checkout.session", "session")
        return self.shown(found, form_of(request))

    @call("line_items", "GET", "/v1/checkout/sessions/{id}/line_items")
    def session_lines(self, request: Request) -> Response:
        found = self.found(request.parts["id"], "cs_", "checkout.session", "session")
        return json_response(self.kind("lines")[found["id"]])

    @call("expire", "POST", "/v1/checkout/sessions/{id}/expire")
    def expire_session(self, request: Request) -> Response:
        found = self.found(request.parts["id"], "cs_", "checkout.session", "session")
        if found["status"] != "open":
            raise refused(
                'Only Checkout Sessions with a status in ["open"] can be expired. '
                f"This Checkout Session has a status of {found['status']}."
            )
        self.do_expire(self.payment(found["id"]))
        return self.shown(found, form_of(request))

    @call("list", "GET", "/v1/checkout/sessions")
    def sessions(self, request: Request) -> Response:
        return self.listed(request, "cs", ("payment_intent", "customer", "status"))

    # --- PaymentIntents

    @call("charge", "POST", "/v1/payment_intents")
    def create_intent(self, request: Request) -> Response:
        form = form_of(request)
        form.only(INTENT_FIELDS)
        amount, currency = amount_checked(form, "amount"), currency_checked(form, "currency")
        confirm, method = form.boolean("confirm"), form.text("payment_method")
        if form.boolean("off_session") and not confirm:
            raise invalid("`off_session` can only be used with `confirm=true`.", "off_session")
        customer = form.text("customer")
        if customer:
            self.found(customer, "cus_", "customer", "customer")
        if method:
            self._checked_method(method, customer)
        intent = made.payment_intent(
            self.new_id("pi_"),
            self.seconds(),
            amount,
            currency,
            capture_method=form.choice("capture_method", *_CAPTURES, default="automatic"),
            customer=customer or None,
            description=form.text("description") or None,
            metadata=form.metadata(),
            payment_method=method or None,
            receipt_email=email_checked(form, "receipt_email") or None,
        )
        if confirm and not method:
            told = "You cannot confirm this PaymentIntent because it's missing a payment method."
            raise invalid(told, "payment_method", "payment_intent_unexpected_state")
        if method:
            intent["status"] = "requires_confirmation"
        payment = Payment(
            ref=intent["id"],
            key=intent["metadata"].get("client_reference_id", ""),
            amount=amount,
            currency=currency.upper(),
            created=self.now(),
            title=form.text("description"),
        )
        self.own(payment, intent)
        self.add(payment)
        self.event("payment_intent.created", intent, payment)
        if confirm:
            self._confirm(payment, intent, request.fault)
        return self.shown(intent, form)

    @call("confirm", "POST", "/v1/payment_intents/{id}/confirm")
    def confirm_intent(self, request: Request) -> Response:
        intent, form = self._intent(request), form_of(request)
        if method := form.text("payment_method"):
            self._checked_method(method, intent["customer"] or "")
            intent["payment_method"], intent["status"] = method, "requires_confirmation"
        if intent["status"] != "requires_confirmation":
            told = "You cannot confirm this PaymentIntent because it has a status of "
            raise _unexpected(f"{told}{intent['status']}.", intent)
        self._confirm(self.payment_of(intent["id"]), intent, request.fault)
        return self.shown(intent, form)

    @call("intent", "GET", "/v1/payment_intents/{id}")
    def intent(self, request: Request) -> Response:
        return self.shown(self._intent(request), form_of(request))

    @call("intents", "GET", "/v1/payment_intents")
    def intents(self, request: Request) -> Response:
        return self.listed(request, "pi", ("customer",))

    @call("capture", "POST", "/v1/payment_intents/{id}/capture")
    def capture_intent(self, request: Request) -> Response:
        intent, form = self._intent(request), form_of(request)
        if intent["status"] != "requires_capture":
            raise _unexpected(
                "This PaymentIntent could not be captured because it has a status of "
                f"{intent['status']}. Only a PaymentIntent with one of the following statuses "
                "may be captured: requires_capture.",
                intent,
            )
        amount = form.integer("amount_to_capture", least=1) or intent["amount_capturable"]
        if amount > intent["amount_capturable"]:
            told = "The amount to capture is greater than the amount capturable."
            raise invalid(told, "amount_to_capture", "amount_too_large")
        self.capture(self.payment_of(intent["id"]), intent, amount)
        return self.shown(intent, form)

    @call("cancel", "POST", "/v1/payment_intents/{id}/cancel")
    def cancel_payment(self, request: Request) -> Response:
        intent, form = self._intent(request), form_of(request)
        reasons = ("duplicate", "fraudulent", "requested_by_customer", "abandoned")
        reason = form.choice("cancellation_reason", *reasons)
        payment = self.payment_of(intent["id"])
        if intent["status"] not in _CANCELABLE or payment.state == "started":
            raise _unexpected(
                f"You cannot cancel this PaymentIntent because it has a status of "
                f"{intent['status']}. Only a PaymentIntent with one of the following statuses "
                f"may be canceled: {', '.join(_CANCELABLE)}.",
                intent,
            )
        if payment.ref != intent["id"] and payment.state == "waiting":
            raise _unexpected(
                "You cannot cancel this PaymentIntent: it belongs to an open Checkout Session, "
                "which you can expire.",
                intent,
            )
        self.cancel_intent(payment, intent, reason)
        intent["cancellation_reason"] = reason or None
        return self.shown(intent, form)

    # --- refunds

    @call("refund", "POST", "/v1/refunds")
    def create_refund(self, request: Request) -> Response:
        form = form_of(request)
        form.only(REFUND_FIELDS)
        paid = self._charge_to_refund(form)
        reasons = ("duplicate", "fraudulent", "requested_by_customer")
        reason, metadata = form.choice("reason", *reasons), form.metadata()
        left = paid["amount"] - paid["amount_refunded"]
        amount = form.integer("amount", least=1) or left
        if paid["disputed"]:
            raise refused(f"Charge {paid['id']} has been charged back.", "charge_disputed")
        if left <= 0:
            told = f"Charge {paid['id']} has already been refunded."
            raise refused(told, "charge_already_refunded")
        if amount > left:
            told = f"Refund amount ({amount}) is greater than unrefunded amount on charge ({left})"
            raise refused(told, param="amount")
        payment = self.payment_of(paid["payment_intent"])
        refund = self.make_refund(
            payment,
            paid,
            amount,
            pending=request.fault == "refund_pending",
            reason=reason,
            metadata=metadata,
        )
        return self.shown(refund, form)

    @call("refund_status", "GET", "/v1/refunds/{id}")
    def refund_status(self, request: Request) -> Response:
        found = self.found(request.parts["id"], "re_", "refund", "refund")
        return self.shown(found, form_of(request))

    @call("refunds", "GET", "/v1/refunds")
    def refunds(self, request: Request) -> Response:
        return self.listed(request, "re", ("payment_intent", "charge"))

    # --- what is behind them

    def _confirm(self, payment: Payment, intent: Json, fault: str) -> None:
        """A saved card is charged: it works, or the answer says why not."""
        if fault in ("card_declined", "authentication_required"):
            told = "Your card was declined."
            if fault == "authentication_required":
                told += " This transaction requires authentication."
            wrong = made_error(
                fault, told, fault if fault != "card_declined" else "generic_decline"
            )
            intent["status"], intent["last_payment_error"] = "requires_payment_method", wrong
            self.event("payment_intent.payment_failed", intent, payment)
            raise Refused(json_response({"error": wrong | {"payment_intent": intent}}, 402))
        if intent["capture_method"] == "manual":
            self.hold(payment, intent)
        else:
            self.charge(payment, intent)

    def _checked_method(self, method: str, customer: str) -> None:
        found = self.found(method, "pm_", "PaymentMethod", "payment_method")
        if (found["customer"] or "") != customer or not customer:
            told = "The customer does not have a payment method with the ID " + method + "."
            raise invalid(told, "payment_method", "resource_missing")

    def _charge_to_refund(self, form: Form) -> Json:
        intent_id, charge_id = form.text("payment_intent"), form.text("charge")
        if bool(intent_id) == bool(charge_id):
            raise invalid("One of the following params should be provided: payment_intent, charge.")
        if charge_id:
            found = self.found(charge_id, "ch_", "charge", "charge")
        else:
            intent = self.found(intent_id, "pi_", "payment_intent", "payment_intent")
            found = self.get(intent["latest_charge"] or "") or {}
        if not found.get("captured"):
            told = f"This PaymentIntent ({intent_id}) does not have a successful charge to refund."
            raise refused(told, "payment_intent_unexpected_state", "payment_intent")
        return found

    def _intent(self, request: Request) -> Json:
        return self.found(request.parts["id"], "pi_", "payment_intent", "intent")


def _unexpected(message: str, intent: Json) -> Refused:
    return refused(message, "payment_intent_unexpected_state", payment_intent=intent)
