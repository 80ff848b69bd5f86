"""Who somebody is: their Telegram, phone and language, and how they prove it."""

from kassa.users.models import Blocked, NoSuchUser, Unproved, User, WrongPhone
from kassa.users.service import (
    Who,
    accept_terms,
    block,
    by_telegram,
    by_uid,
    get,
    log_out,
    referred,
    see,
    set_language,
    set_phone,
    unblock,
)

__all__ = [
    "Blocked",
    "NoSuchUser",
    "Unproved",
    "User",
    "Who",
    "WrongPhone",
    "accept_terms",
    "block",
    "by_telegram",
    "by_uid",
    "get",
    "log_out",
    "referred",
    "see",
    "set_language",
    "set_phone",
    "unblock",
]
