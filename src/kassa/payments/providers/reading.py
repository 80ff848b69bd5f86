"""Reading what strangers send: JSON without surprises, fields of a known kind."""

import hmac
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

from kassa.payments.providers.protocol import Refused


def json_object(body: bytes, *, numbers: Callable[[str], Any] | None = None) -> dict[str, Any]:
    """An object; refused with a key twice (two readers would see two things), NaN, or depth.

    `numbers` makes what is to stand for a number of its text, where int and float lose some.
    """
    try:
        value = json.loads(
            body,
            object_pairs_hook=_once,
            parse_constant=_no_constant,
            parse_int=numbers,
            parse_float=numbers,
        )
    except Refused:
        raise
    except (ValueError, RecursionError):
        raise Refused("The body is not JSON.") from None
    if not isinstance(value, dict):
        raise Refused("The body is not a JSON object.")
    return value


def form(text: str | bytes) -> dict[str, str]:
    """Fields of a form or a query; a field that comes twice is refused."""
    try:
        raw = text.decode() if isinstance(text, bytes) else text
        pairs = parse_qsl(raw, keep_blank_values=True, strict_parsing=bool(raw), errors="strict")
    except ValueError:
        raise Refused("The fields cannot be read.") from None
    found = dict(pairs)
    if len(found) < len(pairs):
        raise Refused("A field comes twice.")
    return found


def same(given: object, expected: str) -> bool:
    """In constant time; whatever is given."""
    if not isinstance(given, str):
        return False
    return hmac.compare_digest(
        given.encode(errors="surrogatepass"), expected.encode(errors="surrogatepass")
    )


def text(fields: Mapping[str, Any], name: str, *, most: int = 200, empty: bool = False) -> str:
    value = fields.get(name)
    if value is None and empty:
        return ""
    if not isinstance(value, str) or len(value) > most or not (value or empty):
        raise Refused(f"{name} is missing, or no text.")
    if not value.isprintable():
        raise Refused(f"{name} has characters that cannot be shown.")
    return value


def kept(value: object, *, most: int = 200) -> str:
    """A text that can be kept and shown; empty where it is none, for what may be anything."""
    fine = isinstance(value, str) and len(value) <= most and value.isprintable()
    return value if fine and isinstance(value, str) else ""


def whole(fields: Mapping[str, Any], name: str) -> int:
    """A whole number, also where it is written as text."""
    value = fields.get(name)
    if isinstance(value, str) and len(value) < 20 and value.removeprefix("-").isdecimal():
        value = int(value) if value.isascii() else None
    if type(value) is not int or not -(2**63) <= value < 2**63:
        raise Refused(f"{name} is missing, or no whole number.")
    return value


def part(fields: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = fields.get(name)
    if not isinstance(value, dict):
        raise Refused(f"{name} is missing, or no object.")
    return value


def moment(value: object) -> datetime | None:
    """An ISO time or seconds since 1970; None where it is neither."""
    try:
        if isinstance(value, str):
            found = datetime.fromisoformat(value)
            return found.replace(tzinfo=found.tzinfo or UTC).astimezone(UTC)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError):
        pass
    return None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise Refused("A key comes twice.")
    return found


def _no_constant(name: str) -> None:
    raise Refused(f"{name} is no number.")
