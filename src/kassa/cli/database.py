"""`kassa migrate` and `kassa db`: psql, dump, restore."""

import asyncio
import os
import shutil
import subprocess
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer

from kassa.cli.common import settings, table, with_database
from kassa.config import Settings
from kassa.db import APP, OWNER, EmbeddedServer
from kassa.errors import Invalid, NotFound, Unavailable
from kassa.runtime import Opened

app = typer.Typer(help="The database: psql, dump, restore.", no_args_is_help=True)


def migrate() -> None:
    """Bring the database's tables up to date (kassa run does it by itself)."""

    async def work(opened: Opened) -> int:
        row = await opened.database.fetch(
            "SELECT package, file, applied_at FROM kassa.migration ORDER BY package, file"
        )
        print(
            table(
                ["package", "file", "applied (UTC)"],
                [(r["package"], r["file"], f"{r['applied_at']:%Y-%m-%d %H:%M:%S}") for r in row],
            )
        )
        return len(row)

    with_database(work)


class Tools:
    """PostgreSQL's programs, told where the database is and who asks."""

    def __init__(self, found: Settings, *, owner: bool) -> None:
        self._stack = ExitStack()
        if found.database_url:
            url = found.database_owner_url if owner else found.database_url
            self._environ = _environ((url or found.database_url).reveal())
            self._binaries = None
        else:
            server = EmbeddedServer(found.home)
            server.start()
            self._stack.callback(server.stop)
            self._environ = server.address(OWNER if owner else APP).environ()
            self._binaries = server.binaries

    def __enter__(self) -> "Tools":
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def run(self, program: str, *arguments: str, **more: object) -> None:
        found = (
            str(self._binaries / program) if self._binaries is not None else shutil.which(program)
        )
        if found is None:
            raise NotFound(f"{program} is not installed here. Try: apt install postgresql-client")
        done = subprocess.run(  # type: ignore[call-overload]  # noqa: S603
            [found, *arguments],
            env={**os.environ, "PGAPPNAME": "kassa", **self._environ},
            check=False,
            **more,
        )
        if done.returncode != 0:
            raise Unavailable(f"{program} failed (exit {done.returncode}): see above.")


def _environ(url: str) -> dict[str, str]:
    """The password goes by the environment: a command line can be read by anybody."""
    parts = urlsplit(url)
    password = {"PGPASSWORD": parts.password} if parts.password else {}
    netloc = parts.netloc.replace(f":{parts.password}@", "@") if parts.password else parts.netloc
    return {"PGDATABASE": parts._replace(netloc=netloc).geturl(), **password}


@app.command(
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
)
def psql(
    context: typer.Context,
    owner: Annotated[
        bool, typer.Option("--owner", help="As the owner of the tables, not as the application.")
    ] = False,
) -> None:
    """Open psql on the database; further arguments go to it (-c "SELECT 1")."""
    with Tools(settings(), owner=owner) as tools:
        tools.run("psql", *context.args)


@app.command()
def dump(file: Annotated[Path, typer.Argument(help="Where to write; it must not exist.")]) -> None:
    """Write the whole database to a file, as of one moment, while everything runs."""
    if file.exists():
        raise Invalid(f"{file} exists already. Name a new file.")
    fresh = file.with_name(f"{file.name}.part")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as target, Tools(settings(), owner=True) as tools:
        tools.run("pg_dump", "--format=custom", "--no-owner", "--no-privileges", stdout=target)
        target.flush()
        os.fsync(target.fileno())
    fresh.rename(file)
    print(f"Written: {file} ({file.stat().st_size / 1024:,.0f} kB).")


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="A file that `kassa db dump` wrote.")],
    replace: Annotated[
        bool, typer.Option("--replace", help="Throw away what the database holds now.")
    ] = False,
) -> None:
    """Read a dump into the database: all of it or, if anything fails, nothing."""
    found = settings()
    if not file.is_file():
        raise NotFound(f"There is no file {file}.")
    with Tools(found, owner=True) as tools:
        filled, busy = asyncio.run(_state(found))
        if filled and not replace:
            raise Invalid(
                "The database is not empty. Dump it first if you need it, then add --replace."
            )
        if busy:
            raise Invalid(f"{busy} connections use the database. Stop kassa run first.")
        script = file.with_name(f"{file.name}.sql.part")
        try:
            tools.run("pg_restore", "--no-owner", "--no-privileges", f"--file={script}", str(file))
            drop = (
                "DO $$ DECLARE s text; BEGIN FOR s IN SELECT nspname FROM pg_namespace "
                "WHERE nspowner = current_user::regrole AND nspname NOT LIKE 'pg\\_%' "
                "AND nspname NOT IN ('public', 'information_schema') LOOP "
                "EXECUTE format('DROP SCHEMA %I CASCADE', s); END LOOP; END $$"
            )
            tools.run(
                "psql",
                *("--quiet", "--no-psqlrc", "--single-transaction", "-v", "ON_ERROR_STOP=1"),
                *("-c", "SET client_min_messages = warning", "-c", drop, "-f", str(script)),
                stdout=subprocess.DEVNULL,
            )
            tools.run(
                "psql",
                *("--quiet", "--no-psqlrc", "-v", "ON_ERROR_STOP=1"),
                *("-c", "DELETE FROM kassa.migration WHERE file = 'grants.sql'"),
            )
        finally:
            script.unlink(missing_ok=True)
        with_database(_analyze, found)
    print(f"Restored from {file}. kassa audit proves the books.")


async def _analyze(opened: Opened) -> None:
    """Opening has given the application its rights back."""


async def _state(found: Settings) -> tuple[bool, int]:
    """Whether the database holds anything, and how many others are using it."""
    from kassa.db.database import connect

    url = (found.database_owner_url or found.database_url).reveal()
    connection = await connect(url or EmbeddedServer(found.home).address(OWNER))
    try:
        filled = await connection.fetchval(
            "SELECT to_regclass('kassa.migration') IS NOT NULL"
        ) and await connection.fetchval("SELECT EXISTS (SELECT FROM kassa.migration)")
        busy = await connection.fetchval(
            """
            SELECT count(*) FROM pg_stat_activity
             WHERE datname = current_database() AND pid <> pg_backend_pid()
               AND backend_type = 'client backend'
            """
        )
        return bool(filled), int(busy)
    finally:
        await connection.close()
