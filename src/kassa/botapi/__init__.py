"""The Bot API, raw: one bot's calls, and what can go wrong with them. No dispatch."""

from kassa.botapi.client import BotApi, Call, Gone, NotDone, NotKnown, Refused

__all__ = ["BotApi", "Call", "Gone", "NotDone", "NotKnown", "Refused"]
