"""Migrations: numbered SQL files in the `sql/` folder of a package, each applied once.

`0001_accounts.sql` is a step and never changes once it is applied. `grants.sql` says what
the application's role (written `{app}`) may do, and is applied anew whenever it changes.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING

import asyncpg

from kassa.db.failures import lost_connection
from kassa.errors import Conflict

if TYPE_CHECKING:
    from asyncpg import Record

    from kassa.db.database import Reader

_LOCK = "hashtextextended('kassa.migrate', 0)"

_TABLE = """
CREATE SCHEMA IF NOT EXISTS kassa;
CREATE TABLE IF NOT EXISTS kassa.migration (
    package    text        NOT NULL,
    file       text        NOT NULL,
    checksum   text        NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (package, file)
);
"""


class MigrationError(Conflict):
    """The database and the files do not belong together."""


@dataclass(frozen=True, slots=True)
class Step:
    package: str
    file: str
    sql: str

    @property
    def checksum(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()

    @property
    def repeats(self) -> bool:
        return self.file == "grants.sql"


def steps(packages: Sequence[str], *, app: str) -> list[Step]:
    """All steps in the order of the packages; `app` is the role that runs the product."""
    quoted = '"' + app.replace('"', '""') + '"'
    found = []
    for package in packages:
        for path in sorted(files(package).joinpath("sql").iterdir(), key=lambda path: path.name):
            if path.name.endswith(".sql"):
                sql = path.read_text(encoding="utf-8")
                if path.name == "grants.sql":
                    sql = sql.replace("{app}", quoted)
                found.append(Step(package, path.name, sql))
    grants = "GRANT USAGE ON SCHEMA kassa TO {app}; GRANT SELECT ON kassa.migration TO {app};"
    found.append(Step("kassa.db", "grants.sql", grants.replace("{app}", quoted)))
    return found


async def pending(reader: "Reader", wanted: Sequence[Step]) -> list[Step]:
    """What is still to be applied. Raises where what was applied is not what we have."""
    try:
        rows = await reader.fetch("SELECT package, file, checksum FROM kassa.migration")
    except (asyncpg.UndefinedTableError, asyncpg.InsufficientPrivilegeError):
        return list(wanted)
    applied = {(row["package"], row["file"]): row["checksum"] for row in rows}
    last = {step.package: "" for step in wanted}
    for package, file in applied:
        if package in last and file != "grants.sql":
            last[package] = max(last[package], file)
    ours = {(step.package, step.file) for step in wanted}
    for package, file in sorted(applied):
        if package in last and (package, file) not in ours:
            raise MigrationError(
                f"The database has {package}/{file}, which this Kassa does not know: "
                f"it was migrated by a newer one."
            )
    missing: list[Step] = []
    for step in wanted:
        checksum = applied.get((step.package, step.file))
        regrants = step.repeats and any(each.package == step.package for each in missing)
        if checksum == step.checksum and not regrants:  # what is new needs its grants, too
            continue
        if checksum is not None and not step.repeats:
            raise MigrationError(
                f"{step.package}/{step.file} was changed after it was applied. "
                f"Put the file back as it was, and write a new one for what is to change."
            )
        if checksum is None and not step.repeats and step.file < last[step.package]:
            raise MigrationError(
                f"{step.package}/{step.file} comes before {last[step.package]}, "
                f"which is applied already. Give it the next number."
            )
        missing.append(step)
    return missing


async def migrate(connection: "asyncpg.Connection[Record]", wanted: Sequence[Step]) -> list[Step]:
    """Applies what is missing, as the tables' owner, and returns it. One process at a time."""
    await connection.execute("SET lock_timeout = 0; SET statement_timeout = 0")
    await connection.execute(f"SELECT pg_advisory_lock({_LOCK})")
    name = "kassa.migration"
    try:
        if await connection.fetchval("SELECT to_regclass('kassa.migration')") is None:
            await connection.execute(_TABLE)
        missing = await pending(connection, wanted)
        for step in missing:
            name = f"{step.package}/{step.file}"
            async with connection.transaction():
                await connection.execute(step.sql)
                await connection.execute(
                    """
                    INSERT INTO kassa.migration (package, file, checksum) VALUES ($1, $2, $3)
                        ON CONFLICT (package, file)
                        DO UPDATE SET checksum = EXCLUDED.checksum, applied_at = now()
                    """,
                    step.package,
                    step.file,
                    step.checksum,
                )
        return missing
    except asyncpg.InsufficientPrivilegeError as error:
        raise MigrationError(
            f"{name} cannot be applied: {error}. Whoever migrates must own the tables, and be "
            f"allowed to make schemas: GRANT CREATE ON DATABASE ... TO ..."
        ) from error
    except asyncpg.PostgresError as error:
        if lost_connection(error):
            raise
        raise MigrationError(f"{name} cannot be applied: {error}") from error
    finally:
        if not connection.is_closed():
            await connection.execute(f"SELECT pg_advisory_unlock({_LOCK})")
