"""Which app of a bot answers what. Two that claim the same are told apart before anything starts.

The runtime's own words come first (/cancel, /language, …), then the apps' in their order, then
what is left (/start, /help, an old button, words that nobody understands).
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

from aiogram import Router
from aiogram.dispatcher.event.bases import UNHANDLED
from aiogram.filters import Command, CommandStart
from aiogram.types import Message, TelegramObject

from kassa.telegram.bots import Bot
from kassa.telegram.menu import MenuItem
from kassa.telegram.speaker import Speaker
from kassa.texts import Texts

RESERVED = frozenset({"cancel", "language"})  # the runtime's, on every bot
ALONE = frozenset({"start", "help"})  # an app's own where it has the bot for itself


class Shown(Protocol):
    """An app, as far as a bot shows it."""

    @property
    def name(self) -> str: ...
    @property
    def texts(self) -> Texts: ...
    @property
    def bot(self) -> Router | None: ...
    @property
    def menu(self) -> Sequence[MenuItem]: ...
    @property
    def menu_button(self) -> MenuItem | None: ...
    @property
    def free_text(self) -> bool: ...
    @property
    def asks_terms(self) -> bool: ...


class House:
    """One bot and what it shows."""

    def __init__(self, bot: Bot, apps: Sequence[Shown], *, first: Router, last: Router) -> None:
        self.bot = bot
        self.apps = tuple(apps)
        self.claimed = {name for app in apps for name in commands(app.bot)}
        self._first = first
        self._last = last

    @property
    def alone(self) -> "Shown | None":
        """The only app, whose words the bot speaks."""
        return self.apps[0] if len(self.apps) == 1 else None

    @property
    def asks_terms(self) -> bool:
        """Whether /start begins with the terms."""
        return any(app.asks_terms for app in self.apps)

    async def answer(
        self, kind: str, event: TelegramObject, ours: Texts, data: Mapping[str, Any]
    ) -> tuple[object, str]:
        """What the first that handles it returns, and whose it is; "" is the runtime."""
        language = data["user"].language if data.get("user") else "ru"
        common = {**data, "t": Speaker(ours, language), "house": self}
        if not self._is_claimed(event):
            said = await self._first.propagate_event(kind, event, **common)
            if said is not UNHANDLED:
                return said, ""
        for app in self.apps:
            if app.bot is None:
                continue
            said = await app.bot.propagate_event(
                kind, event, **{**data, "t": Speaker(app.texts, language), "house": self}
            )
            if said is not UNHANDLED:
                return said, app.name
        said = await self._last.propagate_event(kind, event, **common)
        return (None if said is UNHANDLED else said), ""

    def _is_claimed(self, event: TelegramObject) -> bool:
        if not isinstance(event, Message) or not event.text or not event.text.startswith("/"):
            return False
        name = "".join(event.text[1:].split(maxsplit=1)[:1]).partition("@")[0]
        return name.lower() in self.claimed


def commands(router: Router | None) -> set[str]:
    """Which commands a router answers, whatever else it asks of the message."""
    return {name for each in _filters(router) for name in _names(each)}


def conflicts(bot: str, apps: Sequence[Shown]) -> list[str]:
    """What two apps of one bot cannot both have, in words."""
    found = []
    owners: dict[str, str] = {}
    for app in apps:
        for name in sorted(commands(app.bot)):
            if name in RESERVED:
                found.append(f"bot {bot}: /{name} is Kassa's own; the app {app.name} claims it")
            elif name in ALONE and len(apps) > 1:
                if not _only_with_payload(app.bot, name):
                    found.append(
                        f"bot {bot}: the app {app.name} answers /{name}, and so must have the bot "
                        "for itself; give it one of its own"
                    )
            elif name in owners:
                found.append(
                    f"bot {bot}: the apps {owners[name]} and {app.name} both answer /{name}; "
                    "show them by different bots"
                )
            else:
                owners[name] = app.name
    listeners = [app.name for app in apps if app.free_text]
    if len(listeners) > 1:
        found.append(
            f"bot {bot}: the apps {' and '.join(listeners)} both listen to whatever is written; "
            "show them by different bots"
        )
    return found


def _filters(router: Router | None) -> Iterator[Command]:
    if router is None:
        return
    for handler in router.observers["message"].handlers:
        for each in handler.filters or ():
            if isinstance(each.callback, Command):
                yield each.callback
    for inner in router.sub_routers:
        yield from _filters(inner)


def _names(command: Command) -> Iterator[str]:
    for each in command.commands:
        name = getattr(each, "pattern", None) or getattr(each, "command", None) or each
        yield str(name).lower()


def _only_with_payload(router: Router | None, name: str) -> bool:
    return all(
        isinstance(each, CommandStart) and bool(each.deep_link)
        for each in _filters(router)
        if name in _names(each)
    )
