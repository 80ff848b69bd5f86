"""`kassa migrate` and `kassa db`: psql, dump, restore."""

import asyncio
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Annotated
from urllib.parse import unquote, urlsplit

import typer

from kassa.cli.common import bring_up_to_date, settings, table, with_database
from kassa.config import Settings
from kassa.db import APP, OWNER, Address, EmbeddedServer
from kassa.errors import Invalid, NotFound, Unavailable
from kassa.runtime import Opened

app = typer.Typer(help="The database: psql, dump, restore.", no_args_is_help=True)

_QUIET = "SET client_min_messages = warning;"
_DROP = """
    DO $$ DECLARE schema text; BEGIN
        FOR schema IN SELECT nspname FROM pg_namespace
                       WHERE nspowner = current_user::regrole AND nspname NOT LIKE 'pg\\_%'
                         AND nspname NOT IN ('public', 'information_schema')
        LOOP EXECUTE format('DROP SCHEMA %I CASCADE', schema); END LOOP;
    END $$;
"""
# A dump says nothing of rights. Opening the database gives them to the application anew.
_FORGET_GRANTS = "DELETE FROM kassa.migration WHERE file = 'grants.sql';"


def migrate() -> None:
    """Bring the database's tables up to date (kassa run does it by itself)."""

    async def work(opened: Opened) -> list[tuple[str, str, str]]:
        rows = await opened.database.fetch(
            "SELECT package, file, applied_at FROM kassa.migration ORDER BY package, file"
        )
        return [(r["package"], r["file"], f"{r['applied_at']:%Y-%m-%d %H:%M:%S}") for r in rows]

    print(table(["package", "file", "applied (UTC)"], with_database(work)))


@dataclass(frozen=True, slots=True)
class Programs:
    """PostgreSQL's programs, told where the database is and who asks."""

    address: Address | str
    binaries: Path | None  # None: those on the PATH

    def command(self, program: str, *arguments: str) -> list[str]:
        path = shutil.which(program) if self.binaries is None else str(self.binaries / program)
        if path is None:
            raise NotFound(f"{program} is not installed here. Try: apt install postgresql-client")
        if isinstance(self.address, str) and program != "pg_restore":
            arguments = (f"--dbname={_without_password(self.address)}", *arguments)
        return [path, *arguments]

    def environ(self) -> dict[str, str]:
        """The password goes by the environment: a command line can be read by anybody."""
        if isinstance(self.address, Address):
            more = self.address.environ()
        else:
            more = {"PGPASSWORD": unquote(urlsplit(self.address).password or "")}
        return {**os.environ, "PGAPPNAME": "kassa", **{k: v for k, v in more.items() if v}}

    def run(self, program: str, *arguments: str, stdout: IO[bytes] | None = None) -> None:
        done = subprocess.run(  # noqa: S603 (PostgreSQL's own program, arguments as a list)
            self.command(program, *arguments), env=self.environ(), stdout=stdout, check=False
        )
        if done.returncode != 0:
            raise Unavailable(f"{program} failed (exit {done.returncode}): see above.")

    def load(self, file: Path, *, before: str, after: str) -> None:
        """In one transaction, which is committed when the file was read to its end."""
        psql = self.command("psql", "--quiet", "--no-psqlrc", "--set=ON_ERROR_STOP=1")
        with subprocess.Popen(  # noqa: S603
            psql, env=self.environ(), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL
        ) as loading:
            assert loading.stdin is not None
            try:
                loading.stdin.write(f"{_QUIET} BEGIN; {before}\n".encode())
                loading.stdin.flush()
                options = ("--no-owner", "--no-privileges", "--file=-")
                self.run("pg_restore", *options, str(file), stdout=loading.stdin)
                loading.stdin.write(f"\n{after} COMMIT;\n".encode())
                loading.stdin.close()
            except (BrokenPipeError, Unavailable):
                raise Unavailable(
                    f"{file} was not restored: see above. All is as it was."
                ) from None
            if loading.wait() != 0:
                raise Unavailable(f"{file} was not restored: see above. All is as it was.")


def _without_password(url: str) -> str:
    parts = urlsplit(url)
    user, _, place = parts.netloc.rpartition("@")
    return parts._replace(netloc=f"{user.partition(':')[0]}@{place}" if user else place).geturl()


@contextmanager
def programs(found: Settings, *, role: str) -> Iterator[Programs]:
    if found.database_url:
        own = found.database_owner_url if role == OWNER else found.database_url
        yield Programs((own or found.database_url).reveal(), None)
        return
    server = EmbeddedServer(found.home)
    try:
        server.start()
        yield Programs(server.address(role), server.binaries)
    finally:
        server.stop()


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def psql(
    context: typer.Context,
    owner: Annotated[
        bool, typer.Option("--owner", help="As the owner of the tables, not as the application.")
    ] = False,
) -> None:
    """Open psql on the database; further arguments go to it (-c "SELECT 1")."""
    with programs(settings(), role=OWNER if owner else APP) as postgres:
        signal.signal(signal.SIGINT, lambda *_: None)  # psql's: it ends a query, not the session
        postgres.run("psql", *context.args)


@app.command()
def dump(file: Annotated[Path, typer.Argument(help="Where to write; it must not exist.")]) -> None:
    """Write the whole database to a file, as of one moment, while everything runs."""
    found = settings()
    if file.exists():
        raise Invalid(f"{file} exists already. Name a new file.")
    try:
        # Beside the file, readable by nobody else, and renamed when it is whole.
        descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=f"{file.name}.")
    except OSError as error:
        raise Invalid(f"{file} cannot be written ({error.strerror}).") from None
    os.close(descriptor)
    fresh = Path(name)
    try:
        with programs(found, role=OWNER) as postgres:
            what = ("--format=custom", "--no-owner", "--no-privileges")
            postgres.run("pg_dump", *what, f"--file={fresh}")
        fresh.rename(file)
    finally:
        fresh.unlink(missing_ok=True)
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
    with programs(found, role=OWNER) as postgres:
        filled, busy = asyncio.run(_state(postgres.address))
        if filled and not replace:
            raise Invalid(
                "The database is not empty. Dump it first if you need it, then add --replace."
            )
        if busy:
            raise Invalid(f"{busy} connections use the database. Stop kassa run first.")
        postgres.load(file, before=_DROP if replace else "", after=_FORGET_GRANTS)
        bring_up_to_date(found)
    print(f"Restored from {file}. kassa audit proves the books.")


async def _state(address: Address | str) -> tuple[bool, int]:
    """Whether the database holds anything, and how many others are using it."""
    from kassa.db.database import connect

    connection = await connect(address)
    try:
        filled = await connection.fetchval("SELECT to_regclass('kassa.migration') IS NOT NULL")
        busy = await connection.fetchval(
            """
            SELECT count(*) FROM pg_stat_activity
             WHERE datname = current_database() AND usename IS NOT NULL
               AND pid <> pg_backend_pid()
            """
        )
        return bool(filled), int(busy)
    finally:
        await connection.close()
