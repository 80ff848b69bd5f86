"""The bot: what it answers, from all of its parts."""

from aiogram import Bot as AiogramBot
from aiogram import Router
from aiogram.filters import Command
from aiogram.types import Message

from kassa.apps.subscriptions.admin import main as admin
from kassa.apps.subscriptions.bot import buying, channel, extras, mine
from kassa.telegram import Speaker, Wish, private
from kassa.texts import load

router = Router()


@router.message(Command("buy", "subscription", "trial"), ~private.ONLY)
async def elsewhere(message: Message, bot: AiogramBot, t: Speaker) -> Wish:
    """What concerns one person's money is said to them alone."""
    return await private.elsewhere(message, bot, Speaker(load("kassa.telegram"), t.language))


router.include_routers(
    buying.router,
    mine.router,
    extras.router,
    channel.router,
    admin.router,
)
