"""Bots: updates in, dialogs, and what is said, each once."""

from kassa.telegram.bots import Bot, Bots
from kassa.telegram.menu import MenuItem
from kassa.telegram.speaker import Speaker
from kassa.telegram.wishes import Check, Pay, Wish, Wishes

__all__ = ["Bot", "Bots", "Check", "MenuItem", "Pay", "Speaker", "Wish", "Wishes"]
