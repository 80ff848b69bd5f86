"""One-time codes: the bot tells one in the private chat, the person types it elsewhere."""

import hashlib
import hmac
import re
import secrets
from datetime import timedelta

from kassa import clock
from kassa.db import Tx
from kassa.secret import Secret
from kassa.users import derived, service
from kassa.users.models import NoSuchUser, User

LIVES = timedelta(minutes=5)
TRIES = 5  # wrong ones: of a million codes

_CODE = re.compile(r"[0-9]{6}")
_BETWEEN = re.compile(r"[\s-]")


async def new(tx: Tx, user_id: int, *, secret: Secret) -> str:
    """As people read it: "123 456". The one before it is dead. `secret` is SECRET_KEY."""
    code = f"{secrets.randbelow(10**6):06}"
    await tx.execute(
        """
        INSERT INTO users.login_code (user_id, digest, expires_at) VALUES ($1, $2, $3)
        ON CONFLICT (user_id) DO UPDATE
           SET digest = EXCLUDED.digest, expires_at = EXCLUDED.expires_at, tries = 0
        """,
        *(user_id, _digest(user_id, code, secret), clock.now() + LIVES),
    )
    return f"{code[:3]} {code[3:]}"


async def use(tx: Tx, telegram_id: int, code: str, *, secret: Secret) -> User | None:
    """Whose code it is, once. Commit after a None, too: a wrong try is counted, and of two at
    once with the right one, one wins."""
    typed = _BETWEEN.sub("", code[:40])
    if not _CODE.fullmatch(typed):
        return None
    try:
        user = await service.by_telegram(tx, telegram_id)
    except NoSuchUser:
        return None
    digest = await tx.fetchval(
        """
        SELECT digest FROM users.login_code
         WHERE user_id = $1 AND expires_at > $2 AND tries < $3
           FOR UPDATE
        """,
        *(user.id, clock.now(), TRIES),
    )
    if digest is None:
        return None
    if not hmac.compare_digest(digest, _digest(user.id, typed, secret)):
        await tx.execute(
            "UPDATE users.login_code SET tries = tries + 1 WHERE user_id = $1", user.id
        )
        return None
    await tx.execute("DELETE FROM users.login_code WHERE user_id = $1", user.id)
    return user


async def prune(tx: Tx) -> None:
    """Those that are of no use any more."""
    await tx.execute("DELETE FROM users.login_code WHERE expires_at < $1", clock.now())


def _digest(user_id: int, code: str, secret: Secret) -> bytes:
    """Bound to the person: a code of one says nothing of another's."""
    key = derived.key(secret, "users.codes")
    return hmac.digest(key, f"{user_id}:{code}".encode(), hashlib.sha256)
