"""A Mini App's own files: read and compressed once, named by what is in them.

`/AT/` is the page of the only bot, `/AT/NAME/` that of one of several. Its scripts and styles are
at `/AT/files/VERSION/…`, kept by browsers for good: the app's, and those that all apps share.
"""

import base64
import gzip
import hashlib
import html
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any
from urllib.parse import urlsplit

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from kassa.botapi import NotDone, NotKnown, Refused
from kassa.config import Settings
from kassa.errors import NotFound, Unavailable
from kassa.telegram.bots import Bot
from kassa.web.security import TELEGRAM, page_policy

SCRIPT = "https://telegram.org/js/telegram-web-app.js"
API = "https://api.telegram.org"

_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
_FOR_GOOD = "public, max-age=31536000, immutable"
_LOOPBACK = ("127.0.0.1", "localhost")
_LATER = (
    "opened.js",
    "ru.js",
    "uz.js",
    "en.js",
)  # it is within the page; one of these is asked for


@dataclass(frozen=True, slots=True)
class File:
    content: bytes
    packed: bytes
    tag: str
    type: str

    @classmethod
    def of(cls, name: str, content: bytes) -> "File":
        tag = f'"{hashlib.sha256(content).hexdigest()[:16]}"'
        kind = _TYPES[f".{name.rpartition('.')[2]}"]
        return cls(content, gzip.compress(content, 9, mtime=0), tag, kind)


def _folder(package: str) -> dict[str, bytes]:
    return {
        each.name: each.read_bytes()
        for each in (files(package) / "page").iterdir()
        if f".{each.name.rpartition('.')[2]}" in _TYPES
    }


def _read(package: str) -> dict[str, File]:
    """The app's files beside ours; its styles follow ours in one file."""
    ours, own = _folder("kassa.apps.miniapp"), _folder(package)
    found = {**ours, **own, "styles.css": ours["styles.css"] + b"\n" + own["styles.css"]}
    return {name: File.of(name, found[name]) for name in sorted(found)}


def script(settings: Settings) -> str:
    """Telegram's own; where calls go to a sandbox, the sandbox's. A Bot API server that somebody
    runs themselves has none: the page then falls back to Telegram's."""
    api = settings.telegram_api_url
    return SCRIPT if api == API else f"{api}/telegram-web-app.js"


class Pages:
    """Of the app `app`, whose files lie in `PACKAGE/page`. `later`: modules that are not of the
    first view, or are asked for by those who know that they need them."""

    def __init__(self, app: str, *, at: str, package: str, later: Sequence[str] = ()) -> None:
        self.app = app
        self.at = at
        self.files: Mapping[str, File] = _read(package)
        self.later = {*_LATER, *later}
        opened = self.files["opened.js"].content  # within the pages: it is to run before all else
        self._opened = opened.decode()
        self._source = f"'sha256-{base64.b64encode(hashlib.sha256(opened).digest()).decode()}'"
        every = "".join(name + file.tag for name, file in self.files.items())
        self.version = hashlib.sha256(every.encode()).hexdigest()[:12]
        self._page = lru_cache(maxsize=32)(self._make)
        self.router = APIRouter(include_in_schema=False)
        routes: dict[str, Callable[..., Awaitable[Response]]] = {
            "": self._without_slash,
            "/": self._only,
            "/index.html": self._only,
            "/success": self._back,
            "/cancel": self._back,
            "/open": self._open,
            "/files/{version}/{name}": self._file,
            "/{bot}/": self._of_bot,
            "/{bot}/success": self._back_of_bot,
            "/{bot}/cancel": self._back_of_bot,
            "/{bot}/open": self._open_one,
            "/{name}": self._plain_file,
        }
        for path, answer in routes.items():
            self.router.add_api_route(f"/{at}{path}", answer, methods=["GET"])

    def policy(self, settings: Settings) -> str:
        """Telegram may frame the page; so may a sandbox's chat page, under both names of this
        host."""
        framing, scripts = [*TELEGRAM], [self._source, "https://telegram.org"]
        if settings.telegram_api_url != API:
            origins = _names(settings.telegram_api_url)
            framing += origins
            scripts += origins
        return page_policy(frame_ancestors=framing, script=scripts)

    def _make(self, name: str, kind: str, root: str, telegram: str) -> File:
        text = self.files[name].content.decode().replace("{{opened}}", self._opened)
        there = f"{root}files/{self.version}"
        preload = "".join(
            f'<link rel="modulepreload" href="{there}/{each}">'
            for each in self.files
            if each.endswith(".js") and each not in self.later
        )
        told = {
            "root": root,
            "files": there,
            "telegram": telegram,
            "fallback": SCRIPT,
            "kind": kind,
        }
        for key, value in told.items():
            text = text.replace(f"{{{{{key}}}}}", html.escape(value))
        return File.of(name, text.replace("{{preload}}", preload).encode())

    # -- what is asked for ---------------------------------------------------------

    async def _without_slash(self) -> Response:
        return RedirectResponse(f"{self.at}/", 308)

    async def _only(self, request: Request) -> Response:
        return self._shown(request, "index.html", root="")

    async def _back(self, request: Request) -> Response:
        """Where a payment page leads back to. What it says is friendly and proves nothing."""
        return self._shown(request, "back.html", root="", kind=request.url.path.rpartition("/")[2])

    async def _open(self, request: Request) -> Response:
        return await self._to_bot(request, "")

    async def _file(self, request: Request, version: str, name: str) -> Response:
        """An older page, in somebody's hands while we were updated, gets what there is now."""
        found = self.files.get(name)
        if found is None or name.endswith(".html"):
            raise NotFound("There is no such file.")
        return _answer(request, found, _FOR_GOOD if version == self.version else "no-cache")

    async def _of_bot(self, request: Request, bot: str) -> Response:
        self._bot(request, bot)
        return self._shown(request, "index.html", root="../")

    async def _back_of_bot(self, request: Request, bot: str) -> Response:
        self._bot(request, bot)
        kind = request.url.path.rpartition("/")[2]
        return self._shown(request, "back.html", root="../", kind=kind)

    async def _open_one(self, request: Request, bot: str) -> Response:
        return await self._to_bot(request, bot)

    async def _plain_file(self, request: Request, name: str) -> Response:
        """By its plain name: styles.css, payment.js."""
        return await self._file(request, "", name)

    def _shown(self, request: Request, name: str, *, root: str, kind: str = "") -> Response:
        settings: Settings = request.app.state.settings
        page = self._page(name, kind, root, script(settings))
        policy = {"content-security-policy": self.policy(settings)}
        return _answer(request, page, "no-cache", policy)

    def _bot(self, request: Request, name: str) -> Bot:
        """One that shows these pages; without a name the first that does."""
        kassa = getattr(request.app.state, "kassa", None)
        if kassa is None:
            raise Unavailable("Not available right now. Please try again.")
        for bot in kassa.bots.all:
            if self.app in bot.apps and (not name or name in (bot.name, str(bot.id))):
                return bot  # type: ignore[no-any-return]
        raise NotFound("There is no such bot here.")

    async def _to_bot(self, request: Request, name: str) -> Response:
        """To the bot in Telegram: only Telegram knows what it is called now."""
        bot = self._bot(request, name)
        state = request.app.state
        known: dict[int, str] = getattr(state, "miniapp_names", {})
        state.miniapp_names = known
        if bot.id not in known:
            try:
                me: dict[str, Any] = await bot.api.call("getMe", seconds=5)
            except (Refused, NotDone, NotKnown):
                raise Unavailable("Telegram does not answer right now. Please try again.") from None
            known[bot.id] = str(me.get("username", ""))
        return RedirectResponse(f"https://t.me/{known[bot.id]}", 303)


def _answer(
    request: Request, found: File, cache: str, more: Mapping[str, str] | None = None
) -> Response:
    headers = {"cache-control": cache, "etag": found.tag, "vary": "accept-encoding", **(more or {})}
    if request.headers.get("if-none-match", "").removeprefix("W/") == found.tag:
        return Response(status_code=304, headers=headers)
    headers["content-type"] = found.type
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(found.packed, headers={**headers, "content-encoding": "gzip"})
    return Response(found.content, headers=headers)


def _names(url: str) -> list[str]:
    parts = urlsplit(url)
    hosts = _LOOPBACK if parts.hostname in _LOOPBACK else (parts.hostname or "",)
    port = f":{parts.port}" if parts.port else ""
    return [f"{parts.scheme}://{host}{port}" for host in hosts]
