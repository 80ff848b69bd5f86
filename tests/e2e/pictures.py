"""Pictures to be sent."""

import struct
import zlib


def png(width: int, height: int) -> bytes:
    """One of one colour."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        size, check = (struct.pack(">I", each) for each in (len(data), zlib.crc32(kind + data)))
        return size + kind + data + check

    rows = b"".join(b"\0" + b"\x33\x90\xec" * width for _ in range(height))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        chunk(*each) for each in ((b"IHDR", head), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    )
