"""/login: a one-time code, by which somebody proves to the REST API who they are."""

from aiogram import Router
from aiogram.filters import Command
from aiogram.types import Message

from kassa.db import Tx
from kassa.secret import Secret
from kassa.telegram import private
from kassa.telegram.speaker import Speaker
from kassa.telegram.wishes import Wish
from kassa.users import User, codes


def add(router: Router, secret: Secret) -> None:
    async def tell(message: Message, user: User, tx: Tx, t: Speaker) -> Wish:
        code = await codes.new(tx, user.id, secret=secret)
        minutes = int(codes.LIVES.total_seconds() // 60)
        said = t.html("login-code", code=code, minutes=minutes)
        return message.answer(said, parse_mode="HTML")

    router.message.register(tell, Command("login"), private.ONLY)
    router.message.register(private.elsewhere, Command("login"))
