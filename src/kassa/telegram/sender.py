"""Calls to Telegram at the speed that it takes, in the order in which people should read them.

An answer to what somebody just did goes before notices; a chat's messages keep their order. Whoever
would wait for long is told when to come back: ten thousand notices hold up nobody.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from kassa import clock as ours
from kassa.botapi import Gone, Refused
from kassa.db import Database
from kassa.log import get
from kassa.outbox import TryLater
from kassa.telegram.bots import Bot, Bots
from kassa.telegram.pacing import Away, Clock, Door, Monotonic, Pace, Room, Waiter

PATIENCE = 2.2  # seconds that a call waits here
NOTICES = 48  # of one bot, here at once: waiting, or on their way
ALL_NOTICES = 80  # of all bots: the outbox does 128 jobs at once, and has others to do
TRIES = 4  # of a call that Telegram wants a little later
SECONDS = 15.0  # for an answer; a file takes longer
LONGEST = 3600.0  # seconds that a chat or a bot rests, whatever Telegram says

# A little less than Telegram takes, since what we send evenly does not arrive so.
SPARE = 1.03
CHAT = (1.0, 3)  # a message every so many seconds, and so many at once
GROUP = (3.0, 18)

_LATER = 0.5  # seconds that nobody is sent away for less than
_EARLY = 1.0  # whoever was sent away comes back before their turn, and waits for it here
_FLOODED = (3, 10.0)  # chats that are refused within seconds: then it is the bot that must rest
_SWEEP = 1000  # chats, before those are forgotten where nothing happens

_log = get(__name__)


@dataclass(frozen=True, slots=True)
class Cost:
    """How many messages a call is for the bot and for the chat."""

    bot: int
    chat: int


FREE = Cost(0, 0)


def cost(method: str, params: Mapping[str, Any]) -> Cost:
    name = method.lower()
    if name == "sendchataction" or "chat_id" not in params:
        return FREE
    if name.startswith(("send", "copymessage", "forwardmessage")):
        many = params.get("media") if name == "sendmediagroup" else params.get("message_ids")
        count = len(many) if isinstance(many, list) and many else 1
        return Cost(count, count)
    return Cost(0, 1) if name.startswith(("edit", "delete")) else FREE


@dataclass(frozen=True, slots=True)
class _Call:
    bot: Bot
    method: str
    params: Mapping[str, Any]
    chat: int | str
    files: Mapping[str, tuple[str, bytes]] | None
    cost: Cost

    async def make(self) -> Any:
        if self.files:
            return await self.bot.api.call(self.method, self.params, files=self.files)
        return await self.bot.api.call(self.method, self.params, seconds=SECONDS)


class _Line:
    """One bot's."""

    def __init__(self, per_second: float, clock: Clock) -> None:
        every = SPARE / per_second
        self.door = Door(Pace(every, max(1.0, 0.8 * per_second)), clock)
        self.away = {True: Away(), False: Away()}  # by urgency
        self.rooms: dict[int | str, Room] = {}
        self.notices = 0
        self.flooded: dict[int | str, float] = {}
        self.sweep_at = _SWEEP

    def room(self, chat: int | str, now: float) -> Room:
        found = self.rooms.get(chat)
        if found is None:
            if len(self.rooms) >= self.sweep_at:
                left = {key: each for key, each in self.rooms.items() if not each.is_empty(now)}
                self.rooms, self.sweep_at = left, max(_SWEEP, 2 * len(left))
            private = isinstance(chat, int) and chat > 0
            every, at_once = CHAT if private else GROUP
            found = self.rooms[chat] = Room(Pace(every * SPARE, at_once))
        return found

    def refused(self, chat: int | str, now: float, until: float) -> None:
        """429: the chat rests; where it is one chat after another, the bot does."""
        most, within = _FLOODED
        self.flooded = {key: at for key, at in self.flooded.items() if at > now - within}
        self.flooded[chat] = now
        self.room(chat, now).pace.pause(until)
        if len(self.flooded) >= most:
            self.door.pace.pause(until)


class Sender:
    """`per_second` messages a bot are this process's share."""

    def __init__(
        self, database: Database, bots: Bots, *, per_second: float, clock: Clock | None = None
    ) -> None:
        self._database = database
        self._clock = clock or Monotonic()
        self._lines = {bot.id: _Line(per_second, self._clock) for bot in bots.all}

    async def call(
        self,
        bot: Bot,
        method: str,
        params: Mapping[str, Any],
        *,
        chat: int | str,
        files: Mapping[str, tuple[str, bytes]] | None = None,
        urgent: bool,
        ticket: int | None = None,
    ) -> Any:
        """The result. Raises Refused and Gone for a no; TryLater where it cannot be now.

        `ticket` is the job's number, by which it finds its place again when it comes back."""
        line = self._lines[bot.id]
        call = _Call(bot, method, params, chat, files, cost(method, params))
        try:
            if call.cost == FREE:
                return await self._freely(call)
            waiter = Waiter(urgent=urgent, ticket=ticket, since=self._clock.time())
            with self._counted(line, waiter):
                return await self._in_turn(line, call, waiter)
        except Gone as error:
            await self._gone(call, error)
            raise

    def close(self) -> None:
        for line in self._lines.values():
            line.door.close()

    # -- waiting for one's turn ----------------------------------------------------

    @contextmanager
    def _counted(self, line: _Line, waiter: Waiter) -> Iterator[None]:
        if waiter.urgent:
            yield
            return
        everybody = sum(each.notices for each in self._lines.values())
        if line.notices >= NOTICES or everybody >= ALL_NOTICES:
            raise self._sent_away(line, waiter)
        line.notices += 1
        try:
            yield
        finally:
            line.notices -= 1

    async def _in_turn(self, line: _Line, call: _Call, waiter: Waiter) -> Any:
        room = line.room(call.chat, self._clock.time())
        self._admit(line, room, waiter, call.cost)
        inside = room.inside
        if waiter.urgent and inside is not None and not inside.urgent:
            line.door.hurry(inside)
        await room.enter(waiter)
        try:
            for _ in range(TRIES):
                await self._rest(room, waiter)
                if call.cost.bot:
                    self._admit_by_door(line, waiter)
                    await line.door.pass_through(waiter, call.cost.bot)
                room.pace.spend(self._clock.time(), call.cost.chat)
                waiter.has_spent = True
                try:
                    return await call.make()
                except Refused as error:
                    if error.code != 429:
                        raise
                    self._told_to_rest(line, call.chat, error)
            raise self._away_from(room, waiter)
        finally:
            room.leave()

    def _admit(self, line: _Line, room: Room, waiter: Waiter, price: Cost) -> None:
        now = self._clock.time()
        turn = room.when(now, urgent=waiter.urgent)
        if turn > now + PATIENCE or room.away[waiter.urgent].are_before(
            waiter.ticket, now - _EARLY
        ):
            raise self._away_from(room, waiter)
        if price.bot:
            self._admit_by_door(line, waiter)

    def _admit_by_door(self, line: _Line, waiter: Waiter) -> None:
        now = self._clock.time()
        # Whoever was sent away has waited already: rather a little longer here than once more.
        away = line.away[waiter.urgent]
        patience = PATIENCE if away.last_turn <= now else 2 * PATIENCE
        late = line.door.when(urgent=waiter.urgent) > now + patience
        if late or away.are_before(waiter.ticket, now + PATIENCE):
            raise self._sent_away(line, waiter)

    async def _rest(self, room: Room, waiter: Waiter) -> None:
        while (wait := room.pace.when(now := self._clock.time()) - now) > 0:
            if wait > 2 * PATIENCE:
                raise self._away_from(room, waiter)
            await self._clock.sleep(wait)

    # -- later ---------------------------------------------------------------------

    def _sent_away(self, line: _Line, waiter: Waiter) -> TryLater:
        """The bot has much to say."""
        now, pace = self._clock.time(), line.door.pace
        first = max(line.door.when(urgent=waiter.urgent), now + _EARLY)
        away = line.away[waiter.urgent]
        return self._later(away.turn(waiter.ticket, not_before=first, every=pace.every), now)

    def _away_from(self, room: Room, waiter: Waiter) -> TryLater:
        """The chat has heard much."""
        now, pace = self._clock.time(), room.pace
        first = room.when(now, urgent=waiter.urgent)
        away = room.away[waiter.urgent]
        return self._later(away.turn(waiter.ticket, not_before=first, every=pace.every), now)

    def _later(self, turn: float, now: float) -> TryLater:
        after = max(turn - now - _EARLY, _LATER)
        return TryLater(timedelta(seconds=after), "Telegram takes no more just now")

    def _told_to_rest(self, line: _Line, chat: int | str, error: Refused) -> None:
        after = min(error.retry_after or 1.0, LONGEST)
        now = self._clock.time()
        line.refused(chat, now, now + after)
        _log.info("send.too_fast", method=error.method, chat=chat, seconds=after)

    # -- calls ---------------------------------------------------------------------

    async def _freely(self, call: _Call) -> Any:
        """What is no message waits for none."""
        after = 0.0
        for _ in range(TRIES):
            if after:
                await self._clock.sleep(after)
            try:
                return await call.make()
            except Refused as error:
                if error.code != 429:
                    raise
                after = min(error.retry_after or 1.0, LONGEST)
                if after > PATIENCE:
                    break
        raise TryLater(timedelta(seconds=after), "Telegram takes no more just now")

    async def _gone(self, call: _Call, error: Gone) -> None:
        """Remembered of a person who cannot be reached, so that notices go by another bot."""
        chat, params = call.chat, call.params
        another = error.code == 400 and "from_chat_id" in params  # perhaps that one is not found
        if not isinstance(chat, int) or chat <= 0 or params.get("chat_id") != chat or another:
            return
        await self._database.execute(
            """
            UPDATE telegram.reach r SET gone_at = $3
              FROM users.person p
             WHERE p.telegram_id = $2 AND r.user_id = p.id AND r.bot = $1 AND r.gone_at IS NULL
            """,
            *(call.bot.id, chat, ours.now()),
        )
