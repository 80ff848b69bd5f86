"""A bot as a test has it: its token, what waits for it, and calls in its name."""

import asyncio
from typing import TYPE_CHECKING, Any

from tgsandbox.events import Event
from tgsandbox.telegram import updates
from tgsandbox.telegram.args import Args
from tgsandbox.telegram.botapi import perform
from tgsandbox.telegram.records import Bot, Chat, Json, User
from tgsandbox.watching import Late

if TYPE_CHECKING:
    from tgsandbox.sandbox import Sandbox


class BotAccess:
    """A bot's name, token and where it finds its API."""

    def __init__(self, sandbox: "Sandbox", record: Bot) -> None:
        self._sandbox = sandbox
        self.record = record

    @property
    def id(self) -> int:
        return self.record.id

    @property
    def username(self) -> str:
        return self.record.username

    @property
    def token(self) -> str:
        return self.record.token

    @property
    def api(self) -> str:
        """The root of the Bot API, as aiogram's `TelegramAPIServer.from_base` and grammY's
        `apiRoot` take it."""
        return self._sandbox.url

    @property
    def provider_token(self) -> str:
        """For invoices in real currencies."""
        return f"{self.id}:TEST:{self.username}"

    @property
    def stars(self) -> int:
        return self._sandbox.world.till.stars.balance(self.record)

    @property
    def pending(self) -> list[Json]:
        """Updates that it has not taken yet."""
        waiting = self._sandbox.world.inboxes[self.id].pending.values()
        return [updates.shown(each) for each in waiting]

    async def caught_up(self, *, timeout: float | None = None) -> None:
        """Until it has taken all its updates."""
        world, done = self._sandbox.world, asyncio.Event()

        def look(_: Event | None = None) -> None:
            if not world.inboxes[self.id].pending:
                done.set()

        world.events.listeners.append(look)
        look()
        try:
            await asyncio.wait_for(
                done.wait(), self._sandbox.deadline if timeout is None else timeout
            )
        except TimeoutError:
            told = "\n".join(self._sandbox.hints())
            raise Late(f"{told}\n\n{self._sandbox.transcript()}") from None
        finally:
            world.events.listeners.remove(look)

    def calls(self, method: str) -> list[Json]:
        """What it was called with, each time, the latest last."""
        return [
            dict(event.data["args"])
            for event in self._sandbox.world.events.since(0)
            if event.kind == "call"
            and event.data["bot"] is self.record
            and event.data["method"].lower() == method.lower()
        ]

    async def call(self, method: str, **args: Any) -> Any:
        """A call in the bot's name; raises what the API refuses."""
        outcome = await perform(self._sandbox.world, self.record, method, Args(values=args))
        if not outcome.answer["ok"]:
            raise CallRefused(outcome.status, outcome.answer["description"])
        return outcome.answer["result"]

    def chat_with(self, user: User) -> Chat:
        return self._sandbox.world.private_chat(user, self.record)


class CallRefused(Exception):
    def __init__(self, code: int, description: str) -> None:
        super().__init__(f"{code} {description}")
        self.code = code
        self.description = description
