"""What is said to one person only is not said in a group."""

from aiogram import Bot as AiogramBot
from aiogram import F
from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup, Message

from kassa.telegram import naming
from kassa.telegram.speaker import Speaker
from kassa.telegram.wishes import Wish

ONLY = F.chat.type == "private"


async def elsewhere(message: Message, bot: AiogramBot, t: Speaker) -> Wish:
    """The answer to such a command in a group: the way to the private chat."""
    name = naming.username(bot)
    button = InlineKeyboardButton(text=t("to-private"), url=f"https://t.me/{name}")
    keyboard = InlineKeyboardMarkup(inline_keyboard=[[button]]) if name else None
    return message.reply(t("only-in-private"), reply_markup=keyboard)
