"""What a media file is, from its bytes alone.

A file that ends too early or whose lengths lie is nothing. Every reader goes through the
bytes once at most.
"""

import re
import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

_LONGEST = 2**31 - 1  # seconds

_Found = TypeVar("_Found")


@dataclass(frozen=True, slots=True)
class Picture:
    type: str  # jpeg, png, webp, gif
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Sound:
    mime: str
    duration: int


@dataclass(frozen=True, slots=True)
class Film:
    mime: str
    width: int
    height: int
    duration: int  # zero where the file does not say, as with fragments


def picture(content: bytes) -> Picture | None:
    found = _first(content, (_png, _gif, _webp, _jpeg))
    return found if found and found.width and found.height else None


def sound(content: bytes) -> Sound | None:
    return _first(content, (_ogg, _wav, _m4a, _mp3))


def film(content: bytes) -> Film | None:
    return _first(content, (_mp4,))


class _Broken(Exception):
    """The file says one thing and is another."""


def _first(content: bytes, readers: Sequence[Callable[[bytes], _Found | None]]) -> _Found | None:
    for reader in readers:
        try:
            found = reader(content)
        except (struct.error, IndexError, _Broken):
            return None
        if found is not None:
            return found
    return None


def _seconds(ticks: int, rate: int) -> int | None:
    """Rounded, and at least one; None where there is nothing, or more than there can be."""
    if ticks <= 0 or rate <= 0 or ticks // rate >= _LONGEST:
        return None
    return max(1, (2 * ticks + rate) // (2 * rate))


def _png(content: bytes) -> Picture | None:
    if not content.startswith(b"\x89PNG\r\n\x1a\n"):
        return None
    size, kind, width, height = struct.unpack_from(">I4sII", content, 8)
    if (size, kind) != (13, b"IHDR"):
        raise _Broken
    return Picture("png", width, height)


def _gif(content: bytes) -> Picture | None:
    if not content.startswith((b"GIF87a", b"GIF89a")):
        return None
    return Picture("gif", *struct.unpack_from("<HH", content, 6))


def _webp(content: bytes) -> Picture | None:
    if content[:4] != b"RIFF" or content[8:12] != b"WEBP":
        return None
    kind = content[12:16]
    if kind == b"VP8X":
        low_width, high_width, low_height, high_height = struct.unpack_from("<HBHB", content, 24)
        width, height = high_width << 16 | low_width, high_height << 16 | low_height
        return Picture("webp", width + 1, height + 1)
    if kind == b"VP8L":
        signature, sizes = struct.unpack_from("<BI", content, 20)
        if signature != 0x2F:
            raise _Broken
        return Picture("webp", (sizes & 0x3FFF) + 1, (sizes >> 14 & 0x3FFF) + 1)
    start, width, height = struct.unpack_from("<3sHH", content, 23)
    if kind != b"VP8 " or start != b"\x9d\x01\x2a":
        raise _Broken
    return Picture("webp", width & 0x3FFF, height & 0x3FFF)


def _jpeg(content: bytes) -> Picture | None:
    """The size stands in the first segment that starts a frame."""
    if not content.startswith(b"\xff\xd8\xff"):
        return None
    at = 2
    while content[at] == 0xFF:
        while content[at] == 0xFF:
            at += 1
        marker = content[at]
        at += 1
        if marker == 0x01 or 0xD0 <= marker <= 0xD7:
            continue
        (size,) = struct.unpack_from(">H", content, at)
        if marker in (0xD9, 0xDA) or size < 2:
            break
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack_from(">HH", content, at + 3)
            return Picture("jpeg", width, height)
        at += size
    return None


def _ogg(content: bytes) -> Sound | None:
    """As long as the last page of its first stream says."""
    if not content.startswith(b"OggS"):
        return None
    rate = skipped = last = first = 0
    at = 0
    while at < len(content):
        magic, granule, serial, segments = struct.unpack_from("<4sxxqI8xB", content, at)
        body = at + 27 + segments
        end = body + sum(content[at + 27 : body])
        if magic != b"OggS" or end > len(content):
            raise _Broken
        if at == 0:
            first = serial
            rate, skipped = _codec(content, body)
        if serial == first:
            last = max(last, granule)  # -1 where no packet ends on the page
        at = end
    duration = _seconds(last - skipped, rate)
    return Sound("audio/ogg", duration) if duration else None


def _codec(content: bytes, at: int) -> tuple[int, int]:
    """The rate of an Ogg stream, and how many samples are skipped at its beginning."""
    if content.startswith(b"OpusHead", at):
        (skipped,) = struct.unpack_from("<H", content, at + 10)
        return 48_000, skipped
    if content.startswith(b"\x01vorbis", at):
        (rate,) = struct.unpack_from("<I", content, at + 12)
        return rate, 0
    raise _Broken


def _wav(content: bytes) -> Sound | None:
    if content[:4] != b"RIFF" or content[8:12] != b"WAVE":
        return None
    at, bytes_a_second = 12, 0
    while True:
        kind, size = struct.unpack_from("<4sI", content, at)
        at += 8
        if at + size > len(content):
            raise _Broken
        if kind == b"fmt ":
            (bytes_a_second,) = struct.unpack_from("<I", content, at + 8)
        elif kind == b"data":
            duration = _seconds(size, bytes_a_second)
            return Sound("audio/wav", duration) if duration else None
        at += size + size % 2


_BITRATES = {  # kbit/s of layer III
    1: (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    2: (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_RATES = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}
_SMALLEST_FRAME = 24


@dataclass(frozen=True, slots=True)
class _Frame:
    version: int  # of MPEG
    rate: int
    bitrate: int
    size: int
    samples: int
    mono: bool


def _mp3(content: bytes) -> Sound | None:
    """From the number of frames if the first tells it, else as if all were like the first."""
    at = _after_id3(content)
    frame = _frame(content, at)
    if frame is None:
        return None
    end = len(content) - (128 if content[-128:-125] == b"TAG" else 0)
    after = at + frame.size
    if after > end:
        raise _Broken
    following = _frame(content, after) if after < end else frame
    if following is None or (following.version, following.rate) != (frame.version, frame.rate):
        return None  # it only looked like a frame
    frames = _frames_told(content, at, frame)
    if frames is None:
        duration = _seconds((end - at) * 8, frame.bitrate)
    elif frames * _SMALLEST_FRAME > end - at:
        raise _Broken
    else:
        duration = _seconds(frames * frame.samples, frame.rate)
    return Sound("audio/mpeg", duration) if duration else None


def _after_id3(content: bytes) -> int:
    if content[:3] != b"ID3":
        return 0
    flags, *size = struct.unpack_from(">B4B", content, 5)
    if any(part > 0x7F for part in size):
        raise _Broken
    length = size[0] << 21 | size[1] << 14 | size[2] << 7 | size[3]
    at = 10 + length + (10 if flags & 0x10 else 0)
    padding = re.compile(b"\0*").match(content, at)
    return padding.end() if padding else at


def _frame(content: bytes, at: int) -> _Frame | None:
    (head,) = struct.unpack_from(">I", content, at)
    version, layer = head >> 19 & 3, head >> 17 & 3
    bitrate, rate, padded = head >> 12 & 15, head >> 10 & 3, head >> 9 & 1
    if head >> 21 != 0x7FF or version == 1 or layer != 1 or bitrate in (0, 15) or rate == 3:
        return None
    bits = _BITRATES[1 if version == 3 else 2][bitrate - 1] * 1000
    hertz = _RATES[version][rate]
    samples = 1152 if version == 3 else 576
    size = samples // 8 * bits // hertz + padded
    return _Frame(version, hertz, bits, size, samples, mono=head >> 6 & 3 == 3)


def _frames_told(content: bytes, at: int, frame: _Frame) -> int | None:
    """What the header of Xing or of VBRI says, which stands in the first frame."""
    side = (17 if frame.mono else 32) if frame.version == 3 else (9 if frame.mono else 17)
    told = at + 4 + side
    if content[told : told + 4] in (b"Xing", b"Info"):
        flags, frames = struct.unpack_from(">II", content, told + 4)
        return frames if flags & 1 else None
    if content.startswith(b"VBRI", at + 36):
        (frames,) = struct.unpack_from(">I", content, at + 50)
        return int(frames)
    return None


@dataclass(slots=True)
class _Movie:
    duration: int = 0
    heard: bool = False
    width: int = 0  # of the first track that is seen
    height: int = 0


def _m4a(content: bytes) -> Sound | None:
    movie = _movie(content)
    if movie is None or movie.width or not movie.heard or not movie.duration:
        return None
    return Sound("audio/mp4", movie.duration)


def _mp4(content: bytes) -> Film | None:
    movie = _movie(content)
    if movie is None or not movie.width or not movie.height:
        return None
    return Film("video/mp4", movie.width, movie.height, movie.duration)


def _movie(content: bytes) -> _Movie | None:
    if content[4:8] != b"ftyp":
        return None
    movie = None
    for kind, start, end in _boxes(content, 0, len(content)):
        if kind == b"moov":
            movie = _Movie()
            for inner, from_, to in _boxes(content, start, end):
                if inner == b"mvhd":
                    movie.duration = _movie_duration(content, from_)
                elif inner == b"trak":
                    _track(content, from_, to, movie)
    return movie


def _boxes(content: bytes, at: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Those of a stretch: the kind, and where what it holds begins and ends."""
    while at < end:
        size, kind = struct.unpack_from(">I4s", content, at)
        head = 8
        if size == 1:
            (size,) = struct.unpack_from(">Q", content, at + 8)
            head = 16
        elif size == 0:
            size = end - at
        if size < head or at + size > end:
            raise _Broken
        yield kind, at + head, at + size
        at += size


def _movie_duration(content: bytes, at: int) -> int:
    if content[at] == 1:
        rate, ticks = struct.unpack_from(">IQ", content, at + 20)
        unknown = 2**64 - 1
    else:
        rate, ticks = struct.unpack_from(">II", content, at + 12)
        unknown = 2**32 - 1
    return 0 if ticks == unknown else _seconds(ticks, rate) or 0


def _track(content: bytes, start: int, end: int, movie: _Movie) -> None:
    size, type_ = (0, 0), b""
    for kind, from_, to in _boxes(content, start, end):
        if kind == b"tkhd":
            size = _track_size(content, from_)
        elif kind == b"mdia":
            for inner, handler, _ in _boxes(content, from_, to):
                if inner == b"hdlr":
                    (type_,) = struct.unpack_from(">4s", content, handler + 8)
    if type_ == b"soun":
        movie.heard = True
    elif type_ == b"vide" and not movie.width:
        movie.width, movie.height = size


def _track_size(content: bytes, at: int) -> tuple[int, int]:
    """As it is shown: a phone held upright films lying, and notes that it is to be turned."""
    at += 52 if content[at] == 1 else 40
    a, b, c, d = struct.unpack_from(">ii4xii", content, at)
    width, height = struct.unpack_from(">II", content, at + 36)
    turned = not a and not d and b and c
    return (height >> 16, width >> 16) if turned else (width >> 16, height >> 16)
