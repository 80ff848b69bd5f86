"""What a person reads, and waits for."""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from tgsandbox.events import Event
from tgsandbox.seen import Seen
from tgsandbox.telegram.acts import Impossible
from tgsandbox.telegram.records import Bot, Chat, Message, User

if TYPE_CHECKING:
    from tgsandbox.bots import BotAccess
    from tgsandbox.sandbox import Group, Sandbox

_T = TypeVar("_T")


class Late(AssertionError):
    """What was waited for did not come. Says what was, with the transcript."""


class Watcher:
    def __init__(self, sandbox: "Sandbox", user: User) -> None:
        self._sandbox = sandbox
        self._world = sandbox.world
        self.user = user
        self._unread: deque[Seen] = deque()
        self._edits: deque[Seen] = deque()
        self._here: Chat | None = None
        self._waiting: set[asyncio.Future[None]] = set()

    id = property(lambda self: self.user.id)
    name = property(lambda self: self.user.name)
    stars = property(lambda self: self.user.stars)

    # --- reading

    async def reply(
        self,
        containing: str | None = None,
        *,
        where: "BotAccess | Group | None" = None,
        timeout: float | None = None,
    ) -> Seen:
        """The next message that a bot wrote, in any chat or in that one; with `containing`, the
        next that has it. What is above a button that was pressed has been read."""
        chat = self._chat(where) if where else None
        what = "a reply" if containing is None else f"a reply with {containing!r}"
        seen = await self.until(lambda: _next(self._unread, containing, chat), what, timeout)
        self._here = seen.message.chat
        return seen

    async def edited(self, containing: str | None = None, *, timeout: float | None = None) -> Seen:
        """The next message that a bot changed, as it is then."""
        what = "an edited message" if containing is None else f"an edit to {containing!r}"
        return await self.until(lambda: _next(self._edits, containing, None), what, timeout)

    async def sees(self, text: str, *, timeout: float | None = None) -> Seen:
        """A message on the screen that has the text, the latest first, edits included."""

        def found() -> Seen | None:
            for chat in self._chats():
                for message in reversed(chat.messages.values()):
                    if text in message.text:
                        return Seen.of(self._world, message)
            return None

        return await self.until(found, f"{text!r} on the screen", timeout)

    async def gone(self, message: Seen, *, timeout: float | None = None) -> None:
        """A bot deletes the message, or has."""
        await self.until(lambda: message.gone or None, f"{message.text!r} to go", timeout)

    async def reaction(self, message: Seen, *, timeout: float | None = None) -> list[str]:
        """What a bot thinks of the message, in emoji, as soon as it shows it."""

        def found() -> list[str] | None:
            return message.reactions(by_bots=True) or None

        return await self.until(found, f"a reaction to {message.text!r}", timeout)

    async def nothing(self, seconds: float = 0.1) -> None:
        """For so long no bot writes."""
        try:
            seen = await self.reply(timeout=seconds)
        except Late:
            return
        raise AssertionError(f"{self.name} did not expect: {seen}\n\n{self._sandbox.transcript()}")

    @property
    def unread(self) -> list[Seen]:
        return list(self._unread)

    def message(self, number: int, where: "BotAccess | Group | None" = None) -> Seen:
        """One on the screen by its id, in that chat or in the one of the moment."""
        chat = self._chat(where)
        if number not in chat.messages:
            raise Impossible(f"{self.name} sees no message {number}.")
        return Seen.of(self._world, chat.messages[number])

    @property
    def keyboard(self) -> list[list[str]]:
        """What the buttons below the field say, in the chat of the moment."""
        rows = (self._chat(None).keyboard or {}).get("keyboard", [])
        return [[each["text"] if isinstance(each, dict) else each for each in row] for row in rows]

    # --- waiting

    async def until(self, check: Callable[[], _T | None], what: str, timeout: float | None) -> _T:
        """What `check` finds, as soon as it does."""
        deadline = time.monotonic() + (self._sandbox.deadline if timeout is None else timeout)
        while (found := check()) is None:
            future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.add(future)
            try:
                async with asyncio.timeout(deadline - time.monotonic()):
                    await future
            except TimeoutError:
                if (found := check()) is not None:
                    return found
                raise self._late(what) from None
            finally:
                self._waiting.discard(future)
        return found

    def hear(self, event: Event) -> None:
        """Something happened where this person is."""
        if event.kind in ("message", "edited"):
            message: Message = event.data["message"]
            said = "left_chat_member" not in message.body  # that it goes is no answer
            if said and isinstance(self._world.accounts[message.sender], Bot):
                seen = Seen.of(self._world, message, event.data["body"])
                (self._unread if event.kind == "message" else self._edits).append(seen)
        for future in self._waiting:
            if not future.done():
                future.set_result(None)

    def _late(self, what: str) -> Late:
        told = [f"{self.name} waited in vain for {what}."]
        told += self._sandbox.hints()
        return Late("\n".join(told) + f"\n\n{self._sandbox.transcript()}")

    def _read(self, message: Message) -> None:
        """Who presses a button has read as far as that."""
        chat, last = message.chat, message.id
        unread = [each for each in self._unread if each.message.chat is not chat or each.id > last]
        self._unread = deque(unread)

    def _chat(self, to: "BotAccess | Group | None") -> Chat:
        if to is None:
            if self._here is None:
                raise Impossible(f"{self.name} is in no chat yet: say to whom.")
            return self._here
        chat: Chat = to.chat_with(self.user)
        return chat

    def _chats(self) -> list[Chat]:
        """Theirs, the one of the moment first."""
        return sorted(self._world.chats_of(self.user.id), key=lambda each: each is not self._here)


def _next(queue: "deque[Seen]", containing: str | None, chat: Chat | None) -> Seen | None:
    """The first that fits; those of the same chat before it are passed over for good."""
    for seen in list(queue):
        if chat is not None and seen.message.chat is not chat:
            continue
        queue.remove(seen)
        if containing is None or containing in seen.text:
            return seen
    return None
