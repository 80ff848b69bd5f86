"""Buttons that belong to one person: in a group, anybody can press what is shown to all."""

import re

from aiogram.methods import AnswerCallbackQuery
from aiogram.types import CallbackQuery

from kassa.errors import Invalid
from kassa.telegram.speaker import Speaker
from kassa.users import User

MOST = 64  # bytes of a button's data, says Telegram

_MARK = "~@"
_OWNED = re.compile(rf"(?s)(.*){_MARK}([0-9a-z]{{1,13}})")
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def owned(data: str, user: User) -> str:
    """The data of a button that only this person may press."""
    if _OWNED.fullmatch(data):
        raise Invalid(f"The button {data!r} belongs to somebody already.")
    return fitting(f"{data}{_MARK}{_base36(user.id)}")


def opened(data: str, user_id: int) -> str | None:
    """The data as its handler knows it; None if the button belongs to another person."""
    found = _OWNED.fullmatch(data)
    if found is None:
        return data
    return found[1] if found[2] == _base36(user_id) else None


def pressed(query: CallbackQuery, user: User, t: Speaker) -> CallbackQuery | AnswerCallbackQuery:
    """The press as its handler knows it, or what is said to whom the button is not for."""
    if query.data is None:
        return query
    data = opened(query.data, user.id)
    if data is None:
        return query.answer(t("button-not-yours"))
    return query if data == query.data else query.model_copy(update={"data": data})


def fitting(data: str) -> str:
    """The same, if Telegram takes it."""
    size = len(data.encode())
    if not 0 < size <= MOST:
        raise Invalid(f"A button's data has 1 to {MOST} bytes; {data!r} has {size}.")
    return data


def _base36(number: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = _DIGITS[digit] + digits
    return digits or "0"
