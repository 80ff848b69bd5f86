"""Which time a person lives by."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest

from kassa.db import Database
from kassa.errors import Invalid
from kassa.texts import LANGUAGES
from kassa.users import zones
from tests.users.conftest import person

SUMMER = datetime(2026, 7, 1, 12, tzinfo=UTC)


async def test_until_they_choose_their_language_tells(db: Database) -> None:
    found = []
    for number, language in enumerate(LANGUAGES, 1001):
        user = await person(db, number, language_code=language)
        found.append((await zones.of(db, user.id)).key)
    assert found == ["Europe/Moscow", "Asia/Tashkent", "UTC"]
    assert set(zones.BY_LANGUAGE) == set(LANGUAGES)


async def test_what_they_chose_is_kept_until_they_choose_again(db: Database) -> None:
    user, other = await person(db, 1001), await person(db, 1002)
    for name in ("Asia/Almaty", "Asia/Kamchatka"):
        await db.run(lambda tx, name=name: zones.keep(tx, user.id, name))  # type: ignore[misc]
        assert await zones.of(db, user.id) == ZoneInfo(name)
    assert (await zones.of(db, other.id)).key == "Europe/Moscow"
    assert (await zones.of(db, user.id)).utcoffset(SUMMER) == timedelta(hours=12)
    await db.run(lambda tx: zones.keep(tx, user.id, ""))
    assert (await zones.of(db, user.id)).key == "Europe/Moscow"


async def test_of_many_at_once(db: Database) -> None:
    ann, bek, eve = [await person(db, 1000 + n, language_code="uz") for n in range(3)]
    await db.run(lambda tx: zones.keep(tx, bek.id, "Europe/Berlin"))
    found = await zones.of_many(db, [ann.id, bek.id, 4_000])
    assert {number: zone.key for number, zone in found.items()} == {
        ann.id: "Asia/Tashkent",
        bek.id: "Europe/Berlin",
    }
    assert eve.id not in found
    assert await zones.of_many(db, []) == {}


@pytest.mark.parametrize(
    "name", ["Mars/Phobos", "europe/moscow", "Europe", "../etc/passwd", "UTC\0", "+05:00", " UTC"]
)
async def test_a_zone_that_nobody_has_is_not_kept(db: Database, name: str) -> None:
    user = await person(db)
    await db.run(lambda tx: zones.keep(tx, user.id, "Asia/Almaty"))
    with pytest.raises(Invalid, match="no such time zone"):
        await db.run(lambda tx: zones.keep(tx, user.id, name))
    assert (await zones.of(db, user.id)).key == "Asia/Almaty"


@pytest.mark.parametrize("name", ["Mars/Phobos", "Europe", "../etc/passwd", "/etc/passwd", "x y"])
async def test_what_is_wrong_in_the_table_is_as_if_it_were_not_there(
    db: Database, name: str
) -> None:
    user = await person(db, language_code="uz")
    await db.execute("INSERT INTO users.zone (user_id, name) VALUES ($1, $2)", user.id, name)
    assert (await zones.of(db, user.id)).key == "Asia/Tashkent"


async def test_of_whom_we_do_not_know_it_is_utc(db: Database) -> None:
    assert (await zones.of(db, 4_000)).key == "UTC"


def test_those_to_choose_from_are_there_from_west_to_east() -> None:
    assert set(zones.USUAL) <= available_timezones()
    offsets = [ZoneInfo(name).utcoffset(datetime(2026, 1, 1)) for name in zones.USUAL]  # noqa: DTZ001
    assert offsets == sorted(offsets, key=lambda each: each or timedelta())
    assert len(set(zones.USUAL)) == len(zones.USUAL)


def test_zones_are_there_where_the_system_has_none() -> None:
    """A Debian without tzdata: the package of that name brings them."""
    code = (
        "import zoneinfo; zoneinfo.reset_tzpath(to=[])\n"
        "from kassa.users import zones\n"
        "print(len(zones._known()) > 400, *(zoneinfo.ZoneInfo(each) for each in zones.USUAL))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", *zones.USUAL]
