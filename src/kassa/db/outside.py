"""What a PostgreSQL of your own must be like, and the words when it is not."""

from typing import TYPE_CHECKING

import asyncpg

from kassa.db.database import reach
from kassa.errors import Unavailable

if TYPE_CHECKING:
    from asyncpg import Record

_OLDEST = 16
_SECONDS = 5  # for a server that is just being started


async def check(url: str) -> None:
    """Raises with all that is wrong with the database at `url`."""
    first = await reach(url, seconds=_SECONDS)
    try:
        problems = await _session_problems(first, url) or await _server_problems(first)
    finally:
        await first.close()
    if problems:
        raise Unavailable("The database of DATABASE_URL cannot be used.\n" + "\n".join(problems))


async def _server_problems(connection: "asyncpg.Connection[Record]") -> list[str]:
    row = await connection.fetchrow(
        """
        SELECT current_setting('server_version_num')::int / 10000 AS major,
               current_setting('server_encoding')                 AS encoding,
               pg_is_in_recovery()                                AS standby
        """
    )
    assert row is not None
    problems = []
    if row["major"] < _OLDEST:
        problems.append(f"It is PostgreSQL {row['major']}; {_OLDEST} or newer is needed.")
    if row["encoding"] != "UTF8":
        problems.append(f"Its encoding is {row['encoding']}; UTF8 is needed.")
    elif await connection.fetchval("SELECT lower('ЛОГОТИП') <> 'логотип'"):
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
    second = await reach(url, seconds=_SECONDS)
    try:
        ours: dict[object, set[int]] = {first: set(), second: set()}
        # In no regular order, so that a pooler which takes turns is noticed too.
        for each in (first, second, first, first, second, second, first):
            ours[each].add(await each.fetchval("SELECT pg_backend_pid()"))
        if all(len(pids) == 1 for pids in ours.values()) and ours[first] != ours[second]:
            return []
    except (asyncpg.InvalidSQLStatementNameError, asyncpg.DuplicatePreparedStatementError):
        pass  # one that mixes up prepared statements, too
    finally:
        await second.close()
    return [
        "It is behind a pooler that shares sessions between transactions (PgBouncer's "
        "pool_mode = transaction). Kassa holds advisory locks and prepared statements for as "
        "long as a session lasts. Name PostgreSQL itself, or a pool with pool_mode = session."
    ]
