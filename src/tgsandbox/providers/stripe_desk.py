"""Stripe's side of the counter: what payers, banks and the dashboard do, and the events of it."""

from tgsandbox.providers import stripe_objects as made
from tgsandbox.providers.records import Json, Payment
from tgsandbox.providers.stripe_events import EVENTS, StripeEvents
from tgsandbox.telegram.acts import Impossible


class StripeDesk(StripeEvents):
    """The money of it."""

    def payment_of(self, intent: str) -> Payment:
        return self.payment(self.memory["owners"][intent])

    def intent_of(self, payment: Payment) -> Json:
        """The session's intent, made when somebody first tries to pay."""
        session, found = self.get(payment.ref), self.get(payment.data.get("intent", ""))
        if found is not None:
            return found
        assert session is not None
        asked = payment.data["asked"]
        intent = made.payment_intent(
            self.new_id("pi_"),
            self.seconds(),
            payment.amount,
            payment.currency.lower(),
            metadata=dict(asked["metadata"]),
            capture_method=asked["capture_method"],
            setup_future_usage=asked["setup_future_usage"] or None,
            receipt_email=session["customer_email"],
            customer=session["customer"],
            description=asked["description"] or None,
        )
        session["payment_intent"] = intent["id"]
        self.own(payment, intent)
        return intent

    def own(self, payment: Payment, intent: Json) -> None:
        self.put(intent)
        payment.data["intent"] = intent["id"]
        self.memory.setdefault("owners", {})[intent["id"]] = payment.ref

    # --- acts

    def do_pay(self, payment: Payment, amount: int, currency: str, again: bool) -> None:
        session = self._session(payment)
        if again and payment.state not in ("waiting", "started"):
            raise Impossible("A Checkout Session can be paid once: it is complete after that.")
        if (amount, currency.upper()) != (payment.amount, payment.currency):
            raise Impossible(
                f"Stripe takes exactly {payment.amount} {payment.currency}, as it was asked to."
            )
        if payment.state not in ("waiting", "started"):
            raise Impossible(f"{payment.ref} is {payment.state}.")
        intent = self.intent_of(payment)
        if intent["capture_method"] == "manual":
            self.do_authorize(payment)
            return
        later = payment.state == "started"
        self._complete(payment, session, paid=True)
        self.charge(payment, intent)
        self.event(EVENTS["paid_later" if later else "paid"], session, payment)

    def do_authorize(self, payment: Payment) -> None:
        session, intent = self._session(payment), self.intent_of(payment)
        if intent["capture_method"] != "manual":
            raise Impossible(f"{payment.ref} was made without capture_method=manual.")
        self._complete(payment, session, paid=False)
        self.hold(payment, intent)
        self.event(EVENTS["paid"], session, payment)

    def do_start(self, payment: Payment) -> None:
        """By a method that takes days, as a direct debit does: complete, but unpaid."""
        session, intent = self._session(payment), self.intent_of(payment)
        if payment.state == "started":
            raise Impossible(f"{payment.ref} is started already.")
        if intent["capture_method"] == "manual":
            raise Impossible("What is paid later cannot be held.")
        self._complete(payment, session, paid=False)
        intent["status"] = "processing"
        payment.state, payment.method = "started", "sepa_debit"
        self.event("payment_intent.processing", intent, payment)
        self.event(EVENTS["started"], session, payment)

    def do_decline(self, payment: Payment) -> None:
        """The card is refused and the session stays open; what was to be paid later has failed."""
        session, intent = self._session(payment), self.intent_of(payment)
        later = payment.state == "started"
        intent["status"] = "requires_payment_method"
        intent["last_payment_error"] = made_error("card_declined", "Your card was declined.")
        self.event("payment_intent.payment_failed", intent, payment)
        if later:
            payment.state = "failed"
            self.event(EVENTS["failed"], session, payment)

    def do_expire(self, payment: Payment) -> None:
        session = self._session(payment)
        if payment.state != "waiting":
            raise Impossible(f"{payment.ref} is {payment.state}: only what is open expires.")
        session["status"], session["url"] = "expired", None
        payment.state = "expired"
        intent = self.get(payment.data.get("intent", ""))
        if intent is not None:
            self._cancel_intent(payment, intent, "automatic")
        self.event(EVENTS["expired"], session, payment)

    def do_cancel(self, payment: Payment) -> None:
        """In the dashboard. (A payer who turns back leaves the session open until it expires.)"""
        intent = self.get(payment.data.get("intent", ""))
        if intent is None or payment.state not in ("authorized", "waiting"):
            raise Impossible(f"{payment.ref} is {payment.state}: nothing is held.")
        if payment.state == "waiting" and self.get(payment.ref) is not intent:
            raise Impossible(f"{payment.ref} is open: it can expire, not be cancelled.")
        self.cancel_intent(payment, intent, "requested_by_customer")

    def do_refund(self, payment: Payment, amount: int) -> None:
        paid = self._charge_of(payment)
        if paid["disputed"]:
            raise Impossible(f"{paid['id']} is disputed.")
        self.make_refund(payment, paid, amount)

    def do_dispute(self, payment: Payment, amount: int) -> None:
        paid, now = self._charge_of(payment), self.seconds()
        if paid["disputed"]:
            raise Impossible(f"{paid['id']} is disputed already.")
        dispute = self.put(made.dispute(self.new_id("dp_"), now, paid, amount))
        paid["disputed"] = True
        payment.data["dispute"] = dispute["id"]
        self._move("adjustment", dispute, -amount, made.DISPUTE_FEE)
        self.book("dispute", payment, amount, charge=dispute["id"])
        self.book("fee", payment, made.DISPUTE_FEE, charge=dispute["id"])
        self.event(EVENTS["disputed"], dispute, payment)
        self.event("charge.dispute.funds_withdrawn", dispute, payment)

    def do_close_dispute(self, payment: Payment, won: bool) -> None:
        dispute = self.get(payment.data.get("dispute", ""))
        if dispute is None or dispute["status"] != "needs_response":
            raise Impossible(f"{payment.ref} has no open dispute.")
        dispute["status"] = "won" if won else "lost"
        if won:  # the fee is not given back
            self._move("adjustment", dispute, dispute["amount"], 0)
            self.book("dispute_won", payment, dispute["amount"], charge=dispute["id"])
            self.event("charge.dispute.funds_reinstated", dispute, payment)
        self.event(EVENTS["dispute_closed"], dispute, payment)

    async def settle_refund(self, refund: str, *, well: bool = True) -> None:
        """The end of a refund: one that was pending arrives, or any fails weeks later and the
        money is back."""
        found = self.get(refund)
        if found is None or found["status"] not in ("pending", "succeeded"):
            raise Impossible(f"{refund} is no refund that can still change.")
        payment = self.payment_of(found["payment_intent"])
        found["status"] = "succeeded" if well else "failed"
        if not well:
            paid = self._charge_of(payment)
            found["failure_reason"] = "lost_or_stolen_card"
            paid["amount_refunded"] -= found["amount"]
            paid["refunded"] = False
            payment.refunded -= found["amount"]
            self._move("refund_failure", found, found["amount"], 0)
            self.book("refund_failed", payment, found["amount"], charge=refund)
            self.event("refund.failed", found, payment)
        self.event(EVENTS["refund"], found, payment)
        self.bank.changed()

    # --- what happens to money

    def charge(self, payment: Payment, intent: Json) -> Json:
        """All of it is taken at once."""
        paid = self._new_charge(payment, intent, captured=True)
        self._take(payment, intent, paid, intent["amount"])
        self.event("charge.succeeded", paid, payment)
        self.event("payment_intent.succeeded", intent, payment)
        return paid

    def hold(self, payment: Payment, intent: Json) -> None:
        paid = self._new_charge(payment, intent, captured=False)
        intent["status"] = "requires_capture"
        intent["amount_capturable"] = intent["amount"]
        payment.state = "authorized"
        payment.data["held_until"] = self.now() + made.HOLD_SECONDS
        self._watch_hold(payment)
        self.event("charge.succeeded", paid, payment)
        self.event(EVENTS["authorized"], intent, payment)

    def capture(self, payment: Payment, intent: Json, amount: int) -> None:
        """What was held, or less; the rest is the payer's again."""
        paid = self._charge_of(payment)
        paid["captured"], paid["amount_captured"] = True, amount
        paid["amount_refunded"] = paid["amount"] - amount
        intent["amount_capturable"] = 0
        self._take(payment, intent, paid, amount)
        session = self.get(payment.ref)
        if session is not None and session is not intent:
            session["payment_status"] = "paid"
        self.event("charge.captured", paid, payment)
        self.event("payment_intent.succeeded", intent, payment)

    def cancel_intent(self, payment: Payment, intent: Json, reason: str) -> None:
        payment.state = "canceled"
        self._cancel_intent(payment, intent, reason)

    def make_refund(
        self,
        payment: Payment,
        paid: Json,
        amount: int,
        *,
        pending: bool = False,
        reason: str = "",
        metadata: dict[str, str] | None = None,
    ) -> Json:
        refund = self.put(made.refund(self.new_id("re_"), self.seconds(), paid, amount))
        refund["status"] = "pending" if pending else "succeeded"
        refund["reason"], refund["metadata"] = reason or None, metadata or {}
        paid["amount_refunded"] += amount
        paid["refunded"] = paid["amount_refunded"] == paid["amount"]
        payment.refunded += amount
        refund["balance_transaction"] = self._move("refund", refund, -amount, 0)
        self.book("refund", payment, amount, charge=refund["id"])
        self.event("refund.created", refund, payment)
        self.event(EVENTS["refunded"], paid, payment)
        if not pending:
            self.event(EVENTS["refund"], refund, payment)
        return refund

    def _new_charge(self, payment: Payment, intent: Json, *, captured: bool) -> Json:
        if intent["payment_method"] is None:
            method: Json = {"id": self.new_id("pm_"), "object": "payment_method", "type": "card"}
            method |= {"created": self.seconds(), "livemode": False, "customer": None}
            intent["payment_method"] = self.put(method)["id"]
            if intent["setup_future_usage"]:
                method["customer"] = intent["customer"] = self._customer(payment, intent)
        paid = made.charge(self.new_id("ch_"), self.seconds(), intent, captured=captured)
        intent["latest_charge"] = payment.data["charge"] = self.put(paid)["id"]
        intent["last_payment_error"] = None
        payment.method = payment.method or "card"
        return paid

    def _customer(self, payment: Payment, intent: Json) -> str:
        """A card that is kept belongs to a customer, whom Checkout makes."""
        if intent["customer"] is None:
            who: Json = {"id": self.new_id("cus_", 14), "object": "customer", "metadata": {}}
            who |= {"created": self.seconds(), "email": intent["receipt_email"], "livemode": False}
            intent["customer"] = self.put(who)["id"]
        session = self.get(payment.ref)
        if session is not None:
            session["customer"] = intent["customer"]
        return str(intent["customer"])

    def _take(self, payment: Payment, intent: Json, paid: Json, amount: int) -> None:
        fee = made.fee_of(amount)
        paid["balance_transaction"] = self._move("charge", paid, amount, fee)
        intent["status"], intent["amount_received"] = "succeeded", amount
        payment.state, payment.paid = "paid", amount
        payment.paid_currency, payment.paid_at = payment.currency, self.now()
        self.book("paid", payment, amount, charge=paid["id"])
        self.book("fee", payment, fee, charge=paid["id"])

    def _move(self, kind: str, source: Json, amount: int, fee: int) -> str:
        id_ = self.new_id("txn_")
        moved = made.balance_transaction(id_, self.seconds(), kind, source, amount=amount, fee=fee)
        self.put(moved)
        if source["object"] == "dispute":
            source["balance_transactions"].append(moved)
        return id_

    def _complete(self, payment: Payment, session: Json, *, paid: bool) -> None:
        email = session["customer_email"] or "buyer@example.com"
        session["status"], session["url"] = "complete", None
        session["payment_status"] = "paid" if paid else "unpaid"
        session["customer_details"] = {"email": email, "name": None, "phone": None}

    def _cancel_intent(self, payment: Payment, intent: Json, reason: str) -> None:
        intent["status"], intent["cancellation_reason"] = "canceled", reason
        intent["canceled_at"], intent["amount_capturable"] = self.seconds(), 0
        paid = self.get(payment.data.get("charge", ""))
        if paid is not None:
            paid["refunded"], paid["amount_refunded"] = True, paid["amount"]
        self.event("payment_intent.canceled", intent, payment)

    def _watch_hold(self, payment: Payment) -> None:
        def end() -> None:
            if payment.state == "authorized":
                self.cancel_intent(payment, self.intent_of(payment), "automatic")
                self.bank.changed()

        self.bank.clock.at(payment.data["held_until"], end)

    def _session(self, payment: Payment) -> Json:
        found = self.kind("cs").get(payment.ref)
        if found is None:
            raise Impossible(f"{payment.ref} is no Checkout Session: nobody sees a page of it.")
        return found

    def _charge_of(self, payment: Payment) -> Json:
        found = self.get(payment.data.get("charge", ""))
        if found is None:
            raise Impossible(f"{payment.ref} has not been paid.")
        return found

    def restore(self, kept: Json) -> None:
        super().restore(kept)
        for each in self.payments:
            if each.state == "authorized":
                self._watch_hold(each)


def made_error(code: str, message: str, decline: str = "generic_decline") -> Json:
    return {"type": "card_error", "code": code, "decline_code": decline, "message": message}
