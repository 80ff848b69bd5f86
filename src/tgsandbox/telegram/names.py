"""Bots' names and tokens. A token follows from the name, so it need not be asked for anywhere."""

import base64
import hashlib
import hmac
import re

_USERNAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{4,31}")
_TOKEN = re.compile(r"(\d+):TEST-([A-Za-z0-9_]+)-([A-Za-z0-9]+)")
_SIZE = 35  # of the part behind the colon, which some libraries insist on


def checked_username(name: str) -> str:
    name = name.removeprefix("@")
    if not _USERNAME.fullmatch(name) or not name.lower().endswith("bot"):
        raise ValueError(
            f"{name!r} cannot be the username of a bot: it takes 5 to 32 letters, digits and "
            f'underscores, begins with a letter and ends in "bot".'
        )
    return name


def bot_id(username: str) -> int:
    digest = hashlib.sha256(f"bot {username.lower()}".encode()).digest()
    return 6_000_000_000 + int.from_bytes(digest[:6], "big") % 900_000_000


def token_for(username: str) -> str:
    username = checked_username(username)
    begun = f"TEST-{username}-"
    return f"{bot_id(username)}:{begun}{_proof(username, max(8, _SIZE - len(begun)))}"


def name_in(token: str) -> str | None:
    """The username that the token was made for; None if it was not made here."""
    found = _TOKEN.fullmatch(token)
    if not found:
        return None
    try:
        right = token_for(found[2])
    except ValueError:
        return None
    return found[2] if hmac.compare_digest(token, right) else None


def _proof(username: str, size: int) -> str:
    digest = hashlib.sha512(f"token {username}".encode()).digest()
    letters = base64.b64encode(digest).decode().replace("+", "a").replace("/", "b")
    return letters[:size]
