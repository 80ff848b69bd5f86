"""`kassa people`: who somebody is, and closing the door to exactly them."""

from pathlib import Path

import pytest

from kassa import users
from kassa.db import Database
from kassa.users import User, Who
from tests.cli.process import kassa, on
from tests.conftest import Fresh

Told = tuple[int, str, str]


@pytest.fixture
async def first(db: Database) -> User:
    return await add(db, 1001, username="First_One")


async def add(db: Database, telegram_id: int, **told: str) -> User:
    return await db.run(lambda tx: users.see(tx, Who(telegram_id, "Имя", **told)))


def people(fresh: Fresh, folder: Path, *arguments: object) -> Told:
    done = kassa("people", *map(str, arguments), cwd=folder, **on(fresh))
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout, done.stderr


async def test_the_door_is_closed_and_opened_again(
    fresh: Fresh, db: Database, tmp_path: Path, first: User
) -> None:
    other = await add(db, 1002)
    for who in (first.id, "@first_one", 1001, first.uid, f"id:{first.id}", "tg:1001"):
        code, told, _ = people(fresh, tmp_path, "block", who)
        assert (code, told) == (
            0,
            f"Person {first.id} (@First_One, tg:1001) is blocked. "
            f"To open the door: kassa people unblock id:{first.id}\n",
        )
        assert (await users.get(db, first.id)).blocked_at is not None
        assert people(fresh, tmp_path, "unblock", who)[0] == 0
        assert (await users.get(db, first.id)).blocked_at is None
    assert (await users.get(db, other.id)).blocked_at is None


async def test_what_is_known_is_shown(
    fresh: Fresh, db: Database, tmp_path: Path, first: User
) -> None:
    await db.run(lambda tx: users.set_phone(tx, first.id, "+998901234567", proved=True))
    await db.run(lambda tx: users.block(tx, first.id))
    code, told, _ = people(fresh, tmp_path, "show", "@First_One")
    lines = dict(line.split("  ", 1) for line in told.splitlines()[1:])
    found = {name: said.strip() for name, said in lines.items()}
    assert code == 0
    assert found.pop("here since").endswith("UTC")
    assert found.pop("blocked").startswith("since ")
    assert found == {
        "number": str(first.id),
        "for others": str(first.uid),
        "Telegram id": "1001",
        "name": "Имя",
        "username": "@First_One",
        "language": "ru",
        "phone": "+998901234567 (proved)",
    }


async def test_where_it_may_be_several_nobody_is_blocked(
    fresh: Fresh, db: Database, tmp_path: Path, first: User
) -> None:
    namesake = await add(db, first.id, username="first_one")  # whose Telegram id is her number
    for who in ("@first_one", first.id):
        code, told, complained = people(fresh, tmp_path, "block", who)
        assert (code, told) == (1, "")
        assert complained == (
            f"{who} may be several people. Say which:\n"
            f"id:{first.id}  Person {first.id} (@First_One, tg:1001)\n"
            f"id:{namesake.id}  Person {namesake.id} (@first_one, tg:{first.id})\n"
        )
    assert await db.fetchval("SELECT count(*) FROM users.person WHERE blocked_at IS NOT NULL") == 0
    assert people(fresh, tmp_path, "block", f"tg:{first.id}")[0] == 0
    assert (await users.get(db, namesake.id)).blocked_at is not None


async def test_who_is_not_here_is_told(fresh: Fresh, tmp_path: Path, first: User) -> None:
    for who in ("999", "@nobody", "id:1001", f"tg:{first.id}"):
        assert people(fresh, tmp_path, "show", who) == (1, "", f"Nobody here is {who}.\n")
    for who in ("First", "@", "@x y", "1" * 19, "٣", ""):
        code, told, complained = people(fresh, tmp_path, "block", who)
        assert (code, told) == (1, "")
        assert complained == "Say who: their number here, @username or Telegram id.\n"
