"""What the panel knows of somebody's use: traffic, devices, and their link made anew. By jobs: no
transaction waits for a panel."""

import hashlib
from datetime import timedelta
from typing import Any

from kassa import outbox, users
from kassa.apps.models import Kassa
from kassa.apps.subscriptions import service
from kassa.apps.subscriptions.bot import showing_mine
from kassa.apps.subscriptions.bot.showing import Said
from kassa.apps.subscriptions.models import APP, Subscription
from kassa.apps.subscriptions.panels import panel_of
from kassa.apps.subscriptions.panels.protocol import Access, Down, No
from kassa.apps.subscriptions.provisioning import wanted
from kassa.apps.subscriptions.words import ours
from kassa.botapi import Refused
from kassa.db import Tx
from kassa.log import get, masked
from kassa.outbox import Job, TryLater
from kassa.payments import notices
from kassa.users import User

LOOK = "subscriptions.devices"  # {"user", "bot", "chat", "message", "forget"}
RELINK = "subscriptions.relink"  # {"user", "bot"}
AGAIN = timedelta(seconds=20)  # before a panel that is away is asked for a new link again

_log = get(__name__)


def mark(device: str) -> str:
    """Stands for a device in a button: names may be longer than one takes."""
    return hashlib.sha256(device.encode()).hexdigest()[:16]


async def look(kassa: Kassa, job: Job) -> None:
    """Shows them in the place of a message of ours, after one was forgotten, if that is wanted."""
    told = job.payload
    user, bot = int(told["user"]), kassa.bots.get(int(told["bot"]))
    mine = await service.standing(kassa.database, user)
    if bot is None or mine is None:
        return
    person = await users.get(kassa.database, user)
    said = await _said(kassa, mine, person, str(told.get("forget", "")))
    params: dict[str, Any] = {
        "chat_id": told["chat"],
        "message_id": told["message"],
        "text": said.text,
        "parse_mode": "HTML",
    }
    if (keyboard := said.keyboard()) is not None:
        params["reply_markup"] = keyboard.model_dump(mode="json", exclude_none=True)
    try:
        await kassa.sender.call(
            *(bot, "editMessageText", params), chat=told["chat"], urgent=True, ticket=job.id
        )
    except Refused as error:
        _log.info("devices.not_shown", user=user, why=masked(error.words))


async def _said(kassa: Kassa, mine: Subscription, person: User, forget: str) -> Said:
    t, panel = ours(person.language), panel_of(kassa)
    asked = wanted(mine, person)
    try:
        access = await panel.read(asked)
        if forget and access is not None:
            device = next((each for each in access.connected if mark(each) == forget), None)
            if device is not None:
                await panel.forget_device(asked, device)
                access = await panel.read(asked)
    except (Down, No) as error:
        _log.warning("devices.panel", user=mine.user, error=masked(str(error)))
        return showing_mine.no_answer(t)
    return showing_mine.devices(t, access or _nothing(mine), mark)


def _nothing(mine: Subscription) -> Access:
    """Of whom the panel does not know yet."""
    grade = mine.grade
    return Access(
        *(mine.panel_id, mine.username, mine.expires_at),
        active=False,
        link=mine.link,
        devices=grade.devices,
        traffic=grade.traffic,
    )


async def relink(kassa: Kassa, job: Job) -> None:
    """Another link; it is told by whoever tells of the panel's doings."""
    user = int(job.payload["user"])
    mine = await service.standing(kassa.database, user)
    if mine is None or not mine.link:
        return
    person = await users.get(kassa.database, user)
    try:
        await panel_of(kassa).new_link(wanted(mine, person))
    except Down as error:
        raise TryLater(AGAIN, masked(str(error))) from None
    except No as error:
        _log.error("relink.refused", user=user, error=masked(str(error)))
        said = notices.to(user, "relink-failed", app=APP, bot=str(job.payload["bot"]))
        await kassa.database.run(lambda tx: outbox.put(tx, notices.TO_PERSON, said))
        return

    async def told(tx: Tx) -> None:
        await outbox.finish(tx, job)
        await service.changed(tx, user, news="news-link")

    await kassa.database.run(told)
