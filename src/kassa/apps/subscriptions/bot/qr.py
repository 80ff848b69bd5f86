"""The link as a picture that another device reads: drawn and sent by a job."""

import asyncio
import io
from typing import Any

from kassa import clock, outbox, users
from kassa.apps.models import Kassa
from kassa.apps.subscriptions import service
from kassa.apps.subscriptions.models import Subscription
from kassa.apps.subscriptions.words import moment, ours
from kassa.botapi import Refused
from kassa.db import Tx
from kassa.log import get, masked
from kassa.outbox import Job
from kassa.users import User, zones

SEND = "subscriptions.qr"
PIXELS = 16  # of a module's side
QUIET = 5  # modules around it; the norm wants four
MOST = 2331  # bytes of a link

# Dark on light also where the chat is dark: some cameras read nothing else.
DARK, MARKS, LIGHT = "#12314d", "#1c6fae", "#ffffff"

_log = get(__name__)


async def put(tx: Tx, user: int, *, bot: int) -> None:
    await outbox.put(tx, SEND, {"user": user, "bot": bot}, key=str(user))


async def send(kassa: Kassa, job: Job) -> None:
    user, bot = int(job.payload["user"]), kassa.bots.get(int(job.payload["bot"]))
    mine = await service.standing(kassa.database, user)
    if bot is None or mine is None or not mine.link:
        return
    person = await users.get(kassa.database, user)
    picture = await asyncio.to_thread(draw, mine.link)
    try:
        await kassa.sender.call(
            *(bot, "sendPhoto", await _shown(kassa, mine, person)),
            chat=person.telegram_id,
            files={"photo": ("subscription.png", picture)},
            urgent=True,
            ticket=job.id,
        )
    except Refused as error:
        _log.warning("qr.refused", user=user, why=masked(error.words))


async def _shown(kassa: Kassa, mine: Subscription, person: User) -> dict[str, Any]:
    t = ours(person.language)
    caption = t("qr")
    if mine.expires_at is not None and mine.expires_at > clock.now():
        zone = await zones.of(kassa.database, mine.user)
        caption = t("qr-until", until=moment(mine.expires_at, zone, person.language))
    row = [{"text": t("button-mine"), "callback_data": "sub:mine"}]
    return {
        "chat_id": person.telegram_id,
        "caption": caption,
        "reply_markup": {"inline_keyboard": [row]},
    }


def draw(link: str) -> bytes:
    """A PNG. Corners are in the colour of the Mini App."""
    import segno

    code = segno.make_qr(link, error="m", boost_error=True)
    kept = io.BytesIO()
    code.save(
        kept,
        kind="png",
        scale=PIXELS,
        border=QUIET,
        dark=DARK,
        light=LIGHT,
        finder_dark=MARKS,
        alignment_dark=MARKS,
    )
    return kept.getvalue()
