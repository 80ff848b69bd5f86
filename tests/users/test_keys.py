"""Service keys: shown once, known by their hash, ended at a word; and `kassa keys`."""

import asyncio
import hashlib
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from kassa import clock
from kassa.db import Database
from kassa.errors import Invalid
from kassa.users import keys
from kassa.users.keys import NoSuchKey, ServiceKey
from tests.cli.process import kassa, on
from tests.conftest import Fresh
from tests.users.conftest import NOON, waited_for


async def new(
    db: Database, name: str = "crm", *, lives: timedelta | None = None, at: datetime = NOON
) -> tuple[str, ServiceKey]:
    with clock.moved(lambda: at):
        return await db.run(lambda tx: keys.new(tx, name, lives=lives))


async def verify(db: Database, text: str, *, at: datetime = NOON) -> ServiceKey | None:
    with clock.moved(lambda: at):
        return await keys.verify(db, text)


async def test_a_key_is_known_and_not_kept(db: Database) -> None:
    text, made = await new(db, " crm ")

    assert text.startswith("kassa_")
    assert len(text) == len("kassa_") + 43  # 256 bits
    assert (made.name, made.created_at, made.expires_at, made.last_used_at) == (
        *("crm", NOON),
        *(None, None),
    )
    found = await verify(db, text)
    assert found is not None
    assert found.id == made.id
    row = await db.fetchrow("SELECT * FROM users.service_key")
    assert row is not None
    assert row["digest"] == hashlib.sha256(text.encode()).digest()
    assert text not in str(dict(row))


@pytest.mark.parametrize(
    "change", ["", "kassa_", "x", "kassa_" + "A" * 43, "kassa_\ud800", "é" * 50]
)
async def test_what_is_no_key(db: Database, change: str) -> None:
    await new(db)
    assert await verify(db, change) is None


async def test_each_character_matters(db: Database) -> None:
    text, _ = await new(db)
    assert await verify(db, text[:-1]) is None
    assert await verify(db, text + "A") is None
    assert await verify(db, text.swapcase()) is None
    assert await verify(db, text + "x" * 10**6) is None


async def test_its_use_is_noted_once_a_minute(db: Database) -> None:
    text, _ = await new(db)
    writes = "SELECT last_used_at, xmin::text FROM users.service_key"

    await verify(db, text)
    first = await db.fetchrow(writes)
    await verify(db, text, at=NOON + timedelta(seconds=59))
    same = await db.fetchrow(writes)
    await verify(db, text, at=NOON + timedelta(seconds=60))
    later = await db.fetchrow(writes)

    assert first is not None
    assert later is not None
    assert first["last_used_at"] == NOON
    assert same == first
    assert later["last_used_at"] == NOON + timedelta(seconds=60)


async def test_of_two_uses_at_once_one_is_noted(db: Database, owner_db: Database) -> None:
    await owner_db.execute(
        """
        CREATE TABLE users.noted (at timestamptz);
        CREATE FUNCTION users.note() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
        BEGIN INSERT INTO users.noted VALUES (NEW.last_used_at); RETURN NEW; END $$;
        CREATE TRIGGER note BEFORE UPDATE ON users.service_key
            FOR EACH ROW EXECUTE FUNCTION users.note();
        """
    )
    text, made = await new(db)
    async with db.transaction() as tx:
        await tx.execute("SELECT FROM users.service_key FOR UPDATE")
        using = [asyncio.create_task(verify(db, text)) for _ in range(2)]
        await waited_for(db, by=2)
    found = await asyncio.gather(*using)
    assert [each.id for each in found if each] == [made.id] * 2
    assert await owner_db.fetchval("SELECT count(*) FROM users.noted") == 1


async def test_a_key_may_end_by_itself(db: Database) -> None:
    text, made = await new(db, lives=timedelta(days=30))
    assert made.expires_at == NOON + timedelta(days=30)
    assert await verify(db, text, at=NOON + timedelta(days=29)) is not None
    assert await verify(db, text, at=NOON + timedelta(days=30)) is None
    with clock.moved(lambda: NOON + timedelta(days=30)):
        assert keys.state(made) == "over"


async def test_a_key_is_ended_at_a_word(db: Database) -> None:
    text, made = await new(db)
    kept, _ = await new(db, "shop")
    with clock.moved(lambda: NOON):
        ended = await db.run(lambda tx: keys.revoke(tx, made.id))
    assert ended.revoked_at == NOON
    assert await verify(db, text) is None
    assert await verify(db, kept) is not None
    again = await db.run(lambda tx: keys.revoke(tx, made.id))
    assert again.revoked_at == NOON
    with pytest.raises(NoSuchKey, match="no service key 99"):
        await db.run(lambda tx: keys.revoke(tx, 99))


@pytest.mark.parametrize("name", ["", "  ", "x" * 101, "a\x1b[2J", "a\nb"])
async def test_a_name_can_be_read(db: Database, name: str) -> None:
    with pytest.raises(Invalid, match="name"):
        await new(db, name)


async def test_a_key_lives_at_least_a_moment(db: Database) -> None:
    with pytest.raises(Invalid, match="moment"):
        await new(db, lives=timedelta(0))


async def test_they_are_listed(db: Database) -> None:
    await new(db, "one")
    await new(db, "two")
    assert [each.name for each in await keys.list_keys(db)] == ["two", "one"]


async def test_the_commands(fresh: Fresh, db: Database, tmp_path: Path) -> None:
    def run(*arguments: str) -> tuple[int, str, str]:
        done = kassa("keys", *arguments, cwd=tmp_path, **on(fresh))
        assert "Traceback" not in done.stderr
        return done.returncode, done.stdout, done.stderr

    assert run("list") == (0, "There are no keys. Make one: kassa keys new NAME\n", "")

    code, text, told = run("new", "crm", "--days", "30")
    assert code == 0
    assert "Key 1 (crm) until" in told
    assert await keys.verify(db, text.strip()) is not None  # only the key is on stdout

    code, listed, _ = run("list")
    assert listed.splitlines()[0].split()[:3] == ["#", "name", "state"]
    assert listed.splitlines()[1].split()[:3] == ["1", "crm", "good"]
    assert text.strip() not in listed

    assert run("revoke", "1") == (0, "Key 1 (crm) opens nothing any more.\n", "")
    assert await keys.verify(db, text.strip()) is None
    assert run("list")[1].splitlines()[1].split()[2] == "revoked"

    code, _, told = run("revoke", "7")
    assert code != 0
    assert "There is no service key 7." in told
