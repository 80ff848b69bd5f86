"""The sandbox by HTTP: bots, people, faults and the clock, for tests in any language."""

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from tgsandbox.acting import Acting
from tgsandbox.bots import BotAccess
from tgsandbox.control_bank import BankControl
from tgsandbox.given import Given, Wrong
from tgsandbox.local import REFUSALS, checked_handler, given_in, json_of, nothing_there, refusal
from tgsandbox.person_acts import ACTS
from tgsandbox.showing import event_line, fields, group_shown, person_shown, seen_shown
from tgsandbox.telegram.calls import METHODS
from tgsandbox.telegram.faults import Fault, UpdateFault
from tgsandbox.telegram.records import Json
from tgsandbox.telegram.updates import KINDS
from tgsandbox.telegram.wire import ADMIN_RIGHTS, CHANNEL_RIGHTS

if TYPE_CHECKING:
    from tgsandbox.sandbox import Group, Sandbox

_LONGEST = 10 * 366 * 86_400  # seconds that the clock is moved at once
_CALL_FAULT = (
    *("method", "bot", "chat", "error", "retry_after", "delay", "lose_answer"),
    *("times", "after"),
)
_UPDATE_FAULT = ("type", "bot", "twice", "late", "swap", "times")
_GROUP_ACTS = ("add", "promote", "remove", "let_in", "turn_down", "invite_link")
_LIMITS = ("per_bot", "per_chat", "per_group", "chat_burst")


class Control:
    """An ASGI app for everything under /control."""

    def __init__(self, sandbox: "Sandbox") -> None:
        self._sandbox = sandbox
        self._world = sandbox.world
        self._acting = Acting(sandbox)
        routes = [
            ("GET", "", self._state),
            ("POST", "/bots", self._new_bot),
            ("GET", "/bots/{bot}", self._bot),
            ("GET", "/acts", self._acts),
            ("POST", "/people", self._new_person),
            ("GET", "/people/{person}", self._person),
            ("POST", "/people/{person}/{act}", self._act),
            ("POST", "/groups", self._new_group),
            ("GET", "/groups/{group}", self._group),
            ("POST", "/groups/{group}/{act}", self._change_group),
            ("POST", "/scenarios", self._scenario),
            ("POST", "/faults", self._new_fault),
            ("DELETE", "/faults", self._no_faults),
            ("DELETE", "/faults/{fault:int}", self._no_faults),
            ("POST", "/limits", self._limits),
            ("POST", "/clock", self._clock),
            *BankControl(sandbox).routes,
            ("GET", "/books", self._books),
            ("GET", "/transcript", self._transcript),
            ("GET", "/events", self._events),
        ]
        self._app = Starlette(
            routes=[
                Route(f"/control{path}", checked_handler(handler, sandbox), methods=[verb])
                for verb, path, handler in routes
            ],
            exception_handlers={HTTPException: nothing_there},
        )

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self._app(scope, receive, send)

    # --- who there is

    async def _state(self, _: Request) -> Json:
        world = self._world
        return {
            "bots": [self._bot_shown(self._access(each)) for each in world.bots.values()],
            "people": [person_shown(self._sandbox.person(each)) for each in world.users.values()],
            "groups": [group_shown(each) for each in world.groups.values()],
            "faults": {
                "calls": [fields(each) for each in world.faults.calls],
                "updates": [fields(each) for each in world.faults.updates],
            },
            "limits": self._limits_shown(),
            "now": world.clock.now(),
            "last_event": world.events.last,
        }

    async def _new_bot(self, request: Request) -> Json:
        flags = ("inline", "privacy", "joins_groups")
        given = await given_in(request, "username", "name", "main_app", "apps", *flags)
        username, name = given.text("username"), given.text_or("name", None)
        wanted: Json = {flag: given.flag(flag) for flag in flags if flag in given.values}
        if "main_app" in given.values:
            wanted["main_app"] = given.text_or("main_app", None)
        if "apps" in given.values:
            wanted["apps"] = given.texts_or("apps", {})
        bot = self._sandbox.bot(username, name=name)
        for each, value in wanted.items():
            setattr(bot.record, each, value)
        self._world.save(bot.record)
        return self._bot_shown(bot)

    async def _bot(self, request: Request) -> Json:
        bot = self._acting.bot(request.path_params["bot"])
        return {**self._bot_shown(bot), "updates": bot.pending}

    def _access(self, record: Any) -> BotAccess:
        return BotAccess(self._sandbox, record)

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
        given = await given_in(
            request, "name", "language", "last_name", "username", "phone", "premium", "stars"
        )
        about: Json = {
            each: given.text_or(each, None)
            for each in ("language", "last_name", "username", "phone")
            if each in given.values
        }
        person = self._sandbox.user(
            given.text("name"),
            premium=given.flag("premium"),
            stars=given.whole_or("stars", 0, 0, 10**9),
            **about,
        )
        return person_shown(person)

    async def _person(self, request: Request) -> Json:
        person = self._acting.person(request.path_params["person"])
        return {**person_shown(person), "unread": [seen_shown(each) for each in person.unread]}

    async def _new_group(self, request: Request) -> Json:
        given = await given_in(request, "title", "creator", "members", "channel")
        title, creator = given.text("title"), self._acting.person(given.any("creator"))
        members = [self._acting.member(each) for each in given.list("members")]
        make = self._sandbox.channel if given.flag("channel") else self._sandbox.group
        return group_shown(make(title, creator, *members).chat)

    async def _group(self, request: Request) -> Json:
        return group_shown(self._acting.group(request.path_params["group"]).chat)

    async def _change_group(self, request: Request) -> Json:
        group, act = self._acting.group(request.path_params["group"]), request.path_params["act"]
        if act == "invite_link":
            return await self._invite_link(request, group)
        if act not in _GROUP_ACTS:
            raise Wrong(f"In a group one can {', '.join(_GROUP_ACTS)}; not {act!r}.", 404)
        given = await given_in(request, "members", *(["rights"] if act == "promote" else []))
        rights = given.flags("rights")
        known = CHANNEL_RIGHTS if group.chat.type == "channel" else ADMIN_RIGHTS
        if unknown := sorted(set(rights) - set(known)):
            raise Wrong(f"Unknown: {', '.join(unknown)}. There are {', '.join(known)}.")
        if act in ("let_in", "turn_down"):
            for person in [self._acting.person(each) for each in given.list("members")]:
                getattr(group, act)(person)
            return group_shown(group.chat)
        for member in [self._acting.member(each) for each in given.list("members")]:
            match act:
                case "add":
                    group.add(member)
                case "promote":
                    group.promote(member, **rights)
                case _:
                    group.remove(member)
        return group_shown(group.chat)

    async def _invite_link(self, request: Request, group: "Group") -> Json:
        given = await given_in(request, "asks", "name", "limit", "expires")
        link = group.invite_link(
            asks=given.flag("asks"),
            name=given.text_or("name", ""),
            limit=given.whole_or("limit", 0, 0, 99_999),
            expires=given.whole_or("expires", 0, 0, 2**31 - 1),
        )
        return {"invite_link": link}

    # --- what they do

    async def _acts(self, _: Request) -> Json:
        """What people know how to do, and what goes with it."""
        return {act: list(known) for act, (_, known) in sorted(ACTS.items())}

    async def _act(self, request: Request) -> Json:
        person = self._acting.person(request.path_params["person"])
        return await self._acting.perform(
            person, request.path_params["act"], await json_of(request)
        )

    async def _scenario(self, request: Request) -> Json:
        """Steps one after the other; the first that fails ends it."""
        steps, results = (await given_in(request, "steps")).list("steps"), []
        for number, step in enumerate(steps, 1):
            if not isinstance(step, dict):
                raise Wrong('A scenario is {"steps": [{"person": ..., "do": ..., ...}]}.')
            about = {name: value for name, value in step.items() if name not in ("person", "do")}
            try:
                person = self._acting.person(step.get("person"))
                results.append(await self._acting.perform(person, str(step.get("do")), about))
            except REFUSALS as error:
                status, told = refusal(error)
                raise Wrong(f"Step {number}: {told['detail']}", status) from None
        return {"results": results}

    # --- what goes wrong

    async def _new_fault(self, request: Request) -> Json:
        values = await json_of(request)
        in_updates = {"twice", "late", "swap", "type"} & set(values)
        fault = self._update_fault(values) if in_updates else self._call_fault(values)
        return {"id": self._world.faults.add(fault)}

    def _call_fault(self, values: Json) -> Fault:
        given = Given(values, _CALL_FAULT)
        method = given.text_or("method", "*")
        if method != "*" and method.lower() not in METHODS:
            raise Wrong(f"There is no method {method!r}.", 404)
        retry_after = given.whole_or("retry_after", None, 1, 86_400)
        error = _error(values.get("error"))
        if retry_after is not None and error is None:
            error = (429, f"Too Many Requests: retry after {retry_after}")
        delay, lost = given.number_or("delay", 0.0, 0, 86_400), given.flag("lose_answer")
        if not (error or delay or lost):
            raise Wrong("Say what goes wrong: error, retry_after, delay or lose_answer.")
        return Fault(
            method=method,
            bot=self._bot_id(given),
            chat=self._chat_id(values.get("chat")),
            error=error,
            retry_after=retry_after,
            delay=delay,
            lose_answer=lost,
            times=given.whole_or("times", None, 1, 10**9),
            after=given.whole_or("after", 0, 0, 10**9),
        )

    def _update_fault(self, values: Json) -> UpdateFault:
        given = Given(values, _UPDATE_FAULT)
        kind = given.text_or("type", "*")
        if kind != "*" and kind not in KINDS:
            raise Wrong(f"There are no updates of type {kind!r}.", 404)
        fault = UpdateFault(
            type=kind,
            bot=self._bot_id(given),
            twice=given.flag("twice"),
            late=given.number_or("late", 0.0, 0, 86_400),
            swap=given.flag("swap"),
            times=given.whole_or("times", None if "times" in values else 1, 1, 10**9),
        )
        if not (fault.twice or fault.late or fault.swap):
            raise Wrong("Say what goes wrong: twice, late or swap.")
        return fault

    def _bot_id(self, given: Given) -> int | None:
        named = given.values.get("bot")
        return None if named is None else self._acting.bot(named).id

    def _chat_id(self, named: Any) -> str | None:
        if named is None:
            return None
        try:
            return str(self._acting.group(named).id)
        except Wrong:
            return str(self._acting.person(named).id)

    async def _no_faults(self, request: Request) -> Json:
        fault = request.path_params.get("fault")
        if fault is None:
            self._world.faults.clear()
        elif not self._world.faults.remove(fault):
            raise Wrong(f"There is no fault {fault}.", 404)
        return {}

    async def _limits(self, request: Request) -> Json:
        limits = self._world.limits
        given = await given_in(request, "on", *_LIMITS)
        on = given.flag("on", limits.on)
        rates = {each: given.number_or(each, None, 0.001, 10**6) for each in _LIMITS}
        limits.on = on
        for name, rate in rates.items():
            if rate is not None:
                setattr(limits, name, rate)
        limits.forget()
        return self._limits_shown()

    def _limits_shown(self) -> Json:
        limits = self._world.limits
        return {"on": limits.on, **{each: getattr(limits, each) for each in _LIMITS}}

    async def _clock(self, request: Request) -> Json:
        """Forward by `move` seconds and `days`."""
        given = await given_in(request, "move", "days")
        days = given.number_or("days", 0.0, 0, _LONGEST / 86_400)
        await self._sandbox.clock.move(given.number_or("move", 0.0, 0, _LONGEST), days=days)
        return {"now": self._world.clock.now()}

    # --- what was

    async def _books(self, _: Request) -> Json:
        return {"books": self._sandbox.books()}

    async def _transcript(self, _: Request) -> Response:
        return PlainTextResponse(self._sandbox.transcript())

    async def _events(self, request: Request) -> Response:
        """Server-sent events, from `after` or the last one that a browser has seen."""
        given = request.headers.get("last-event-id") or request.query_params.get("after", "")
        last = self._world.events.last
        after = int(given) if given.isdecimal() and len(given) < 19 else last
        # A number that was not reached yet is of the time before a restart.
        return StreamingResponse(
            self._stream(after if after <= last else 0),
            media_type="text/event-stream",
            headers={"cache-control": "no-store"},
        )

    async def _stream(self, after: int) -> AsyncIterator[bytes]:
        yield b": here\n\n"
        async for event in self._world.events.follow(after):
            if event.number > after + 1:
                yield b'event: missed\ndata: {"events": %d}\n\n' % (event.number - after - 1)
            after = event.number
            yield event_line(self._world, event)


def _error(given: Any) -> tuple[int, str] | None:
    match given:
        case None:
            return None
        case [int(code), str(text)] | {"code": int(code), "description": str(text)} if (
            text and 400 <= code <= 599
        ):
            return code, text
    raise Wrong('`error` is [400, "Bad Request: ..."], with a code from 400 to 599.')
