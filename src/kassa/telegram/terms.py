"""The terms: /terms, which Telegram expects of a bot that sells, and the consent to them.

An app that `asks_terms` lets nobody further before they accept: `asked` tells whether somebody is
to, `screen` shows them what, and its button goes on to where they were going.

    if terms.asked(kassa.settings, user):
        return terms.screen(kassa.settings, t.language, then="shop:buy")
"""

import hashlib
import re
from collections.abc import Sequence
from typing import Any

from aiogram import F, Router
from aiogram.filters import Command
from aiogram.methods import AnswerCallbackQuery
from aiogram.types import CallbackQuery, InlineKeyboardButton, InlineKeyboardMarkup, Message

from kassa import texts, users
from kassa.config import Settings
from kassa.db import Tx
from kassa.telegram import private
from kassa.telegram.buttons import fitting
from kassa.telegram.routing import House
from kassa.telegram.speaker import Speaker
from kassa.telegram.wishes import Wish
from kassa.users import User

START = "start"  # a button that greets: greeting.py answers it


def add(router: Router, settings: Settings) -> None:
    url, version = settings.terms_url, settings.terms_version
    agree = _agree(settings)

    async def show(message: Message, user: User, t: Speaker) -> Wish:
        if not url:
            return message.answer(t("terms-none"))
        said = [t("terms", url=url)]
        keyboard = None
        if version:
            said += [t("terms-version", version=version)]
        if version and not asked(settings, user):
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

    async def go_on(
        query: CallbackQuery,
        *,
        found: re.Match[str],
        user: User,
        tx: Tx,
        t: Speaker,
        house: House,
        **more: Any,
    ) -> Sequence[Wish]:
        """As if the button of where they were going had been pressed."""
        user = await users.accept_terms(tx, user.id, version)
        pressed = query.model_copy(update={"data": found[1]})
        given = {**more, "user": user, "tx": tx}
        said, _ = await house.answer("callback_query", pressed, t.texts, given)
        wishes: Sequence[Any] = said if isinstance(said, Sequence) else [said]
        shown = [each for each in wishes if each is not None and not _is_bare(each)]
        return [query.answer(t("terms-thanks")), *shown]

    router.message.register(show, Command("terms"), private.ONLY)
    router.message.register(private.elsewhere, Command("terms"))
    if version:
        router.callback_query.register(accept, F.data == agree)
        further = re.compile(f"{agree}:(.+)", re.DOTALL)
        router.callback_query.register(go_on, F.data.func(further.fullmatch).as_("found"))


def asked(settings: Settings, user: User) -> bool:
    """Whether they are yet to accept the terms of today."""
    if not settings.terms_url or not settings.terms_version:
        return False
    return user.terms_version != settings.terms_version or user.terms_at is None


def screen(settings: Settings, language: str, *, then: str) -> tuple[str, InlineKeyboardMarkup]:
    """What is to be accepted, as plain text, and the button that accepts it and goes on to `then`,
    the data of another button."""
    t = Speaker(texts.load("kassa.telegram"), language)
    data = fitting(f"{_agree(settings)}:{then}")
    button = InlineKeyboardButton(text=t("terms-accept"), callback_data=data)
    text = t("terms-first", url=settings.terms_url, version=settings.terms_version)
    return text, InlineKeyboardMarkup(inline_keyboard=[[button]])


def _is_bare(wish: object) -> bool:
    """An answer to the press that says nothing: ours does."""
    return isinstance(wish, AnswerCallbackQuery) and not wish.text


def _agree(settings: Settings) -> str:
    """To these and no later ones."""
    return f"terms:{_print(settings.terms_url, settings.terms_version)}"


def _print(url: str, version: str) -> str:
    return hashlib.sha256(f"{url} {version}".encode()).hexdigest()[:16]
