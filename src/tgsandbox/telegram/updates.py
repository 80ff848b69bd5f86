"""A bot's updates: those that wait for it, and getUpdates."""

import asyncio
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
QUERIES = {"callback_query", "inline_query", "shipping_query", "pre_checkout_query"}
QUERY_LIVES = 150  # seconds
UPDATE_LIVES = 24 * 3600


def wants(bot: Bot, kind: str) -> bool:
    return kind in bot.allowed if bot.allowed is not None else kind not in ON_REQUEST


class Inbox:
    """The updates of one bot, in the order in which they came."""

    def __init__(self, world: "World", bot: Bot) -> None:
        self._world = world
        self.bot = bot
        self.pending: dict[int, Update] = {}
        self.twice: set[int] = set()  # to be delivered once more than needed
        self.on_new: Callable[[Update], None] | None = None  # the webhook's
        self._poll: asyncio.Future[None] | None = None
        self._held: list[tuple[str, Json, str]] = []

    def push(self, kind: str, body: Json, queue: str) -> None:
        if not wants(self.bot, kind):
            return
        faults = self._world.faults.for_update(self.bot, kind)
        if faults.late:
            self._world.clock.after(faults.late, lambda: self._enter(kind, body, queue))
        elif faults.swap:
            self._held.append((kind, body, queue))
        else:
            self._enter(kind, body, queue, twice=faults.twice)
            held, self._held = self._held, []
            for each in held:
                self._enter(*each)

    def _enter(self, kind: str, body: Json, queue: str, *, twice: bool = False) -> None:
        bot, world = self.bot, self._world
        bot.next_update += 1
        lives = QUERY_LIVES if kind in QUERIES else UPDATE_LIVES
        update = Update(
            id=bot.next_update,
            bot_id=bot.id,
            type=kind,
            body=body,
            queue=queue,
            until=world.clock.time() + lives,
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
            self._poll.set_result(None)

    def done(self, update: Update) -> None:
        if self.pending.pop(update.id, None):
            self.twice.discard(update.id)
            self._world.forget(update)
            self._world.events.emit("delivered", bot=self.bot, update=update)

    def drop_all(self) -> None:
        for update in list(self.pending.values()):
            self.done(update)

    def drop_expired(self) -> None:
        now = self._world.clock.time()
        for update in [each for each in self.pending.values() if each.until <= now]:
            self.done(update)

    def interrupt(self, error: ApiError | None = None) -> None:
        """A poll that is under way ends: with the error, or with nothing."""
        if self._poll and not self._poll.done():
            if error:
                self._poll.set_exception(error)
            else:
                self._poll.set_result(None)

    async def poll(self, offset: int, limit: int, timeout: float) -> list[Json]:
        """getUpdates: what is pending from `offset` on, or what comes while it waits."""
        self.interrupt(
            ApiError(
                409,
                "Conflict: terminated by other getUpdates request; "
                "make sure that only one bot instance is running",
            )
        )
        if offset < 0 and self.pending:
            kept = list(self.pending)[offset:]
            offset = kept[0]
        self._confirm(offset)
        if not self.pending and timeout > 0:
            poll = self._poll = asyncio.get_running_loop().create_future()
            try:
                await asyncio.wait_for(poll, timeout)
            except TimeoutError:
                pass
            finally:
                if self._poll is poll:
                    self._poll = None
        self.drop_expired()
        found = []
        for update in list(self.pending.values())[:limit]:
            found.append(shown(update))
            if update.id in self.twice:
                self.twice.discard(update.id)
                found.append(shown(update))
        return found

    def _confirm(self, offset: int) -> None:
        for update in list(self.pending.values()):
            if update.id >= offset:
                break
            self.done(update)


def shown(update: Update) -> Json:
    return {"update_id": update.id, update.type: update.body}
