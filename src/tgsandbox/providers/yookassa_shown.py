"""What YooKassa's API answers: payments, lists of them, errors."""

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from tgsandbox.providers.records import Json, Payment, Response, json_response
from tgsandbox.providers.yookassa_asked import PaymentAsked, Refusal, shown_amount

FEE = 35  # of a thousand
_STATUSES = {
    **dict.fromkeys(("draft", "waiting", "started"), "pending"),
    "authorized": "waiting_for_capture",
    "paid": "succeeded",
    **dict.fromkeys(("failed", "expired", "canceled"), "canceled"),
}


def shown_payment(payment: Payment, account: str) -> Json:
    data, currency = payment.data, payment.currency
    status = _STATUSES[payment.state]
    shown: Json = {
        "id": payment.ref,
        "status": status,
        "amount": shown_amount(payment.paid or payment.amount, currency),
        "recipient": {"account_id": account, "gateway_id": "100700"},
        "created_at": moment(payment.created),
        "test": True,
        "paid": status in ("succeeded", "waiting_for_capture"),
        "refundable": status == "succeeded" and payment.refunded < payment.paid,
        "metadata": data["metadata"],
    }
    more: dict[str, Any] = {
        "description": payment.title,
        "merchant_customer_id": data["customer"],
        "confirmation": data["confirmation"],
        "cancellation_details": data.get("canceled"),
        "payment_method": method_shown(payment),
    }
    if status == "waiting_for_capture":
        more["expires_at"] = moment(data["capture_before"])
    if status == "succeeded":
        more["captured_at"] = moment(payment.paid_at)
        more["income_amount"] = shown_amount(payment.paid - fee_of(payment.paid), currency)
        more["refunded_amount"] = shown_amount(payment.refunded, currency)
        more["receipt_registration"] = "succeeded" if data["receipt"] else None
    return shown | {name: value for name, value in more.items() if value}


def confirmation_shown(asked: PaymentAsked, ref: str, page: str) -> Json | None:
    match asked.confirmation:
        case "redirect" | "mobile_application" as kind:
            return {"type": kind, "return_url": asked.return_url, "confirmation_url": page}
        case "qr":
            return {"type": "qr", "confirmation_data": page}
        case "embedded":
            return {"type": "embedded", "confirmation_token": f"ct-{ref}"}
        case "":
            return None
        case kind:
            return {"type": kind}


def fee_of(amount: int) -> int:
    """Half a kopeck goes up."""
    return (amount * FEE + 500) // 1000


def error_response(status: int, code: str, told: str, parameter: str | None = None) -> Response:
    # The real id is random; this one follows from what is told, and so do tests' outputs.
    digest = hashlib.sha256(f"{code}{told}{parameter}".encode()).hexdigest()
    error: Json = {"type": "error", "id": f"{digest[:8]}-{digest[8:12]}-4000-8000-{digest[12:24]}"}
    error |= {"code": code, "description": told}
    return json_response(error | ({"parameter": parameter} if parameter else {}), status)


def method_shown(payment: Payment) -> Json | None:
    """A card of the test that is always good, or what else it was paid with."""
    if not payment.method:
        return None
    saved = bool(payment.data.get("saved")) or payment.data["card"] != payment.ref
    found: Json = {"type": payment.method, "id": payment.data["card"], "saved": saved}
    found["status"] = "active" if saved else "inactive"
    if payment.method == "bank_card" and not payment.open:
        found["title"] = "Bank card *4477"
        found["card"] = {
            "first6": "555555",
            "last4": "4477",
            "expiry_year": "2030",
            "expiry_month": "12",
            "card_type": "MasterCard",
            "issuer_country": "RU",
        }
    return found


def moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


_COMPARED: dict[str, Callable[[str, str], bool]] = {
    "gte": lambda shown, asked: shown >= asked,
    "gt": lambda shown, asked: shown > asked,
    "lte": lambda shown, asked: shown <= asked,
    "lt": lambda shown, asked: shown < asked,
}


def listed(shown: list[Json], asked: dict[str, str], filters: tuple[str, ...]) -> Response:
    """The newest first, page by page."""
    shown = shown[::-1]
    for name, value in asked.items():
        field, _, comparison = name.partition(".")
        if name in ("limit", "cursor"):
            continue
        if field in ("created_at", "captured_at") and comparison in _COMPARED:
            when = moment(_seconds(name, value))
            fits = _COMPARED[comparison]
            shown = [each for each in shown if field in each and fits(each[field], when)]
        elif name in filters:
            shown = [each for each in shown if _part(each, name) == value]
        elif name == "payment_method":
            shown = [each for each in shown if _part(each, "payment_method.type") == value]
        else:
            raise Refusal("Unknown parameter", name)
    size = asked.get("limit", "10")
    if not (size.isdecimal() and 1 <= int(size) <= 100):
        raise Refusal("From 1 to 100 is expected", "limit")
    after = asked.get("cursor")
    if after is not None:
        at = next((at for at, each in enumerate(shown) if each["id"] == after), None)
        if at is None:
            raise Refusal("Invalid cursor", "cursor")
        shown = shown[at:]
    answer: Json = {"type": "list", "items": shown[: int(size)]}
    if len(shown) > int(size):
        answer["next_cursor"] = shown[int(size)]["id"]
    return json_response(answer)


def _part(shown: Json, name: str) -> Any:
    for each in name.split("."):
        shown = shown.get(each, {})
    return shown


def _seconds(name: str, value: str) -> float:
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        raise Refusal("A date of ISO 8601 is expected", name) from None
    return found.timestamp() if found.tzinfo else found.replace(tzinfo=UTC).timestamp()
