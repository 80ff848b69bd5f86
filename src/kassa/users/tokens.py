"""Tokens by which an API knows a person: access for an hour, refresh for a week.

Each refresh token is good once and gives the next pair. Its answer may be lost, so for a moment it
gives the very same pair again. Whoever uses it later has it from somebody else, or somebody else
has it from them: the whole session ends.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import jwt

from kassa import clock
from kassa.db import Reader, Tx
from kassa.log import get
from kassa.secret import Secret
from kassa.users import derived, rows
from kassa.users.models import Blocked, Unproved, User
from kassa.users.rows import COLUMNS

ACCESS = timedelta(minutes=60)
REFRESH = timedelta(days=7)
GRACE = timedelta(seconds=30)
PRUNED_AT_ONCE = 1000

BLOCKED = "This account is blocked."

_MOST = 2000  # characters; ours have below 400
_HEADER = jwt.encode({}, b"0" * 32, algorithm="HS256").partition(".")[0]

_log = get(__name__)


@dataclass(frozen=True, slots=True)
class Pair:
    access: str
    refresh: str


class WrongToken(Unproved):
    """Not one of ours, not of this kind, or over."""


async def issue(tx: Tx, user: User, *, secret: Secret) -> Pair:
    """For a person who has proved who they are. `secret` is SECRET_KEY."""
    if user.blocked_at is not None:
        raise Blocked(BLOCKED)
    session, jti, at = uuid4(), secrets.token_urlsafe(24), clock.now()
    await tx.execute(
        """
        INSERT INTO users.session (id, user_id, current, rotated_at, expires_at, created_at)
        VALUES ($1, $2, $3, $4, $5, $4)
        """,
        *(session, user.id, _hash(jti), at, at + REFRESH),
    )
    return _pair(user.uid, session, jti, at=at, secret=secret)


async def renew(tx: Tx, refresh: str, *, secret: Secret) -> Pair | Unproved | Blocked:
    """The next pair, or why not. Commit after a no, too: it may have ended the session."""
    try:
        claims = _read(refresh, "refresh", secret=secret)
    except WrongToken as error:
        return error
    session, jti, at = UUID(claims["sid"]), claims["jti"], clock.now()
    row = await tx.fetchrow(
        """
        SELECT s.current, s.previous, s.rotated_at, s.revoked_at, p.uid, p.blocked_at
          FROM users.session s
          JOIN users.person p ON p.id = s.user_id
         WHERE s.id = $1
           FOR UPDATE OF s
        """,
        session,
    )
    if row is not None and row["blocked_at"] is not None:
        return Blocked(BLOCKED)
    if row is None or row["revoked_at"] is not None:
        return WrongToken("The session is over. Log in again.")
    given, following = _hash(jti), _following(jti, secret=secret)
    if hmac.compare_digest(given, row["current"]):
        await tx.execute(
            """
            UPDATE users.session
               SET current = $2, previous = $3, rotated_at = $4, expires_at = $5
             WHERE id = $1
            """,
            *(session, _hash(following), given, at, at + REFRESH),
        )
        return _pair(row["uid"], session, following, at=at, secret=secret)
    again = row["previous"] is not None and hmac.compare_digest(given, row["previous"])
    if again and at - row["rotated_at"] <= GRACE:
        return _pair(row["uid"], session, following, at=row["rotated_at"], secret=secret)
    await tx.execute("UPDATE users.session SET revoked_at = $2 WHERE id = $1", session, at)
    _log.warning("login.token_used_twice", user_id=str(row["uid"]), session=str(session))
    return WrongToken("This refresh token was used before, so its session was ended. Log in again.")


async def whose(on: Reader, access: str, *, secret: Secret) -> User:
    """Raises WrongToken or Blocked. A session that has ended takes its access tokens along."""
    claims = _read(access, "access", secret=secret)
    row = await on.fetchrow(
        f"""
        SELECT {COLUMNS} FROM users.person
         WHERE uid = $1
           AND (blocked_at IS NOT NULL
                OR EXISTS (SELECT FROM users.session s
                            WHERE s.id = $2 AND s.user_id = person.id AND s.revoked_at IS NULL))
        """,
        *(UUID(claims["sub"]), UUID(claims["sid"])),
    )
    if row is None:
        raise WrongToken("The session is over. Log in again.")
    if row["blocked_at"] is not None:
        raise Blocked(BLOCKED)
    return rows.user(row)


async def prune(tx: Tx) -> int:
    """Throws away sessions that nobody can go on with: so many at most, and how many it were."""
    done = await tx.execute(
        """
        DELETE FROM users.session
         WHERE id IN (SELECT id FROM users.session WHERE expires_at < $1
                       ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED)
        """,
        *(clock.now(), PRUNED_AT_ONCE),
    )
    return int(done.rpartition(" ")[2])


def _pair(uid: UUID, session: UUID, jti: str, *, at: datetime, secret: Secret) -> Pair:
    """The same arguments give the same pair."""
    key = derived.key(secret, "users.tokens")
    issued = int(at.timestamp())

    def token(kind: str, name: str, lives: timedelta) -> str:
        claims = {
            "sub": str(uid),
            "sid": str(session),
            "jti": name,
            "typ": kind,
            "iat": issued,
            "exp": issued + int(lives.total_seconds()),
        }
        return jwt.encode(claims, key, algorithm="HS256")

    return Pair(
        access=token("access", _hash(f"access:{jti}").hex()[:32], ACCESS),
        refresh=token("refresh", jti, REFRESH),
    )


def _read(token: str, kind: str, *, secret: Secret) -> dict[str, Any]:
    """What we wrote into it. All tokens of ours begin with the same header, so that no other's is
    ever read; and time is our clock's, not the library's."""
    if len(token) > _MOST or not token.isascii() or token.partition(".")[0] != _HEADER:
        raise WrongToken("This is not one of our tokens.")
    try:
        claims: dict[str, Any] = jwt.decode(
            token,
            derived.key(secret, "users.tokens"),
            algorithms=["HS256"],
            options={"verify_exp": False, "verify_iat": False, "require": ["exp", "typ", "sid"]},
        )
    except jwt.InvalidTokenError:
        raise WrongToken("This is not one of our tokens.") from None
    if claims["typ"] != kind:
        raise WrongToken(f"This is not the {kind} token.")
    if claims["exp"] <= clock.now().timestamp():
        raise WrongToken(f"The {kind} token is over.")
    return claims


def _following(jti: str, *, secret: Secret) -> str:
    """Made of the one before it, so that an answer that was lost can be given again, though only
    hashes are kept; nobody without our key can foretell it."""
    key = derived.key(secret, "users.rotation")
    return hmac.digest(key, jti.encode(), hashlib.sha256).hex()


def _hash(jti: str) -> bytes:
    return hashlib.sha256(jti.encode()).digest()
