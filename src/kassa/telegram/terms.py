"""/terms, which Telegram expects of a bot that sells: where they are, and the consent to them."""

import hashlib

from aiogram import F, Router
from aiogram.filters import Command
from aiogram.types import CallbackQuery, InlineKeyboardButton, InlineKeyboardMarkup, Message

from kassa import users
from kassa.config import Settings
from kassa.db import Tx
from kassa.telegram import private
from kassa.telegram.speaker import Speaker
from kassa.telegram.wishes import Wish
from kassa.users import User


def add(router: Router, settings: Settings) -> None:
    url, version = settings.terms_url, settings.terms_version
    agree = f"terms:{_print(url, version)}"  # to these and no later ones

    async def show(message: Message, user: User, t: Speaker) -> Wish:
        if not url:
            return message.answer(t("terms-none"))
        said = [t("terms", url=url)]
        keyboard = None
        if version:
            said += [t("terms-version", version=version)]
        if version and user.terms_version == version and user.terms_at is not None:
            said += [t("terms-accepted", date=f"{user.terms_at:%d.%m.%Y}")]
        elif version:
            button = InlineKeyboardButton(text=t("terms-agree"), callback_data=agree)
            keyboard = InlineKeyboardMarkup(inline_keyboard=[[button]])
        return message.answer("\n\n".join(said), reply_markup=keyboard)

    async def accept(query: CallbackQuery, user: User, tx: Tx, t: Speaker) -> list[Wish]:
        await users.accept_terms(tx, user.id, version)
        thanks = t("terms-thanks")
        if not isinstance(query.message, Message):
            return [query.answer(thanks)]
        return [query.answer(), query.message.edit_text(f"{t('terms', url=url)}\n\n{thanks}")]

    router.message.register(show, Command("terms"), private.ONLY)
    router.message.register(private.elsewhere, Command("terms"))
    if version:
        router.callback_query.register(accept, F.data == agree)


def _print(url: str, version: str) -> str:
    return hashlib.sha256(f"{url} {version}".encode()).hexdigest()[:16]
