"""Recordings of a browser become voice notes."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tgsandbox.telegram import probe
from tgsandbox.web import opus

HEAD = b"OpusHead" + struct.pack("<BBHIHB", 1, 1, 312, 48000, 0, 0)
UNKNOWN = b"\x01" + b"\xff" * 7
FRAME = b"\x78" + bytes(range(40))  # one frame of 20 ms


def element(kind: int, data: bytes, size: bytes | None = None) -> bytes:
    name = kind.to_bytes((kind.bit_length() + 7) // 8, "big")
    return name + (size or struct.pack(">I", len(data) | 0x10000000)) + data


def webm(packets: list[bytes], head: bytes = HEAD) -> bytes:
    """As MediaRecorder writes it: the sizes of segment and clusters are not known beforehand."""
    blocks = b"".join(
        element(0xA3, b"\x81" + struct.pack(">hB", at, 0x80) + each)
        for at, each in enumerate(packets)
    )
    track = element(0x1654AE6B, element(0xAE, element(0xD7, b"\x01") + element(0x63A2, head)))
    return (
        element(0x1A45DFA3, element(0x4282, b"webm"))
        + element(0x18538067, b"", UNKNOWN)
        + track
        + element(0x1F43B675, b"", UNKNOWN)
        + element(0xE7, b"\x00")
        + blocks
    )


@pytest.mark.parametrize(("packets", "seconds"), [(50, 1), (100, 2), (500, 10)])
def test_it_is_as_long_as_it_was(packets: int, seconds: int) -> None:
    made = opus.ogg_of(webm([FRAME] * packets))
    assert made is not None
    found = probe.sound(made)
    assert (found.mime, found.duration) == ("audio/ogg", seconds) if found else False


def test_every_packet_is_there_once_and_in_order() -> None:
    packets = [bytes([0x78]) + number.to_bytes(2, "big") * 300 for number in range(200)]
    assert packets_in(opus.ogg_of(webm(packets)) or b"") == packets


def packets_in(ogg: bytes) -> list[bytes]:
    """Read back by the book: pages, lacing, and the checksum of each page."""
    packets, at, number = [], 0, 0
    while at < len(ogg):
        assert ogg[at : at + 4] == b"OggS"
        count = ogg[at + 26]
        lacing = ogg[at + 27 : at + 27 + count]
        size = 27 + count + sum(lacing)
        page = bytearray(ogg[at : at + size])
        assert struct.unpack("<I", page[18:22]) == (number,)
        told, page[22:26] = bytes(page[22:26]), bytes(4)
        assert told == struct.pack("<I", checksum(page))
        data, packet = at + 27 + count, b""
        for part in lacing:
            packet += ogg[data : data + part]
            data += part
            if part < 255:
                packets.append(packet)
                packet = b""
        at, number = at + size, number + 1
    assert packets[0] == HEAD
    assert packets[1].startswith(b"OpusTags")
    return packets[2:]


def checksum(page: bytearray) -> int:
    found = 0
    for each in page:
        found ^= each << 24
        for _ in range(8):
            found = (found << 1 ^ (0x04C11DB7 if found & 1 << 31 else 0)) & 0xFFFFFFFF
    return found


@pytest.mark.parametrize(
    "wrong", [b"", b"\x1aE\xdf\xa3", webm([]), webm([FRAME], head=b"Vorbis"), b"OggS" * 10]
)
def test_what_is_no_recording_is_left_alone(wrong: bytes) -> None:
    assert opus.ogg_of(wrong) is None


@given(st.binary(max_size=300), st.integers(0, 400))
def test_rubbish_does_no_harm(rubbish: bytes, cut: int) -> None:
    opus.ogg_of(b"\x1aE\xdf\xa3" + rubbish)
    opus.ogg_of(webm([FRAME] * 5)[:cut] + rubbish)
