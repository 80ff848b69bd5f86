"""An update, from its arrival to what is said: one transaction, and its effects exactly once.

Pre-checkout and shipping queries are answered at once, whatever else is slow. Everything else is
deduplicated, done and written together with what is to be said about it; then it is said.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any

from aiogram import Bot as AiogramBot
from aiogram.fsm.context import FSMContext
from aiogram.fsm.storage.base import StorageKey
from aiogram.methods import AnswerCallbackQuery
from aiogram.types import CallbackQuery, Update
from asyncpg import LockNotAvailableError

from kassa import clock, outbox, texts
from kassa.db import Database, Tx, lost_connection
from kassa.db.failures import LOST_RACE
from kassa.errors import KassaError
from kassa.log import bind, get, masked, new_request_id, request_id
from kassa.telegram import bills
from kassa.telegram.answering import METHODS, Answering, Checkouts
from kassa.telegram.bots import Bot, Bots
from kassa.telegram.buttons import pressed
from kassa.telegram.dialogs import Dialogs
from kassa.telegram.hearing import Heard, NotTaken, hear
from kassa.telegram.invitations import invited
from kassa.telegram.naming import unnamed
from kassa.telegram.routing import House
from kassa.telegram.session import aiogram_bot
from kassa.telegram.speaker import Speaker
from kassa.telegram.wishes import kept
from kassa.users import User, rows

CARRY_OUT = "telegram.carry_out"
TRIES = 3  # then an update is set aside

_FOR_CHECKOUTS = 4  # of the pool's connections

_log = get(__name__)

Arrived = Callable[[Tx, int, Mapping[str, Any]], Awaitable[bool]]


class Updates:
    """`await updates.take(bot, update, body)` returns when it is done, or set aside.

    `given` is what handlers get beside the update: the house's own things, by name.
    """

    def __init__(
        self,
        database: Database,
        bots: Bots,
        houses: Mapping[int, House],
        *,
        worker: outbox.Worker,
        checkouts: Checkouts | None = None,
        arrived: Arrived | None = None,
        given: Mapping[str, Any] | None = None,
    ) -> None:
        self.database = database
        self.bots = bots
        self.houses = houses
        self.aiogram: dict[int, AiogramBot] = {
            bot.id: unnamed(aiogram_bot(bot.api)) for bot in bots.all
        }
        self._worker = worker
        self._answering = Answering(checkouts) if checkouts else None
        self._arrived = arrived
        self._given = dict(given or {})
        # Handlers may be slow: they leave connections to checkouts, which must not be.
        self._room = asyncio.Semaphore(max(1, database.connections - _FOR_CHECKOUTS))
        self._beside: set[asyncio.Task[None]] = set()
        self._texts = texts.load("kassa.telegram")

    async def take(self, bot: Bot, update: Mapping[str, Any], body: bytes) -> None:
        heard = hear(bot, update, body)
        if heard is None:
            _log.info("update.of_no_kind", bot=bot.name, keys=sorted(map(str, update))[:5])
            return
        with bind(request_id=request_id() or new_request_id(), bot=bot.name):
            if heard.kind in METHODS:
                if self._answering is not None:
                    await self._answering.take(heard)
                return
            try:
                await self._try(heard)
            except Exception as error:  # (edge: update)
                if isinstance(error, NotTaken):
                    raise
                if not _passes(error):
                    _log.exception("update.not_counted", update=heard.number)
                raise NotTaken(str(error) or "The database is away.") from error

    async def _try(self, heard: Heard) -> None:
        try:
            async with self._room:
                await self.database.run(lambda tx: self._do(tx, heard))
        except Exception as error:
            if _passes(error):
                raise
            await self._failed(heard, error)

    # -- one update ----------------------------------------------------------------

    async def _do(self, tx: Tx, heard: Heard) -> None:
        bot, who = heard.bot, heard.who
        row = await tx.fetchrow(
            """
            SELECT b.fresh, (b.person).*, b.state, b.data
              FROM telegram.begin_update($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) b
            """,
            *(bot.id, heard.number, heard.chat, heard.private, who.get("id")),
            *(_clean(who.get("first_name")), _clean(who.get("last_name", ""))),
            *(_clean(who.get("username", "")), _clean(who.get("language_code")), clock.now()),
        )
        assert row is not None
        if not row["fresh"]:
            return
        user = rows.user(row) if row["id"] is not None else None
        person = user.telegram_id if user else heard.chat
        key = StorageKey(bot_id=bot.id, chat_id=heard.chat, user_id=person)
        dialogs = Dialogs(tx, key, row["state"], row["data"])
        money = False
        if self._arrived is not None and heard.kind in ("message", "subscription"):
            money = await self._arrived(tx, bot.id, heard.update)
        if heard.kind == "my_chat_member" and heard.private and user is not None:
            await _reach(tx, bot.id, user.id, heard.event)
        if heard.kind == "message" and heard.private and user is not None:
            await invited(tx, user, heard.event)
        said = self._despite if money else self._said
        calls, app = await said(tx, heard, user, dialogs)
        payload: dict[str, Any] | None = None
        if calls:
            payload = {
                "bot": bot.id,
                "chat": heard.chat,
                "user": user.id if user else None,
                "language": user.language if user else texts.FIRST,
                "app": app,
                "calls": calls,
            }
            if left := bills.left(bot.id, heard.event, calls):
                payload["left"] = left
        if calls or dialogs.moved:
            await self._end(tx, key, dialogs, payload)

    async def _despite(
        self, tx: Tx, heard: Heard, user: User | None, dialogs: Dialogs
    ) -> tuple[list[dict[str, Any]], str]:
        """Money has arrived with it: that is kept, whatever becomes of a handler."""
        try:
            async with tx.savepoint():
                return await self._said(tx, heard, user, dialogs)
        except Exception as error:
            if _passes(error) or isinstance(error, LOST_RACE):
                raise
            _log.error("update.handler_failed", update=heard.number, exc_info=error)
            dialogs.undo()
            return [], ""

    async def _said(
        self, tx: Tx, heard: Heard, user: User | None, dialogs: Dialogs
    ) -> tuple[list[dict[str, Any]], str]:
        aiogram = self.aiogram[heard.bot.id]
        parsed = Update.model_validate(heard.update, context={"bot": aiogram})
        told = getattr(parsed, heard.kind, None)
        if told is None:
            return [], ""
        if user is not None and user.blocked_at is not None:
            return self._closed(heard, user), ""
        data = {
            **self._given,
            "bot": aiogram,
            "tx": tx,
            "user": user,
            "state": FSMContext(dialogs, dialogs.key),
            "raw_state": dialogs.state,
            "fsm_storage": dialogs,
            "event_update": parsed,
            "event_from_user": getattr(told, "from_user", None),
            "event_chat": getattr(getattr(told, "message", told), "chat", None),
        }
        if isinstance(told, CallbackQuery) and user is not None:
            told = pressed(told, user, Speaker(self._texts, user.language))
        app, wishes = "", told
        if not isinstance(told, AnswerCallbackQuery):
            house = self.houses[heard.bot.id]
            wishes, app = await house.answer(heard.kind, told, self._texts, data)
        calls = kept(wishes, aiogram)
        if heard.kind == "callback_query" and not any(_answers_query(each) for each in calls):
            calls.insert(0, _answer(heard))
        return calls, app

    def _closed(self, heard: Heard, user: User) -> list[dict[str, Any]]:
        """Whom the operator has blocked is told so, and nothing else happens."""
        text = self._texts.say(user.language, "you-are-blocked")
        if heard.kind == "callback_query":
            return [_answer(heard, text)]
        if heard.kind == "message" and heard.private:
            return [{"method": "sendMessage", "params": {"chat_id": heard.chat, "text": text}}]
        return []

    async def _end(
        self, tx: Tx, key: StorageKey, dialogs: Dialogs, payload: dict[str, Any] | None
    ) -> None:
        row = await tx.fetchrow(
            """
            SELECT job, claim
              FROM telegram.end_update($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
            """,
            *(key.bot_id, key.chat_id, key.user_id, dialogs.moved, dialogs.state, dialogs.data),
            *(CARRY_OUT, payload, self._worker.lease, request_id(), clock.now()),
        )
        if row is not None and payload is not None:
            job = outbox.Job(
                *(row["job"], CARRY_OUT, None, payload, 1, 15, row["claim"], request_id())
            )
            tx.after_commit(lambda: self._worker.give(job))

    # -- what goes wrong -----------------------------------------------------------

    async def _failed(self, heard: Heard, error: Exception) -> None:
        """Counted; set aside, with an apology, when it was tried often enough."""
        said = masked(f"{type(error).__name__}: {error}")[:500].replace("\0", "")

        async def work(tx: Tx) -> bool:
            tries = await tx.fetchval(
                "SELECT telegram.fail_update($1, $2, $3, $4, $5, $6, $7)",
                *(heard.bot.id, heard.number, heard.chat, heard.body, said, TRIES, clock.now()),
            )
            if tries is not None and tries >= TRIES and heard.private:
                await outbox.put(tx, CARRY_OUT, self._apology(heard))
            return tries is None or tries >= TRIES

        over = await self.database.run(work)
        _log.error(
            "update.failed",
            update=heard.number,
            kind=heard.kind,
            set_aside=over,
            exc_info=error,
        )
        if not over:
            raise NotTaken("The update could not be done.") from error

    def _apology(self, heard: Heard) -> dict[str, Any]:
        language = texts.known(heard.who.get("language_code"))
        text = self._texts.say(language, "something-went-wrong")
        sorry = {"method": "sendMessage", "params": {"chat_id": heard.chat, "text": text}}
        return {
            "bot": heard.bot.id,
            "chat": heard.chat,
            "user": None,
            "language": language,
            "app": "",
            "calls": [_answer(heard), sorry] if heard.kind == "callback_query" else [sorry],
        }

    # -- checkouts -----------------------------------------------------------------

    def begin(self, work: Coroutine[Any, Any, None]) -> None:
        """Beside whoever brought it, who may end before it does."""
        task = asyncio.create_task(work)
        self._beside.add(task)
        task.add_done_callback(self._ended)

    async def close(self) -> None:
        for task in self._beside:
            task.cancel()
        await asyncio.gather(*self._beside, return_exceptions=True)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._beside.discard(task)
        if not task.cancelled() and (error := task.exception()):
            _log.warning("updates.ended", error=str(error))


def _clean(name: object) -> str | None:
    """As a database can keep it."""
    if name is None:
        return None
    return str(name).replace("\0", "").encode(errors="replace").decode()


def _passes(error: Exception) -> bool:
    """It is not the update's fault, nor its handler's."""
    return (
        lost_connection(error)
        or isinstance(error, LockNotAvailableError)  # another update of the chat takes its time
        or (isinstance(error, KassaError) and error.status == 503)
    )


def _answer(heard: Heard, text: str | None = None) -> dict[str, Any]:
    params = {"callback_query_id": heard.event["id"], **({"text": text} if text else {})}
    return {"method": "answerCallbackQuery", "params": params}


def _answers_query(call: Mapping[str, Any]) -> bool:
    return call.get("method") == "answerCallbackQuery" or bool(call.get("check", ("", ""))[1])


async def _reach(tx: Tx, bot: int, user: int, event: Mapping[str, Any]) -> None:
    status = (event.get("new_chat_member") or {}).get("status")
    await tx.execute(
        "UPDATE telegram.reach SET gone_at = $3 WHERE bot = $1 AND user_id = $2",
        *(bot, user, clock.now() if status in ("kicked", "left") else None),
    )
