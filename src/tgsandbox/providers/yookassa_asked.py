"""What YooKassa's API is asked, read as strictly as it reads."""

import hashlib
import re
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from tgsandbox.providers.records import Json, Request

MOST = 10**12  # minor units: more than anybody pays at once
_AMOUNT = re.compile(r"\d{1,12}(\.\d{1,2})?")
_CONFIRMATIONS = ("redirect", "qr", "embedded", "external", "mobile_application")
_RETURNS = ("redirect", "mobile_application")  # those that lead back to the shop
_METHODS = (
    *("bank_card", "sbp", "yoo_money", "sberbank", "tinkoff_bank", "sber_loan", "sber_bnpl"),
    *("mobile_balance", "cash", "alfa_pay", "electronic_certificate", "b2b_sberbank"),
)
SAVABLE = ("bank_card", "yoo_money", "sbp", "sberbank", "tinkoff_bank")
_VAT = range(1, 13)


class Refusal(Exception):
    """The API's own answer that something is wrong."""

    def __init__(
        self,
        description: str,
        parameter: str | None = None,
        *,
        code: str = "invalid_request",
        status: int = 400,
    ) -> None:
        super().__init__(description)
        self.status, self.code, self.parameter = status, code, parameter


@dataclass(frozen=True, slots=True)
class PaymentAsked:
    amount: int
    currency: str
    capture: bool = False  # unlike what most think, it is off where it is not said
    description: str = ""
    metadata: dict[str, str] = field(default_factory=dict)
    confirmation: str = ""
    return_url: str = ""
    method: str = ""
    saved_method: str = ""  # one that the payer has allowed to be charged without them
    save: bool = False
    customer: str = ""
    receipt: Json | None = None


@dataclass(frozen=True, slots=True)
class RefundAsked:
    payment: str
    amount: int
    currency: str
    description: str = ""
    metadata: dict[str, str] = field(default_factory=dict)
    receipt: Json | None = None


def shown_amount(amount: int, currency: str) -> Json:
    return {"value": f"{amount // 100}.{amount % 100:02}", "currency": currency}


def values_of(request: Request) -> Json:
    values = request.json if request.body else {}
    if not isinstance(values, dict):
        raise Refusal("Request's body is not a JSON object")
    return values


def key_of(request: Request) -> str:
    key = request.headers["idempotence-key"]
    if not 1 <= len(key) <= 64:
        raise Refusal("From 1 to 64 characters are expected", "Idempotence-Key")
    return key


def fingerprint(request: Request) -> str:
    return hashlib.sha256(f"{request.path}\n".encode() + request.body).hexdigest()


def payment_asked(values: Json, *, receipts: bool, currency: str) -> PaymentAsked:
    amount, currency = amount_in(values, "amount", currency)
    method, saved = _method(values), _text(values, "payment_method_id", 64)
    if method and saved:
        raise Refusal(
            "Only one of payment_method_id and payment_method_data is expected", "payment_method_id"
        )
    confirmation, back = _confirmation(values, needed=not saved)
    return PaymentAsked(
        amount,
        currency,
        capture=_flag(values, "capture"),
        description=_text(values, "description", 128),
        metadata=_metadata(values),
        confirmation=confirmation,
        return_url=back,
        method=method,
        saved_method=saved,
        save=_flag(values, "save_payment_method"),
        customer=_text(values, "merchant_customer_id", 200),
        receipt=receipt_in(values, amount, currency, needed=receipts),
    )


def refund_asked(values: Json, *, currency: str) -> RefundAsked:
    payment = _text(values, "payment_id", 36)
    if not payment:
        raise Refusal("Payment_id is missing", "payment_id")
    amount, currency = amount_in(values, "amount", currency)
    return RefundAsked(
        payment,
        amount,
        currency,
        description=_text(values, "description", 250),
        metadata=_metadata(values),
        receipt=receipt_in(values, amount, currency, needed=False),
    )


def amount_in(values: Json, name: str, currency: str) -> tuple[int, str]:
    """In minor units. A number in place of a string is refused: so are shops that reckon with
    floats found out here and not in their books."""
    match values.get(name):
        case {"value": str(value), "currency": str(given)}:
            pass
        case None:
            raise Refusal("Amount is missing", name)
        case _:
            raise Refusal("Invalid amount", name)
    if not _AMOUNT.fullmatch(value):
        raise Refusal("Invalid amount value", f"{name}.value")
    if given != currency:
        raise Refusal(f"Currency {given} is not supported by the shop", f"{name}.currency")
    found = int(Decimal(value) * 100)
    if not 0 < found <= MOST:
        raise Refusal("Amount value is out of limits", f"{name}.value")
    return found, given


def receipt_in(values: Json, amount: int, currency: str, *, needed: bool) -> Json | None:
    """By 54-FZ: whom it goes to, and lines that come to what is paid."""
    receipt = values.get("receipt")
    if receipt is None:
        if needed:
            raise Refusal("Receipt is missing or illegal", "receipt")
        return None
    if not isinstance(receipt, dict):
        raise Refusal("Receipt is missing or illegal", "receipt")
    customer = receipt.get("customer")
    if not isinstance(customer, dict) or not (customer.get("email") or customer.get("phone")):
        raise Refusal("Customer's email or phone is expected", "receipt.customer")
    if "@" not in str(customer.get("email") or "@"):
        raise Refusal("Invalid email", "receipt.customer.email")
    if not re.fullmatch(r"\+?\d{4,15}", str(customer.get("phone") or "7000")):
        raise Refusal("Invalid phone", "receipt.customer.phone")
    items = receipt.get("items")
    if not isinstance(items, list) or not 1 <= len(items) <= 100:
        raise Refusal("From 1 to 100 items are expected", "receipt.items")
    total = sum(_line(item, at, currency) for at, item in enumerate(items))
    if total != amount:
        raise Refusal("Receipt's sum differs from the amount", "receipt.items")
    return receipt


def _line(item: Any, at: int, currency: str) -> int:
    """The price is that of one piece."""
    where = f"receipt.items[{at}]"
    if not isinstance(item, dict):
        raise Refusal("Invalid item", where)
    described = item.get("description")
    if not isinstance(described, str) or not 1 <= len(described) <= 128:
        raise Refusal("From 1 to 128 characters are expected", f"{where}.description")
    try:
        quantity = Decimal(str(item.get("quantity")))
        positive = quantity.is_finite() and quantity > 0
    except InvalidOperation:
        positive = False
    if not positive or -int(quantity.as_tuple().exponent) > 3:
        raise Refusal("Invalid quantity", f"{where}.quantity")
    vat = item.get("vat_code")
    if isinstance(vat, bool) or vat not in _VAT:
        raise Refusal("Invalid vat_code", f"{where}.vat_code")
    try:
        price, _ = amount_in(item, "amount", currency)
    except Refusal as error:
        raise Refusal(str(error), f"{where}.{error.parameter}") from None
    return int((price * quantity).quantize(Decimal(1), ROUND_HALF_UP))


def _confirmation(values: Json, *, needed: bool) -> tuple[str, str]:
    given = values.get("confirmation")
    if given is None:
        if needed:
            raise Refusal("Confirmation is missing", "confirmation")
        return "", ""
    if not isinstance(given, dict) or given.get("type") not in _CONFIRMATIONS:
        raise Refusal("Invalid confirmation type", "confirmation.type")
    kind, back = given["type"], given.get("return_url") or ""
    if kind in _RETURNS and not re.match(r"[a-z][a-z0-9+.-]*://\S+\Z", str(back), re.I):
        raise Refusal("Invalid return_url", "confirmation.return_url")
    return str(kind), str(back)


def _method(values: Json) -> str:
    given = values.get("payment_method_data")
    if given is None:
        return ""
    if not isinstance(given, dict) or given.get("type") not in _METHODS:
        raise Refusal("Payment method is not available", "payment_method_data.type")
    return str(given["type"])


def _metadata(values: Json) -> dict[str, str]:
    given = values.get("metadata")
    if given is None:
        return {}
    if not isinstance(given, dict) or len(given) > 16:
        raise Refusal("Up to 16 keys are expected", "metadata")
    for key, value in given.items():
        if len(key) > 32 or not isinstance(value, (str, int)) or len(str(value)) > 512:
            raise Refusal("Invalid key or value", f"metadata.{key[:32]}")
    return {key: str(value) for key, value in given.items()}


def _text(values: Json, name: str, limit: int) -> str:
    given = values.get(name)
    if given is None:
        return ""
    if not isinstance(given, str) or len(given) > limit:
        raise Refusal(f"Up to {limit} characters are expected", name)
    return given


def _flag(values: Json, name: str) -> bool:
    given = values.get(name)
    if given is not None and not isinstance(given, bool):
        raise Refusal("True or false is expected", name)
    return bool(given)
