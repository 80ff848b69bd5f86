"""The chat page over HTTP: its files, what it shows, what a person does with it."""

import asyncio
import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response, StreamingResponse
from starlette.routing import Route

from tgsandbox.given import Given, Wrong
from tgsandbox.local import checked_handler, content_of, given_in, json_of, nothing_there
from tgsandbox.telegram.files import UPLOAD_LIMIT
from tgsandbox.telegram.records import Json
from tgsandbox.telegram.updates import KINDS, wants
from tgsandbox.web import joining, live, mini_apps, paying, people, view, writing
from tgsandbox.web.codes import MOST_PIXELS, code_in
from tgsandbox.web.doing import MOST, Scene, perform
from tgsandbox.web.static_files import StaticFiles

if TYPE_CHECKING:
    from tgsandbox.sandbox import Sandbox

__all__ = ["Page", "joining", "mini_apps", "people"]  # loaded for the acts that they bring

# Nothing from elsewhere; a Mini App may be anywhere, but only in its frame.
POLICY = (
    "default-src 'self'; img-src 'self' data: blob: https: http:; media-src 'self' blob:; "
    "style-src 'self' 'unsafe-inline'; frame-src https: http:; object-src 'none'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_PAGE = {
    "content-security-policy": POLICY,
    "origin-agent-cluster": "?1",  # no process is shared with other ports of this host
    "referrer-policy": "no-referrer",
}
_GIVEN = {"content-security-policy": "default-src 'none'; style-src 'unsafe-inline'"}
_PLAIN = {"x-content-type-options": "nosniff"}
_UPLOAD = ("person", "chat", "kind", "name", "mime", "caption", "duration")
_SHOWN = ("image/jpeg", "image/png", "image/webp", "image/gif", "audio/", "video/")


class Page:
    def __init__(self, sandbox: "Sandbox") -> None:
        self._world = sandbox.world
        self._boot = secrets.token_hex(8)
        self._files = StaticFiles()
        self._paying = paying.Paying(self._world)
        routes = [
            ("GET", "/", self._index),
            ("GET", "/page/{name}", self._static),
            ("GET", "/page/api/people", self._people),
            ("GET", "/page/api/chats", self._chats),
            ("GET", "/page/api/chat", self._chat),
            ("GET", "/page/api/messages", self._messages),
            ("GET", "/page/api/file/{file}", self._file),
            ("POST", "/page/api/do/{act}", self._do),
            ("POST", "/page/api/upload", self._upload),
            ("POST", "/page/api/code", self._code),
            ("POST", "/page/api/checkout/{step}", self._checkout),
            ("GET", "/page/api/live", self._live),
            ("GET", "/page/api/log", self._log),
            ("GET", "/page/api/bots", self._bots),
            ("POST", "/page/api/replay", self._replay),
        ]
        self._app = Starlette(
            routes=[
                Route(path, checked_handler(handler, sandbox), methods=[verb])
                for verb, path, handler in routes
            ]
            + [Route("/telegram-web-app.js", self._script)]  # for Mini Apps, wherever they are
            + [Route(path, _given(html)) for path, html in sandbox.pages.items()],
            exception_handlers={HTTPException: nothing_there},
        )

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self._app(scope, receive, send)

    # --- files

    async def _index(self, request: Request) -> Response:
        return self._files.answer(request, "index.html", _PAGE | _PLAIN)

    async def _static(self, request: Request) -> Response:
        return self._files.answer(request, request.path_params["name"], _PLAIN)

    async def _script(self, request: Request) -> Response:
        headers = _PLAIN | {"access-control-allow-origin": "*"}
        return self._files.answer(request, "telegram-web-app.js", headers)

    async def _file(self, request: Request) -> Response:
        """What was sent; only pictures, sounds and films are shown, the rest is saved."""
        stored = self._world.files.find(request.path_params["file"])
        if stored is None:
            raise Wrong("There is no such file.", 404)
        kind = stored.mime or ""
        inline = kind.startswith(_SHOWN) and kind.isascii() and kind.isprintable()
        headers = _PLAIN | {
            "content-type": kind if inline else "application/octet-stream",
            "content-disposition": "inline" if inline else "attachment",
            "content-security-policy": "default-src 'none'; sandbox",
            "cache-control": "private, max-age=3600",
        }
        return Response(self._world.files.content(stored), headers=headers)

    # --- what there is

    async def _people(self, _: Request) -> Json:
        world = self._world
        return {
            "boot": self._boot,
            "last": world.events.last,
            "people": [view.person(each) for each in world.users.values()],
            "bots": [view.bot(each) for each in world.bots.values()],
        }

    async def _chats(self, request: Request) -> Json:
        user = self._scene(request).user
        return {
            "boot": self._boot,
            "last": self._world.events.last,
            "me": view.person(user),
            "chats": view.chats(self._world, user),
        }

    async def _chat(self, request: Request) -> Json:
        scene = self._scene(request)
        return view.opened(self._world, scene.user, scene.chat)

    async def _messages(self, request: Request) -> Json:
        scene, asked = self._scene(request), request.query_params
        sides = {
            name: int(asked[name])
            for name in ("before", "after")
            if asked.get(name, "").isdecimal() and len(asked[name]) < 19
        }
        return {"messages": view.messages(self._world, scene.user, scene.chat, **sides)}

    # --- what a person does

    async def _do(self, request: Request) -> Json:
        values = await json_of(request)
        return perform(self._scene(request), request.path_params["act"], values)

    async def _upload(self, request: Request) -> Json:
        about = Given(dict(request.query_params), _UPLOAD)
        content = await content_of(
            request, UPLOAD_LIMIT, told="The file is too large: 50 MB at most."
        )
        return writing.upload(self._scene(request), content, about)

    async def _code(self, request: Request) -> Json:
        """The QR code of a picture that the page has made grey."""
        asked = request.query_params
        sides = [
            int(given) if given.isdecimal() and len(given) < 6 else 0
            for given in (asked.get("width", ""), asked.get("height", ""))
        ]
        grey = await content_of(request, MOST_PIXELS, told="The picture is too large.")
        return {"text": await asyncio.to_thread(code_in, bytes(grey), *sides)}

    async def _checkout(self, request: Request) -> Json:
        values = await json_of(request)
        return await self._paying.step(request.path_params["step"], self._scene(request), values)

    # --- as it happens

    async def _live(self, request: Request) -> Response:
        user = self._scene(request).user
        return _stream(live.live(self._world, user, self._boot, self._after(request)))

    async def _log(self, request: Request) -> Response:
        return _stream(live.log(self._world, self._boot, self._after(request)))

    # --- for the drawer

    async def _bots(self, _: Request) -> Json:
        """What waits for them, and how their webhooks fare."""
        world = self._world
        return {
            "bots": [
                view.bot(each)
                | {
                    "pending": len(world.inboxes[each.id].pending),
                    "webhook": each.webhook["url"] if each.webhook else "",
                    **world.webhooks.trouble(each),
                }
                for each in world.bots.values()
            ]
        }

    async def _replay(self, request: Request) -> Json:
        """The update as a new one, with a number of its own: bots pass over those they had."""
        given = await given_in(request, "bot", "update")
        bot, update = self._world.bots.get(given.whole("bot", 1, MOST)), given.any("update")
        if bot is None:
            raise Wrong("There is no such bot.", 404)
        if not isinstance(update, dict):
            raise Wrong("`update` is to be an update.")
        kind = next((each for each in KINDS if isinstance(update.get(each), dict)), None)
        if kind is None:
            raise Wrong("Updates of this type are not known.")
        if not wants(bot, kind):
            raise Wrong(f"@{bot.username} does not ask for updates of type {kind}.", 409)
        self._world.inboxes[bot.id].push(kind, update[kind], "replay")
        return {}

    def _after(self, request: Request) -> int:
        given = request.headers.get("last-event-id") or request.query_params.get("after", "")
        last = self._world.events.last
        return min(int(given), last) if given.isdecimal() and len(given) < 19 else last

    def _scene(self, request: Request) -> Scene:
        return Scene(self._world, request.query_params)


def _given(html: str) -> Callable[[Request], Response]:
    """A page of whoever made the sandbox."""
    return lambda _: HTMLResponse(html, headers=_GIVEN | _PLAIN)


def _stream(lines: Any) -> Response:
    return StreamingResponse(
        lines, media_type="text/event-stream", headers={"cache-control": "no-store"}
    )
