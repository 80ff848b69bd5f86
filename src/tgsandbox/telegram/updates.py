"""A bot's updates: those that wait for it, and getUpdates."""

import asyncio
import itertools
from collections.abc import Callable
from typing import TYPE_CHECKING

from tgsandbox.telegram.errors import ApiError
from tgsandbox.telegram.records import Bot, Json, Update

if TYPE_CHECKING:
    from tgsandbox.telegram.world import World

KINDS = (
    "message",
    "edited_message",
    "channel_post",
    "edited_channel_post",
    "inline_query",
    "chosen_inline_result",
    "callback_query",
    "shipping_query",
    "pre_checkout_query",
    "purchased_paid_media",
    "poll",
    "poll_answer",
    "my_chat_member",
    "chat_member",
    "chat_join_request",
    "message_reaction",
    "message_reaction_count",
    "chat_boost",
    "removed_chat_boost",
    "business_connection",
    "business_message",
    "edited_business_message",
    "deleted_business_messages",
    "guest_message",
    "managed_bot",
    "subscription",
    "stopped_message_generation",
)
ON_REQUEST = {"chat_member", "message_reaction", "message_reaction_count"}
QUERY_LIVES = 150  # seconds
UPDATE_LIVES = 24 * 3600
_LIVES = {
    "inline_query": 30,
    "chosen_inline_result": 600,
    "callback_query": QUERY_LIVES,
    "shipping_query": QUERY_LIVES,
    "pre_checkout_query": QUERY_LIVES,
}
_AHEAD = 10  # an offset that is farther ahead than this was given by another server
_Held = tuple[str, Json, str, bool]


def wants(bot: Bot, kind: str) -> bool:
    return kind in bot.allowed if bot.allowed is not None else kind not in ON_REQUEST


_OTHER_POLL = (
    "Conflict: terminated by other getUpdates request; "
    "make sure that only one bot instance is running"
)


class Inbox:
    """The updates of one bot, in the order in which they came."""

    def __init__(self, world: "World", bot: Bot) -> None:
        self._world = world
        self.bot = bot
        self.pending: dict[int, Update] = {}
        self.twice: set[int] = set()  # to be delivered once more than needed
        self.on_new: Callable[[Update], None] | None = None  # the webhook's
        self._poll: asyncio.Future[bool] | None = None  # whether to look again
        self._held: list[_Held] = []

    def push(self, kind: str, body: Json, queue: str) -> None:
        if not wants(self.bot, kind):
            return
        fault = self._world.faults.for_update(self.bot, kind)
        update: _Held = (kind, body, queue, fault.twice)
        if fault.late:
            self._world.clock.after(fault.late, lambda: self._enter(*update))
        elif fault.swap:
            self._held.append(update)
        else:
            self._enter(*update)
            held, self._held = self._held, []
            for each in held:
                self._enter(*each)

    def _enter(self, kind: str, body: Json, queue: str, twice: bool) -> None:
        bot, world = self.bot, self._world
        bot.next_update += 1
        update = Update(
            id=bot.next_update,
            bot_id=bot.id,
            type=kind,
            body=body,
            queue=queue,
            until=world.clock.time() + _LIVES.get(kind, UPDATE_LIVES),
        )
        self.pending[update.id] = update
        if twice:
            self.twice.add(update.id)
        world.save(bot)
        world.save(update)
        world.events.emit("update", bot=bot, update=update)
        if self.on_new:
            self.on_new(update)
        self.wake()

    def wake(self) -> None:
        if self._poll and not self._poll.done():
            self._poll.set_result(True)

    def done(self, update: Update) -> None:
        """The bot has it."""
        self._remove(update, "delivered")

    def drop(self, update: Update) -> None:
        """The bot will never see it."""
        self._remove(update, "dropped")

    def _remove(self, update: Update, told: str) -> None:
        if self.pending.pop(update.id, None):
            self.twice.discard(update.id)
            self._world.forget(update)
            self._world.events.emit(told, bot=self.bot, update=update)

    def drop_all(self) -> None:
        for update in list(self.pending.values()):
            self.drop(update)

    def refresh(self, *, after: int) -> None:
        """What came while the clock was being moved lives from now on: no bot could take it."""
        now = self._world.clock.time()
        for update in self.pending.values():
            if update.id > after:
                update.until = now + _LIVES.get(update.type, UPDATE_LIVES)
                self._world.save(update)

    def drop_expired(self) -> None:
        now = self._world.clock.time()
        for update in [each for each in self.pending.values() if each.until <= now]:
            self.drop(update)

    def interrupt(self, error: ApiError | None = None) -> None:
        """A poll that is under way ends: with the error, or with nothing."""
        if self._poll and not self._poll.done():
            if error:
                self._poll.set_exception(error)
            else:
                self._poll.set_result(False)

    async def poll(self, offset: int, limit: int, timeout: float) -> list[Json]:
        """getUpdates: what is pending from `offset` on, or what comes while it waits."""
        if offset < 0:
            offset = next(iter(list(self.pending)[offset:]), 0)
        elif offset > self.bot.next_update + 1 + _AHEAD:
            offset = 0
        found = self._from(offset)
        if not found and timeout > 0:
            self.interrupt(ApiError(409, _OTHER_POLL))
            until = asyncio.get_running_loop().time() + timeout
            while not found and await self._news(until):
                found = self._from(offset)
        return [shown(each) for each in found[:limit]]

    async def _news(self, until: float) -> bool:
        """Waits; whether there may be something by now."""
        loop = asyncio.get_running_loop()
        poll: asyncio.Future[bool] = loop.create_future()
        self._poll = poll
        try:
            async with asyncio.timeout_at(until):  # wait_for of 3.11 may swallow a cancellation
                return await poll
        except TimeoutError:
            return False
        finally:
            if self._poll is poll:
                self._poll = None

    def _from(self, offset: int) -> list[Update]:
        """What is pending, when all before the offset is confirmed."""
        for update in list(itertools.takewhile(lambda it: it.id < offset, self.pending.values())):
            if update.id in self.twice:  # as if the confirmation had been lost
                self.twice.discard(update.id)
            else:
                self.done(update)
        self.drop_expired()
        return list(self.pending.values())


def shown(update: Update) -> Json:
    return {"update_id": update.id, update.type: update.body}
