"""Telegram in a box: the Bot API, payments and Mini Apps, for bots and their tests, offline.

async with Sandbox() as tg:
    bot = tg.bot("shop_bot")
    buyer = tg.user("Buyer", language="uz")
    await buyer.send(bot, "/start")
    reply = await buyer.reply()
"""

from tgsandbox.people import Person, Pressed
from tgsandbox.sandbox import BotAccess, CallRefused, Group, Sandbox
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
