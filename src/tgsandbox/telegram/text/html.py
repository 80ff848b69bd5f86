"""parse_mode HTML, with the refusals of Telegram's server."""

import re
from dataclasses import dataclass, replace

from tgsandbox.telegram.fields import integer
from tgsandbox.telegram.text.entity import Draft, Entity, ascii_lower, broken, in_order, utf8_length
from tgsandbox.telegram.text.links import date_time_format, link_entity

_STYLE_TAGS = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "tg-spoiler": "spoiler",
    "span": "spoiler",
}
_TAGS = {*_STYLE_TAGS, "a", "pre", "code", "blockquote", "tg-emoji", "tg-time"}
_NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
_REFERENCE = re.compile(r"&(?:#x([0-9A-Fa-f]*)|#([0-9]*)|([A-Za-z]*))")
_END = "\0"  # stands after the text, which has none of its own
_SPACE = " \t\r\n\v"


@dataclass(frozen=True, slots=True)
class _Tag:
    name: str
    attributes: dict[str, str]
    offset: int
    written: int  # characters before it


def parse_html(text: str) -> tuple[str, list[Entity]]:
    if _END in text:
        raise broken("Text must not contain null bytes")
    return _Html(text).parsed()


class _Html:
    def __init__(self, text: str) -> None:
        self.source = text + _END
        self.at = 0
        self.draft = Draft()
        self.open: list[_Tag] = []
        self.entities: list[Entity] = []

    def parsed(self) -> tuple[str, list[Entity]]:
        while (char := self.source[self.at]) != _END:
            if char == "<" and self.source[self.at + 1] == "/":
                self._end_tag()
            elif char == "<":
                self._start_tag()
            else:
                self.draft.put(self._character())
        if self.open:
            name = self.open[-1].name
            raise broken(f'Can\'t find end tag corresponding to start tag "{name}"')
        text = _whole(self.draft.text())
        code_only = (
            replace(entity, language=None) if entity.type == "code" else entity
            for entity in self.entities
        )
        return text, in_order(code_only)

    def _character(self) -> str:
        """The next character, or the one that a reference like &lt; stands for."""
        match = _REFERENCE.match(self.source, self.at)
        char = _referred(match) if match else None
        if match is None or char is None:
            self.at += 1
            return self.source[self.at - 1]
        self.at = match.end() + (self.source[match.end()] == ";")
        return char

    def _start_tag(self) -> None:
        begin = self.at
        where = f"at byte offset {utf8_length(self.source[:begin])}"
        self.at += 1
        name = ascii_lower(self._until(">"))
        if self.source[self.at] == _END:
            raise broken(f"Unclosed start tag {where}")
        if name not in _TAGS:
            raise broken(f'Unsupported start tag "{name}" {where}')

        attributes: dict[str, str] = {}
        while self._skip_spaces() != ">":
            key, value = self._attribute(name, where)
            if value is None:
                attributes.setdefault(key, "")
            else:
                attributes[key] = value
        self.at += 1
        if name == "span" and attributes.get("class") != "tg-spoiler":
            raise broken(f'Tag "span" must have class "tg-spoiler" {where}')
        self.open.append(_Tag(name, attributes, self.draft.units, len(self.draft.chars)))

    def _attribute(self, tag: str, where: str) -> tuple[str, str | None]:
        key = self._until("=>/\"'")
        if not key:
            raise broken(f'Empty attribute name in the tag "{tag}" {where}')
        char = self._skip_spaces()
        if char not in ("=", _END):
            return key, None
        if char == "=":
            self.at += 1
            char = self._skip_spaces()
        if char == _END:
            raise broken(f'Unclosed start tag "{tag}" {where}')
        value = self._quoted() if char in "\"'" else self._token()
        if self.source[self.at] == _END:
            raise broken(f"Unclosed start tag {where}")
        return key, value

    def _quoted(self) -> str:
        quote = self.source[self.at]
        self.at += 1
        value = ""
        while self.source[self.at] not in (quote, _END):
            value += self._character()
        self.at += self.source[self.at] == quote
        return _whole(value)

    def _token(self) -> str:
        begin = self.at
        while re.match(r"[A-Za-z0-9.-]", self.source[self.at]):
            self.at += 1
        if self.source[self.at] not in f">{_SPACE}{_END}":
            offset = utf8_length(self.source[:begin])
            raise broken(f"Unexpected end of name token at byte offset {offset}")
        return ascii_lower(self.source[begin : self.at])

    def _end_tag(self) -> None:
        where = f"at byte offset {utf8_length(self.source[: self.at])}"
        if not self.open:
            raise broken(f"Unexpected end tag {where}")
        self.at += 2
        name = ascii_lower(self._until(">"))
        if self._skip_spaces() != ">":
            raise broken(f"Unclosed end tag {where}")
        self.at += 1
        tag = self.open[-1]
        if name not in ("", tag.name):
            raise broken(f'Unmatched end tag {where}, expected "</{tag.name}>", found "</{name}>"')
        if self.draft.units > tag.offset:
            self._close(tag)
        self.open.pop()

    def _close(self, tag: _Tag) -> None:
        length = self.draft.units - tag.offset
        plain = Entity(type=_STYLE_TAGS.get(tag.name, tag.name), offset=tag.offset, length=length)
        entity: Entity | None = plain
        match tag.name:
            case "a":
                url = tag.attributes.get("href") or self.draft.text(since=tag.written)
                entity = link_entity(url, offset=tag.offset, length=length)
            case "pre" | "code":
                entity = self._code(plain, tag.attributes.get("class", ""))
            case "blockquote" if "expandable" in tag.attributes:
                entity = replace(plain, type="expandable_blockquote")
            case "tg-emoji":
                emoji = tag.attributes.get("emoji-id", "")
                if not integer(emoji, bits=64):
                    raise broken("Invalid custom emoji identifier specified")
                entity = replace(plain, type="custom_emoji", custom_emoji_id=emoji)
            case "tg-time":
                entity = _moment(plain, tag.attributes)
        if entity is not None:
            self.entities.append(entity)

    def _code(self, entity: Entity, class_: str) -> Entity:
        """A <pre> and a <code> with a language around the same text are one entity."""
        language = class_.removeprefix("language-") if class_.startswith("language-") else ""
        if entity.type == "code" and language:
            entity = replace(entity, language=language)
        inner = self.entities[-1] if self.entities else None
        if inner is None or (inner.offset, inner.length) != (entity.offset, entity.length):
            return entity
        language = inner.language or entity.language or ""
        if language and {inner.type, entity.type} == {"pre", "code"}:
            self.entities.pop()
            return replace(entity, type="pre", language=language)
        return entity

    def _until(self, stops: str) -> str:
        begin = self.at
        while self.source[self.at] not in f"{stops}{_SPACE}{_END}":
            self.at += 1
        return self.source[begin : self.at]

    def _skip_spaces(self) -> str:
        while self.source[self.at] in _SPACE:
            self.at += 1
        return self.source[self.at]


def _whole(text: str) -> str:
    """The text, if no reference has put half of a surrogate pair in it."""
    if re.search("[\ud800-\udfff]", text):
        raise broken(
            "Text contains invalid Unicode characters after decoding HTML entities, "
            "check for unmatched surrogate code units"
        )
    return text


def _moment(entity: Entity, attributes: dict[str, str]) -> Entity | None:
    format_ = date_time_format(attributes.get("format", ""))
    if format_ is None:
        raise broken("Invalid date format used")
    digits = re.match(r"[0-9]{1,10}", attributes.get("unix", ""))
    unix = int(digits[0]) if digits else 0
    if not 0 < unix < 1 << 31:
        return None
    return replace(entity, type="date_time", unix_time=unix, date_time_format=format_)


def _referred(match: re.Match[str]) -> str | None:
    hexadecimal, decimal, name = match.groups()
    if name is not None:
        return _NAMED.get(name)
    digits = hexadecimal or decimal
    if not digits or len(match[0]) >= 10:
        return None
    code = int(digits, 16 if hexadecimal else 10)
    return chr(code) if 0 < code < 0x10FFFF else None
