"""What both shops sell and show, so that they differ in nothing but their library."""

import struct
import zlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from tgsandbox import BotAccess

APP = "https://shop.example/app"
FORM = "https://shop.example/form"
SITE = "https://shop.example/"
CODE = "TEA-10"
COMMANDS = {"start": "Begin", "tea": "A cup of tea", "gems": "A bag of gems"}
ABOUT = "Tea, coffee and gems."
SHORT = "Tea and gems."
MENU = "Shop"
GOODS = {"tea": "Tea", "coffee": "Coffee"}
SHIPPING = {"post": ("By post", 400), "courier": ("By courier", 900)}
TEA = 1200  # cents
TIPS = [100, 200]
MONTH = 2_592_000
ORDINARY = "message edited_message callback_query inline_query chosen_inline_result"
PAYMENTS = "shipping_query pre_checkout_query purchased_paid_media subscription"
MEMBERS = "my_chat_member chat_member message_reaction"
EVERYTHING = f"{ORDINARY} {PAYMENTS} {MEMBERS}".split()


@dataclass
class Shop:
    """A shop that is open, and what it remembers."""

    bot: BotAccess
    charges: dict[int, str] = field(default_factory=dict)  # the latest of each person
    question: str = ""  # a press that it has not answered
    photo: str = ""  # the file id of the latest photo it got
    blocked: set[int] = field(default_factory=set)
    failures: list[BaseException] = field(default_factory=list)  # of its handlers
    refused: list[str] = field(default_factory=list)  # calls that are meant to fail
    order: Callable[[str, str], Awaitable[None]] | None = None  # what its Mini App's server does


def clock(seconds: float) -> str:
    """Days are enough for a shop."""
    return f"day {int(seconds) // 86_400}"


# --- media, as small as they may be


def png(width: int, height: int) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    rows = (b"\0" + b"\x80" * width) * height
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    parts = (chunk(b"IHDR", head), chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def ogg(seconds: int) -> bytes:
    """A voice, in Opus, of two pages."""

    def page(granule: int, body: bytes) -> bytes:
        head = struct.pack("<4sBBqIII", b"OggS", 0, 0, granule, 1, 0, 0)
        return head + bytes([1, len(body)]) + body

    opus = b"OpusHead" + struct.pack("<BBHIHB", 1, 1, 0, 16_000, 0, 0)
    return page(0, opus) + page(48_000 * seconds, bytes(40))


def mp3() -> bytes:
    """Two seconds and a bit, at 128 kbit/s."""
    frame = struct.pack(">I", 0xFFFB_9000) + bytes(413)
    return frame * 80


def mp4(width: int, height: int, seconds: int) -> bytes:
    def box(kind: bytes, *parts: bytes) -> bytes:
        body = b"".join(parts)
        return struct.pack(">I4s", 8 + len(body), kind) + body

    matrix = struct.pack(">9i", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
    movie = box(b"mvhd", bytes(12), struct.pack(">II", 1000, seconds * 1000), bytes(80))
    shape = bytes(40) + matrix + struct.pack(">II", width << 16, height << 16)
    film = box(b"mdia", box(b"hdlr", bytes(8), b"vide", bytes(13)))
    track = box(b"trak", box(b"tkhd", shape), film)
    return box(b"ftyp", b"isom", bytes(4)) + box(b"moov", movie, track)


CUP, POT = png(40, 30), png(60, 20)
ALBUM = [png(10, 10), png(20, 20), png(30, 30)]
VOICE = ogg(7)
SONG = mp3()
FILM = mp4(320, 240, 5)
