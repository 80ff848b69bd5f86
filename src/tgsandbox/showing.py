"""People, messages and events as JSON, for whoever watches over HTTP."""

import json
from dataclasses import asdict, is_dataclass
from typing import Any

from tgsandbox.events import Event
from tgsandbox.people import Person
from tgsandbox.seen import Seen
from tgsandbox.telegram import wire
from tgsandbox.telegram.payments.checkout import Receipt
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


def seen_shown(seen: Seen) -> Json:
    return {
        "id": seen.id,
        "from": seen.sender,
        "kind": seen.kind,
        "text": seen.text,
        "buttons": seen.buttons,
        "message": seen.json(),
    }


def person_shown(person: Person) -> Json:
    user = person.user
    return {
        "id": user.id,
        "name": user.name,
        "username": user.username,
        "language": user.language,
        "phone": user.phone,
        "premium": user.premium,
        "stars": user.stars,
    }


def group_shown(chat: Chat) -> Json:
    members = {int(each): standing["status"] for each, standing in chat.members.items()}
    asking = [int(each) for each in chat.requests]
    told = {"id": chat.id, "type": chat.type, "title": chat.title}
    return told | {"members": members, "asking": asking}


def receipt_shown(receipt: Receipt) -> Json:
    charge = receipt.charge
    return {
        "currency": charge.currency,
        "amount": charge.amount,
        "telegram_payment_charge_id": charge.id,
        "provider_payment_charge_id": charge.provider_id,
    }


def shown_event(world: World, event: Event) -> Json:
    told = {name: _shown(world, value) for name, value in event.data.items()}
    return {"number": event.number, "at": event.at, "kind": event.kind, **told}


def event_line(world: World, event: Event) -> bytes:
    """As a server-sent event."""
    told = json.dumps(shown_event(world, event), ensure_ascii=False, default=str)
    line = f"id: {event.number}\nevent: {event.kind}\ndata: {told}\n\n"
    return line.encode(errors="replace")


def fields(fault: Any) -> Json:
    return asdict(fault)


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
