"""The sandbox by HTTP: bots, people, faults and the clock, for tests in any language."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from tgsandbox.acting import ACTS, Wrong, group_shown, person_shown
from tgsandbox.events import Event
from tgsandbox.people import Late, Person
from tgsandbox.sandbox import BotAccess
from tgsandbox.showing import shown_event
from tgsandbox.telegram.acts import Impossible
from tgsandbox.telegram.args import parse_json
from tgsandbox.telegram.errors import ApiError
from tgsandbox.telegram.faults import Fault, UpdateFault
from tgsandbox.telegram.payments.failures import PaymentFailed
from tgsandbox.telegram.records import Json

if TYPE_CHECKING:
    from tgsandbox.sandbox import Sandbox

Handler = Callable[[Request], Awaitable[Any]]
BODY_LIMIT = 32 << 20
_LOCAL = {"localhost", "127.0.0.1", "::1"}


class Control:
    """An ASGI app for everything under /control."""

    def __init__(self, sandbox: "Sandbox") -> None:
        self._sandbox = sandbox
        self._world = sandbox.world
        routes = [
            ("GET", "/control", self._state),
            ("POST", "/control/bots", self._new_bot),
            ("POST", "/control/people", self._new_person),
            ("POST", "/control/people/{person}/{act}", self._act),
            ("POST", "/control/groups", self._new_group),
            ("POST", "/control/scenarios", self._scenario),
            ("POST", "/control/faults", self._new_fault),
            ("DELETE", "/control/faults", self._no_faults),
            ("DELETE", "/control/faults/{fault:int}", self._no_faults),
            ("POST", "/control/limits", self._limits),
            ("POST", "/control/clock", self._clock),
            ("GET", "/control/books", self._books),
            ("GET", "/control/transcript", self._transcript),
            ("GET", "/control/events", self._events),
        ]
        self._app = Starlette(
            routes=[
                Route(path, _checked(handler, sandbox), methods=[verb])
                for verb, path, handler in routes
            ]
        )

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self._app(scope, receive, send)

    # --- who there is

    async def _state(self, _: Request) -> Json:
        world = self._world
        return {
            "bots": [
                self._bot_shown(BotAccess(self._sandbox, each)) for each in world.bots.values()
            ],
            "people": [person_shown(self._sandbox.person(each)) for each in world.users.values()],
            "groups": [group_shown(each) for each in world.groups.values()],
            "faults": {
                "calls": [_fields(each) for each in world.faults.calls],
                "updates": [_fields(each) for each in world.faults.updates],
            },
            "limits": world.limits.on,
            "now": world.clock.now(),
            "last_event": world.events.last,
        }

    async def _new_bot(self, request: Request) -> Json:
        given = await _body(request, {"username", "name", "inline", "privacy", "main_app", "apps"})
        bot = self._sandbox.bot(_text(given, "username"), name=given.get("name"))
        for name in ("inline", "privacy", "main_app", "apps"):
            if name in given:
                setattr(bot.record, name, given[name])
        self._world.save(bot.record)
        return self._bot_shown(bot)

    def _bot_shown(self, bot: BotAccess) -> Json:
        return {
            "id": bot.id,
            "username": bot.username,
            "name": bot.record.first_name,
            "token": bot.token,
            "api": bot.api,
            "provider_token": bot.provider_token,
            "stars": bot.stars,
            "pending_updates": len(bot.pending),
        }

    async def _new_person(self, request: Request) -> Json:
        known = {"name", "language", "last_name", "username", "phone", "premium", "stars"}
        given = await _body(request, known)
        return person_shown(self._sandbox.user(_text(given, "name"), **_but(given, "name")))

    async def _new_group(self, request: Request) -> Json:
        given = await _body(request, {"title", "creator", "members"})
        creator = self._person(given.get("creator"))
        members = [self._member(each) for each in given.get("members", [])]
        group = self._sandbox.group(_text(given, "title"), creator, *members)
        return group_shown(group.chat)

    def _person(self, named: Any) -> Person:
        for user in self._world.users.values():
            if named in (user.id, str(user.id), user.name, user.first_name):
                return self._sandbox.person(user)
        raise Wrong(f"There is no person {named!r}.", 404)

    def _member(self, named: Any) -> Person | BotAccess:
        for bot in self._world.bots.values():
            if str(named).removeprefix("@").lower() == bot.username.lower():
                return BotAccess(self._sandbox, bot)
        return self._person(named)

    # --- what they do

    async def _act(self, request: Request) -> Json:
        person = self._person(request.path_params["person"])
        return await self._perform(person, request.path_params["act"], await _body(request, None))

    async def _scenario(self, request: Request) -> Json:
        """Steps one after the other; the first that fails ends it."""
        given = await _body(request, {"steps"})
        steps, results = given.get("steps"), []
        if not isinstance(steps, list) or not all(isinstance(each, dict) for each in steps):
            raise Wrong('A scenario is {"steps": [{"person": ..., "do": ..., ...}]}.')
        for number, step in enumerate(steps, 1):
            person = self._person(step.get("person"))
            try:
                done = await self._perform(person, str(step.get("do")), _but(step, "person", "do"))
            except (Late, Impossible, PaymentFailed, Wrong, ApiError) as error:
                status, told = _refusal(error)
                raise Wrong(f"Step {number}: {told}", status) from None
            results.append(done)
        return {"results": results}

    async def _perform(self, person: Person, act: str, given: Json) -> Json:
        function = ACTS.get(act)
        if function is None:
            raise Wrong(f"Nobody knows how to {act!r}; there are {', '.join(sorted(ACTS))}.", 404)
        return await function(self._sandbox, person, given)

    # --- what goes wrong

    async def _new_fault(self, request: Request) -> Json:
        given = await _body(request, None)
        kind = UpdateFault if {"twice", "late", "swap", "type"} & set(given) else Fault
        known = set(kind.__dataclass_fields__) - {"id"}
        _only(given, known)
        if "bot" in given:
            bot = self._member(given["bot"])
            given["bot"] = bot.id
        if kind is Fault and "chat" in given:
            given["chat"] = str(given["chat"])
        if given.get("error") is not None:
            given["error"] = _error(given["error"])
        elif given.get("retry_after"):
            given["error"] = (429, f"Too Many Requests: retry after {given['retry_after']}")
        return {"id": self._world.faults.add(kind(**given))}

    async def _no_faults(self, request: Request) -> Json:
        fault = request.path_params.get("fault")
        if fault is None:
            self._world.faults.clear()
        elif not self._world.faults.remove(fault):
            raise Wrong(f"There is no fault {fault}.", 404)
        return {}

    async def _limits(self, request: Request) -> Json:
        limits = self._world.limits
        given = await _body(request, {"on", "per_bot", "per_chat", "per_group", "chat_burst"})
        for name, value in given.items():
            if name != "on" and (not isinstance(value, int | float) or value <= 0):
                raise Wrong(f"{name} is a positive number of messages.")
            setattr(limits, name, bool(value) if name == "on" else float(value))
        limits.forget()
        return {"on": limits.on}

    async def _clock(self, request: Request) -> Json:
        seconds = (await _body(request, {"move"})).get("move")
        if not isinstance(seconds, int | float) or not 0 <= seconds <= 10 * 366 * 86_400:
            raise Wrong("`move` is a number of seconds, forward, at most ten years.")
        await self._sandbox.clock.move(seconds)
        return {"now": self._world.clock.now()}

    # --- what was

    async def _books(self, _: Request) -> Json:
        return {"books": self._sandbox.books()}

    async def _transcript(self, _: Request) -> Response:
        return PlainTextResponse(self._sandbox.transcript())

    async def _events(self, request: Request) -> Response:
        """Server-sent events, from `after` or the last one that a browser has seen."""
        given = request.headers.get("last-event-id") or request.query_params.get("after", "")
        after = int(given) if given.isdecimal() else self._world.events.last
        return StreamingResponse(
            self._stream(min(after, self._world.events.last)),
            media_type="text/event-stream",
            headers={"cache-control": "no-store"},
        )

    async def _stream(self, after: int) -> AsyncIterator[str]:
        yield ": here\n\n"
        async for event in self._world.events.follow(after):
            yield _line(event, shown_event(self._world, event))


def _checked(handler: Handler, sandbox: "Sandbox") -> Handler:
    """Only this machine's pages and programs, and every refusal in words."""

    async def checked(request: Request) -> Response:
        try:
            _expect_local(request)
            found = await handler(request)
        except (Late, Impossible, PaymentFailed, Wrong, ApiError, ValueError, TypeError) as error:
            status, told = _refusal(error)
            answer = {"detail": told}
            if isinstance(error, Late):
                answer["transcript"] = sandbox.transcript()
            return JSONResponse(answer, status)
        return found if isinstance(found, Response) else JSONResponse(found)

    return checked


def _refusal(error: Exception) -> tuple[int, str]:
    match error:
        case Wrong():
            return error.status, str(error)
        case Late():
            return 408, str(error).partition("\n\n")[0]
        case PaymentFailed():
            return 402, f"{error.code}: {error.text}"
        case ApiError():
            return error.code, error.description
        case Impossible():
            return 409, str(error)
        case _:
            return 400, str(error)


def _expect_local(request: Request) -> None:
    """A page of somebody else's in the same browser must not steer the sandbox."""
    host = urlsplit(f"//{request.headers.get('host', '')}").hostname or ""
    bound = (request.scope.get("server") or ("",))[0]
    if host not in _LOCAL and host != bound:
        raise Wrong("The sandbox answers under its own address only.", 403)
    origin = request.headers.get("origin")
    if origin and urlsplit(origin).netloc != request.headers.get("host"):
        raise Wrong("Pages of other addresses may not steer the sandbox.", 403)


async def _body(request: Request, known: set[str] | None) -> Json:
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > BODY_LIMIT:
            raise Wrong("The request is too large.", 413)
    kind = request.headers.get("content-type", "application/json")
    if not kind.startswith("application/json"):
        raise Wrong("Send JSON, with Content-Type: application/json.", 415)
    try:
        given = parse_json(bytes(content)) if content else {}
    except ValueError:
        raise Wrong("The request is not JSON.") from None
    if not isinstance(given, dict):
        raise Wrong("The request is to be a JSON object.")
    if known is not None:
        _only(given, known)
    return given


def _only(given: Json, known: set[str]) -> None:
    if unknown := sorted(set(given) - known):
        raise Wrong(f"Unknown: {', '.join(unknown)}. There are {', '.join(sorted(known))}.")


def _text(given: Json, name: str) -> str:
    value = given.get(name)
    if not isinstance(value, str) or not value:
        raise Wrong(f"{name} is missing.")
    return value


def _error(given: Any) -> tuple[int, str]:
    match given:
        case [int(code), str(description)] | {"code": int(code), "description": str(description)}:
            return code, description
    raise Wrong('An error is [400, "Bad Request: ..."].')


def _but(given: Json, *names: str) -> Json:
    return {name: value for name, value in given.items() if name not in names}


def _fields(fault: Fault | UpdateFault) -> Json:
    return {name: getattr(fault, name) for name in fault.__dataclass_fields__}


def _line(event: Event, data: Json) -> str:
    told = json.dumps(data, ensure_ascii=False, default=str)
    return f"id: {event.number}\nevent: {event.kind}\ndata: {told}\n\n"
