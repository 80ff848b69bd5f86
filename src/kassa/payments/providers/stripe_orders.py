"""What Stripe is asked for: a page to pay on, or a charge of a card that was kept."""

from datetime import timedelta
from typing import Any

from kassa import clock
from kassa.errors import Invalid
from kassa.payments.providers.protocol import Order
from kassa.payments.providers.stripe_reading import HOLD, KEY, SAVED, to_stripe

# What Stripe asks at least, in our units.
LEAST = {
    "AED": 200, "AUD": 50, "BRL": 50, "CAD": 50, "CHF": 50, "CZK": 1500, "DKK": 250, "EUR": 50,
    "GBP": 30, "HKD": 400, "HUF": 17500, "INR": 50, "JPY": 50, "MXN": 1000, "MYR": 200,
    "NOK": 300, "NZD": 50, "PLN": 200, "RON": 200, "SEK": 300, "SGD": 50, "THB": 1000, "USD": 50,
}  # fmt: skip

EXPANDED = ["latest_charge.balance_transaction"]  # of a payment intent: what it cost


def session_for(order: Order, *, home: str) -> Any:
    """The same order is the same request, since its key wants that; unless it expires too soon
    or too late for Stripe, which takes from 30 minutes to 24 hours."""
    about = order.description[:250] or "Payment"
    back = order.return_url or home
    if not back:
        raise Invalid("There is nowhere to come back to: set PUBLIC_BASE_URL.")
    price = {
        "currency": order.amount.currency.lower(),
        "unit_amount": to_stripe(order.amount),
        "product_data": {"name": about},
    }
    marks = {KEY: order.key} | ({HOLD: "1"} if order.hold else {})
    intent: dict[str, Any] = {"metadata": marks, "description": about}
    params: dict[str, Any] = {
        "mode": "payment",
        "line_items": [{"price_data": price, "quantity": 1}],
        "client_reference_id": order.key,
        "metadata": marks,
        "payment_intent_data": intent,
        "success_url": back,
        "locale": order.payer.language if order.payer.language in {"ru", "en"} else "auto",
    }
    if order.hold:
        intent["capture_method"] = "manual"
    if order.save:
        intent["setup_future_usage"] = "off_session"
        params["customer_creation"] = "always"
    if order.cancel_url:
        params["cancel_url"] = order.cancel_url
    if order.payer.email:
        params["customer_email"] = order.payer.email
    if order.method:
        params["payment_method_types"] = [order.method]
    if order.expires_at:
        now = clock.now()
        least, most = now + timedelta(minutes=31), now + timedelta(hours=23, minutes=59)
        params["expires_at"] = int(min(max(order.expires_at, least), most).timestamp())
    return params


def charge_for(order: Order) -> Any:
    customer, _, method = order.saved.partition("/")
    return {
        "amount": to_stripe(order.amount),
        "currency": order.amount.currency.lower(),
        "customer": customer,
        "payment_method": method,
        "off_session": True,
        "confirm": True,
        "capture_method": "manual" if order.hold else "automatic",
        "description": order.description[:250] or "Payment",
        "metadata": {KEY: order.key, SAVED: "1"},
        "expand": EXPANDED,
    }
