"""What a browser may do with our answers, and how callers prove who they are."""

import re
from collections.abc import Iterable

from fastapi.security import APIKeyHeader, HTTPBearer

TELEGRAM = ("https://web.telegram.org", "https://*.telegram.org")  # who frames a Mini App

_OF_ALL = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (
        b"permissions-policy",
        b"accelerometer=(), camera=(), geolocation=(), gyroscope=(), magnetometer=(), "
        b"microphone=(), payment=(), usb=()",
    ),
]
_BY_HTTPS = (b"strict-transport-security", b"max-age=31536000")

_SOURCE = re.compile(r"[!-~]+")

# For routes' signatures; what they were given, the room that knows people checks.
bearer = HTTPBearer(
    scheme_name="bearer",
    description="A person's token, from signing in.",
    auto_error=False,
)
service_key = APIKeyHeader(
    name="X-Kassa-Key",
    scheme_name="X-Kassa-Key",
    description="A key of a service of yours, which may do what it was made for.",
    auto_error=False,
)


def headers(scheme: str, own: set[bytes]) -> list[tuple[bytes, bytes]]:
    """What an answer lacks that has its `own`: a route's word stands."""
    wanted = [*_OF_ALL, _BY_HTTPS] if scheme == "https" else _OF_ALL
    return [each for each in wanted if each[0] not in own]


def page_policy(
    *,
    frame_ancestors: Iterable[str] = (),
    script: Iterable[str] = (),
    style: Iterable[str] = (),
    img: Iterable[str] = (),
    connect: Iterable[str] = (),
) -> str:
    """The Content-Security-Policy of a page: its own files, and what is named beside them.

    A Mini App's: `page_policy(frame_ancestors=TELEGRAM, script=["https://telegram.org"])`.
    """
    rules = {
        "default-src": ["'none'"],
        "script-src": ["'self'", *script],
        "style-src": ["'self'", *style],
        "img-src": ["'self'", "data:", *img],
        "font-src": ["'self'"],
        "connect-src": ["'self'", *connect],
        "manifest-src": ["'self'"],
        "form-action": ["'self'"],
        "base-uri": ["'none'"],
        "frame-ancestors": list(frame_ancestors) or ["'none'"],
    }
    for each in (source for sources in rules.values() for source in sources):
        if not _SOURCE.fullmatch(each) or set(each) & set(";,"):
            raise ValueError(f"This is no source of a policy: {each!r}")
    return "; ".join(f"{name} {' '.join(sources)}" for name, sources in rules.items())
