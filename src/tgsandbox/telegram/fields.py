"""Fields of JSON values that a request brings, refused in the words of the real server."""

import math
import re
from typing import Any

Json = dict[str, Any]


class FieldError(Exception):
    """Why a value cannot be read."""


def integer(value: str, *, bits: int) -> int | None:
    """A number written exactly as Telegram would write it, if it has no more than these bits."""
    if not re.fullmatch(r"-?[0-9]{1,19}", value):
        return None
    number = int(value)
    fits = -(1 << bits - 1) <= number < 1 << bits - 1
    return number if fits and str(number) == value else None


def string(value: Json, name: str, default: str | None = None) -> str:
    given = given_in(value, name, default)
    if isinstance(given, bool) or not isinstance(given, int | float | str):
        raise FieldError(f'Field "{name}" must be of type String')
    return str(given)


def number(value: Json, name: str, default: int | None = None, *, bits: int = 32) -> int:
    given = given_in(value, name, default)
    if isinstance(given, bool) or not isinstance(given, int | float | str):
        raise FieldError(f'Field "{name}" must be a Number')
    number = integer(str(given), bits=bits)
    if number is None:
        raise FieldError(f'Field "{name}" must be a valid Number')
    return number


def real(value: Json, name: str) -> float:
    given = given_in(value, name)
    try:
        found = float(given) if isinstance(given, int | float | str) else math.nan
    except (ValueError, OverflowError):
        found = math.nan
    if math.isfinite(found) and not isinstance(given, bool):
        return found
    raise FieldError(f'Field "{name}" must be a Number')


def flag(value: Json, name: str) -> bool:
    return name in value and bool(typed(value, name, bool, "Boolean"))


def flags_there(value: Json, *names: str) -> Json:
    """Those that are given, since false is not the same as not given."""
    return {name: flag(value, name) for name in names if name in value}


def flags_set(value: Json, *names: str) -> Json:
    return {name: True for name in names if flag(value, name)}


def object_(value: Json, name: str) -> Json:
    found: Json = typed(value, name, dict, "Object")
    return found


def typed(value: Json, name: str, type_: type, called: str) -> Any:
    given = given_in(value, name)
    if not isinstance(given, type_):
        raise FieldError(f'Field "{name}" must be of type {called}')
    return given


def given_in(value: Json, name: str, default: Any = None) -> Any:
    """A field that is null is there, and is of the wrong type."""
    if name not in value and default is None:
        raise FieldError(f'Can\'t find field "{name}"')
    return value.get(name, default)
