"""Who somebody is, and what can be wrong with being somebody."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from kassa.errors import Invalid, KassaError, NotFound


@dataclass(frozen=True, slots=True)
class User:
    """A person, as they were when they were read."""

    id: int
    uid: UUID  # what others may see
    telegram_id: int  # of their private chat, too
    first_name: str
    last_name: str
    username: str  # without @
    language: str  # that they are spoken to in
    phone: str  # E.164, or ""
    phone_proved: bool  # Telegram shared it
    terms_version: str
    terms_at: datetime | None
    referral_code: str
    referred_by: int | None
    blocked_at: datetime | None  # by the operator
    created_at: datetime
    is_new: bool = False  # made by this very call


class NoSuchUser(NotFound):
    """Nobody has this number."""


class WrongPhone(Invalid):
    """No telephone has this number."""


class Unproved(KassaError):
    """Who says that they are somebody must prove it, and this does not."""

    status = 401


class Blocked(KassaError):
    """The operator has closed the door to this person."""

    status = 403
