"""What Telegram's two ways of signing who somebody is have in common."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from kassa.users.models import Unproved

AHEAD = timedelta(seconds=60)  # by which Telegram's clock may be before ours
DAY = timedelta(hours=24)

_NAME = re.compile(r"[A-Za-z0-9_]{1,64}")
_HASH = re.compile(r"[0-9a-fA-F]{64}")
_SECONDS = re.compile(r"[0-9]{1,11}")


class Wrong(Unproved):
    """`reason` is a sentence that may be shown, and quotes nothing of what was given."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


def lines(fields: Mapping[str, str]) -> bytes:
    """What is signed. Where a name or a value could pass for a line of its own, two different
    sets of fields would have the same signature: nobody's data has such."""
    for name, value in fields.items():
        if not _NAME.fullmatch(name):
            raise Wrong("A field's name is not one of Telegram's.")
        if "\n" in value:
            raise Wrong("A field's value has a line break.")
    try:
        return "\n".join(f"{name}={fields[name]}" for name in sorted(fields)).encode()
    except UnicodeEncodeError:
        raise Wrong("A field's value is not Unicode.") from None


def digest(text: str | None) -> bytes:
    """The `hash` that was given, as bytes."""
    if text is None:
        raise Wrong("The hash is missing.")
    if not _HASH.fullmatch(text):
        raise Wrong("The hash is not 64 hexadecimal digits.")
    return bytes.fromhex(text)


def when(text: str | None, *, at: datetime, fresh: timedelta) -> datetime:
    """The `auth_date`, if it is neither of long ago nor of the future."""
    if text is None:
        raise Wrong("The auth_date is missing.")
    if not _SECONDS.fullmatch(text):
        raise Wrong("The auth_date is not a number of seconds.")
    ago = at.timestamp() - int(text)
    if ago < -AHEAD.total_seconds():
        raise Wrong("The auth_date is in the future.")
    if ago > fresh.total_seconds():
        raise Wrong("It was signed too long ago. Open the app anew.")
    return datetime.fromtimestamp(int(text), UTC)
