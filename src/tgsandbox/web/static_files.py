"""The page's own files: read once, compressed once, named by what is in them."""

import gzip
import hashlib
from dataclasses import dataclass
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

FOLDER = Path(__file__).parent / "static"
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".json": "application/json",
}


@dataclass(frozen=True, slots=True)
class StaticFile:
    content: bytes
    packed: bytes
    tag: str
    type: str


def read(path: Path) -> StaticFile:
    content = path.read_bytes()
    return StaticFile(
        content,
        gzip.compress(content, 9, mtime=0),
        f'"{hashlib.sha256(content).hexdigest()[:16]}"',
        _TYPES[path.suffix],
    )


class StaticFiles:
    def __init__(self, folder: Path = FOLDER) -> None:
        self._folder = folder
        self._read: dict[str, tuple[float, StaticFile]] = {}

    def answer(self, request: Request, name: str, headers: dict[str, str]) -> Response:
        found = self._find(name)
        if found is None:
            return Response("Not found.", 404, media_type="text/plain")
        headers = {"cache-control": "no-cache", "etag": found.tag, **headers}
        if request.headers.get("if-none-match") == found.tag:
            return Response(status_code=304, headers=headers)
        headers["content-type"] = found.type
        if "gzip" in request.headers.get("accept-encoding", ""):
            headers |= {"content-encoding": "gzip", "vary": "accept-encoding"}
            return Response(found.packed, headers=headers)
        return Response(found.content, headers=headers)

    def _find(self, name: str) -> StaticFile | None:
        """By its plain name; one that was changed meanwhile is read again."""
        path = self._folder / name
        if "/" in name or path.suffix not in _TYPES or not path.is_file():
            return None
        changed = path.stat().st_mtime
        known = self._read.get(name)
        if known is None or known[0] != changed:
            known = self._read[name] = (changed, read(path))
        return known[1]
