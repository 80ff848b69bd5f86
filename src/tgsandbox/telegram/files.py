"""Files that were sent, and the ids by which they can be sent again."""

import base64
import hashlib
import struct
from pathlib import Path
from typing import TYPE_CHECKING

from tgsandbox.telegram import probe
from tgsandbox.telegram.errors import bad_request
from tgsandbox.telegram.records import Json, StoredFile

if TYPE_CHECKING:
    from tgsandbox.telegram.world import World

DOWNLOAD_LIMIT = 20 * 2**20
UPLOAD_LIMIT = 50 * 2**20
PHOTO_LIMIT = 10 * 2**20

_FOLDERS = {
    "photo": ("photos", ".jpg"),
    "voice": ("voice", ".oga"),
    "audio": ("music", ".mp3"),
    "video": ("videos", ".mp4"),
    "animation": ("animations", ".mp4"),
    "video_note": ("video_notes", ".mp4"),
    "sticker": ("stickers", ".webp"),
    "document": ("documents", ""),
    "thumbnail": ("thumbnails", ".jpg"),
}
_KINDS = list(_FOLDERS)
_MIME = {
    "photo": "image/jpeg",
    "voice": "audio/ogg",
    "audio": "audio/mpeg",
    "video": "video/mp4",
    "animation": "video/mp4",
    "video_note": "video/mp4",
    "sticker": "image/webp",
    "document": "application/octet-stream",
    "thumbnail": "image/jpeg",
}


class Files:
    """The contents are in memory, or in a folder where there is one."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._contents: dict[int, bytes] = {}
        self._last = 0
        self.known: dict[int, StoredFile] = {}
        self.folder: Path | None = None

    def add(
        self, kind: str, content: bytes, *, name: str | None = None, mime: str | None = None
    ) -> StoredFile:
        """A new file, with what its bytes tell of it."""
        self._last += 1
        folder, extension = _FOLDERS[kind]
        suffix = Path(name).suffix if name else ""
        if kind in ("document", "audio", "video", "animation") and suffix[1:].isalnum():
            extension = suffix[:12]
        stored = StoredFile(
            id=self._last,
            type=kind,
            size=len(content),
            folder=folder,
            name=name,
            mime=mime or _MIME[kind],
            extension=extension,
        )
        _look_into(stored, content)
        if self.folder:
            (self.folder / str(stored.id)).write_bytes(content)
        else:
            self._contents[stored.id] = content
        self.known[stored.id] = stored
        self._world.save(stored)
        return stored

    def restore(self, stored: StoredFile) -> None:
        self.known[stored.id] = stored
        self._last = max(self._last, stored.id)

    def content(self, stored: StoredFile) -> bytes:
        found = self._contents.get(stored.id)
        if found is None and self.folder:
            found = (self.folder / str(stored.id)).read_bytes()
        return found or b""

    def find(self, file_id: str) -> StoredFile | None:
        """The file of that id; None where it is not one of ours."""
        try:
            packed = base64.urlsafe_b64decode(file_id + "=" * (-len(file_id) % 4))
            kind, number, proof = struct.unpack(">BQ8s", packed)
        except (ValueError, struct.error):
            return None
        stored = self.known.get(number)
        if stored is None or proof != _proof(number) or kind >= len(_KINDS):
            return None
        return stored

    def by_path(self, path: str) -> StoredFile | None:
        stem = path.rpartition("/file_")[2].partition(".")[0]
        stored = self.known.get(int(stem)) if stem.isdecimal() and len(stem) < 19 else None
        return stored if stored and stored.path == path else None


def file_id(stored: StoredFile) -> str:
    packed = struct.pack(">BQ8s", _KINDS.index(stored.type), stored.id, _proof(stored.id))
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def unique_id(stored: StoredFile) -> str:
    digest = hashlib.sha256(f"unique {stored.id}".encode()).digest()
    return "AQAD" + base64.urlsafe_b64encode(digest[:8]).decode().rstrip("=")


def shown(stored: StoredFile) -> Json:
    """What every description of a file begins with, and getFile answers."""
    return {
        "file_id": file_id(stored),
        "file_unique_id": unique_id(stored),
        "file_size": stored.size,
    }


def photo_size(stored: StoredFile) -> Json:
    return {**shown(stored), "width": stored.width, "height": stored.height}


def described(stored: StoredFile) -> Json:
    """The file as the Bot API shows one of its kind; a photo is a list, see `photo_size`."""
    found = shown(stored)
    match stored.type:
        case "voice" | "audio":
            found |= {"duration": stored.duration}
        case "video" | "animation":
            found |= {
                "width": stored.width,
                "height": stored.height,
                "duration": stored.duration,
            }
        case "video_note":
            found |= {"length": stored.width or 240, "duration": stored.duration}
        case "sticker":
            found |= {
                "type": "regular",
                "width": stored.width or 512,
                "height": stored.height or 512,
                "is_animated": stored.mime == "application/x-tgsticker",
                "is_video": stored.mime == "video/webm",
            }
    if stored.type not in ("video_note", "sticker") and stored.mime:
        found["mime_type"] = stored.mime
    if stored.type not in ("voice", "video_note", "sticker") and stored.name:
        found["file_name"] = stored.name
    for name in ("title", "performer", "emoji", "thumbnail"):
        if value := getattr(stored, name):
            found[name] = value
    return found


def _look_into(stored: StoredFile, content: bytes) -> None:
    match stored.type:
        case "photo" | "thumbnail" | "sticker":
            if picture := probe.picture(content):
                stored.width, stored.height = picture.width, picture.height
        case "voice" | "audio":
            if sound := probe.sound(content):
                stored.duration, stored.mime = sound.duration, sound.mime
        case "video" | "animation" | "video_note":
            if film := probe.film(content):
                stored.width, stored.height = film.width, film.height
                stored.duration, stored.mime = film.duration, film.mime


def check_photo(content: bytes) -> None:
    """A photo is an image of a reasonable shape."""
    picture = probe.picture(content)
    if picture is None:
        raise bad_request("IMAGE_PROCESS_FAILED")
    wide, high = picture.width, picture.height
    if wide + high > 10_000 or max(wide, high) > 20 * min(wide, high):
        raise bad_request("PHOTO_INVALID_DIMENSIONS")


def _proof(number: int) -> bytes:
    return hashlib.sha256(f"file {number}".encode()).digest()[:8]
