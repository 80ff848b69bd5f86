"""The chat page over HTTP: its files, what it shows, what a person does with it."""

import secrets
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from tgsandbox.given import Wrong
from tgsandbox.local import body_of, checked_handler
from tgsandbox.telegram.files import UPLOAD_LIMIT
from tgsandbox.telegram.records import Chat, Json, User
from tgsandbox.telegram.updates import KINDS, wants
from tgsandbox.web import doing, live, paying, view
from tgsandbox.web.static_files import StaticFiles

if TYPE_CHECKING:
    from tgsandbox.sandbox import Sandbox

# Nothing from elsewhere; a Mini App may be anywhere, but only in its frame.
POLICY = (
    "default-src 'self'; img-src 'self' data: blob: https: http:; media-src 'self' blob:; "
    "style-src 'self' 'unsafe-inline'; frame-src https: http:; object-src 'none'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_PAGE = {"content-security-policy": POLICY, "referrer-policy": "no-referrer"}
_PLAIN = {"x-content-type-options": "nosniff"}
_SHOWN = ("image/jpeg", "image/png", "image/webp", "image/gif", "audio/", "video/")


class Page:
    def __init__(self, sandbox: "Sandbox") -> None:
        self._world = sandbox.world
        self._boot = secrets.token_hex(8)
        self._files = StaticFiles()
        self._doing = doing.Doing(self._world)
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
        inline = kind.startswith(_SHOWN)
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
        user = self._user(request)
        return {
            "boot": self._boot,
            "last": self._world.events.last,
            "me": view.person(user),
            "chats": view.chats(self._world, user),
        }

    async def _chat(self, request: Request) -> Json:
        user = self._user(request)
        return view.opened(self._world, user, self._chat_of(user, request.query_params.get("chat")))

    async def _messages(self, request: Request) -> Json:
        user, asked = self._user(request), request.query_params
        chat = self._chat_of(user, asked.get("chat"))
        sides = {
            name: int(asked[name])
            for name in ("before", "after")
            if asked.get(name, "").isdecimal()
        }
        return {"messages": view.messages(self._world, user, chat, **sides)}

    # --- what a person does

    async def _do(self, request: Request) -> Json:
        given = await body_of(request, None)
        act = request.path_params["act"]
        if act == "new_person":  # there may be nobody yet
            return self._doing.new_person(**given)
        user = self._user(request)
        chat = self._chat_of(user, request.query_params.get("chat"), needed=False)
        return await self._doing.do(act, user, chat, given)

    async def _upload(self, request: Request) -> Json:
        content = bytearray()
        async for chunk in request.stream():
            content += chunk
            if len(content) > UPLOAD_LIMIT:
                raise Wrong("The file is too large: 50 MB at most.", 413)
        user, asked = self._user(request), request.query_params
        chat = self._chat_of(user, asked.get("chat"))
        assert chat
        return self._doing.upload(user, chat, bytes(content), dict(asked))

    async def _checkout(self, request: Request) -> Json:
        given = await body_of(request, None)
        return await self._paying.step(request.path_params["step"], self._user(request), given)

    # --- as it happens

    async def _live(self, request: Request) -> Response:
        user = self._user(request)
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
        given = await body_of(request, {"bot", "update"})
        asked, update = given.get("bot"), given.get("update")
        bot = self._world.bots.get(asked) if isinstance(asked, int) else None
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
        return min(int(given), last) if given.isdecimal() else last

    # --- who and where

    def _user(self, request: Request) -> User:
        given = request.query_params.get("person", "")
        user = self._world.users.get(int(given)) if given.isdecimal() else None
        if user is None:
            raise Wrong("There is no such person.", 404)
        return user

    def _chat_of(self, user: User, key: str | None, *, needed: bool = True) -> Any:
        """A chat of theirs; one with a bot begins by being looked at."""
        chat: Chat | None = self._world.chats.get(key or "")
        if chat is None and key:
            bot, _, person = key.partition(":")
            known = self._world.bots.get(int(bot)) if bot.isdecimal() else None
            if known and person == str(user.id):
                chat = self._world.private_chat(user, known)
        if chat is not None and self._world.is_member(chat, user.id):
            return chat
        if needed:
            raise Wrong("There is no such chat.", 404)
        return None


def _stream(lines: Any) -> Response:
    return StreamingResponse(
        lines, media_type="text/event-stream", headers={"cache-control": "no-store"}
    )
