"""What was said, in the order in which it was, for a person to read."""

from collections.abc import Iterable
from typing import Any

from tgsandbox.events import Event
from tgsandbox.seen import described
from tgsandbox.telegram.records import Chat
from tgsandbox.telegram.world import World

_LONGEST = 300


def transcript(world: World, events: Iterable[Event]) -> str:
    """A line an event; calls are told where they failed."""
    lines = []
    begun: float | None = None
    for event in events:
        told = _told(world, event)
        if told is None:
            continue
        begun = event.at if begun is None else begun
        first, *rest = told.split("\n")
        lines.append(f"{event.at - begun:+8.3f}  {first[:_LONGEST]}")
        lines += [f"{'':10}    {each[:_LONGEST]}" for each in rest]
    return "\n".join(lines) or "Nothing was said."


def _told(world: World, event: Event) -> str | None:  # noqa: PLR0911, PLR0912  a table
    data = event.data
    match event.kind:
        case "message":
            message = data["message"]
            sender = world.accounts[message.sender].name
            told = described(data["body"], message.markup)
            return f"{sender} → {_other(world, data['chat'], message.sender)}: {told}"
        case "keyboard" if data["keyboard"] and "keyboard" in data["keyboard"]:
            rows = data["keyboard"]["keyboard"]
            return "keyboard:" + "".join(
                f"\n{' '.join(_key(each) for each in row)}" for row in rows
            )
        case "edited":
            message = data["message"]
            told = described(data["body"], message.markup)
            return f"{world.accounts[message.sender].name} edits message {message.id}: {told}"
        case "deleted":
            return f"message {data['message'].id} is deleted"
        case "pressed":
            return (
                f"{data['user'].name} presses {data['data']!r} under message {data['message'].id}"
            )
        case "answered" if data["query"].type == "callback" and data["answer"].get("text"):
            alert = " (alert)" if data["answer"]["show_alert"] else ""
            return f"{data['bot'].name} answers the press{alert}: {data['answer']['text']}"
        case "answered" if data["query"].type in ("shipping", "pre_checkout"):
            return f"{data['bot'].name} answers the {data['query'].type} query: {data['answer']}"
        case "call" if data["status"] != 200:
            told = data["answer"]["description"]
            return f"{data['bot'].name} ✗ {data['method']}: {data['status']} {told}"
        case "refused":
            return f"{data['bot'].name} did not take update {data['update'].id}: {data['error']}"
        case "asked":
            return f"{data['user'].name} asks to join {data['chat'].title}"
        case "declined":
            return f"{data['user'].name} may not join {data['chat'].title}"
        case "member" if data["chat"].type == "channel":
            return f"{data['account'].name} in {data['chat'].title}: {data['status']}"
        case "blocked":
            user = world.users[data["chat"].user_id].name
            did = "blocks" if data["blocked"] else "unblocks"
            return f"{user} {did} {world.bots[data['chat'].bot_id].name}"
        case "payment_failed":
            return f"{data['user'].name} cannot pay {data['bot'].name}: {data['text']}"
    return None


def _other(world: World, chat: Chat, sender: int) -> str:
    if not chat.private:
        return str(chat.title)
    other = chat.bot_id if sender == chat.user_id else chat.user_id
    return world.accounts[other].name


def _key(button: Any) -> str:
    return f"[{button['text'] if isinstance(button, dict) else button}]"
