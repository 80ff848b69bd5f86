"""What a payer tells of himself, as far as the invoice wants to know it."""

import re
from typing import Any

from tgsandbox.telegram.payments.failures import PaymentFailed
from tgsandbox.telegram.payments.invoices import Invoice
from tgsandbox.telegram.records import Json

_EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")
_PHONE = re.compile(r"[0-9]{7,15}")
_COUNTRY = re.compile(r"[A-Z]{2}")
_ADDRESS = {  # what a line must look like, and the complaint when it does not
    "country_code": (_COUNTRY, "ADDRESS_COUNTRY_INVALID"),
    "state": (re.compile(r".{0,64}"), "ADDRESS_STATE_INVALID"),
    "city": (re.compile(r".{1,64}"), "ADDRESS_CITY_INVALID"),
    "street_line1": (re.compile(r".{1,128}"), "ADDRESS_STREET_LINE1_INVALID"),
    "street_line2": (re.compile(r".{0,128}"), "ADDRESS_STREET_LINE2_INVALID"),
    "post_code": (re.compile(r".{1,32}"), "ADDRESS_POSTCODE_INVALID"),
}


def checked_info(invoice: Invoice, given: Json) -> Json:
    """An OrderInfo of what the invoice needs and no more."""
    info: Json = {}
    if invoice.need_name:
        info["name"] = _text(given.get("name"))
        if not 1 <= len(info["name"]) <= 64:
            raise PaymentFailed("REQ_INFO_NAME_INVALID")
    if invoice.need_phone_number:
        info["phone_number"] = re.sub(r"[+ ()-]", "", _text(given.get("phone_number")))
        if not _PHONE.fullmatch(info["phone_number"]):
            raise PaymentFailed("REQ_INFO_PHONE_INVALID")
    if invoice.need_email:
        info["email"] = _text(given.get("email"))
        if not _EMAIL.fullmatch(info["email"]):
            raise PaymentFailed("REQ_INFO_EMAIL_INVALID")
    if invoice.need_shipping_address:
        info["shipping_address"] = _address(given.get("shipping_address"))
    return info


def _address(given: Any) -> Json:
    lines = given if isinstance(given, dict) else {}
    address = {}
    for name, (wanted, complaint) in _ADDRESS.items():
        address[name] = _text(lines.get(name))
        if not wanted.fullmatch(address[name]):
            raise PaymentFailed(complaint)
    return address


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""
