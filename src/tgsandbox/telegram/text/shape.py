"""How Telegram tidies a text and its entities before it keeps them."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import pairwise

from tgsandbox.telegram.text.entity import (
    QUOTES,
    STYLES,
    VERBATIM,
    Entity,
    ParseError,
    in_order,
    utf8_length,
    utf16_length,
)
from tgsandbox.telegram.text.found import found

MOST = 1_000_000  # of an offset and of a length
MOST_ENTITIES = 100  # custom emoji and found ones are not counted

_REMOVED = re.compile("[\r\u2028-\u202e\u0333\u033f\u030a]")
_TO_SPACE = re.compile("[\0-\x09\x0b-\x1f]")
_DIRECTION_MARKS = re.compile("[\u200e\u200f](?=[\u200e\u200f])")
_INVISIBLE = re.compile(
    "[ \n\t\v\u00a0\u1680\u180e\u2000-\u200f\u202e\u202f\u205f\u2800\u3000\ufeff\ufffc"
    "\U000e0000-\U000e007f]*"
)


def settle(text: str, entities: Iterable[Entity]) -> tuple[str, list[Entity]]:
    """The text and the entities as a message has them; an empty text if nothing is visible."""
    entities = list(entities)
    if not entities:  # as most texts are; the same, with nothing to be moved along
        text = clean(text).strip(" \n")
        return ("", []) if _INVISIBLE.fullmatch(text) else (text, found(text))
    for entity in entities:
        for name, value in (("offset", entity.offset), ("length", entity.length)):
            if not 0 <= value <= MOST:
                raise ParseError(f"receive an entity with incorrect {name} {value}")
    text, entities = _clean(text, _arrange(entities))
    text, entities = _trim(text, _arrange(entities))
    if _INVISIBLE.fullmatch(text):
        return "", []
    entities = _first(entities)
    taken = [entity for entity in entities if entity.type not in (*STYLES, *QUOTES)]
    news = [new for new in found(text) if not any(_overlap(new, old) for old in taken)]
    return text, _arrange([*entities, *news])


def clean(text: str) -> str:
    """Without control characters and the like; a run of direction marks keeps its last."""
    text = _TO_SPACE.sub(" ", _REMOVED.sub("", text))
    return _DIRECTION_MARKS.sub("\u200c", text)


def _clean(text: str, entities: list[Entity]) -> tuple[str, list[Entity]]:
    moved: list[int | None] = []  # where each UTF-16 offset gets to; inside a symbol, nowhere
    units = 0
    for char in text:
        size = utf16_length(char)
        moved += [units, *[None] * (size - 1)]
        units += 0 if _REMOVED.match(char) else size
    moved.append(units)
    _check_borders(text, entities, moved)
    cleaned = []
    for entity in entities:
        begin, end = moved[entity.offset], moved[entity.end]
        assert begin is not None
        assert end is not None
        cleaned.append(replace(entity, offset=begin, length=end - begin))
    return clean(text), cleaned


def _check_borders(text: str, entities: list[Entity], moved: Sequence[int | None]) -> None:
    """Entities begin and end between the symbols of the text; the first that does not, tells."""
    last = len(moved) - 1
    inside = {offset for offset, place in enumerate(moved) if place is None}
    wrong = [(entity.end, 0, -entity.offset) for entity in entities if entity.end in inside]
    wrong += [(entity.offset, 1, 0) for entity in entities if entity.offset in inside]
    if wrong:
        offset, is_begin, begin = min(wrong)
        symbols = text.encode("utf-16-le")[: 2 * (offset + 1)].decode("utf-16-le")
        where = f"in a middle of a UTF-16 symbol at byte offset {utf8_length(symbols)}"
        if is_begin:
            raise ParseError(f"entity begins {where}")
        raise ParseError(f"entity beginning at UTF-16 offset {-begin} ends {where}")
    for entity in entities:
        if entity.offset > last:
            raise ParseError(
                f"entity begins after the end of the text at UTF-16 offset {entity.offset}"
            )
    for entity in reversed(entities):
        if entity.end > last:
            raise ParseError(
                f"entity beginning at UTF-16 offset {entity.offset} "
                f"ends after the end of the text at UTF-16 offset {entity.end}"
            )


def _trim(text: str, entities: list[Entity]) -> tuple[str, list[Entity]]:
    """No spaces at the end; at the beginning, only those that an entity covers."""
    text = text.rstrip(" \n")
    end = utf16_length(text)
    entities = in_order(
        replace(entity, length=min(entity.end, end) - entity.offset)
        for entity in entities
        if entity.offset < end
    )
    spaces = len(text) - len(text.lstrip(" \n"))
    if entities:
        spaces = min(spaces, entities[0].offset)
    return text[spaces:], [replace(entity, offset=entity.offset - spaces) for entity in entities]


def _first(entities: list[Entity]) -> list[Entity]:
    """As many as Telegram takes: first whatever is not a style, then styles."""
    others = [entity for entity in entities if entity.type not in STYLES]
    emoji = [entity for entity in others if entity.type == "custom_emoji"]
    counted = [entity for entity in others if entity.type != "custom_emoji"]
    counted += _cut([entity for entity in entities if entity.type in STYLES], [])
    return in_order([*emoji, *counted[:MOST_ENTITIES]])


def _arrange(entities: Iterable[Entity]) -> list[Entity]:
    """Only the nesting that Telegram allows: what breaks it is dropped, styles are cut."""
    entities = [entity for entity in entities if entity.length]
    styles = [entity for entity in entities if entity.type in STYLES]
    quotes = _apart(entity for entity in entities if entity.type in QUOTES)
    solid = _apart(entity for entity in entities if entity.type not in (*STYLES, *QUOTES))
    frame = quotes + [
        entity
        for entity in solid
        if all(_contains(quote, entity) or not _overlap(quote, entity) for quote in quotes)
    ]
    return in_order([*frame, *_cut(styles, frame)])


def _apart(entities: Iterable[Entity]) -> list[Entity]:
    """Of those that overlap, the first."""
    kept: list[Entity] = []
    for entity in in_order(entities):
        if not kept or kept[-1].end <= entity.offset:
            kept.append(entity)
    return kept


def _cut(styles: Iterable[Entity], frame: list[Entity]) -> list[Entity]:
    """Each style joined with itself, and cut where another begins or a frame has a border."""
    joined = _joined(styles)
    borders = {border for entity in frame for border in (entity.offset, entity.end)}
    borders |= {style.offset for style in joined}
    ordered = sorted(borders)
    closed = [entity for entity in frame if entity.type in VERBATIM]
    pieces = []
    for style in joined:
        inside = ordered[bisect_right(ordered, style.offset) : bisect_left(ordered, style.end)]
        ends = [style.offset, *inside, style.end]
        pieces += [
            replace(style, offset=begin, length=end - begin) for begin, end in pairwise(ends)
        ]
    return in_order(
        piece for piece in pieces if not any(_overlap(piece, entity) for entity in closed)
    )


def _joined(styles: Iterable[Entity]) -> list[Entity]:
    joined: dict[str, list[Entity]] = {}
    for style in in_order(styles):
        same = joined.setdefault(style.type, [])
        if same and style.offset <= same[-1].end:
            end = max(same[-1].end, style.end)
            same[-1] = replace(same[-1], length=end - same[-1].offset)
        else:
            same.append(style)
    return [style for same in joined.values() for style in same]


def _overlap(one: Entity, other: Entity) -> bool:
    return one.offset < other.end and other.offset < one.end


def _contains(outer: Entity, inner: Entity) -> bool:
    return outer.offset <= inner.offset and inner.end <= outer.end
