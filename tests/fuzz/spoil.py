"""Ways to spoil a callback."""

import json
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from random import Random
from typing import Any

from kassa.payments.providers.protocol import Callback
from tests.fuzz.targets import Target, addresses

_NASTY: tuple[Any, ...] = (
    *(None, True, False, 0, 1, -1, 2, 0.1, -0.0, 1e308, 10**18, 2**63, 10**30, 10**400),
    *("", " ", "0", "-1", "1.0", "1e5", "1" * 400, "9" * 5000, "NaN", "Infinity", "null"),
    *("é", "٣", "①", "\x00", "\ud800", "\u202e", "a" * 300, "../..", "RUB", "usd", "paid"),
    *([], {}, [[]], {"a": {}}, ["paid"], [1] * 50, {"id": "x", "object": "event"}),
    *("2026-13-45T99:99:99Z", "0001-01-01T00:00:00+23:59", "185.71.76.0", 1e18, -(10**15)),
)
_TOKENS = (
    *(b"NaN", b"-Infinity", b"1e999", b"-0", b"0.1", b"1E-400", b"9" * 5000, b"1e999999999999"),
    *(b'"\\ud800"', b'"\\u0000"', b"\xff", b"\xed\xa0\x80", b"\xc0\x80", b"[" * 60, b"{}" * 3),
    *(b"[" * 60 + b"]" * 60, b"\x00", b",", b'"', b"\\", b":", b"}", b"\xef\xbb\xbf", b"tru"),
    *(b"%", b"%ff", b"%00", b"&", b"&a=1&a=1", b"=", b"+", b";", b"%ED%A0%80"),
)
_SIGNATURES = (
    *("", "é", "Ω" * 64, "0" * 64, "t=", "t=1,v1=", "t=٣,v1=00", "t=1,t=1,v1=0", "\udc80", "v1"),
    *(",".join(["v1=00"] * 300), "t=99999999999999,v1=1", "t=-1,v1=1", "t=1.5,v1=1", "a" * 10_000),
)
_CODES = ("utf-16", "utf-16-be", "utf-32", "utf-8-sig", "latin-1", "utf-7", "cp1251")

Bytes = Callable[[bytearray, Random], bytes]


def _flip(raw: bytearray, random: Random) -> bytes:
    for _ in range(random.choice((1, 1, 1, 2, 8))):
        raw[random.randrange(len(raw))] ^= 1 << random.randrange(8)
    return bytes(raw)


def _cut(raw: bytearray, random: Random) -> bytes:
    return bytes(raw[: random.randrange(len(raw))])


def _drop(raw: bytearray, random: Random) -> bytes:
    at = random.randrange(len(raw))
    del raw[at : at + random.randrange(1, 20)]
    return bytes(raw)


def _put(raw: bytearray, random: Random) -> bytes:
    at = random.randrange(len(raw))
    raw[at:at] = random.choice(_TOKENS)
    return bytes(raw)


def _over(raw: bytearray, random: Random) -> bytes:
    """A token in place of a value."""
    starts = [at for at, byte in enumerate(raw) if byte in b":=" and at + 1 < len(raw)]
    if not starts:
        return _put(raw, random)
    at = random.choice(starts) + 1
    end = next((i for i in range(at, len(raw)) if raw[i] in b",}&"), len(raw))
    raw[at:end] = random.choice(_TOKENS)
    return bytes(raw)


def _twice(raw: bytearray, random: Random) -> bytes:
    """A slice again: often a key that comes twice."""
    at = random.randrange(len(raw))
    part = raw[at : at + random.randrange(1, 60)]
    to = random.randrange(len(raw))
    raw[to:to] = part
    return bytes(raw)


def _again(raw: bytearray, random: Random) -> bytes:
    """The first field once more, with another value, in front or behind."""
    if raw[:1] != b"{":
        return bytes(raw + b"&" + raw)
    key = random.choice((b"status", b"amount", b"guid", b"id", b"type", b"payload", b"object"))
    value = random.choice((b"1", b'"paid"', b"{}", b"null"))
    if random.random() < 0.5:
        return bytes(b'{"' + key + b'":' + value + b"," + raw[1:])
    return bytes(raw[:-1] + b',"' + key + b'":' + value + b"}")


def _recode(raw: bytearray, random: Random) -> bytes:
    return raw.decode(errors="replace").encode(random.choice(_CODES), errors="replace")


def _deep(raw: bytearray, random: Random) -> bytes:
    """Rarely, since it costs as much as a hundred others."""
    depth = random.choice((20, 40, 200, 1100) if random.random() < 0.99 else (100_000,))
    return bytes(raw[:-1] + b',"z":' + b'{"a":' * depth + b"1" + b"}" * depth + b"}")


_BYTES: tuple[Bytes, ...] = (_flip, _flip, _cut, _drop, _put, _over, _over, _twice, _again, _recode)


def _tree(body: bytes, random: Random) -> bytes:
    """The same JSON with a field or two replaced, swapped, renamed or left out."""
    try:
        root = json.loads(body)
    except ValueError:
        return body
    for _ in range(random.choice((1, 1, 2, 4))):
        node = root
        while isinstance(node, dict) and node:
            inner = [each for each in node.values() if isinstance(each, dict) and each]
            if not inner or random.random() < 0.4:
                break
            node = random.choice(inner)
        if not isinstance(node, dict) or not node:
            break
        name, other = random.choice(list(node)), random.choice(list(node))
        what = random.random()
        if what < 0.6:
            node[name] = deepcopy(random.choice(_NASTY))
        elif what < 0.75:
            node[name], node[other] = node[other], node[name]
        elif what < 0.85:
            del node[name]
        elif what < 0.95:
            node[random.choice(("payload", "object", "shop_id", "account", "x"))] = node[name]
        else:
            node[name] = [node[name]]
    return json.dumps(root, ensure_ascii=random.random() < 0.5).encode(errors="surrogatepass")


def _body(body: bytes, random: Random) -> bytes:
    what = random.random()
    if what < 0.4:
        return _tree(body, random)
    if what < 0.41:
        return _deep(bytearray(body), random)
    if what < 0.43:  # says the same
        try:
            return json.dumps(json.loads(body), indent=random.choice((None, 1))).encode()
        except ValueError:
            return body
    return random.choice(_BYTES)(bytearray(body), random)


def spoilt(target: Target, seed: Callback, random: Random) -> tuple[Callback, bool]:
    """The seed, spoilt; and whether the provider itself would have signed it so."""
    if seed.query:
        raw = _body(seed.query.encode(), random) if random.random() < 0.9 else b""
        return replace(seed, query=raw.decode("latin-1")), False
    what = random.random()
    if what < 0.5:
        return target.sign(_body(seed.body, random), seed), True
    if what < 0.85:
        return replace(seed, body=_body(seed.body, random)), False
    if what < 0.9:
        return replace(seed, address=random.choice(addresses())), False
    return replace(seed, headers=_headers(seed, random)), False


def _headers(seed: Callback, random: Random) -> dict[str, str]:
    headers = dict(seed.headers)
    if not headers or random.random() < 0.1:
        return {}
    name = random.choice(list(headers))
    if random.random() < 0.5:
        headers[name] = random.choice(_SIGNATURES)
    else:
        raw = bytearray(headers[name].encode("latin-1", errors="replace"))
        headers[name] = random.choice((_flip, _cut, _drop, _put))(raw, random).decode("latin-1")
    return headers
