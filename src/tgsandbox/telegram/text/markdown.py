"""parse_mode Markdown, the old one: no nesting, no escapes inside an entity."""

from tgsandbox.telegram.text.entity import Draft, Entity, broken, utf8_length
from tgsandbox.telegram.text.links import link_entity

END = "\0" * 3  # stands after the text, so that a look ahead finds something
_STYLES = {"_": "italic", "*": "bold", "`": "code", "```": "pre"}
_SPACE = " \t\r\n\0\v"


def parse_markdown(text: str) -> tuple[str, list[Entity]]:
    source, draft = text + END, Draft()
    entities: list[Entity] = []
    at = 0
    while at < len(text):
        char = source[at]
        if char == "\\" and source[at + 1] in "_*`[":
            draft.put(source[at + 1])
            at += 2
        elif char in "_*`[":
            at = _entity(source, at, draft, entities)
        else:
            draft.put(char)
            at += 1
    return draft.text(), entities


def _entity(source: str, begin: int, draft: Draft, entities: list[Entity]) -> int:
    """Writes the entity that begins here; where to go on."""
    marker = "```" if source.startswith("```", begin) else source[begin]
    at, language = begin + len(marker), None
    if marker == "```":
        at, language = fence(source, at)
    size = len(source) - len(END)
    end = source.find("]" if marker == "[" else marker, at, size)
    if end < 0:
        offset = utf8_length(source[:begin])
        raise broken(f"Can't find end of the entity starting at byte offset {offset}")

    offset = draft.units
    for char in source[at:end]:
        draft.put(char)
    length = draft.units - offset
    after = end + (1 if marker == "[" else len(marker))
    if not length:
        return after
    entity: Entity | None
    if marker == "[":
        url = source[at:end]
        if source[after] == "(":
            close = source.find(")", after, size)
            close = size if close < 0 else close
            url, after = source[after + 1 : close], close + 1
        entity = link_entity(url, offset=offset, length=length)
    else:
        entity = Entity(type=_STYLES[marker], offset=offset, length=length, language=language)
    if entity is not None:
        entities.append(entity)
    return after


def fence(source: str, at: int) -> tuple[int, str | None]:
    """Behind ```: where the code begins, and in what language it is."""
    end = at
    while source[end] not in _SPACE and source[end] != "`":
        end += 1
    language = None
    if end > at and end < len(source) - len(END) and source[end] != "`":
        language, at = source[at:end], end
    if source[at] in "\r\n":
        at += 2 if source[at + 1] in "\r\n" and source[at + 1] != source[at] else 1
    return at, language
