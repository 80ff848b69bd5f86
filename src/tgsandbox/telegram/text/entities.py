"""Formatted text, from what a bot sends to what a message shows."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final

from tgsandbox.telegram.fields import FieldError, number, object_, string
from tgsandbox.telegram.text.entity import Entity, ParseError, ascii_lower, utf16_length
from tgsandbox.telegram.text.html import parse_html
from tgsandbox.telegram.text.links import LinkError, checked, user_id_of, valid_user_id
from tgsandbox.telegram.text.markdown import parse_markdown
from tgsandbox.telegram.text.markdown_v2 import parse_markdown_v2
from tgsandbox.telegram.text.shape import clean, settle

__all__ = ["Entity", "ParseError", "from_given", "parse", "utf16_length"]

MOST_BYTES = 1 << 15

_PARSERS: Final[dict[str, Callable[[str], tuple[str, list[Entity]]]]] = {
    "html": parse_html,
    "markdown": parse_markdown,
    "markdownv2": parse_markdown_v2,
}
_PLAIN = {"bold", "italic", "underline", "strikethrough", "spoiler", "code"}
_PLAIN |= {"blockquote", "expandable_blockquote"}
_FOUND = {"mention", "hashtag", "cashtag", "bot_command", "url", "email", "phone_number"}
_FOUND |= {"bank_card_number"}


def parse(text: str, mode: str | None) -> tuple[str, list[Entity]]:
    """The text without its markup, cleaned, and its entities with those Telegram finds itself.

    The text may come out empty: whether that is an error is for the caller to say.
    """
    _check(text)
    mode = ascii_lower(mode or "none")
    if not text or mode == "none":
        return settle(text, [])
    if mode not in _PARSERS:
        raise ParseError("unsupported parse_mode")
    return settle(*_PARSERS[mode](text))


def from_given(text: str, entities: Sequence[Any]) -> tuple[str, list[Entity]]:
    """The same for a request that gives `entities`, as JSON values, instead of markup."""
    _check(text)
    given = []
    for value in entities:
        try:
            entity = _given(value)
        except FieldError as error:
            raise ParseError(f"can't parse MessageEntity: {error}") from None
        if entity is not None:
            given.append(entity)
    return settle(text, [_obeyed(entity) for entity in given])


def _check(text: str) -> None:
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        raise ParseError("strings must be encoded in UTF-8") from None
    if size > MOST_BYTES:
        raise ParseError("text is too long")


def _given(value: Any) -> Entity | None:
    """An entity of the request; none of those that Telegram would rather find itself."""
    if not isinstance(value, dict):
        raise FieldError("expected an Object")
    offset, length = number(value, "offset"), number(value, "length")
    type_ = _text(value, "type")
    known: dict[str, Any] = {}
    match type_:
        case "":
            raise FieldError("Type is not specified")
        case "pre":
            known["language"] = _text(value, "language", default="") or None
        case "text_link":
            known["url"] = _text(value, "url")
        case "text_mention":
            known["user_id"] = number(object_(value, "user"), "id", bits=64)
        case "custom_emoji":
            known["custom_emoji_id"] = str(number(value, "custom_emoji_id", bits=64))
        case "date_time":
            known["unix_time"] = number(value, "unix_time")
            known["date_time_format"] = _date_time_format(value)
        case _ if type_ in _FOUND:
            return None
        case _ if type_ not in _PLAIN:
            raise FieldError("Unsupported type specified")
    return Entity(type=type_, offset=offset, length=length, **known)


def _obeyed(entity: Entity) -> Entity:
    """The entity with what it names checked, and a link put in Telegram's form."""
    if entity.url is not None:
        url = clean(entity.url)
        if user_id := user_id_of(url):
            return replace(entity, type="text_mention", url=None, user_id=user_id)
        try:
            return replace(entity, url=checked(url))
        except LinkError as error:
            raise ParseError(f"entity URL '{url}' is invalid: {error}") from None
    if entity.language is not None:
        return replace(entity, language=clean(entity.language))
    if entity.user_id is not None and not valid_user_id(entity.user_id):
        raise ParseError("user not found")
    if entity.custom_emoji_id == "0":
        raise ParseError("invalid custom emoji identifier specified")
    if entity.unix_time is not None and entity.unix_time <= 0:
        raise ParseError("invalid date specified")
    return entity


def _text(value: dict[str, Any], name: str, default: str | None = None) -> str:
    text = string(value, name, default)
    if re.search("[\ud800-\udfff]", text):
        raise ParseError("strings must be encoded in UTF-8")
    return text


def _date_time_format(value: dict[str, Any]) -> str:
    """Of two that exclude each other the last is meant; in markup it would be the short one."""
    given = _text(value, "date_time_format", default="")
    if given in ("r", "R"):
        return "r"
    if set(given) - set("tTdDwW"):
        raise FieldError("Invalid date-time format specified")
    week = "w" if set(given) & set("wW") else ""
    dates = [letter for letter in given if letter in "dD"][-1:]
    times = [letter for letter in given if letter in "tT"][-1:]
    return "".join([week, *dates, *times])
