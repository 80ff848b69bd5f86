"""Media files put together by hand, and what they are taken for."""

import struct
import time
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tgsandbox.telegram.probe import Film, Picture, Sound, film, picture, sound


def png(width: int, height: int) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", width, height) + bytes(9)


def gif(width: int, height: int) -> bytes:
    return b"GIF89a" + struct.pack("<HH", width, height) + bytes(3)


def jpeg(width: int, height: int, *, frame: int = 0xC0, before: bytes = b"") -> bytes:
    jfif = b"\xff\xe0" + struct.pack(">H", 16) + bytes(14)
    size = b"\xff" + bytes([frame]) + struct.pack(">HBHH", 17, 8, height, width) + bytes(10)
    return b"\xff\xd8" + jfif + before + size + b"\xff\xd9"


def webp(kind: bytes, body: bytes) -> bytes:
    chunk = kind + struct.pack("<I", len(body)) + body
    return b"RIFF" + struct.pack("<I", len(chunk) + 4) + b"WEBP" + chunk


LOSSY = webp(b"VP8 ", b"\0\0\0\x9d\x01\x2a" + struct.pack("<HH", 0x4000 | 320, 0x8000 | 200))
LOSSLESS = webp(b"VP8L", b"\x2f" + struct.pack("<I", (320 - 1) | (200 - 1) << 14 | 1 << 28))
EXTENDED = webp(b"VP8X", bytes(4) + struct.pack("<HBHB", 0x0001, 1, 199, 0))


def page(granule: int, body: bytes, *, serial: int = 1) -> bytes:
    head = struct.pack("<4sBBqIII", b"OggS", 0, 0, granule, serial, 0, 0)
    laced = bytes([255] * (len(body) // 255) + [len(body) % 255])
    return head + bytes([len(laced)]) + laced + body


OPUS = b"OpusHead" + struct.pack("<BBHIHB", 1, 1, 312, 16_000, 0, 0)
VORBIS = b"\x01vorbis" + struct.pack("<IBI", 0, 2, 44_100) + bytes(14)


def ogg(head: bytes, *granules: int) -> bytes:
    return page(0, head) + b"".join(page(granule, bytes(300)) for granule in granules)


def wav(size: int, *, rate: int = 16_000, before: bytes = b"") -> bytes:
    form = b"fmt " + struct.pack("<IHHIIHH", 16, 1, 1, rate // 2, rate, 2, 16)
    chunks = before + form + b"data" + struct.pack("<I", size) + bytes(size)
    return b"RIFF" + struct.pack("<I", len(chunks) + 4) + b"WAVE" + chunks


V1, V2, V25 = 0xFFFB_9000, 0xFFF3_8000, 0xFFE3_8000  # 128 kbit/s at 44.1 kHz; 64 at 22.05; 11.025
SIZE = 417


def frames(count: int, *, head: int = V1, size: int = SIZE, first: bytes = b"") -> bytes:
    whole = struct.pack(">I", head) + bytes(size - 4)
    return struct.pack(">I", head) + first.ljust(size - 4, b"\0") + whole * (count - 1)


def xing(count: int, *, side: int = 32, flags: int = 1, name: bytes = b"Xing") -> bytes:
    return bytes(side) + name + struct.pack(">II", flags, count)


VBRI = bytes(32) + b"VBRI" + bytes(10) + struct.pack(">I", 100)
ID3 = b"ID3\x04\0\0" + bytes([0, 0, 1, 0]) + bytes(128) + bytes(50)
ID3_WITH_FOOTER = b"ID3\x04\0\x10" + bytes([0, 0, 1, 0]) + b"x" * 138


def box(kind: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I4s", 8 + len(body), kind) + body


def mvhd(ticks: int, rate: int = 1000, *, version: int = 0) -> bytes:
    times = struct.pack(">IQ" if version else ">II", rate, ticks)
    return box(b"mvhd", bytes([version, 0, 0, 0]), bytes(16 if version else 8), times, bytes(80))


UPRIGHT, TURNED = (1, 0, 0, 1), (0, 1, -1, 0)


def track(
    type_: bytes,
    width: int = 0,
    height: int = 0,
    matrix: tuple[int, ...] = UPRIGHT,
    version: int = 0,
) -> bytes:
    a, b, c, d = (each << 16 for each in matrix)
    shape = struct.pack(">iiiiiiiii", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    size = struct.pack(">II", width << 16, height << 16)
    header = box(b"tkhd", bytes([version, 0, 0, 0]), bytes(48 if version else 36), shape, size)
    return box(b"trak", header, box(b"mdia", box(b"hdlr", bytes(8), type_, bytes(13))))


def movie(*parts: bytes, brand: bytes = b"isom") -> bytes:
    return box(b"ftyp", brand, bytes(4)) + box(b"mdat", bytes(40)) + box(b"moov", *parts)


VIDEO = track(b"vide", 640, 360)
AUDIO = track(b"soun")
CLIP = movie(mvhd(2600), AUDIO, VIDEO)
SONG = movie(mvhd(2600), AUDIO, brand=b"M4A ")


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (png(640, 480), Picture("png", 640, 480)),
        (gif(30, 20), Picture("gif", 30, 20)),
        (gif(30, 20).replace(b"89a", b"87a"), Picture("gif", 30, 20)),
        (jpeg(800, 600), Picture("jpeg", 800, 600)),
        (jpeg(800, 600, frame=0xC2), Picture("jpeg", 800, 600)),
        (jpeg(8, 6, before=b"\xff\xff\xff\x01\xff\xd0\xff\xc4\0\x04ab"), Picture("jpeg", 8, 6)),
        (LOSSY, Picture("webp", 320, 200)),
        (LOSSLESS, Picture("webp", 320, 200)),
        (EXTENDED, Picture("webp", 0x10002, 200)),
    ],
)
def test_pictures(content: bytes, found: Picture) -> None:
    assert picture(content) == found
    assert sound(content) is None
    assert film(content) is None


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"GIF88a" + bytes(20),
        png(0, 5),
        gif(5, 0),
        png(5, 5).replace(b"IHDR", b"IDAT"),
        png(5, 5)[:23],
        gif(5, 5)[:9],
        jpeg(5, 0),
        jpeg(5, 5, frame=0xC4),  # tables only
        jpeg(5, 5, before=b"\xff\xda\0\x02"),  # the picture itself before its size
        jpeg(5, 5, before=b"\xff\xd9"),
        jpeg(5, 5, before=b"\xff\xe1\0\0"),
        jpeg(5, 5, before=b"\xff\xe1\xff\xff"),
        jpeg(5, 5, before=b"\0"),
        b"\xff\xd8" + b"\xff" * 100,
        b"\xff\xd9" + jpeg(5, 5)[2:],
        LOSSY.replace(b"\x9d\x01\x2a", b"\x9d\x01\x2b"),
        LOSSLESS.replace(b"\x2f", b"\x2e"),
        LOSSY.replace(b"VP8 ", b"ALPH"),
        LOSSY[:29],
        LOSSY.replace(b"WEBP", b"AVI "),
    ],
)
def test_no_pictures(content: bytes) -> None:
    assert picture(content) is None


@pytest.mark.parametrize(
    ("content", "duration"),
    [
        (ogg(OPUS, 312 + 48_000), 1),
        (ogg(OPUS, 24_000, 48_000 * 3 + 312), 3),
        (ogg(OPUS, 312 + 72_000 - 1), 1),
        (ogg(OPUS, 312 + 72_000), 2),
        (ogg(OPUS, 313), 1),
        (ogg(OPUS, 312 + 96_000, -1), 2),
        (ogg(OPUS, 312 + 96_000) + page(10**9, b"", serial=2), 2),
        (ogg(VORBIS, 44_100 * 5), 5),
    ],
)
def test_ogg(content: bytes, duration: int) -> None:
    assert sound(content) == Sound("audio/ogg", duration)
    assert picture(content) is None


def test_wav() -> None:
    assert sound(wav(32_000)) == Sound("audio/wav", 2)
    assert sound(wav(1)) == Sound("audio/wav", 1)
    odd = b"LIST" + struct.pack("<I", 3) + b"abc\0"
    assert sound(wav(32_000, before=odd)) == Sound("audio/wav", 2)


@pytest.mark.parametrize(
    ("content", "duration"),
    [
        (frames(39), 1),
        (frames(1), 1),
        (frames(77), 2),
        (frames(77) + b"TAG" + bytes(125), 2),
        (ID3 + frames(77), 2),
        (ID3_WITH_FOOTER + frames(77), 2),
        (frames(3, head=V1 | 0x200, size=SIZE + 1), 1),  # padded
        (frames(100, head=V2, size=208), 3),  # 0.026 s each
        (frames(96, head=V25, size=417), 5),  # 0.052 s each
        (frames(200, first=xing(100)), 3),
        (frames(200, first=xing(100, name=b"Info")), 3),
        (frames(200, first=xing(100, flags=2)), 5),  # says nothing of the frames
        (frames(200, head=V1 | 0xC0, first=xing(100, side=17)), 3),
        (frames(200, head=V2, size=208, first=xing(50, side=17)), 1),
        (frames(200, head=V2 | 0xC0, size=208, first=xing(50, side=9)), 1),
        (frames(200, first=VBRI), 3),
    ],
)
def test_mp3(content: bytes, duration: int) -> None:
    assert sound(content) == Sound("audio/mpeg", duration)
    assert film(content) is None


@pytest.mark.parametrize(
    "content",
    [
        ogg(OPUS, 312),
        ogg(OPUS, 312 + 48_000)[:-1],
        ogg(OPUS, 312 + 48_000) + b"x",
        ogg(OPUS, 312 + 48_000) + bytes(27),
        ogg(OPUS, 2**62),
        ogg(VORBIS.replace(struct.pack("<I", 44_100), bytes(4)), 44_100),
        ogg(b"\x80theora" + bytes(40), 100),
        wav(0),
        wav(100)[:-1],
        wav(100, rate=0),
        wav(100).replace(b"data", b"junk"),
        wav(100, before=b"LIST" + struct.pack("<I", 2**32 - 1)),
        frames(1)[:-1],
        frames(1) + b"12345",
        frames(1) + frames(1, head=V2, size=208),
        frames(10, first=xing(2**32 - 1)),
        frames(10, head=V1 & ~0xF000),  # a free bitrate
        frames(10, head=V1 | 0xF000),
        frames(10, head=V1 | 0xC00),  # no such rate
        frames(10, head=V1 & ~0x180000 | 0x80000),  # no such version
        frames(10, head=V1 | 0x60000),  # another layer
        ID3,
        b"ID3\x04\0\0" + bytes([0, 0, 0, 0x80]) + bytes(128) + frames(10),
        movie(mvhd(2600)),
        movie(mvhd(0), AUDIO),
        movie(AUDIO),
        CLIP,
    ],
)
def test_no_sounds(content: bytes) -> None:
    assert sound(content) is None


def test_m4a() -> None:
    assert sound(SONG) == Sound("audio/mp4", 3)
    assert film(SONG) is None


def wide_box(kind: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I4sQ", 1, kind, 16 + len(body)) + body


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (CLIP, (640, 360, 3)),
        (box(b"ftyp", bytes(8)) + wide_box(b"moov", mvhd(2600), VIDEO), (640, 360, 3)),
        (movie(mvhd(5 * 2**33, 2**31, version=1), track(b"vide", 64, 36, version=1)), (64, 36, 20)),
        (movie(mvhd(2600), track(b"vide", 640, 360, TURNED)), (360, 640, 3)),
        (movie(mvhd(2600), VIDEO, track(b"vide", 1, 1)), (640, 360, 3)),
        (movie(mvhd(0), VIDEO), (640, 360, 0)),
        (movie(mvhd(2**32 - 1), VIDEO), (640, 360, 0)),
        (movie(mvhd(2**64 - 1, version=1), VIDEO), (640, 360, 0)),
        (movie(mvhd(1000, 0), VIDEO), (640, 360, 0)),
        (CLIP + struct.pack(">I4s", 0, b"mdat") + bytes(80), (640, 360, 3)),
    ],
)
def test_mp4(content: bytes, found: tuple[int, int, int]) -> None:
    assert film(content) == Film("video/mp4", *found)
    assert sound(content) is None


@pytest.mark.parametrize(
    "content",
    [
        CLIP[:-1],
        CLIP + b"x",
        CLIP[16:],
        CLIP + struct.pack(">I4s", 7, b"free"),
        CLIP + struct.pack(">I4s", 2**31, b"free"),
        CLIP + struct.pack(">I4sQ", 1, b"free", 15),
        movie(mvhd(2600), AUDIO),
        movie(mvhd(2600), track(b"vide", 640, 0)),
        movie(mvhd(2600), track(b"text", 640, 360)),
        movie(mvhd(2600), box(b"trak")),
        movie(mvhd(2600), box(b"trak", box(b"mdia", box(b"hdlr", bytes(8), b"vide")))),
        movie(mvhd(2600), box(b"trak", struct.pack(">I4s", 1000, b"tkhd"))),
        box(b"ftyp", b"isom", bytes(4)),
        box(b"ftyp", b"isom", bytes(4)) + box(b"moov", box(b"mvhd")),
    ],
)
def test_no_films(content: bytes) -> None:
    assert film(content) is None


WHOLE = [png(5, 5), gif(5, 5), jpeg(5, 5), LOSSY, LOSSLESS, EXTENDED, ogg(OPUS, 500), wav(50)]
WHOLE += [frames(3), frames(3, first=xing(3)), ID3 + frames(2), CLIP, SONG]
PROBES: tuple[Callable[[bytes], object], ...] = (picture, sound, film)


@settings(deadline=None)
@given(
    st.sampled_from(WHOLE),
    st.lists(st.tuples(st.integers(0, 400), st.binary(min_size=1, max_size=8)), max_size=4),
    st.integers(0, 1500),
)
def test_whatever_is_wrong_is_no_error(
    whole: bytes, changes: list[tuple[int, bytes]], cut: int
) -> None:
    content = whole
    for at, new in changes:
        content = content[:at] + new + content[at + len(new) :]
    for probe in PROBES:
        for hostile in (content, content[:cut], content + content):
            probe(hostile)


@settings(deadline=None)
@given(st.binary(max_size=64))
def test_random_bytes_are_nothing(content: bytes) -> None:
    heads = [
        b"",
        b"RIFF\0\0\0\0WAVE",
        b"RIFF\0\0\0\0WEBP",
        b"\0\0\0\x10ftyp",
        b"OggS",
        b"\xff\xd8\xff",
    ]
    assert not any(probe(content) for probe in PROBES)
    for head in heads:
        for probe in PROBES:
            probe(head + content)


@pytest.mark.parametrize(
    "content",
    [
        b"\xff\xd8" + b"\xff" * 2_000_000,
        b"\xff\xd8" + b"\xff\xe0\0\x02" * 500_000,
        page(0, OPUS) + page(1, b"") * 70_000,
        b"RIFF\0\0\0\0WAVE" + b"LIST\0\0\0\0" * 250_000,
        b"ID3\x04\0\0" + bytes(2_000_000),
        box(b"ftyp", b"isom", bytes(4)) + box(b"moov", box(b"trak") * 250_000),
        box(b"ftyp", b"isom", bytes(4))
        + box(b"moov", box(b"trak", box(b"mdia", box(b"x" * 4) * 250_000))),
    ],
)
def test_a_great_many_of_small_things_take_no_longer_than_their_size(content: bytes) -> None:
    begun = time.process_time()
    assert not any(probe(content) for probe in PROBES)
    assert time.process_time() - begun < 10
