"""The Mini App's own files: read and compressed once, named by what is in them.

`/miniapp/` is the page of the only bot, `/miniapp/NAME/` that of one of several. Its scripts and
styles are at `/miniapp/files/VERSION/…`, kept by browsers for good.
"""

import base64
import gzip
import hashlib
import html
from collections.abc import Mapping
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

router = APIRouter(include_in_schema=False)


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


def _read() -> dict[str, File]:
    folder = files("kassa.apps.tokens") / "page"
    return {
        each.name: File.of(each.name, each.read_bytes())
        for each in sorted(folder.iterdir(), key=lambda each: each.name)
        if f".{each.name.rpartition('.')[2]}" in _TYPES
    }


FILES: Mapping[str, File] = _read()
OPENED = FILES["opened.js"].content.decode()  # within the pages: it is to run before all else
_OPENED = f"'sha256-{base64.b64encode(hashlib.sha256(OPENED.encode()).digest()).decode()}'"
_ALL = "".join(name + file.tag for name, file in FILES.items())
VERSION = hashlib.sha256(_ALL.encode()).hexdigest()[:12]


def script(settings: Settings) -> str:
    """Telegram's own; where calls go to a sandbox, the sandbox's. A Bot API server that somebody
    runs themselves has none: the page then falls back to Telegram's."""
    api = settings.telegram_api_url
    return SCRIPT if api == API else f"{api}/telegram-web-app.js"


def policy(settings: Settings) -> str:
    """Telegram may frame the page; so may a sandbox's chat page, under both names of this host."""
    framing, scripts = [*TELEGRAM], [_OPENED, "https://telegram.org"]
    if settings.telegram_api_url != API:
        origins = _names(settings.telegram_api_url)
        framing += origins
        scripts += origins
    return page_policy(frame_ancestors=framing, script=scripts)


def _names(url: str) -> list[str]:
    parts = urlsplit(url)
    hosts = _LOOPBACK if parts.hostname in _LOOPBACK else (parts.hostname or "",)
    port = f":{parts.port}" if parts.port else ""
    return [f"{parts.scheme}://{host}{port}" for host in hosts]


@lru_cache(maxsize=32)
def _page(name: str, kind: str, root: str, telegram: str) -> File:
    text = FILES[name].content.decode().replace("{{opened}}", OPENED)
    preload = "".join(
        f'<link rel="modulepreload" href="{root}files/{VERSION}/{each}">'
        for each in FILES
        if each.endswith(".js") and each not in LATER
    )
    told = {
        "root": root,
        "files": f"{root}files/{VERSION}",
        "telegram": telegram,
        "fallback": SCRIPT,
        "kind": kind,
    }
    for key, value in told.items():
        text = text.replace(f"{{{{{key}}}}}", html.escape(value))
    return File.of(name, text.replace("{{preload}}", preload).encode())


# Not of the first view, or asked for by those who know that they need it.
LATER = ("back.js", "history.js", "opened.js", "ru.js", "uz.js", "en.js")


@router.get("/miniapp")
async def without_slash() -> Response:
    return RedirectResponse("miniapp/", 308)


@router.get("/miniapp/")
@router.get("/miniapp/index.html")
async def only(request: Request) -> Response:
    return _shown(request, "index.html", root="")


@router.get("/miniapp/success")
@router.get("/miniapp/cancel")
async def back(request: Request) -> Response:
    """Where a payment page leads back to. What it says is friendly and proves nothing."""
    return _shown(request, "back.html", root="", kind=request.url.path.rpartition("/")[2])


@router.get("/miniapp/open")
async def open_bot(request: Request) -> Response:
    return await _opened(request, "")


@router.get("/miniapp/files/{version}/{name}")
async def file(request: Request, version: str, name: str) -> Response:
    """An older page, in somebody's hands while we were updated, gets what there is now."""
    found = FILES.get(name)
    if found is None or name.endswith(".html"):
        raise NotFound("There is no such file.")
    return _answer(request, found, _FOR_GOOD if version == VERSION else "no-cache")


@router.get("/miniapp/{bot}/")
async def of_bot(request: Request, bot: str) -> Response:
    _bot(request, bot)
    return _shown(request, "index.html", root="../")


@router.get("/miniapp/{bot}/success")
@router.get("/miniapp/{bot}/cancel")
async def back_of_bot(request: Request, bot: str) -> Response:
    _bot(request, bot)
    return _shown(request, "back.html", root="../", kind=request.url.path.rpartition("/")[2])


@router.get("/miniapp/{bot}/open")
async def open_one(request: Request, bot: str) -> Response:
    return await _opened(request, bot)


@router.get("/miniapp/{name}")
async def plain_file(request: Request, name: str) -> Response:
    """By its plain name, as the document calls them: styles.css, payment.js."""
    return await file(request, "", name)


def _shown(request: Request, name: str, *, root: str, kind: str = "") -> Response:
    settings: Settings = request.app.state.settings
    page = _page(name, kind, root, script(settings))
    return _answer(request, page, "no-cache", {"content-security-policy": policy(settings)})


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


def _bot(request: Request, name: str) -> Bot:
    """One that shows these pages; without a name the first that does."""
    kassa = getattr(request.app.state, "kassa", None)
    if kassa is None:
        raise Unavailable("Not available right now. Please try again.")
    for bot in kassa.bots.all:
        if "tokens" in bot.apps and (not name or name in (bot.name, str(bot.id))):
            return bot  # type: ignore[no-any-return]
    raise NotFound("There is no such bot here.")


async def _opened(request: Request, name: str) -> Response:
    """To the bot in Telegram: only Telegram knows what it is called now."""
    bot = _bot(request, name)
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
