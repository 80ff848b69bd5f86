"""What happens, as it concerns the person in front of the page."""

import json
from collections.abc import AsyncIterator
from typing import Any

from tgsandbox.events import Event
from tgsandbox.showing import shown_event
from tgsandbox.telegram.records import Chat, Json, User
from tgsandbox.telegram.world import World
from tgsandbox.web import view

_LOGGED = ("call", "update", "delivered", "dropped", "refused")


async def live(world: World, user: User, boot: str, after: int) -> AsyncIterator[str]:
    """Server-sent events. The first says which run of the sandbox this is: after another
    one, or when too much was missed, the page has to look at everything anew."""
    yield _line("hello", {"boot": boot, "now": world.clock.time()})
    async for event in world.events.follow(after):
        if event.number > after + 1:
            yield _line("hello", {"boot": f"{boot} {event.number}", "now": world.clock.time()})
        after = event.number
        told = _told(world, user, event)
        if told is not None:
            yield _line(told[0], told[1], event.number)


async def log(world: World, boot: str, after: int) -> AsyncIterator[str]:
    """For the drawer: every call and every update."""
    yield _line("hello", {"boot": boot, "last": world.events.last})
    async for event in world.events.follow(after):
        if event.kind in _LOGGED:
            yield _line(event.kind, shown_event(world, event), event.number)


def _told(world: World, user: User, event: Event) -> tuple[str, Json] | None:  # noqa: PLR0911
    data = event.data
    chat = data.get("chat")
    if isinstance(chat, Chat):
        joins_or_leaves = event.kind == "member" and data["account"] is user
        if not (world.is_member(chat, user.id) or joins_or_leaves):
            return None
        return _in_chat(world, user, event, chat)
    match event.kind:
        case "answered" if data["query"].user_id == user.id:
            query = data["query"]
            return "answered", {"query": query.id, "type": query.type, "answer": data["answer"]}
        case "delivered":
            found = view.brought(data["update"])
            if found and found[0] == user.id:
                return "delivered", {"chat": f"{data['bot'].id}:{user.id}", "id": found[1]}
        case "person" | "bot" | "stars":
            return "people", {"me": view.person(user)}
        case "menu" | "commands":
            return "around", {"bot": data["bot"].id}
        case "paid" | "refunded" | "subscription" if data.get("user") is user:
            return "people", {"me": view.person(user)}
    return None


def _in_chat(  # noqa: PLR0911  a table
    world: World, user: User, event: Event, chat: Chat
) -> tuple[str, Json] | None:
    data: dict[str, Any] = event.data
    found: Json = {"chat": chat.key}
    match event.kind:
        case "message" | "edited" | "reacted" | "receipt":
            message = data["message"]
            if message.id not in chat.messages:
                return None
            kind = "message" if event.kind == "message" else "edited"
            found["message"] = view.message(world, user, message)
            return kind, found
        case "deleted":
            return "deleted", found | {"id": data["message"].id}
        case "typing":
            return "typing", found | {"bot": data["bot"].first_name, "action": data["action"]}
        case "keyboard":
            return "keyboard", found | {"keyboard": data["keyboard"]}
        case "member" | "blocked" | "unpinned" | "chat":
            return "around", found
    return None


def _line(kind: str, data: Json, number: int | None = None) -> str:
    named = f"id: {number}\n" if number is not None else ""
    told = json.dumps(data, ensure_ascii=False, default=str)
    told = told.encode(errors="replace").decode()  # half of a character must not end the stream
    return f"{named}event: {kind}\ndata: {told}\n\n"
