"""Pictures that people want: tokens set aside, a job that draws, tokens taken when it has arrived.

Killed anywhere, the job begins again: tokens are taken once, the picture comes at least once. One
that cannot be is told of, and its tokens are free again.
"""

import asyncio
import unicodedata
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from kassa import clock, outbox
from kassa.apps.models import Kassa
from kassa.apps.tokens import service
from kassa.apps.tokens.models import APP, Drawing, StillDrawing
from kassa.apps.tokens.options import SIZES, Options
from kassa.botapi import Refused
from kassa.db import Reader, Tx
from kassa.errors import Invalid, NotFound
from kassa.log import get
from kassa.outbox import Job, TryLater
from kassa.payments import notices
from kassa.telegram import Bot
from kassa.texts import load
from kassa.users import User
from kassa.users import service as people

if TYPE_CHECKING:
    from asyncpg import Record

DRAW, SWEEP = "tokens.draw", "tokens.sweep"
MOST_WORDS = 200  # characters
TRIES = 6
LOST = timedelta(minutes=10)  # after which a picture that nobody draws any more is given up
_BUSY_SECONDS = 4.0  # that Telegram shows that we are at it

_COLUMNS = "id, user_id, bot, words, variation, size, cost, status, at"
_log = get(__name__)


class WrongWords(Invalid):
    """Nothing can be drawn from them; `text` names what is to be said."""

    def __init__(self, text: str) -> None:
        self.text = text
        super().__init__(f"These words cannot be drawn: {text}.")


def words(said: str | None) -> str:
    """In one line, if they can be drawn."""
    line = " ".join((said or "").split())
    if not line:
        raise WrongWords("draw-nothing")
    if len(line) > MOST_WORDS:
        raise WrongWords("draw-too-long")
    if any(_is_odd(each) for each in line):
        raise WrongWords("draw-odd")
    return line


def _is_odd(sign: str) -> bool:
    """Controls, and what turns the order of a line. An emoji may be joined of several."""
    turns = unicodedata.bidirectional(sign) in ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI")
    return turns or unicodedata.category(sign) in ("Cc", "Cs", "Co", "Cn")


async def want(
    tx: Tx, user: User, bot: int, said: str, *, options: Options, size: str, variation: int = 0
) -> Drawing:
    """Sets its price aside, and puts the job. Raises NotEnough, StillDrawing or WrongWords."""
    line = words(said)
    async with tx.savepoint():
        row = await tx.fetchrow(
            f"""
            INSERT INTO tokens.drawing (user_id, bot, words, variation, size, cost, at)
            VALUES ($1, $2, $3, $4, $5, $6, $7)
            ON CONFLICT (user_id) WHERE status = 'wanted' DO NOTHING
            RETURNING {_COLUMNS}
            """,  # noqa: S608
            *(user.id, bot, line, variation, size, options.art.cost(size), clock.now()),
        )
        if row is None:
            raise StillDrawing("One picture at a time.")
        drawing = _drawing(row)
        await service.hold(tx, user, drawing.cost, key=str(drawing.id), what="draw")
    await outbox.put(tx, DRAW, {"drawing": drawing.id}, key=str(drawing.id), most=TRIES)
    return drawing


async def next_variation(on: Reader, drawing: Drawing) -> int:
    """Of the same words, one that this person has not had yet."""
    found: int = await on.fetchval(
        "SELECT max(variation) + 1 FROM tokens.drawing WHERE user_id = $1 AND words = $2",
        *(drawing.user, drawing.words),
    )
    return found


async def one(on: Reader, number: int, *, user: int | None = None) -> Drawing:
    row = await on.fetchrow(
        f"SELECT {_COLUMNS} FROM tokens.drawing WHERE id = $1",  # noqa: S608
        number,
    )
    if row is None or user not in (None, row["user_id"]):
        raise NotFound(f"There is no picture {number}.")
    return _drawing(row)


def _drawing(row: "Record") -> Drawing:
    return Drawing(*row.values())


def larger(size: str) -> str | None:
    at = SIZES.index(size) + 1
    return SIZES[at] if at < len(SIZES) else None


# -- the job -----------------------------------------------------------------------


async def draw(kassa: Kassa, job: Job) -> None:
    drawing = await one(kassa.database, int(job.payload["drawing"]))
    if drawing.status != "wanted":
        return
    bot = kassa.bots.get(drawing.bot)
    if bot is None:
        _log.warning("draw.no_bot", drawing=drawing.id, bot=drawing.bot)
        await kassa.database.run(lambda tx: give_up(tx, drawing))
        return
    try:
        await _send(kassa, bot, drawing, ticket=job.id)
    except TryLater:
        raise
    except Refused as error:  # a no, and a next one would be the same
        _log.warning("draw.refused", drawing=drawing.id, why=error.words)
        await kassa.database.run(lambda tx: give_up(tx, drawing))
    except Exception as error:
        if job.attempt < job.most:
            raise
        _log.error("draw.failed", drawing=drawing.id, exc_info=error)
        await kassa.database.run(lambda tx: give_up(tx, drawing))
    else:
        await kassa.database.run(lambda tx: _drawn(tx, drawing))


async def _send(kassa: Kassa, bot: Bot, drawing: Drawing, *, ticket: int) -> None:
    user = await people.get(kassa.database, drawing.user)
    busy = asyncio.create_task(_seem_busy(kassa, bot, user.telegram_id))
    try:
        content = await asyncio.to_thread(_draw, drawing)
        await kassa.sender.call(
            *(bot, "sendPhoto", shown(drawing, user)),
            chat=user.telegram_id,
            files={"photo": ("picture.jpg", content)},
            urgent=True,
            ticket=ticket,
        )
    finally:
        busy.cancel()


def _draw(drawing: Drawing) -> bytes:
    from kassa.apps.tokens import drawing as art  # with Pillow, 60 ms

    return art.draw(drawing.words, drawing.variation, art.PIXELS[drawing.size])


async def _seem_busy(kassa: Kassa, bot: Bot, chat: int) -> None:
    while True:
        params = {"chat_id": chat, "action": "upload_photo"}
        try:
            await kassa.sender.call(bot, "sendChatAction", params, chat=chat, urgent=True)
        except Exception as error:  # noqa: BLE001 (a courtesy: nobody's picture waits for it)
            _log.debug("draw.not_seen_busy", error=str(error))
        await asyncio.sleep(_BUSY_SECONDS)


def shown(drawing: Drawing, user: User) -> dict[str, Any]:
    from kassa.apps.tokens.drawing import PIXELS

    texts, language = load("kassa.apps.tokens"), user.language
    told = {"words": drawing.words, "pixels": PIXELS[drawing.size], "cost": drawing.cost}
    again = texts.say(language, "button-again")
    row = [{"text": again, "callback_data": f"tokens:again:{drawing.id}"}]
    if larger(drawing.size):
        bigger = texts.say(language, "button-bigger")
        row.append({"text": bigger, "callback_data": f"tokens:bigger:{drawing.id}"})
    return {
        "chat_id": user.telegram_id,
        "caption": texts.say(language, "draw-caption", **told),
        "reply_markup": {"inline_keyboard": [row]},
    }


async def _drawn(tx: Tx, drawing: Drawing) -> None:
    if await _ends(tx, drawing, "done"):
        await service.capture(tx, drawing.user, key=str(drawing.id), what="draw")


async def give_up(tx: Tx, drawing: Drawing) -> None:
    """The tokens are free again, and it is said."""
    if await _ends(tx, drawing, "failed"):
        await service.release(tx, drawing.user, key=str(drawing.id), what="draw")
        args = {"words": drawing.words}
        said = notices.to(drawing.user, "draw-failed", app=APP, bot=str(drawing.bot), args=args)
        await outbox.put(tx, notices.TO_PERSON, said)


async def _ends(tx: Tx, drawing: Drawing, status: str) -> bool:
    """True for the first who says so."""
    ended = await tx.fetchval(
        """
        UPDATE tokens.drawing SET status = $2, ended_at = $3
         WHERE id = $1 AND status = 'wanted' RETURNING true
        """,
        *(drawing.id, status, clock.now()),
    )
    return bool(ended)


async def sweep(kassa: Kassa, job: Job) -> None:
    """Pictures whose job is dead: killed at each try, or thrown away by the operator."""
    rows = await kassa.database.fetch(
        f"""
        SELECT {_COLUMNS} FROM tokens.drawing d
         WHERE status = 'wanted' AND at < $1
           AND NOT EXISTS (SELECT FROM outbox.job j
                            WHERE j.kind = $2 AND j.key = d.id::text AND j.dead_at IS NULL)
         ORDER BY id LIMIT 500
        """,  # noqa: S608
        *(clock.now() - LOST, DRAW),
    )
    for drawing in map(_drawing, rows):
        _log.error("draw.lost", drawing=drawing.id)

        async def end(tx: Tx, drawing: Drawing = drawing) -> None:
            await give_up(tx, drawing)

        await kassa.database.run(end)
