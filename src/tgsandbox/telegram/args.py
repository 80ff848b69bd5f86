"""The arguments of a call. As in the real server each is a text, whatever it was sent as."""

import json
import re
from dataclasses import dataclass, field
from math import isfinite
from typing import Any, NoReturn

from tgsandbox.telegram.errors import bad_request

_INTEGER = re.compile(r"-?\d+")
_MOST = {32: 2**31 - 1, 64: 2**63 - 1}


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that came with a request."""

    name: str
    content: bytes
    type: str = "application/octet-stream"


@dataclass(slots=True)
class Args:
    values: dict[str, Any] = field(default_factory=dict)
    files: dict[str, Upload] = field(default_factory=dict)

    def __contains__(self, name: str) -> bool:
        return name in self.values or name in self.files

    def text(self, name: str) -> str:
        """Empty when it is missing, as the real server has it."""
        value = self.values.get(name, "")
        return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)

    def required(self, name: str) -> str:
        value = self.text(name)
        if not value:
            raise bad_request(f'parameter "{name}" is required')
        return value

    def flag(self, name: str) -> bool:
        return self.text(name).strip().lower() in ("true", "yes", "1")

    def integer(
        self, name: str, default: int = 0, *, low: int | None = None, high: int | None = None
    ) -> int:
        """As far as the text is a number; out of bounds it is the nearest that is within."""
        given = self.text(name)
        found = _INTEGER.match(given.strip() or "0")
        number = default if not given else int(found[0][:40]) if found else 0
        number = max(min(number, _MOST[64]), -_MOST[64])
        if low is not None:
            number = max(number, low)
        if high is not None:
            number = min(number, high)
        return number

    def message_id(self, name: str = "message_id") -> int:
        """Zero where there is none that could be one."""
        return self.integer(name, low=0, high=_MOST[32])

    def number(self, name: str) -> float:
        """Zero where it is none."""
        try:
            return float(self.text(name))
        except ValueError:
            return 0.0

    def json(self, name: str, what: str) -> Any:
        """The value behind the text; None when it is missing or empty."""
        value = self.values.get(name)
        if value is None or value == "":
            return None
        if not isinstance(value, str):
            return value
        try:
            return parse_json(value)
        except ValueError:
            raise bad_request(f"can't parse {what} JSON object") from None

    def upload(self, name: str) -> Upload | None:
        """The file of that name, or the one that it says is attached under another."""
        found = self.files.get(name)
        if found is not None:
            return found
        return self.attached(self.text(name))

    def attached(self, reference: str) -> Upload | None:
        if not reference.startswith("attach://"):
            return None
        return self.files.get(reference.removeprefix("attach://"))


def parse_json(text: str | bytes) -> Any:
    """As JSON has it: no NaN, no number that is infinite, no depth that ends the parser, no half
    of a character."""
    try:
        value = json.loads(text, parse_constant=_refuse, parse_float=_finite)
        if (text.find("\\u") if isinstance(text, str) else text.find(b"\\u")) >= 0:
            json.dumps(value, ensure_ascii=False).encode()  # half of a surrogate pair is no text
    except RecursionError:
        raise ValueError("too deep") from None
    return value


def _finite(given: str) -> float:
    number = float(given)
    return number if isfinite(number) else _refuse(given)


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")
