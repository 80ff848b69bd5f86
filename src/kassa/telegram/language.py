"""/language: which one they are spoken to in, from the next word on."""

from aiogram import F, Router
from aiogram.filters import Command
from aiogram.types import CallbackQuery, InlineKeyboardButton, InlineKeyboardMarkup, Message

from kassa import users
from kassa.config import Settings
from kassa.db import Tx
from kassa.telegram import buttons, showing
from kassa.telegram.routing import House
from kassa.telegram.speaker import Speaker
from kassa.telegram.wishes import Wish
from kassa.texts import LANGUAGES
from kassa.users import User

NAMES = {"ru": "Русский", "uz": "O‘zbekcha", "en": "English"}


def add(router: Router, settings: Settings) -> None:
    base = showing.base(settings)

    async def choose(
        query: CallbackQuery, user: User, tx: Tx, t: Speaker, house: House
    ) -> list[Wish]:
        chosen = (query.data or "").partition(":")[2]
        user = await users.set_language(tx, user.id, chosen)
        said = Speaker(t.texts, chosen)("language-set")
        if not isinstance(query.message, Message):  # it is too old to be changed
            return [query.answer(said)]
        private = query.message.chat.type == "private"
        button = showing.in_language(house, user, base=base) if private else []
        return [query.message.edit_text(said), *button]

    router.message.register(_ask, Command("language"))
    router.callback_query.register(
        choose, F.data.regexp(f"language:({'|'.join(LANGUAGES)})", mode="fullmatch")
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
