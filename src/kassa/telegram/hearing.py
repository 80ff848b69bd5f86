"""An update as it is heard: of which kind, from whom, and in whose order."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kassa.errors import KassaError
from kassa.telegram.bots import Bot

# All that Kassa and its apps want to hear. Telegram keeps a shorter list for ever, so it is said
# each time.
KINDS = (
    "message",
    "edited_message",
    "callback_query",
    "inline_query",
    "chosen_inline_result",
    "shipping_query",
    "pre_checkout_query",
    "purchased_paid_media",
    "my_chat_member",
    "chat_member",
    "chat_join_request",
    "poll_answer",
    "subscription",
)


class NotTaken(KassaError):
    """It could not be done now. Whoever brought it brings it again."""


@dataclass(frozen=True, slots=True)
class Heard:
    """An update, taken apart."""

    bot: Bot
    number: int
    kind: str
    event: dict[str, Any]
    update: Mapping[str, Any]
    body: bytes
    who: dict[str, Any]  # the person; empty where there is none
    chat: int  # whose order it keeps
    private: bool


def parse(body: bytes) -> dict[str, Any]:
    """An update's JSON, or ValueError."""
    update = json.loads(body)
    if not isinstance(update, dict):
        raise ValueError("An update is an object.")
    return update


def hear(bot: Bot, update: Mapping[str, Any], body: bytes = b"") -> Heard | None:
    """None is an update of no kind that we know."""
    kind = next((each for each in KINDS if each in update), "")
    event, number = update.get(kind), update.get("update_id")
    if not isinstance(event, dict) or not isinstance(number, int) or not 0 <= number < 2**63:
        return None
    who = event.get("from") or event.get("user")
    if not isinstance(who, dict) or who.get("is_bot") or not isinstance(who.get("id"), int):
        who = {}
    message = event.get("message")
    chat = (message if isinstance(message, dict) else event).get("chat")
    if not isinstance(chat, dict) or not isinstance(chat.get("id"), int):
        chat = {"id": who.get("id", 0)}
    if not all(-(2**63) <= each < 2**63 for each in (chat["id"], who.get("id", 0))):
        return None
    private = chat.get("type") == "private"
    return Heard(bot, number, kind, event, update, body, who, chat["id"], private)
