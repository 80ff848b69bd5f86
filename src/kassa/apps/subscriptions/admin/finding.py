"""Finding a person by whatever the operator has of them, and all that is to be known of them."""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kassa.apps.subscriptions import referrals, service
from kassa.apps.subscriptions.models import Subscription
from kassa.apps.subscriptions.referrals import Invited
from kassa.db import Reader
from kassa.users import User, WrongPhone
from kassa.users import phone as phones
from kassa.users import service as people

if TYPE_CHECKING:
    from aiogram.types import Message

MOST = 10  # people of one search

_USERNAME = re.compile(
    r"(?:@|(?:https?://)?t\.me/)([a-z][a-z0-9_]{3,31})/?", re.IGNORECASE | re.ASCII
)
_NUMBER = re.compile(r"(?:№|#)?\s*([0-9]{1,18})", re.ASCII)
_BARE_NAME = re.compile("[a-z][a-z0-9_]{3,63}", re.IGNORECASE | re.ASCII)
_PANEL_NAME = re.compile("kassa_[0-9a-f]{16}")


@dataclass(frozen=True, slots=True)
class Card:
    """A person as the operator sees them."""

    person: User
    mine: Subscription | None
    inviter: User | None
    invited: Invited


@dataclass(frozen=True, slots=True)
class _Clues:
    number: int | None = None
    telegram_id: int | None = None
    username: str | None = None
    phone: str | None = None
    at_panel: str | None = None


async def card(on: Reader, number: int) -> Card:
    """Raises NoSuchUser."""
    person = await people.get(on, number)
    inviter = None
    if person.referred_by is not None:
        inviter = await people.get(on, person.referred_by)
    mine = await service.standing(on, number)
    return Card(person, mine, inviter, await referrals.of(on, number))


async def by_message(on: Reader, message: "Message") -> list[User]:
    """Whom the operator means: what they wrote, whose message they passed on or answered, whose
    contact they shared."""
    return await _all(on, _clues(message))


def _clues(message: "Message") -> _Clues:
    contact = message.contact
    if contact is not None:
        if contact.user_id is not None:
            return _Clues(telegram_id=contact.user_id)
        return _Clues(phone=_phone(contact.phone_number))
    for each in (message, message.reply_to_message):
        sender = getattr(getattr(each, "forward_origin", None), "sender_user", None)
        if sender is not None:
            return _Clues(telegram_id=sender.id)
    return _of_words((message.text or "").strip())


def _of_words(said: str) -> _Clues:
    if found := _USERNAME.fullmatch(said):
        return _Clues(username=found[1])
    if found := _NUMBER.fullmatch(said):
        number = int(found[1])
        if said[0] in "№#":
            return _Clues(number=number)
        return _Clues(number=number, telegram_id=number, phone=_phone(said))
    if _PANEL_NAME.fullmatch(said):
        return _Clues(at_panel=said)
    if _BARE_NAME.fullmatch(said):
        return _Clues(username=said)
    return _Clues(phone=_phone(said))


def _phone(said: str) -> str | None:
    try:
        return phones.shared(said)
    except WrongPhone:
        return None


async def _all(on: Reader, clues: _Clues) -> list[User]:
    """One look into an index a clue. A username may have been another's before, and a number is
    perhaps ours and perhaps Telegram's."""
    rows = await on.fetch(
        """
        SELECT id FROM users.person WHERE id = $1
         UNION SELECT id FROM users.person WHERE telegram_id = $2
         UNION SELECT id FROM users.person
                WHERE lower(username) = lower($3::text) AND username <> ''
         UNION SELECT id FROM users.person WHERE phone = $4 AND phone <> ''
         UNION SELECT user_id FROM subscriptions.subscription WHERE username = $5
         ORDER BY id LIMIT $6
        """,
        *(clues.number, clues.telegram_id, clues.username, clues.phone, clues.at_panel, MOST),
    )
    return [await people.get(on, row["id"]) for row in rows]


def named(person: User) -> str:
    name = f"{person.first_name} {person.last_name}".strip()
    return name or (f"@{person.username}" if person.username else str(person.telegram_id))
