"""Messages that show how to pay something, and what takes their place.

A payment knows the messages it is shown in, each by its bot, chat and number, which say so when it
ends. One that shows something else meanwhile is not to be touched: the keyboard that comes with a
press tells what its message has shown; what follows the press, whether it shows it still.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_OURS = re.compile("pay:(?:with|check|cancel):([0-9]{1,18})(?::.*)?", re.ASCII)


def place(bot: int, chat: int | str, message: int) -> str:
    return f"{bot}:{chat}:{message}"


def where(place: str) -> tuple[int, int, int]:
    bot, chat, message = map(int, place.split(":"))
    return bot, chat, message


def left(
    bot: int, event: Mapping[str, Any], calls: Sequence[Mapping[str, Any]]
) -> list[tuple[int, str]]:
    """The payments that a message will not show any more after a press, and where it is."""
    message = event.get("message") or {}
    number = message.get("message_id", 0)
    chat = message.get("chat", {}).get("id", 0)
    payments = {int(found[1]) for data in _buttons(message) if (found := _OURS.fullmatch(data))}
    if not payments or not any(_takes(call, chat, number) for call in calls):
        return []
    return [(payment, place(bot, chat, number)) for payment in sorted(payments)]


def _buttons(message: Mapping[str, Any]) -> Iterator[str]:
    for row in (message.get("reply_markup") or {}).get("inline_keyboard", ()):
        for button in row:
            yield button.get("callback_data") or ""


def _takes(call: Mapping[str, Any], chat: int, number: int) -> bool:
    """Whether the message becomes another by it."""
    if "pay" in call:
        return bool(call["pay"][3] == number)
    if call.get("method") not in ("editMessageText", "editMessageMedia", "deleteMessage"):
        return False
    params = call["params"]
    return (params.get("chat_id", chat), params.get("message_id")) == (chat, number)
