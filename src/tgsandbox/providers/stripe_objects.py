"""Stripe's objects as they begin. Those that a client reads, not every field that there is."""

from tgsandbox.providers.records import Json

API_VERSION = "2026-10-28.endive"
LEAST = 50  # of a payment, in minor units: Stripe's limit for dollars and euros
MOST = 99_999_999
HOLD_SECONDS = 7 * 86_400  # for so long is an authorization good
DISPUTE_FEE = 1500


def fee_of(amount: int) -> int:
    """2.9 % and 30, to the nearest unit."""
    return (amount * 29 + 500) // 1000 + 30


def session(id_: str, now: int, **more: object) -> Json:
    return {
        "id": id_,
        "object": "checkout.session",
        "after_expiration": None,
        "allow_promotion_codes": None,
        "amount_subtotal": 0,
        "amount_total": 0,
        "automatic_tax": {"enabled": False, "status": None},
        "cancel_url": None,
        "client_reference_id": None,
        "created": now,
        "currency": "",
        "customer": None,
        "customer_creation": "if_required",
        "customer_details": None,
        "customer_email": None,
        "expires_at": now + 86_400,
        "livemode": False,
        "locale": None,
        "metadata": {},
        "mode": "payment",
        "payment_intent": None,  # there is none before somebody tries to pay
        "payment_method_types": ["card"],
        "payment_status": "unpaid",
        "setup_intent": None,
        "status": "open",
        "subscription": None,
        "success_url": None,
        "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
        "ui_mode": "hosted",
        "url": None,
    } | more


def payment_intent(id_: str, now: int, amount: int, currency: str, **more: object) -> Json:
    return {
        "id": id_,
        "object": "payment_intent",
        "amount": amount,
        "amount_capturable": 0,
        "amount_received": 0,
        "canceled_at": None,
        "cancellation_reason": None,
        "capture_method": "automatic",
        "client_secret": f"{id_}_secret_TEST",
        "confirmation_method": "automatic",
        "created": now,
        "currency": currency,
        "customer": None,
        "description": None,
        "last_payment_error": None,
        "latest_charge": None,
        "livemode": False,
        "metadata": {},
        "next_action": None,
        "payment_method": None,
        "payment_method_types": ["card"],
        "receipt_email": None,
        "setup_future_usage": None,
        "status": "requires_payment_method",
    } | more


def charge(id_: str, now: int, intent: Json, *, captured: bool) -> Json:
    return {
        "id": id_,
        "object": "charge",
        "amount": intent["amount"],
        "amount_captured": intent["amount"] if captured else 0,
        "amount_refunded": 0,
        "balance_transaction": None,
        "billing_details": {"email": intent["receipt_email"], "name": None, "phone": None},
        "captured": captured,
        "created": now,
        "currency": intent["currency"],
        "customer": intent["customer"],
        "description": intent["description"],
        "dispute": None,
        "disputed": False,
        "failure_code": None,
        "failure_message": None,
        "livemode": False,
        "metadata": dict(intent["metadata"]),
        "outcome": {"network_status": "approved_by_network", "type": "authorized"},
        "paid": True,
        "payment_intent": intent["id"],
        "payment_method": intent["payment_method"],
        "payment_method_details": {
            "card": {"brand": "visa", "country": "US", "last4": "4242"},
            "type": "card",
        },
        "receipt_url": None,
        "refunded": False,
        "status": "succeeded",
    }


def refund(id_: str, now: int, paid: Json, amount: int, **more: object) -> Json:
    return {
        "id": id_,
        "object": "refund",
        "amount": amount,
        "balance_transaction": None,
        "charge": paid["id"],
        "created": now,
        "currency": paid["currency"],
        "destination_details": {"type": "card"},
        "metadata": {},
        "payment_intent": paid["payment_intent"],
        "reason": None,
        "receipt_number": None,
        "status": "succeeded",
    } | more


def dispute(id_: str, now: int, paid: Json, amount: int) -> Json:
    return {
        "id": id_,
        "object": "dispute",
        "amount": amount,
        "balance_transactions": [],
        "charge": paid["id"],
        "created": now,
        "currency": paid["currency"],
        "evidence_details": {
            "due_by": now + 7 * 86_400,
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
        },
        "is_charge_refundable": False,
        "livemode": False,
        "metadata": {},
        "payment_intent": paid["payment_intent"],
        "reason": "fraudulent",
        "status": "needs_response",
    }


def balance_transaction(
    id_: str, now: int, kind: str, source: Json, *, amount: int, fee: int
) -> Json:
    currency = source["currency"]
    details = [
        {"amount": fee, "currency": currency, "description": "Stripe fees", "type": "stripe_fee"}
    ]
    return {
        "id": id_,
        "object": "balance_transaction",
        "amount": amount,
        "available_on": now + 2 * 86_400,
        "created": now,
        "currency": currency,
        "description": None,
        "exchange_rate": None,
        "fee": fee,
        "fee_details": details if fee else [],
        "net": amount - fee,
        "reporting_category": {"adjustment": "dispute"}.get(kind, kind),
        "source": source["id"],
        "status": "pending",
        "type": kind,
    }


def line_item(id_: str, name: str, quantity: int, unit: int, currency: str) -> Json:
    total = quantity * unit
    return {
        "id": id_,
        "object": "item",
        "amount_discount": 0,
        "amount_subtotal": total,
        "amount_tax": 0,
        "amount_total": total,
        "currency": currency,
        "description": name,
        "price": {"object": "price", "currency": currency, "unit_amount": unit},
        "quantity": quantity,
    }


def event(
    id_: str, now: int, type_: str, about: Json, asked: tuple[str | None, str | None]
) -> Json:
    request, key = asked
    return {
        "id": id_,
        "object": "event",
        "api_version": API_VERSION,
        "created": now,
        "data": {"object": about},
        "livemode": False,
        "pending_webhooks": 1,
        "request": {"id": request, "idempotency_key": key},
        "type": type_,
    }
