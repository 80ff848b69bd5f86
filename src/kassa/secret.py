"""A type for what must never be seen: tokens, keys, passwords."""

import hmac

from pydantic_core import CoreSchema, core_schema


class Secret:
    """A value that prints as *** wherever it goes. `reveal()` gives it."""

    __slots__ = ("_value",)

    def __init__(self, value: str = "") -> None:
        self._value = value

    def reveal(self) -> str:
        return self._value

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        mine, theirs = (s._value.encode(errors="surrogatepass") for s in (self, other))
        return hmac.compare_digest(mine, theirs)

    def __hash__(self) -> int:
        return hash(self._value)

    def __repr__(self) -> str:
        return "***"

    def __format__(self, spec: str) -> str:
        return "***"

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: object) -> CoreSchema:
        def take(value: object) -> Secret:
            if not isinstance(value, str | Secret):
                raise ValueError
            return cls(value) if isinstance(value, str) else value

        shown = core_schema.to_string_ser_schema(when_used="always")
        return core_schema.no_info_plain_validator_function(take, serialization=shown)
