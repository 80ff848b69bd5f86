"""The bot: who asks to come into the private channel is let in if they have time left."""

from aiogram import Bot as AiogramBot
from aiogram import Router
from aiogram.methods import SendMessage
from aiogram.types import ChatJoinRequest, InlineKeyboardButton, InlineKeyboardMarkup

from kassa import clock
from kassa.apps.models import Kassa
from kassa.apps.subscriptions import options, service
from kassa.apps.subscriptions.panels import kind_of
from kassa.apps.subscriptions.panels.channel import approve
from kassa.db import Tx
from kassa.telegram import Speaker, Wishes, naming
from kassa.users import User

router = Router()


@router.chat_join_request()
async def asks(
    request: ChatJoinRequest, bot: AiogramBot, *, user: User, tx: Tx, t: Speaker, kassa: Kassa
) -> Wishes:
    """Of other chats that the bot looks after, nothing is decided here."""
    ours = options.of(kassa.settings).channel
    if kind_of(kassa.settings) != "channel" or request.chat.id != ours:
        return None
    mine = await service.standing(tx, user.id)
    until = mine.access_until if mine is not None else None
    if until is not None and until > clock.now():
        return approve(request, until)
    said = SendMessage(chat_id=request.user_chat_id, text=t("channel-closed"))
    if name := naming.username(bot):
        # Not a press: who has not begun with the bot can be written to only while they ask.
        button = InlineKeyboardButton(text=t("button-buy"), url=f"https://t.me/{name}?start=buy")
        said.reply_markup = InlineKeyboardMarkup(inline_keyboard=[[button]])
    return [said, approve(request, until)]
