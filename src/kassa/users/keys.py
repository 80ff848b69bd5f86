"""Service keys: by which a backend of the operator's says who somebody is."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from kassa import clock
from kassa.db import Database, Reader, Tx
from kassa.errors import Invalid, NotFound

PREFIX = "kassa_"  # by which scanners of leaked secrets find one

_MOST = 100  # characters of a key that is looked at, and of a name
_WRITTEN = timedelta(minutes=1)  # between two notes of its use
_COLUMNS = "id, name, created_at, expires_at, last_used_at, revoked_at"


@dataclass(frozen=True, slots=True)
class ServiceKey:
    id: int
    name: str
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None  # to the minute
    revoked_at: datetime | None


class NoSuchKey(NotFound):
    """No service key has this number."""


async def new(tx: Tx, name: str, *, lives: timedelta | None = None) -> tuple[str, ServiceKey]:
    """The key itself is told now and never again."""
    name = name.strip()
    if not name or len(name) > _MOST or not name.isprintable():
        raise Invalid(f"A key's name has 1 to {_MOST} characters that can be seen.")
    if lives is not None and lives <= timedelta(0):
        raise Invalid("A key lives at least a moment.")
    at = clock.now()
    text = PREFIX + secrets.token_urlsafe(32)
    row = await tx.fetchrow(
        f"""
        INSERT INTO users.service_key (name, digest, created_at, expires_at)
        VALUES ($1, $2, $3, $4)
        RETURNING {_COLUMNS}
        """,
        *(name, _digest(text), at, at + lives if lives else None),
    )
    assert row is not None
    return text, ServiceKey(**dict(row))


async def verify(database: Database, text: str) -> ServiceKey | None:
    """The key, if it is one of ours that is good now."""
    if not text.startswith(PREFIX) or len(text) > _MOST or not text.isascii():
        return None
    at = clock.now()
    row = await database.fetchrow(
        f"""
        SELECT {_COLUMNS} FROM users.service_key
         WHERE digest = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $2)
        """,
        *(_digest(text), at),
    )
    if row is None:
        return None
    found = ServiceKey(**dict(row))
    if found.last_used_at is None or found.last_used_at <= at - _WRITTEN:
        await database.execute(
            """
            UPDATE users.service_key SET last_used_at = $2
             WHERE id = $1 AND (last_used_at IS NULL OR last_used_at <= $3)
            """,
            *(found.id, at, at - _WRITTEN),
        )
    return found


async def list_keys(on: Reader) -> list[ServiceKey]:
    """The newest first."""
    found = await on.fetch(f"SELECT {_COLUMNS} FROM users.service_key ORDER BY id DESC LIMIT 1000")
    return [ServiceKey(**dict(row)) for row in found]


async def revoke(tx: Tx, number: int) -> ServiceKey:
    """From now on it opens nothing. The first time is the one that is kept."""
    row = await tx.fetchrow(
        f"""
        UPDATE users.service_key SET revoked_at = coalesce(revoked_at, $2) WHERE id = $1
        RETURNING {_COLUMNS}
        """,
        *(number, clock.now()),
    )
    if row is None:
        raise NoSuchKey(f"There is no service key {number}.")
    return ServiceKey(**dict(row))


def state(key: ServiceKey) -> str:
    """In a word."""
    if key.revoked_at is not None:
        return "revoked"
    return "over" if key.expires_at is not None and key.expires_at <= clock.now() else "good"


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
