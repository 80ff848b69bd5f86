"""Telegram in a box: the Bot API, payments and Mini Apps, for bots and their tests, offline.

async with Sandbox() as tg:
    bot = tg.bot("shop_bot")
    buyer = tg.user("Buyer", language="uz")
    await buyer.send(bot, "/start")
    reply = await buyer.reply()
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tgsandbox.bots import BotAccess, CallRefused
    from tgsandbox.people import Person, Pressed
    from tgsandbox.sandbox import Group, Sandbox
    from tgsandbox.seen import Answer, Seen
    from tgsandbox.telegram.acts import Impossible
    from tgsandbox.telegram.payments.failures import PaymentFailed
    from tgsandbox.watching import Late

__all__ = [
    "Answer",
    "BotAccess",
    "CallRefused",
    "Group",
    "Impossible",
    "Late",
    "PaymentFailed",
    "Person",
    "Pressed",
    "Sandbox",
    "Seen",
]

_HOMES = {
    "bots": ("BotAccess", "CallRefused"),
    "people": ("Person", "Pressed"),
    "sandbox": ("Group", "Sandbox"),
    "seen": ("Answer", "Seen"),
    "telegram.acts": ("Impossible",),
    "telegram.payments.failures": ("PaymentFailed",),
    "watching": ("Late",),
}

if not TYPE_CHECKING:  # or every name would be known to be here

    def __getattr__(name: str) -> object:
        """Loaded when it is first asked for: pytest imports this package in every project."""
        for home, names in _HOMES.items():
            if name in names:
                found = getattr(import_module(f"tgsandbox.{home}"), name)
                globals()[name] = found
                return found
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
