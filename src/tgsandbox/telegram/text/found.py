"""What Telegram finds in a text by itself: mentions, commands, tags, links, addresses."""

import re
from collections.abc import Callable, Iterator
from itertools import accumulate
from unicodedata import category

from tgsandbox.telegram.text.entity import Entity, ascii_lower, in_order, utf16_length
from tgsandbox.telegram.text.tlds import is_known_tld

Span = tuple[int, int]

_TELLING = re.compile(r"[@/#$+.]")  # whatever is found has one of these
_MENTION = re.compile(r"(?<!\w)@([A-Za-z0-9_]{2,32}+)(?!\w)")
_SHORT_NAMES = {"gif", "nft", "pic", "ufc", "vid"}
_COMMAND = re.compile(
    r"(?<![\w/<>])/([A-Za-z0-9_]{1,64}+)(?:@[A-Za-z0-9_]{3,32}+|(?!@))(?![\w/<>])"
)
_CASHTAG = re.compile(r"\$(?:1INCH|[A-Z]{1,8}+)(?:@[A-Za-z0-9_]{3,32}+(?![A-Za-z0-9_]))?+")
_NAME_BEHIND = re.compile(r"@[A-Za-z0-9_]{3,32}+")
_PHONE = re.compile(r"(?<![\w+.,-])\+(?:[0-9][ ()-]{0,2}){6,14}[0-9](?!\w)")
_TG_URL = re.compile(r"(?:[Tt][Gg]|[Tt][Oo][Nn](?:[Ss][Ii][Tt][Ee])?)://[A-Za-z0-9_-]{1,253}+")
_EMAIL = re.compile(
    r"(?ai:(?:[a-z0-9_-]{0,26}[.+]){0,10}[a-z0-9_-]{1,35}"
    r"@(?:(?:[a-z0-9][a-z0-9_-]{0,28})?[a-z0-9]\.){1,6}[a-z]{2,8})"
)
_OCTET = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_IPV4 = re.compile(rf"(?:{_OCTET}\.){{3}}{_OCTET}")
_PORT = re.compile(r":0*([1-9][0-9]{0,4})(?![0-9])")
_BAD_LAST = ".:;,('?!`"
_PROTOCOLS = {"http": ("shttp",), "https": (), "ftp": ("tftp", "sftp"), "tonsite": ()}


def found(text: str) -> list[Entity]:
    """None of them overlap: of two, the one that begins first."""
    if not _TELLING.search(text):
        return []
    spans = [
        *(("mention", span) for span in _mentions(text)),
        *(("bot_command", match.span()) for match in _COMMAND.finditer(text)),
        *(("hashtag", span) for span in _hashtags(text)),
        *(("cashtag", span) for span in _cashtags(text)),
        *(("phone_number", match.span()) for match in _PHONE.finditer(text)),
        *(("url", span) for span in _tg_urls(text)),
        *_urls_and_emails(text),
    ]
    if not spans:
        return []
    units = [0, *accumulate(map(utf16_length, text))]
    entities = in_order(
        Entity(type=kind, offset=units[begin], length=units[end] - units[begin])
        for kind, (begin, end) in spans
    )
    kept: list[Entity] = []
    for entity in entities:
        if not kept or kept[-1].end <= entity.offset:
            kept.append(entity)
    return kept


def _mentions(text: str) -> Iterator[Span]:
    for match in _MENTION.finditer(text) if "@" in text else ():
        if len(match[1]) >= 4 or ascii_lower(match[1]) in _SHORT_NAMES:
            yield match.span()


def _of_tag(char: str) -> bool:
    return (
        category(char)[0] == "L"
        or category(char) == "Nd"
        or char in "_\u00b7\u200c"
        or "\u0d80" <= char <= "\u0dff"
    )


def _hashtags(text: str) -> Iterator[Span]:
    at = 0
    while (begin := text.find("#", at)) >= 0:
        at = _while(text, begin + 1, _of_tag)
        if begin and _of_tag(text[begin - 1]):
            continue
        end = min(at, begin + 1 + 256)
        letters = any(category(char)[0] == "L" for char in text[begin + 1 : end])
        if end == at and (name := _NAME_BEHIND.match(text, end)):
            at = end = name.end()
        if letters and text[at : at + 1] != "#":
            yield begin, end


def _cashtags(text: str) -> Iterator[Span]:
    for match in _CASHTAG.finditer(text):
        around = text[max(match.start() - 1, 0) : match.start()] + text[match.end() :][:1]
        if not any(char == "$" or _of_tag(char) for char in around):
            yield match.span()


def _tg_urls(text: str) -> Iterator[Span]:
    for match in _TG_URL.finditer(text):
        yield match.start(), _path_end(text, match.end())


def _urls_and_emails(text: str) -> Iterator[tuple[str, Span]]:
    for begin, end in _candidates(text):
        url = text[begin:end]
        if _EMAIL.fullmatch(url):
            yield "email", (begin, end)
        elif url.startswith("mailto:") and _EMAIL.fullmatch(url[7:]):
            yield "email", (begin + 7, end)
        elif length := _url_length(url):
            yield "url", (begin, begin + length)


def _candidates(text: str) -> Iterator[Span]:
    """Whatever stands around a dot and looks like a link or an address."""
    start = 0  # what is before is already told
    while 0 <= (dot := text.find(".", start)) < len(text) - 1:
        if text[dot + 1] == " ":
            start = dot + 2
            continue
        left = _back(text, dot, start, _of_domain)
        right = _while(text, dot, lambda char: char == "@" or _of_domain(char))
        if at_sign := "@" in text[dot:right]:
            left = _back(text, left, start, _of_userinfo)
        end = _path_end(text, _port_end(text, right))
        while end > dot + 1 and text[end - 1] == ".":
            end -= 1
        begin = _url_begin(text, left, start, at_sign=at_sign)
        if begin is None:
            end = text.rindex(".", dot, end) + 1
        else:
            if end > dot + 1:
                yield begin, end
            end = _while(text, end, ".".__eq__)
        start = max(end, dot + 1)


def _url_begin(text: str, left: int, start: int, *, at_sign: bool) -> int | None:
    """Where a candidate begins with its user and protocol, unless they spoil it."""
    begin = left
    if begin > start and text[begin - 1] == "@":
        begin = _back(text, left - 1, start, _of_userinfo)
        if at_sign or begin == left - 1:
            return None
    prefix = text[start:begin]
    if not prefix:
        return begin
    if len(prefix) >= 6 and prefix.endswith("://"):
        name_end = begin - 3
        protocol = ascii_lower(text[_back(text, name_end, start, _of_protocol) : name_end])
        for name, others in _PROTOCOLS.items():
            if protocol.endswith(name) and protocol not in others:
                return name_end - len(name)
        return None
    return None if re.fullmatch(r"[\w/#@]", prefix[-1]) else begin


def _port_end(text: str, at: int) -> int:
    port = _PORT.match(text, at)
    return port.end() if port and int(port[1]) <= 65535 else at


def _path_end(text: str, at: int) -> int:
    if text[at : at + 1] not in ("/", "?", "#"):
        return at
    end = _while(text, at + 1, _of_path)
    while end > at + 1 and text[end - 1] in _BAD_LAST:
        end -= 1
    return end if text[at] == "/" or end > at + 1 else at


def _url_length(url: str) -> int:
    """How much of the candidate is a link; 0 if it is none."""
    protocol = re.match(r"(?ai:https?|ftp|tonsite)://", url)
    rest = url[protocol.end() :] if protocol else url
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    path = rest[len(authority) :]
    domain = authority.split("@", maxsplit=1)[-1].rsplit(":", maxsplit=1)[0]
    if not _is_domain(domain, has_protocol=protocol is not None):
        return 0
    return len(url) - len(path) + _balanced(path)


def _balanced(path: str) -> int:
    """How much of the path is left of a bracket that closes what was not opened."""
    depth = {")": 0, "]": 0, "}": 0}
    end = len(path)
    for at, char in enumerate(path):
        if char in "([{":
            depth[")]}"["([{".index(char)]] += 1
        elif char in depth:
            depth[char] -= 1
            if depth[char] < 0:
                end = at
                break
    while end and path[end - 1] in _BAD_LAST:
        end -= 1
    return end


def _is_domain(domain: str, *, has_protocol: bool) -> bool:
    parts = domain.split(".")
    if any(not 1 <= len(part.encode()) <= 63 or part.endswith("-") for part in parts):
        return False
    if _IPV4.fullmatch(domain):
        return True
    if len(parts) == 1 or re.fullmatch(r"[0-9.]*", domain) or "_" in parts[-2]:
        return False
    tld = parts[-1]
    if tld.startswith("xn--"):
        return re.fullmatch(r"[A-Za-z0-9]{2,}", tld[4:]) is not None
    if len(tld) == 1 or "_" in tld or "-" in tld:
        return False
    return has_protocol or is_known_tld(tld)


def _of_protocol(char: str) -> bool:
    if char < "\x80":
        return char.isalnum() or char in "+-"
    return category(char)[0] != "Z"


def _of_url(char: str) -> bool:
    if "\u2000" <= char <= "\u206f":
        return char in "\u200c\u200d" or "\u2010" <= char <= "\u2015"
    return category(char)[0] != "Z"


def _of_domain(char: str) -> bool:
    if char < "\xc0":
        return char in ".-_~" or (char < "\x80" and char.isalnum())
    return _of_url(char)


def _of_userinfo(char: str) -> bool:
    return char not in "\n/[]{}()'`<>\"@«»" and _of_url(char)


def _of_path(char: str) -> bool:
    return char not in '\n<>"«»' and _of_url(char)


def _while(text: str, at: int, fits: Callable[[str], bool]) -> int:
    while at < len(text) and fits(text[at]):
        at += 1
    return at


def _back(text: str, at: int, start: int, fits: Callable[[str], bool]) -> int:
    while at > start and fits(text[at - 1]):
        at -= 1
    return at
