"""`kassa people`: who somebody is, and closing the door to them."""

import re
from datetime import datetime
from typing import Annotated
from uuid import UUID

import typer

from kassa.cli.common import table, with_database
from kassa.errors import Invalid
from kassa.runtime import Opened
from kassa.users import NoSuchUser, User

app = typer.Typer(help="Who somebody is, and closing the door to them.", no_args_is_help=True)

Who = Annotated[
    str,
    typer.Argument(help="Their number here, @username or Telegram id; id:5 and tg:5 tell apart."),
]

_NUMBER = re.compile(r"(?:(id|tg):)?([0-9]{1,18})", re.ASCII)
_NAME = re.compile(r"@[A-Za-z0-9_]{1,64}")


@app.command()
def show(who: Who) -> None:
    """Show what is known of a person."""
    user = with_database(lambda opened: find(opened, who))
    rows = [
        ("number", user.id),
        ("for others", user.uid),
        ("Telegram id", user.telegram_id),
        ("name", _name(user)),
        ("username", f"@{user.username}" if user.username else ""),
        ("language", user.language),
        ("phone", f"{user.phone}{' (proved)' if user.phone_proved else ''}"),
        ("here since", _at(user.created_at)),
        ("invited by", user.referred_by or ""),
        ("terms", f"{user.terms_version}, {_at(user.terms_at)}" if user.terms_at else ""),
        ("blocked", f"since {_at(user.blocked_at)}" if user.blocked_at else "no"),
    ]
    print(table(["person", ""], [row for row in rows if row[1] != ""]))


@app.command()
def block(who: Who) -> None:
    """Close the door: no bot serves them, no login, no payment inside Telegram."""
    from kassa import users

    async def work(opened: Opened) -> User:
        user = await find(opened, who)
        return await opened.database.run(lambda tx: users.block(tx, user.id))

    user = with_database(work)
    print(f"{_shown(user)} is blocked. To open the door: kassa people unblock id:{user.id}")


@app.command()
def unblock(who: Who) -> None:
    """Open the door again. Logins that blocking has ended stay ended."""
    from kassa import users

    async def work(opened: Opened) -> User:
        user = await find(opened, who)
        return await opened.database.run(lambda tx: users.unblock(tx, user.id))

    print(f"{_shown(with_database(work))} is not blocked.")


async def find(opened: Opened, who: str) -> User:
    """Exactly one: to close the door to another would be worse than to ask."""
    from kassa.users.service import called

    number, name, uid = _NUMBER.fullmatch(who), _NAME.fullmatch(who), _uid(who)
    if not (number or name or uid):
        raise Invalid("Say who: their number here, @username or Telegram id.")
    kind, said = (number[1], int(number[2])) if number else (None, None)
    found = await called(
        opened.database,
        number=None if kind == "tg" else said,
        telegram_id=None if kind == "id" else said,
        username=who[1:] if name else None,
        uid=uid,
    )
    if not found:
        raise NoSuchUser(f"Nobody here is {who}.")
    if len(found) > 1:
        several = "\n".join(f"id:{each.id}  {_shown(each)}" for each in found)
        raise Invalid(f"{who} may be several people. Say which:\n{several}")
    return found[0]


def _uid(who: str) -> UUID | None:
    try:
        return UUID(who)
    except ValueError:
        return None


def _name(user: User) -> str:
    return f"{user.first_name} {user.last_name}".strip()


def _shown(user: User) -> str:
    known = f"@{user.username}" if user.username else _name(user)
    seen = "".join(each if each.isprintable() else " " for each in known)
    return f"Person {user.id} ({', '.join(filter(None, [seen, f'tg:{user.telegram_id}']))})"


def _at(when: datetime | None) -> str:
    return f"{when:%Y-%m-%d %H:%M} UTC" if when else ""
