"""Bots: updates in, dialogs, and what is said, each once."""

from kassa.telegram import lazily
from kassa.telegram.bots import Bot, Bots
from kassa.telegram.menu import MenuItem
from kassa.telegram.speaker import Speaker
from kassa.telegram.wishes import Check, Pay, Wish, Wishes

lazily.install()  # whoever imports aiogram comes by here first

__all__ = ["Bot", "Bots", "Check", "MenuItem", "Pay", "Speaker", "Wish", "Wishes"]
