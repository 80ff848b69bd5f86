"""Telegram in a test: a server on a free port, bots with tokens, people who act."""

import asyncio
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType

from tgsandbox.bots import BotAccess, CallRefused
from tgsandbox.events import Event
from tgsandbox.hosts import checked_hosts
from tgsandbox.people import Person
from tgsandbox.providers.bank import Bank
from tgsandbox.server import App, Listener, Server
from tgsandbox.store import Store
from tgsandbox.telegram import acts, invites
from tgsandbox.telegram.args import Args
from tgsandbox.telegram.botapi import perform
from tgsandbox.telegram.faults import Fault, UpdateFault
from tgsandbox.telegram.records import Bot, Chat, Json, User
from tgsandbox.telegram.request import Receive, Scope, Send
from tgsandbox.telegram.world import World
from tgsandbox.transcript import transcript

__all__ = ["BotAccess", "CallRefused", "Group", "Sandbox", "SandboxClock"]

DEADLINE = 5.0


class Group:
    def __init__(self, sandbox: "Sandbox", chat: Chat, creator: User) -> None:
        self._sandbox = sandbox
        self._creator = creator
        self.chat = chat

    @property
    def id(self) -> int:
        return self.chat.id

    @property
    def members(self) -> list[str]:
        """Their names; of bots the usernames."""
        world = self._sandbox.world
        inside = [world.accounts[each] for each in world.people_in(self.chat)]
        return [each.username if isinstance(each, Bot) else each.name for each in inside]

    def add(self, *members: "Person | BotAccess") -> None:
        for each in members:
            acts.add_to_group(self._sandbox.world, self._creator, self.chat, _account(each))

    def promote(self, member: "Person | BotAccess", /, **rights: bool) -> None:
        """To an administrator with the usual rights, or as they are given."""
        acts.promote(self._sandbox.world, self._creator, self.chat, _account(member), **rights)

    def remove(self, member: "Person | BotAccess") -> None:
        acts.remove(self._sandbox.world, self._creator, self.chat, _account(member))

    # --- who comes in

    def invite_link(
        self, *, asks: bool = False, name: str = "", limit: int = 0, expires: int = 0
    ) -> str:
        """One of whoever made the chat; with `asks` people wait to be let in."""
        about: Json = {"asks": asks, "name": name, "limit": limit, "expires": expires}
        world = self._sandbox.world
        return invites.address(invites.new_link(world, self.chat, self._creator, **about))

    @property
    def asking(self) -> list[str]:
        """The names of those who wait to be let in."""
        return [self._sandbox.world.users[int(each)].name for each in self.chat.requests]

    def let_in(self, person: "Person") -> None:
        acts.let_in(self._sandbox.world, self._creator, self.chat, person.user)

    def turn_down(self, person: "Person") -> None:
        acts.turn_down(self._sandbox.world, self._creator, self.chat, person.user)

    def chat_with(self, user: User) -> Chat:
        return self.chat


class Sandbox:
    """`async with Sandbox() as tg:`; with `data` what happens is kept over a restart."""

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        data: Path | str | None = None,
        control: bool = False,
        page: bool = False,
        pages: Mapping[str, str] | None = None,
        allow_hosts: Iterable[str] = (),
        rate_limits: bool = False,
        strict_webhooks: bool = False,
        deadline: float = DEADLINE,
        seed: int | None = None,
    ) -> None:
        self.world = World(seed=seed)
        self.world.limits.on = rate_limits
        self.world.strict_webhooks = strict_webhooks
        self.deadline = deadline
        self._people: dict[int, Person] = {}
        self._host, self._port = host, port
        self._control, self._page = control or page, page
        self.pages = dict(pages or {})  # HTML beside the chat page, by path
        self.allow_hosts = checked_hosts(allow_hosts)
        self._listener: Listener | None = None
        self._store = Store(Path(data), self.world) if data is not None else None
        kept = Path(data) / "bank.json" if data is not None else None
        self.bank = Bank(
            self.world.clock,
            lambda: self.url,
            seed=seed,
            file=kept,
            allow_hosts=self.allow_hosts,
        )
        self.world.webhooks.perform = self._perform
        self.world.events.listeners.append(self._hear)

    async def start(self) -> "Sandbox":
        beside = self._beside()
        if self._store:
            self._store.open()
        try:
            self.bank.start()
            self._listener = Listener(Server(self.world, beside, self.bank), self._host, self._port)
        except BaseException:
            if self._store:
                self._store.close()
            raise
        self.world.clock.start()
        self.world.webhooks.start()
        await self._listener.start()
        return self

    def _beside(self) -> App | None:
        """What there is besides the Bot API; the page steers by the control interface."""
        if not self._control:
            return None
        from tgsandbox.control import Control

        control = Control(self)
        if not self._page:
            return control
        from tgsandbox.web.page import Page

        page = Page(self)

        async def both(scope: Scope, receive: Receive, send: Send) -> None:
            app = control if scope["path"].startswith("/control") else page
            await app(scope, receive, send)

        return both

    async def stop(self) -> None:
        self.world.clock.stop()
        for inbox in self.world.inboxes.values():
            inbox.interrupt()
        self.world.events.close()
        await self.world.webhooks.stop()
        if self._listener:
            await self._listener.stop()
        await self.bank.stop()
        if self._store:
            await asyncio.to_thread(self._store.close)

    async def __aenter__(self) -> "Sandbox":
        return await self.start()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()
        if error is not None and not str(error).endswith(self.transcript()):
            error.add_note(f"What was said:\n{self.transcript()}")

    @property
    def url(self) -> str:
        if self._listener is None:
            raise RuntimeError("The sandbox has not been started.")
        host = f"[{self._listener.host}]" if ":" in self._listener.host else self._listener.host
        return f"http://{host}:{self._listener.port}"

    @property
    def clock(self) -> "SandboxClock":
        return SandboxClock(self.world)

    # --- who there is

    def bot(
        self,
        username: str,
        *,
        name: str | None = None,
        privacy: bool | None = None,
        inline: bool | None = None,
    ) -> BotAccess:
        """The bot of that username, made when it is named for the first time; what is given
        is as with BotFather: in groups it sees everything without `privacy`."""
        record = self.world.bot(username)
        wanted = {"first_name": name, "privacy": privacy, "inline": inline}
        for field, value in wanted.items():
            if value is not None:
                setattr(record, field, value)
        self.world.save(record)
        return BotAccess(self, record)

    def user(
        self,
        name: str,
        *,
        language: str | None = "ru",
        last_name: str | None = None,
        username: str | None = None,
        phone: str | None = None,
        premium: bool = False,
        stars: int = 0,
    ) -> Person:
        """The person of that name; made when named for the first time."""
        for user in self.world.users.values():
            if user.first_name == name and user.last_name == last_name:
                return self.person(user)
        user = self.world.new_user(
            name, last_name=last_name, username=username, language=language, premium=premium
        )
        user.phone = phone or f"+99890{user.id % 10_000_000:07}"
        self.world.save(user)
        if stars:
            self.world.till.buy_stars(user, stars)
        return self.person(user)

    def person(self, user: User) -> Person:
        found = self._people.get(user.id)
        if found is None:
            found = self._people[user.id] = Person(self, user)
        return found

    def group(self, title: str, creator: Person, *members: Person | BotAccess) -> Group:
        chat = self.world.new_group(title, creator.user)
        group = Group(self, chat, creator.user)
        group.add(*members)
        return group

    def channel(self, title: str, creator: Person, *members: Person | BotAccess) -> Group:
        """A private one: people among its members read it, bots administer it."""
        chat = self.world.new_group(title, creator.user, kind="channel")
        channel = Group(self, chat, creator.user)
        channel.add(*members)
        return channel

    def group_of(self, chat: Chat) -> Group:
        """The one that is there, in the name of whoever made it."""
        people = [each for each in chat.members if int(each) in self.world.users]
        best = ("creator", "administrator", "member")  # who made it may have left

        def rank(each: str) -> int:
            status = chat.members[each]["status"]
            return best.index(status) if status in best else len(best)

        return Group(self, chat, self.world.users[int(min(people, key=rank))])

    # --- what goes wrong

    def fault(
        self,
        method: str = "*",
        *,
        bot: BotAccess | None = None,
        chat: Person | Group | None = None,
        error: tuple[int, str] | None = None,
        retry_after: int | None = None,
        delay: float = 0.0,
        lose_answer: bool = False,
        times: int | None = None,
        after: int = 0,
    ) -> int:
        """Calls of the method fail, come late, or lose their answer; the id takes it away."""
        if retry_after is not None and error is None:
            error = (429, f"Too Many Requests: retry after {retry_after}")
        return self.world.faults.add(
            Fault(
                method=method,
                bot=bot.id if bot else None,
                chat=str(chat.id) if chat else None,
                error=error,
                retry_after=retry_after,
                delay=delay,
                lose_answer=lose_answer,
                times=times,
                after=after,
            )
        )

    def fault_in_updates(
        self,
        type: str = "*",
        *,
        bot: BotAccess | None = None,
        twice: bool = False,
        late: float = 0.0,
        swap: bool = False,
        times: int | None = 1,
    ) -> int:
        """Updates come twice, late by so many seconds, or after the one that follows."""
        found = bot.id if bot else None
        return self.world.faults.add(
            UpdateFault(type=type, bot=found, twice=twice, late=late, swap=swap, times=times)
        )

    def mend(self, fault: int | None = None) -> None:
        """Takes one fault away, or all."""
        if fault is None:
            self.world.faults.clear()
        else:
            self.world.faults.remove(fault)

    # --- what was

    def books(self) -> list[Json]:
        """Every charge and refund, to compare a bot's own books with."""
        return self.world.till.books()

    def transcript(self) -> str:
        return transcript(self.world, self.world.events.since(0))

    def hints(self) -> list[str]:
        """Why a bot may be silent."""
        found = []
        for bot in self.world.bots.values():
            inbox = self.world.inboxes[bot.id]
            waiting = len(inbox.pending)
            trouble = self.world.webhooks.trouble(bot).get("last_error_message")
            if waiting:
                updates_wait = "1 update waits" if waiting == 1 else f"{waiting} updates wait"
                why = trouble or "it has not asked for more"
                found.append(f"{updates_wait} for {bot.username}: {why}.")
        return found

    async def _perform(self, bot: Bot, method: str, args: Args) -> Json:
        return (await perform(self.world, bot, method, args)).answer

    def _hear(self, event: Event) -> None:
        chat = event.data.get("chat")
        if isinstance(chat, Chat):
            concerned = self.world.people_in(chat)
            gone = event.data.get("account")  # whoever has just left hears of it, too
            if gone is not None and gone.id not in concerned:
                concerned.append(gone.id)
            for each in concerned:
                if person := self._people.get(each):
                    person.hear(event)
        elif event.kind == "answered":
            if person := self._people.get(event.data["query"].user_id):
                person.hear(event)
        elif event.kind in ("menu", "paid", "payment_failed"):
            for person in self._people.values():
                person.hear(event)


class SandboxClock:
    """The sandbox's time; what falls due on the way happens."""

    def __init__(self, world: World) -> None:
        self._world = world

    def now(self) -> int:
        return self._world.clock.now()

    async def move(self, seconds: float = 0, *, days: float = 0) -> None:
        world = self._world
        known = {id_: inbox.bot.next_update for id_, inbox in world.inboxes.items()}
        world.clock.move(seconds + days * 86_400)
        for id_, last in known.items():
            world.inboxes[id_].refresh(after=last)
        await asyncio.sleep(0)


def _account(who: Person | BotAccess) -> User | Bot:
    return who.user if isinstance(who, Person) else who.record
