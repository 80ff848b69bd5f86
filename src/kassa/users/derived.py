"""A key for each use, from the one that is kept: what one use gives away helps with no other."""

import hashlib
import hmac

from kassa.secret import Secret


def key(secret: Secret, use: str) -> bytes:
    """Of SECRET_KEY."""
    raw = secret.reveal().encode()
    return hmac.digest(raw, b"kassa:" + use.encode(), hashlib.sha256)
