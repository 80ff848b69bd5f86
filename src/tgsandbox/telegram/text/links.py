"""Links in a text: which Telegram accepts, how it rewrites them, and the tg:// links it obeys."""

import re
from ipaddress import AddressValueError, IPv6Address

from tgsandbox.telegram.fields import integer
from tgsandbox.telegram.text.entity import Entity, ascii_lower

_SCHEMES = ("tg", "ton", "tonsite")
_PROTOCOL = re.compile(r"([^:/?#@\[\]]*)://")
_ALLOWED = re.compile(r"(?:[A-Za-z0-9.\-_!$,~*'();&+=\x80-\U0010ffff]|%[0-9A-Fa-f]{2})*+")
_MAX_USER_ID = (1 << 40) - 1
_SPACES = " \t\r\n\0\v"


class LinkError(Exception):
    """Why a link is refused, in Telegram's words."""


def link_entity(url: str, *, offset: int, length: int) -> Entity | None:
    """What a link of the markup makes: a mention, a link, or nothing if the link is wrong."""
    user_id = user_id_of(url)
    if user_id:
        return Entity(type="text_mention", offset=offset, length=length, user_id=user_id)
    try:
        return Entity(type="text_link", offset=offset, length=length, url=checked(url))
    except LinkError:
        return None


def user_id_of(url: str) -> int | None:
    """The user of tg://user?id=."""
    parameters = _parameters(ascii_lower(url), "user")
    value = next((value for key, value in parameters if key == "id"), "")
    number = integer(value, bits=64)
    return number if number and valid_user_id(number) else None


def valid_user_id(number: int) -> bool:
    return 0 < number <= _MAX_USER_ID


def emoji_id_of(url: str) -> str | None:
    """The custom emoji of tg://emoji?id=."""
    value = next((value for key, value in _parameters(url, "emoji") if key == "id"), "")
    return value if integer(value, bits=64) else None


def time_of(url: str) -> tuple[int, str] | None:
    """The moment and the format of tg://time?unix=&format=."""
    unix, format_ = 0, ""
    for key, value in _parameters(url, "time"):
        if key == "unix":
            unix = integer(value, bits=32) or 0
            if unix <= 0:
                return None
        elif key == "format":
            format_ = value
    canonical = date_time_format(format_)
    return None if canonical is None or not unix else (unix, canonical)


def date_time_format(given: str) -> str | None:
    """The format as Telegram writes it back, or nothing if it is wrong."""
    if given in ("r", "R"):
        return "r"
    if set(given) - set("tTdDwW"):
        return None
    week = "w" if set(given) & set("wW") else ""
    return week + "".join(
        next((precision for precision in pair if precision in given), "") for pair in ("dD", "tT")
    )


def checked(link: str) -> str:
    """The link as Telegram keeps it: with a protocol, a path and a lower-case host."""
    scheme = next((name for name in _SCHEMES if ascii_lower(link).startswith(f"{name}:")), None)
    if scheme is None:
        protocol, userinfo, host, port, query = _split(link)
        if "." not in host and not host.startswith("["):
            raise LinkError("Wrong HTTP URL")
        authority = (f"{userinfo}@" if userinfo else "") + host + (f":{port}" if port else "")
        return f"{protocol}://{authority}{query}"

    link = link[len(scheme) + 1 :].removeprefix("//")
    protocol, userinfo, host, port, query = _split(link)
    has_protocol = protocol == "https" or ascii_lower(link).startswith("http://")
    if has_protocol or userinfo or port or host.startswith("["):
        raise LinkError(f"Wrong {'tg' if scheme == 'tg' else 'ton'} URL")
    allowed = r"[a-z0-9_.-]*" if scheme == "tonsite" else r"[a-z0-9_-]*"
    if not re.fullmatch(allowed, host):
        raise LinkError("Unallowed characters in URL host")
    return f"{scheme}://{host}{query[1:] if query.startswith('/?') else query}"


def _parameters(url: str, host: str) -> list[tuple[str, str]]:
    """Of tg://host?a=b; none of any other link."""
    match = re.fullmatch(rf"(?ai:tg:(?://)?{host})/?\?([^#]*)(?:#.*)?", url, re.DOTALL)
    if match is None:
        return []
    pairs = (pair.partition("=") for pair in match[1].split("&"))
    return [(key, value) for key, _, value in pairs]


def _split(url: str) -> tuple[str, str, str, int, str]:
    protocol = "http"
    if match := _PROTOCOL.match(url):
        protocol, url = ascii_lower(match[1]), url[match.end() :]
        if protocol not in ("http", "https"):
            raise LinkError("Unsupported URL protocol")
    authority = re.split(r"[/?#]", url, maxsplit=1)[0]
    query = url[len(authority) :].rstrip(_SPACES)
    query = ("" if query.startswith("/") else "/") + query
    query = re.sub(r"[\0-\x20]", lambda match: f"%{ord(match[0]):02X}", query)

    port = 0
    if match := re.fullmatch(r"(.+):([^:\]@]*)", authority, re.DOTALL):
        authority = match[1]
        port = integer(match[2].lstrip("0"), bits=32) or 0
        if not 0 < port <= 65535:
            raise LinkError("Wrong port number specified in the URL")
    userinfo, _, host = authority.rpartition("@")
    _check_host(host)
    _check_part(userinfo.replace(":", ""), "userinfo")
    return protocol, userinfo, ascii_lower(host), port, query


def _check_host(host: str) -> None:
    if host.startswith("[") and host.endswith("]"):
        try:
            IPv6Address(host[1:-1])
        except AddressValueError:
            raise LinkError("Wrong IPv6 address specified in the URL") from None
        return
    if not host:
        raise LinkError("URL host is empty")
    if host == ".":
        raise LinkError("Host is invalid")
    _check_part(host, "host")


def _check_part(part: str, name: str) -> None:
    match = _ALLOWED.match(part)
    wrong = part[match.end() if match else 0 :]
    if wrong.startswith("%"):
        raise LinkError(f"Wrong percent-encoded symbol in URL {name}")
    if wrong:
        raise LinkError(f"Disallowed character in URL {name}")
