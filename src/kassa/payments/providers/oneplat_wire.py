"""What 1Plat says, read and signed: its JSON, its refusals, its callbacks' fields."""

import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kassa.payments.providers.protocol import Callback, Mute, Refused, Requisite, Why
from kassa.payments.providers.reading import form, json_object

# What a note calls it, and what we do.
_REQUISITES = {
    "pan": "card",
    "phone": "phone",
    "fio": "holder",
    "bank": "bank",
    "qr": "qr",
    "qr_img": "qr_image",
    "address": "address",
    "network": "network",
}
DECISIVE = {"card", "phone", "qr", "qr_image", "address"}  # without one, nobody can pay


# -- JSON as it is signed ----------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Number:
    """A number of a JSON text as it was written: 100.0 and 100 are signed differently."""

    text: str


def stringify(value: object, depth: int = 32) -> str:
    """What JavaScript's JSON.stringify makes of it, and what the signature is taken of."""
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, Number):
        return value.text
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int):
        return str(value)
    if not depth:
        raise Refused("The body is too deep.")
    if isinstance(value, dict):
        pairs = [f"{_quoted(k)}:{stringify(v, depth - 1)}" for k, v in value.items()]
        return "{" + ",".join(pairs) + "}"
    if isinstance(value, list):
        return "[" + ",".join([stringify(each, depth - 1) for each in value]) + "]"
    raise TypeError(f"{type(value).__name__} does not come from JSON.")


_LONE = re.compile("[\ud800-\udfff]")


def _quoted(value: str) -> str:
    # As JavaScript does it: only quotes, backslashes and control characters are escaped, and
    # halves of characters, which no UTF-8 could carry.
    return _LONE.sub(lambda half: f"\\u{ord(half[0]):04x}", json.dumps(value, ensure_ascii=False))


def signature(fields: Mapping[str, Any], secret: str) -> str:
    return hmac.new(secret.encode(), stringify(dict(fields)).encode(), hashlib.sha256).hexdigest()


def signature_v2(merchant: str, amount: str, shop: str, secret: str) -> str:
    """Covers the amount, but neither the status nor which payment it is."""
    signed = f"{merchant}{amount}{shop}{secret}".encode(errors="surrogatepass")
    return hashlib.md5(signed, usedforsecurity=False).hexdigest()


# -- reading --------------------------------------------------------------------


class No(Exception):
    """A refusal in words, or at least with a number."""

    def __init__(self, status: int, answer: object) -> None:
        fields = answer if isinstance(answer, dict) else {}
        said = " ".join(
            str(value)
            for name in ("error", "message", "code", "errors", "msg")
            if (value := fields.get(name))
        )
        words = said.lower()
        self.why = _why(status, words, told=bool(fields))
        # It has such an order already: made by a call whose answer was lost.
        self.again = any(each in words for each in ("exist", "duplicate", "уже"))
        # A page that is not there is no payment that is not there, nor is a shop.
        absent = status == 404 or any(each in words for each in ("not found", "не найден"))
        self.missing = bool(fields) and status not in (401, 403) and absent
        super().__init__(f"{status} {said}"[:300].strip())


def _why(status: int, words: str, *, told: bool) -> Why:
    if status in (401, 403) or not told:
        return Why.CONFIGURATION
    if status == 429:
        return Why.DOWN
    if any(each in words for each in ("requisit", "реквизит")):
        return Why.NO_REQUISITES
    if any(each in words for each in ("limit", "лимит", "minimum", "maximum", "min ", "max ")):
        return Why.LIMIT
    if any(each in words for each in ("shop", "secret", "магазин")):
        return Why.CONFIGURATION
    return Why.INVALID


def fields_of(callback: Callback) -> tuple[Mapping[str, Any], dict[str, Any]]:
    """What came, and of it what is signed and so may be read: `payload`, if there is one."""
    if callback.method == "GET":
        outer: dict[str, Any] = dict(form(callback.query))
    elif "form-urlencoded" in callback.headers.get("content-type", ""):
        outer = dict(form(callback.body))
    else:
        outer = json_object(callback.body, numbers=Number)
    payload = outer.get("payload")
    if isinstance(payload, dict):
        return outer, payload
    return outer, {k: v for k, v in outer.items() if k not in ("signature", "signature_v2")}


def plain(fields: Mapping[str, Any], name: str) -> str:
    """A text or a number as it was written; empty where it is neither, or not to be shown."""
    value = fields.get(name)
    if isinstance(value, Number):
        value = value.text
    elif isinstance(value, int | float) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or len(value) > 20_000 or not value.isprintable():
        return ""
    return value


def guid_of(value: object) -> str:
    """It becomes part of an address, so it is only what it should be."""
    found = isinstance(value, str) and re.fullmatch("[A-Za-z0-9_-]{1,100}", value)
    return value if found and isinstance(value, str) else ""


def requisites(note: Mapping[str, Any]) -> list[Requisite]:
    return [
        Requisite(ours, value)
        for theirs, ours in _REQUISITES.items()
        if (value := plain(note, theirs))
    ]


def part_of(answer: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = answer.get(name)
    if not isinstance(value, dict):
        raise Mute(f"1Plat's answer has no {name}.")
    return value


def limits(answer: Mapping[str, Any]) -> str:
    systems = answer.get("systems")
    if not isinstance(systems, list):
        return "no methods are told"
    parts = [
        f"{plain(each, 'system_group')} {plain(each, 'min')}-{plain(each, 'max')}"
        for each in systems
        if isinstance(each, dict)
    ]
    return f"limits as it tells them: {', '.join(parts)}"[:300]
