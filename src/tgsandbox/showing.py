"""Events as JSON, for whoever watches over HTTP."""

from dataclasses import asdict, is_dataclass
from typing import Any

from tgsandbox.events import Event
from tgsandbox.telegram import wire
from tgsandbox.telegram.records import (
    Bot,
    Chat,
    Json,
    Message,
    Query,
    Record,
    Update,
    User,
)
from tgsandbox.telegram.updates import shown
from tgsandbox.telegram.world import World


def shown_event(world: World, event: Event) -> Json:
    told = {name: _shown(world, value) for name, value in event.data.items()}
    return {"number": event.number, "at": event.at, "kind": event.kind, **told}


def _shown(world: World, value: Any) -> Any:  # noqa: PLR0911  a table
    match value:
        case User() | Bot():
            return wire.user(value)
        case Message():
            return wire.message(world, value)
        case Chat():
            return {"key": value.key, **wire.chat(world, value)}
        case Query():
            return {"id": value.id, "type": value.type, "user": value.user_id}
        case Update():
            return shown(value)
        case Record():
            return value.row()
        case _ if is_dataclass(value) and not isinstance(value, type):
            return asdict(value)
        case _:
            return value
