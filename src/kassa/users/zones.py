"""Which time a person lives by: what they have chosen, or what their language suggests."""

import asyncio
from collections.abc import Sequence
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from kassa.db import Reader, Tx
from kassa.errors import Invalid
from kassa.log import get

# What most who speak a language live by; whoever does not may choose.
BY_LANGUAGE = {"ru": "Europe/Moscow", "uz": "Asia/Tashkent", "en": "UTC"}

# To choose from, from west to east.
USUAL = (
    "UTC",
    "Europe/London",
    "Europe/Berlin",
    "Europe/Kaliningrad",
    "Europe/Istanbul",
    "Europe/Minsk",
    "Europe/Moscow",
    "Asia/Dubai",
    "Asia/Baku",
    "Asia/Tbilisi",
    "Asia/Yerevan",
    "Europe/Samara",
    "Asia/Tashkent",
    "Asia/Almaty",
    "Asia/Ashgabat",
    "Asia/Dushanbe",
    "Asia/Yekaterinburg",
    "Asia/Bishkek",
    "Asia/Omsk",
    "Asia/Novosibirsk",
    "Asia/Krasnoyarsk",
    "Asia/Irkutsk",
    "Asia/Yakutsk",
    "Asia/Vladivostok",
    "Asia/Magadan",
    "Asia/Kamchatka",
)

_log = get(__name__)


def by_language(language: str) -> ZoneInfo:
    return ZoneInfo(BY_LANGUAGE.get(language, "UTC"))


async def of(on: Reader, user: int) -> ZoneInfo:
    """UTC for whom we do not know."""
    return (await of_many(on, [user])).get(user) or ZoneInfo("UTC")


async def of_many(on: Reader, users: Sequence[int]) -> dict[int, ZoneInfo]:
    """Of those whom we know, by their numbers."""
    rows = await on.fetch(
        """
        SELECT p.id, p.language, z.name
          FROM users.person p LEFT JOIN users.zone z ON z.user_id = p.id
         WHERE p.id = ANY ($1)
        """,
        list(users),
    )
    return {row["id"]: _zone(row["name"]) or by_language(row["language"]) for row in rows}


async def keep(tx: Tx, user: int, name: str) -> None:
    """Chosen by the person; "" goes by their language again."""
    if not name:
        await tx.execute("DELETE FROM users.zone WHERE user_id = $1", user)
        return
    if name not in USUAL and name not in await asyncio.to_thread(_known):
        raise Invalid("There is no such time zone; one is written as Asia/Tashkent.")
    await tx.execute(
        """
        INSERT INTO users.zone (user_id, name) VALUES ($1, $2)
        ON CONFLICT (user_id) DO UPDATE SET name = EXCLUDED.name
        """,
        *(user, name),
    )


@cache
def _known() -> frozenset[str]:
    """Read from hundreds of files, so once, and beside the loop."""
    return frozenset(available_timezones())


def _zone(name: str | None) -> ZoneInfo | None:
    """None, too, where a name is kept that no zone has, or has any more."""
    if name is None:
        return None
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        _log.warning("zones.unknown", name=name, error=str(error))
        return None
