"""The methods of the Bot API, a file for each thing they are about."""

from tgsandbox.telegram.methods import (
    chats,
    edits,
    invites,
    media,
    messages,
    payments,
    profile,
    queries,
    updates,
)

__all__ = [
    "chats",
    "edits",
    "invites",
    "media",
    "messages",
    "payments",
    "profile",
    "queries",
    "updates",
]
