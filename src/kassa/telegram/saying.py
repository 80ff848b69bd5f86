"""A notice as a message: its text, plain or with tags, and the buttons below it."""

import re
from collections.abc import Mapping
from html import unescape
from typing import Any

from kassa.botapi import Refused
from kassa.telegram import showing
from kassa.telegram.bots import Bot
from kassa.telegram.paying_words import MOST_COPIED
from kassa.telegram.speaker import Speaker

MOST_TEXT = 4000  # characters: Telegram takes 4096, counting some of them twice

_TAG = re.compile("<[^>]*>")


def text(t: Speaker, said: Mapping[str, Any]) -> dict[str, Any]:
    """Of sendMessage. One that is too long for its tags is cut without them."""
    name, args = said["text"], said.get("args", {})
    if not said.get("html"):
        return {"text": cut(t(name, **args))}
    words = t.html(name, **args)
    plain = unescape(_TAG.sub("", words))
    if len(plain) > MOST_TEXT:
        return {"text": cut(plain)}
    preview = {"link_preview_options": {"is_disabled": True}}
    return {"text": words, "parse_mode": "HTML", **preview}


def cut(words: str) -> str:
    return words if len(words) <= MOST_TEXT else f"{words[: MOST_TEXT - 1]}…"


def keyboard(
    t: Speaker, said: Mapping[str, Any], bot: Bot, *, base: str, bare: bool = False
) -> dict[str, Any]:
    """Of sendMessage to a private chat: `base` is showing.base(settings). What Telegram would not
    take is left out; `bare`: all that has an address is."""
    rows = []
    for row in said.get("buttons", ()):
        shown = []
        for button in row:
            does = _does(button, bot, base=base, bare=bare)
            if does:
                label = t(button["text"], **said.get("args", {}))
                shown.append({"text": label, **does})
        if shown:
            rows.append(shown)
    return {"reply_markup": {"inline_keyboard": rows}} if rows else {}


def _does(button: Mapping[str, str], bot: Bot, *, base: str, bare: bool) -> dict[str, Any]:
    if "data" in button:
        return {"callback_data": button["data"]}
    if "copy" in button:
        copied = button["copy"]
        return {"copy_text": {"text": copied}} if len(copied) <= MOST_COPIED else {}
    if "url" in button and not bare:
        return {"url": button["url"]}
    if "page" in button and base and not bare:
        return {"web_app": {"url": showing.address(base, bot, button["page"])}}
    return {}


def dislikes_address(error: Refused) -> bool:
    """Whether it is a button's address that Telegram did not take."""
    said = error.words.lower()
    return "url" in said or "link" in said
