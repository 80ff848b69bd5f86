"""What is said and done once a transaction is committed: the outbox's jobs that speak.

What is done of a job is remembered before it is tried again. A no of Telegram's is told in the log
and holds up nothing: what comes after it is said all the same.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

from kassa import outbox
from kassa import texts as speech
from kassa.botapi import Gone, Refused
from kassa.db import Database
from kassa.log import get, masked
from kassa.outbox import GiveUp, Handler, Job
from kassa.payments import notices
from kassa.telegram import saying
from kassa.telegram.bots import Bot, Bots
from kassa.telegram.sender import Sender
from kassa.telegram.speaker import Speaker
from kassa.telegram.updates import CARRY_OUT
from kassa.texts import NoSuchText, Texts
from kassa.users import NoSuchUser, User, service

# What Telegram says where somebody was faster than we were, or pressed twice.
_HARMLESS = (
    "message is not modified",
    "query is too old",
    "message to edit not found",
    "message to delete not found",
    "message can't be deleted",
    "message can't be edited",
)
_OURS = (401, 404)  # a token that was revoked: nobody's message is to be lost by that

_log = get(__name__)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a job speaks: the bot, the chat, whom to, and with which place in the line."""

    bot: Bot
    chat: int
    user: int | None
    language: str
    ticket: int | None


class Wishing(Protocol):
    """Who starts payments and asks about them: Paying."""

    async def pay(self, at: Place, wish: Sequence[Any]) -> None: ...
    async def check(self, at: Place, wish: Sequence[Any]) -> None: ...
    async def left(self, payment: int, place: str) -> None: ...


@dataclass
class Carrying:
    database: Database
    bots: Bots
    sender: Sender
    paying: Wishing
    texts: Mapping[str, Texts] = field(default_factory=dict)  # of the apps, by their names
    operator: int | None = None  # the operator's chat
    base: str = ""  # where Mini Apps are: showing.base(settings)

    def __post_init__(self) -> None:
        self.texts = {
            notices.APP: speech.load("kassa.payments"),
            "": speech.load("kassa.telegram"),
            **self.texts,
        }

    def handlers(self) -> dict[str, Handler]:
        return {
            CARRY_OUT: self.carry_out,
            notices.TO_PERSON: self.send,
            notices.TO_OPERATOR: self.tell_operator,
        }

    # -- what follows an update ----------------------------------------------------

    async def carry_out(self, job: Job) -> None:
        said = job.payload
        bot = self.bots.get(int(said["bot"]))
        if bot is None:
            raise GiveUp(f"The bot {said['bot']} is not here any more.")
        at = Place(bot, said["chat"], said.get("user"), said.get("language", "ru"), job.id)
        for payment, place in said.get("left", ()):
            await self.paying.left(payment, place)
        said = {**said, "left": []}  # once: what is done again may be shown there again
        calls, done = said["calls"], 0
        gone: set[int | str] = set()
        try:
            for call in calls:
                await self._carry_out(at, call, gone)
                done += 1
        except BaseException:  # also when we are told to stop
            if done:
                await outbox.amend(self.database, job, {**said, "calls": calls[done:]})
            raise

    async def _carry_out(self, at: Place, call: Mapping[str, Any], gone: set[int | str]) -> None:
        params = call.get("params", {})
        chat = params.get("chat_id", at.chat)
        if chat in gone:
            return
        try:
            if "pay" in call:
                await self.paying.pay(at, call["pay"])
            elif "check" in call:
                await self.paying.check(at, call["check"])
            else:
                await self.sender.call(
                    *(at.bot, call["method"], params),
                    chat=chat,
                    urgent=chat == at.chat,
                    ticket=at.ticket,
                )
        except Gone as error:
            _log.info("carry_out.gone", bot=at.bot.name, chat=chat, why=error.words)
            gone.add(chat)
        except Refused as error:
            tell_refused(error, at.bot, chat)

    # -- notices -------------------------------------------------------------------

    async def send(self, job: Job) -> None:
        said = job.payload
        try:
            user = await service.get(self.database, said["user"])
        except NoSuchUser:
            raise GiveUp(f"There is no person {said['user']} to be told.") from None
        with _giving_up():
            t = Speaker(self._texts(said["app"], said["text"]), user.language)
            text = saying.text(t, said)
        for bot in await self._ways(user, str(said.get("bot") or "")):
            try:
                await self._say(job, bot, user.telegram_id, t, text)
                return
            except Gone as error:
                _log.info("send.gone", bot=bot.name, user=user.id, why=error.words)
            except Refused as error:
                if error.code in _OURS:
                    raise
                raise GiveUp(f"Telegram takes no such message: {error}") from None
        _log.info("send.unreachable", user=user.id, text=said["text"])

    async def _say(
        self, job: Job, bot: Bot, chat: int, t: Speaker, text: Mapping[str, Any]
    ) -> None:
        """Without the buttons that have an address, if Telegram does not take one of those."""
        with _giving_up():
            whole, bare = (
                saying.keyboard(t, job.payload, bot, base=self.base, bare=bare)
                for bare in (False, True)
            )
        call = partial(self.sender.call, bot, "sendMessage")
        how: dict[str, Any] = {"chat": chat, "urgent": False, "ticket": job.id}
        try:
            await call({"chat_id": chat, **text, **whole}, **how)
        except Refused as error:
            if whole == bare or not saying.dislikes_address(error):
                raise
            _log.warning("send.no_such_address", bot=bot.name, why=masked(error.words))
            await call({"chat_id": chat, **text, **bare}, **how)

    async def _ways(self, user: User, wanted: str) -> list[Bot]:
        """The bot that was named, unless it is known to be shut out, and then who reaches them."""
        rows = await self.database.fetch(
            "SELECT bot, gone_at FROM telegram.reach WHERE user_id = $1 ORDER BY since DESC",
            user.id,
        )
        gone = {row["bot"] for row in rows if row["gone_at"] is not None}
        named = self.bots.get(int(wanted) if wanted.isdecimal() else wanted) if wanted else None
        others = [self.bots.get(row["bot"]) for row in rows]
        found = {bot.id: bot for bot in [named, *others] if bot is not None and bot.id not in gone}
        return list(found.values())

    # -- the operator --------------------------------------------------------------

    async def tell_operator(self, job: Job) -> None:
        said = job.payload
        name, args = f"operator-{said['text']}", said.get("args", {})
        if not self.operator or not self.bots.all:
            text = self._text(said["app"], name, speech.FIRST, args)
            _log.warning("operator.nobody_to_tell", said=text)
            return
        text = self._text(said["app"], name, await self._operators_language(), args)
        try:
            await self.sender.call(
                *(self.bots.all[0], "sendMessage", {"chat_id": self.operator, "text": text}),
                chat=self.operator,
                urgent=False,
                ticket=job.id,
            )
        except Refused as error:
            _log.error("operator.not_told", said=text, why=error.words)
            if error.code in _OURS:
                raise

    async def _operators_language(self) -> str:
        assert self.operator
        try:
            return (await service.by_telegram(self.database, self.operator)).language
        except NoSuchUser:
            return speech.FIRST

    def _text(self, app: str, name: str, language: str, args: Mapping[str, Any]) -> str:
        with _giving_up():
            return saying.cut(self._texts(app, name).say(language, name, **args))

    def _texts(self, app: str, name: str) -> Texts:
        if app not in self.texts:
            raise GiveUp(f"There is no app {app!r} here that says {name!r}.")
        return self.texts[app]


@contextmanager
def _giving_up() -> Iterator[None]:
    """A text that is missing will not be there the next time."""
    try:
        yield
    except NoSuchText as error:
        raise GiveUp(str(error)) from None


def tell_refused(error: Refused, bot: Bot, chat: int | str) -> None:
    """A no that nobody can do anything about, told in the log; one that somebody can is raised."""
    if error.code in _OURS:
        raise error
    harmless = any(each in error.words for each in _HARMLESS)
    tell = _log.debug if harmless else _log.error
    tell("call.refused", bot=bot.name, chat=chat, why=masked(str(error)))
