"""A piece of formatted text as the Bot API names it, and how Telegram counts and orders text."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

STYLES = ("bold", "italic", "underline", "strikethrough", "spoiler")
QUOTES = ("blockquote", "expandable_blockquote")
VERBATIM = ("pre", "code", "date_time")  # no style shows inside

_ORDER = {
    "blockquote": 0,
    "expandable_blockquote": 0,
    "pre": 11,
    "code": 20,
    "date_time": 30,
    "text_link": 49,
    "text_mention": 49,
    "bold": 90,
    "italic": 91,
    "underline": 92,
    "strikethrough": 93,
    "spoiler": 94,
    "custom_emoji": 99,
}
_FOUND = 50  # mentions, links and whatever else Telegram finds by itself

_LOWER = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}


class ParseError(Exception):
    """Why Telegram refuses the text: what it says after "Bad Request: "."""

    def __init__(self, description: str) -> None:
        super().__init__(description)
        self.description = description


def broken(reason: str) -> ParseError:
    """The refusal of a text whose markup is wrong."""
    return ParseError(f"can't parse entities: {reason}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    type: str
    offset: int  # in UTF-16 code units, like the length
    length: int
    url: str | None = None
    user_id: int | None = None
    language: str | None = None
    custom_emoji_id: str | None = None
    unix_time: int | None = None
    date_time_format: str | None = None

    @property
    def end(self) -> int:
        return self.offset + self.length

    def to_dict(self) -> dict[str, Any]:
        """As the Bot API gives it; of a mentioned user only the id, the rest is the caller's."""
        given: dict[str, Any] = {"type": self.type, "offset": self.offset, "length": self.length}
        for name in ("url", "language", "custom_emoji_id", "unix_time", "date_time_format"):
            value = getattr(self, name)
            if value is not None:
                given[name] = value
        if self.user_id is not None:
            given["user"] = {"id": self.user_id}
        return given


def in_order(entities: Iterable[Entity]) -> list[Entity]:
    """By offset, the longer first; code around links around found ones around styles."""
    return sorted(entities, key=_place)


def _place(entity: Entity) -> tuple[int, int, int]:
    order = _ORDER.get(entity.type, _FOUND) - (entity.language is not None)
    return entity.offset, -entity.length, order


class Draft:
    """A text being written, with its length as Telegram counts it."""

    def __init__(self) -> None:
        self.chars: list[str] = []
        self.units = 0

    def put(self, char: str) -> None:
        self.chars.append(char)
        self.units += utf16_length(char)

    def text(self, since: int = 0) -> str:
        return "".join(self.chars[since:])


def utf16_length(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def utf8_length(text: str) -> int:
    return len(text.encode())


def ascii_lower(text: str) -> str:
    return text.translate(_LOWER)
