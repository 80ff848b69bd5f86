"""An app with all that an app can have: tables, texts, a bot, an API, jobs, a schedule."""

from typing import Annotated

from aiogram import Router
from aiogram.filters import Command
from aiogram.types import Message
from fastapi import APIRouter, Depends, Request

from kassa import clock, outbox
from kassa.apps import App, Kassa, MenuItem
from kassa.db import Tx
from kassa.outbox import Job
from kassa.telegram import Speaker, Wish
from kassa.users import User
from kassa.users.api import current

router = Router()
api = APIRouter(prefix="/api/stamps", tags=["stamps"])


@router.message(Command("stamp"))
async def stamp(message: Message, user: User, tx: Tx, t: Speaker) -> Wish:
    number = await tx.fetchval(
        "INSERT INTO stamps.stamp (user_id, said, at) VALUES ($1, $2, $3) RETURNING id",
        *(user.id, message.text, clock.now()),
    )
    await outbox.put(tx, "stamps.dry", {"stamp": number, "user": user.id})
    return message.answer(t("stamped", number=number))


async def dry(kassa: Kassa, job: Job) -> None:
    """It ends together with the saying of it."""

    async def work(tx: Tx) -> None:
        number = job.payload["stamp"]
        await kassa.tell(tx, job.payload["user"], "later", app="stamps", number=number)
        await outbox.finish(tx, job)

    await kassa.database.run(work)


async def count(kassa: Kassa, job: Job) -> None:
    await kassa.database.execute(
        "INSERT INTO stamps.stamp (user_id, said, at) SELECT id, 'counted', $1 FROM users.person",
        clock.now(),
    )


@api.get("/mine")
async def mine(request: Request, user: Annotated[User, Depends(current)]) -> list[str]:
    kassa: Kassa = request.app.state.kassa
    rows = await kassa.database.fetch(
        "SELECT said FROM stamps.stamp WHERE user_id = $1 ORDER BY id", user.id
    )
    return [row["said"] for row in rows]


APP = App(
    name="stamps",
    package="tests.apps.stamps",
    bot=router,
    api=api,
    jobs={"stamps.dry": dry, "stamps.count": count},
    schedule={"stamps.count": "0 9 * * *"},
    menu=[MenuItem("stamp", command="stamp")],
)
