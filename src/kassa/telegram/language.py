"""/language: which one they are spoken to in, from the next word on."""

from aiogram import F, Router
from aiogram.filters import Command
from aiogram.types import CallbackQuery, InlineKeyboardButton, InlineKeyboardMarkup, Message

from kassa import users
from kassa.db import Tx
from kassa.telegram import buttons
from kassa.telegram.speaker import Speaker
from kassa.telegram.wishes import Wish
from kassa.texts import LANGUAGES
from kassa.users import User

NAMES = {"ru": "Русский", "uz": "O‘zbekcha", "en": "English"}


def add(router: Router) -> None:
    router.message.register(_ask, Command("language"))
    router.callback_query.register(
        _choose, F.data.regexp(f"language:({'|'.join(LANGUAGES)})", mode="fullmatch")
    )


async def _ask(message: Message, user: User, t: Speaker) -> Wish:
    private = message.chat.type == "private"
    rows = [
        [
            InlineKeyboardButton(
                text=NAMES[each],
                callback_data=f"language:{each}" if private else _theirs(each, user),
            )
        ]
        for each in LANGUAGES
    ]
    return message.answer(
        t("language-which"), reply_markup=InlineKeyboardMarkup(inline_keyboard=rows)
    )


def _theirs(language: str, user: User) -> str:
    return buttons.owned(f"language:{language}", user)


async def _choose(query: CallbackQuery, user: User, tx: Tx, t: Speaker) -> Wish:
    chosen = (query.data or "").partition(":")[2]
    await users.set_language(tx, user.id, chosen)
    said = Speaker(t.texts, chosen)("language-set")
    if isinstance(query.message, Message):
        return query.message.edit_text(said)
    return query.answer(said)  # the message is too old to be changed
