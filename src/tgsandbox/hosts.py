"""Names by which the sandbox may be asked for, beside its address."""

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

_NAME = re.compile(r"[a-z0-9._-]+")


def name_in(host: str) -> str:
    """Of a Host header, without the port; nothing where there is none."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def checked_hosts(names: Iterable[str]) -> frozenset[str]:
    names = [name.lower() for name in names]
    for name in names:
        if not _NAME.fullmatch(name):
            raise ValueError(f"{name!r} is not the name of a host, such as tgsandbox.")
    return frozenset(names)
