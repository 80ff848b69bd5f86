"""What a PostgreSQL of your own must be like, and the words when it is not."""

from typing import TYPE_CHECKING

from kassa.db.database import connect
from kassa.errors import Unavailable

if TYPE_CHECKING:
    import asyncpg
    from asyncpg import Record

_OLDEST = 16


async def check(url: str) -> None:
    """Raises with all that is wrong with the database at `url`."""
    first = await connect(url)
    try:
        problems = await _session_problems(first, url)
        problems += await _server_problems(first)
    finally:
        await first.close()
    if problems:
        raise Unavailable("The database of DATABASE_URL cannot be used.\n" + "\n".join(problems))


async def _server_problems(connection: "asyncpg.Connection[Record]") -> list[str]:
    row = await connection.fetchrow(
        """
        SELECT current_setting('server_version_num')::int / 10000 AS major,
               current_setting('server_encoding')                 AS encoding,
               lower('ЛОГОТИП') = 'логотип'                       AS lowers,
               pg_is_in_recovery()                                AS standby
        """
        if await connection.fetchval("SHOW server_encoding") == "UTF8"
        else """
        SELECT current_setting('server_version_num')::int / 10000 AS major,
               current_setting('server_encoding')                 AS encoding,
               true                                               AS lowers,
               pg_is_in_recovery()                                AS standby
        """
    )
    assert row is not None
    problems = []
    if row["major"] < _OLDEST:
        problems.append(f"It is PostgreSQL {row['major']}; {_OLDEST} or newer is needed.")
    if row["encoding"] != "UTF8":
        problems.append(f"Its encoding is {row['encoding']}; UTF8 is needed.")
    if not row["lowers"]:
        problems.append(
            "Its character type knows ASCII only, so that search would miss Russian and Uzbek "
            "words. Make the database anew: CREATE DATABASE kassa TEMPLATE template0 "
            "ENCODING 'UTF8' LC_COLLATE 'C.UTF-8' LC_CTYPE 'C.UTF-8';"
        )
    if row["standby"]:
        problems.append("It is a standby, which cannot be written to. Name the primary.")
    return problems


async def _session_problems(first: "asyncpg.Connection[Record]", url: str) -> list[str]:
    """A pooler that changes the server's session between transactions loses our locks."""
    if first.get_server_pid() == await first.fetchval("SELECT pg_backend_pid()"):
        return []  # PostgreSQL itself
    # A pooler in between. Two sessions of ours must not share one of the server's.
    second = await connect(url)
    try:
        ours = {await each.fetchval("SELECT pg_backend_pid()") for each in (first, second, first)}
        if len(ours) == 2:
            return []
    finally:
        await second.close()
    return [
        "It is behind a pooler that shares sessions between transactions (PgBouncer's "
        "pool_mode = transaction). Kassa holds advisory locks and prepared statements for as "
        "long as a session lasts. Name PostgreSQL itself, or a pool with pool_mode = session."
    ]
