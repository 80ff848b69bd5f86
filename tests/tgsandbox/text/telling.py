"""Entities in a form that tables of cases can hold."""

from typing import Any

from tgsandbox.telegram.text.entities import Entity


def told(entities: list[Entity]) -> list[str]:
    """Entities as "type offset+length what", to be read in a table."""
    lines = []
    for entity in entities:
        known = entity.to_dict()
        rest = [str(known[key]) for key in known if key not in ("type", "offset", "length")]
        lines.append(" ".join([entity.type, f"{entity.offset}+{entity.length}", *rest]))
    return lines


def entity(type_: str, offset: int, length: int, **known: Any) -> dict[str, Any]:
    """As a request gives it."""
    return {"type": type_, "offset": offset, "length": length, **known}
