"""parse_mode MarkdownV2, with the refusals of Telegram's server."""

from dataclasses import dataclass

from tgsandbox.telegram.text.entity import Draft, Entity, ParseError, broken, in_order, utf8_length
from tgsandbox.telegram.text.links import emoji_id_of, link_entity, time_of
from tgsandbox.telegram.text.markdown import END, fence

_RESERVED = "_*[]()~`>#+-=|{}.!\n"
_OPENING = {  # the longer marker first
    "```": "pre",
    "`": "code",
    "__": "underline",
    "_": "italic",
    "*": "bold",
    "~": "strikethrough",
    "||": "spoiler",
    "[": "text_link",
    "![": "custom_emoji",
}
_CLOSING = {kind: marker for marker, kind in _OPENING.items()} | {
    "text_link": "]",
    "custom_emoji": "]",
}
_NAMES = {"text_link": "TextUrl", "custom_emoji": "CustomEmoji", "blockquote": "BlockQuote"}


@dataclass(frozen=True, slots=True)
class _Open:
    kind: str
    at: int  # in the source
    offset: int
    written: int  # characters before it
    language: str | None = None


def parse_markdown_v2(text: str) -> tuple[str, list[Entity]]:
    return _MarkdownV2(text).parsed()


class _MarkdownV2:
    def __init__(self, text: str) -> None:
        self.source = text + END
        self.size = len(text)
        self.at = 0
        self.draft = Draft()
        self.open: list[_Open] = []
        self.entities: list[Entity] = []
        self.quoted = False
        self.line_begins = True  # and a > begins or continues a quote

    def parsed(self) -> tuple[str, list[Entity]]:
        while self.at < self.size:
            char = self.source[self.at]
            if self._escaped():
                char = self.source[self.at + 1]
                self.at += 2
                self._write(char, begins_line=char == "\n")
            elif char not in ("`" if self._in_code() else _RESERVED):
                self.at += 1
                self._write(char, begins_line=False)
            elif self._quote_ends():
                self._end_quote()
            elif self._entity_ends():
                self._end_entity()
            else:
                self._begin(char)
        if self.quoted:
            self._end_quote_with_text()
        if self.open:
            raise self._unfinished()
        return self.draft.text(), in_order(self.entities)

    def _escaped(self) -> bool:
        return self.source[self.at] == "\\" and "\0" < self.source[self.at + 1] <= "~"

    def _write(self, char: str, *, begins_line: bool) -> None:
        self.draft.put(char)
        if char != "\r":
            self.line_begins = begins_line

    def _in_code(self) -> bool:
        return bool(self.open) and self.open[-1].kind in ("pre", "code")

    def _begin(self, char: str) -> None:
        if char == "\n":
            self.at += 1
            self._write(char, begins_line=True)
        elif char == ">" and self.line_begins:
            if not self.quoted:
                self._push("blockquote")
            self.quoted = True
            self.at += 1
        else:
            marker = next((m for m in _OPENING if self.source.startswith(m, self.at)), None)
            if marker is None:
                raise broken(
                    f"Character '{char}' is reserved and must be escaped with the preceding '\\'"
                )
            self._begin_entity(marker)

    def _begin_entity(self, marker: str) -> None:
        after, language = self.at + len(marker), None
        if marker == "```":
            after, language = fence(self.source, after)
        self._push(_OPENING[marker], language)
        self.at = after

    def _push(self, kind: str, language: str | None = None) -> None:
        draft = self.draft
        self.open.append(_Open(kind, self.at, draft.units, len(draft.chars), language))

    def _entity_ends(self) -> bool:
        if not self.open or self.open[-1].kind == "blockquote":
            return False
        kind = self.open[-1].kind
        if kind == "italic" and self.source.startswith("__", self.at):
            return False
        return self.source.startswith(_CLOSING[kind], self.at)

    def _end_entity(self) -> None:
        opened = self.open.pop()
        offset, length = opened.offset, self.draft.units - opened.offset
        self.at += len(_CLOSING[opened.kind])
        entity: Entity | None
        if opened.kind == "text_link":
            url = self._target() if self.source[self.at] == "(" else None
            url = self.draft.text(since=opened.written) if url is None else url
            entity = link_entity(url, offset=offset, length=length)
        elif opened.kind == "custom_emoji":
            entity = self._emoji_or_time(offset, length)
        else:
            entity = Entity(
                type=opened.kind, offset=offset, length=length, language=opened.language
            )
        if entity is not None and length:
            self.entities.append(entity)

    def _emoji_or_time(self, offset: int, length: int) -> Entity:
        if self.source[self.at] != "(":
            raise broken("The entity must contain a tg://emoji or tg://time URL")
        url = self._target()
        if emoji := emoji_id_of(url):
            return Entity(type="custom_emoji", offset=offset, length=length, custom_emoji_id=emoji)
        if (time := time_of(url)) is None:
            raise broken("Invalid tg://emoji or tg://time URL specified")
        unix, format_ = time
        return Entity(
            type="date_time",
            offset=offset,
            length=length,
            unix_time=unix,
            date_time_format=format_,
        )

    def _target(self) -> str:
        """The URL in the brackets that open here."""
        self.at += 1
        begin, url = self.at, ""
        while self.at < self.size and self.source[self.at] != ")":
            self.at += self._escaped()
            url += self.source[self.at]
            self.at += 1
        if self.at >= self.size:
            offset = utf8_length(self.source[:begin])
            raise broken(f"Can't find end of a URL at byte offset {offset}")
        self.at += 1
        return url

    def _quote_ends(self) -> bool:
        ends_line = self.source[self.at] == "\n" and self.source[self.at + 1] != ">"
        return self.quoted and ends_line

    def _end_quote(self) -> None:
        """The line break after the last > line is the quote's; a || before it folds the quote."""
        kind, carriage = "blockquote", self.draft.chars[-1:] == ["\r"]
        spoiler = self.open[-1].kind == "spoiler"
        if spoiler and self.at - self.open[-1].at in ((2, 3) if carriage else (2,)):
            kind = "expandable_blockquote"
            self.open.pop()
        if self.open[-1].kind != "blockquote":
            raise self._unfinished()
        self.at += 1
        self._write("\n", begins_line=True)
        self._close_quote(kind)

    def _end_quote_with_text(self) -> None:
        kind = "blockquote"
        if self.open[-1].kind == "spoiler" and self.open[-1].at == self.size - 2:
            kind = "expandable_blockquote"
            self.open.pop()
        if self.open[-1].kind == "blockquote":
            self._close_quote(kind)

    def _close_quote(self, kind: str) -> None:
        self.quoted = False
        offset = self.open.pop().offset
        if length := self.draft.units - offset:
            self.entities.append(Entity(type=kind, offset=offset, length=length))

    def _unfinished(self) -> ParseError:
        opened = self.open[-1]
        name = _NAMES.get(opened.kind, opened.kind.capitalize())
        name = "PreCode" if opened.language else name
        offset = utf8_length(self.source[: opened.at])
        return broken(f"Can't find end of {name} entity at byte offset {offset}")
