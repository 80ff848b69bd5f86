"""JSON that somebody sent, taken name by name; what is not as it should be is refused in words."""

import base64
import binascii
from collections.abc import Iterable
from typing import Any, TypeVar

from tgsandbox.telegram.records import Json

_T = TypeVar("_T")


class Wrong(Exception):
    """A request that cannot be understood, in words."""

    def __init__(self, reason: str, status: int = 400) -> None:
        super().__init__(reason)
        self.status = status


class Given:
    """Null is as good as nothing. Names that nobody knows are refused at once."""

    def __init__(self, values: Json, known: Iterable[str]) -> None:
        self.values = values
        known = set(known)
        if unknown := sorted(set(values) - known):
            there_are = f"There are {', '.join(sorted(known))}." if known else "There is nothing."
            raise Wrong(f"Unknown: {', '.join(unknown)}. {there_are}")

    def any(self, name: str) -> Any:
        value = self.values.get(name)
        if value is None:
            raise Wrong(f"`{name}` is missing.")
        return value

    def text(self, name: str) -> str:
        if not (value := self.text_or(name, "")):
            raise Wrong(f"`{name}` is missing.")
        return value

    def text_or(self, name: str, default: _T) -> str | _T:
        value = self.values.get(name)
        if value is None:
            return default
        if not isinstance(value, str):
            raise Wrong(f"`{name}` is a text.")
        return value

    def whole(self, name: str, low: int, high: int) -> int:
        self.any(name)
        return self.whole_or(name, low, low, high)

    def whole_or(self, name: str, default: _T, low: int, high: int) -> int | _T:
        value = self.values.get(name)
        if value is None:
            return default
        if type(value) is not int or not low <= value <= high:
            raise Wrong(f"`{name}` is a whole number from {low} to {high}.")
        return value

    def number(self, name: str, low: float, high: float) -> float:
        self.any(name)
        return self.number_or(name, low, low, high)

    def number_or(self, name: str, default: _T, low: float, high: float) -> float | _T:
        value = self.values.get(name)
        if value is None:
            return default
        if type(value) not in (int, float) or not low <= value <= high:
            raise Wrong(f"`{name}` is a number from {low:g} to {high:g}.")
        return float(value)

    def flag(self, name: str, default: bool = False) -> bool:
        value = self.values.get(name)
        if value is None:
            return default
        if not isinstance(value, bool):
            raise Wrong(f"`{name}` is true or false.")
        return value

    def texts_or(self, name: str, default: _T) -> dict[str, str] | _T:
        value = self.values.get(name)
        if value is None:
            return default
        if not isinstance(value, dict) or any(type(each) is not str for each in value.values()):
            raise Wrong(f"`{name}` is an object of texts.")
        return value

    def flags(self, name: str) -> dict[str, bool]:
        value = self.values.get(name)
        if value is None:
            return {}
        if not isinstance(value, dict) or any(type(each) is not bool for each in value.values()):
            raise Wrong(f"`{name}` is an object of true and false.")
        return value

    def list(self, name: str) -> list[Any]:
        value = self.values.get(name)
        if value is None:
            return []
        if not isinstance(value, list):
            raise Wrong(f"`{name}` is a list.")
        return value

    def content(self, name: str) -> bytes:
        return decoded(self.any(name), name)


def decoded(value: Any, name: str) -> bytes:
    try:
        if not isinstance(value, str):
            raise TypeError
        return base64.b64decode(value, validate=True)
    except (TypeError, ValueError, binascii.Error):
        raise Wrong(f"`{name}` is a file in base64.") from None
