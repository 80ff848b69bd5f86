"""A recording of a browser (Opus in WebM) as Telegram has voice notes: the same sound in Ogg.

Nothing is decoded: the packets move from one container to the other.
"""

import struct
from collections.abc import Iterator

_MASTERS = {0x18538067, 0x1F43B675, 0x1654AE6B, 0xAE, 0xA0}  # Segment, Cluster, Tracks, ...
_HEAD, _SIMPLE_BLOCK, _BLOCK = 0x63A2, 0xA3, 0xA1
_RATE = 48_000
_SERIAL = 0x7467
_LACINGS_IN_PAGE = 60  # about a second; 255 are possible, and a packet has 7 at most
# Samples of a frame, by the mode in a packet's first byte.
_FRAMES = [480, 960, 1920, 2880] * 3 + [480, 960] * 2 + [120, 240, 480, 960] * 4


def is_webm(content: bytes) -> bool:
    return content.startswith(b"\x1aE\xdf\xa3")


def ogg_of(webm: bytes) -> bytes | None:
    """The recording in Ogg; None when it is no Opus in WebM."""
    head, packets = b"", []
    try:
        for kind, data in _elements(webm):
            if kind == _HEAD and data.startswith(b"OpusHead"):
                head = data
            elif kind in (_SIMPLE_BLOCK, _BLOCK) and len(data) > 5 and data[0] & 0x80:
                packets.append(data[4:])  # behind track number, time and flags
    except (IndexError, struct.error):
        return None
    if not head or not packets:
        return None
    return b"".join(_pages(head, packets))


def _elements(content: bytes) -> Iterator[tuple[int, bytes]]:
    """All that is no master, in order; a size that is not known lasts to the end."""
    at = 0
    while at < len(content):
        kind, at = _number(content, at, keep_marker=True)
        size, at = _number(content, at)
        if kind in _MASTERS:
            continue
        if kind == 0x1A45DFA3:
            at += size
            continue
        yield kind, content[at : at + size]
        at += size


def _number(content: bytes, at: int, *, keep_marker: bool = False) -> tuple[int, int]:
    first = content[at]
    length = 9 - first.bit_length()
    if length > 8:
        raise IndexError
    raw = int.from_bytes(content[at : at + length], "big")
    return (raw if keep_marker else raw & (1 << 7 * length) - 1), at + length


def _pages(head: bytes, packets: list[bytes]) -> Iterator[bytes]:
    tags = b"OpusTags" + struct.pack("<I", 9) + b"tgsandbox" + struct.pack("<I", 0)
    yield _page([head], 0, 0, first=True)
    yield _page([tags], 0, 1)
    granule, number, some = 0, 2, list[bytes]()
    for packet in packets:
        if sum(map(_lacings, some)) + _lacings(packet) > _LACINGS_IN_PAGE:
            yield _page(some, granule, number)
            number, some = number + 1, []
        some.append(packet)
        granule += _samples(packet)
    yield _page(some, granule, number, last=True)


def _lacings(packet: bytes) -> int:
    return len(packet) // 255 + 1


def _samples(packet: bytes) -> int:
    frames = {0: 1, 1: 2, 2: 2}.get(packet[0] & 3) or (packet[1] & 63 if len(packet) > 1 else 0)
    return _FRAMES[packet[0] >> 3] * frames


def _page(
    packets: list[bytes], granule: int, number: int, *, first: bool = False, last: bool = False
) -> bytes:
    lacing = b"".join(b"\xff" * (len(each) // 255) + bytes([len(each) % 255]) for each in packets)
    flags = (2 if first else 0) | (4 if last else 0)
    head = struct.pack("<4sBBqIIIB", b"OggS", 0, flags, granule, _SERIAL, number, 0, len(lacing))
    page = bytearray(head + lacing + b"".join(packets))
    page[22:26] = struct.pack("<I", _checksum(page))
    return bytes(page)


def _table() -> list[int]:
    table = []
    for value in range(256):
        remainder = value << 24
        for _ in range(8):
            remainder = (remainder << 1) ^ (0x04C11DB7 if remainder & 1 << 31 else 0)
        table.append(remainder & 0xFFFFFFFF)
    return table


_TABLE = _table()


def _checksum(page: bytearray) -> int:
    found = 0
    for each in page:
        found = found << 8 & 0xFFFFFFFF ^ _TABLE[found >> 24 ^ each]
    return found
