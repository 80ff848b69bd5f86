"""What Telegram calls a bot. aiogram asks where `/start@some_bot` must be told from `/start`,
inside the update's transaction: so the answer is there beforehand.
"""

from aiogram import Bot as AiogramBot
from aiogram.types import User as Account

from kassa.botapi import BotApi


def unnamed(bot: AiogramBot) -> AiogramBot:
    """Until its name is known, it takes every command for its own."""
    bot._me = Account(id=bot.id, is_bot=True, first_name="")
    return bot


async def introduce(api: BotApi, bot: AiogramBot) -> None:
    """At start; raises what a call raises, and then is to be tried again."""
    bot._me = Account.model_validate(await api.call("getMe"))


def username(bot: AiogramBot) -> str:
    """Without @, or "" while nobody has told."""
    return (bot._me.username or "") if bot._me else ""
