"""/phone, typed or shared. Only what Telegram itself shares of its owner is proved."""

from contextlib import suppress

from aiogram import F, Router
from aiogram.dispatcher.event.bases import SkipHandler
from aiogram.filters import Command, CommandObject, StateFilter
from aiogram.types import KeyboardButton, Message, ReplyKeyboardMarkup, ReplyKeyboardRemove

from kassa import users
from kassa.db import Tx
from kassa.telegram import private
from kassa.telegram.speaker import Speaker
from kassa.telegram.wishes import Wish
from kassa.users import User, WrongPhone, phone


def add(router: Router) -> None:
    router.message.register(_typed, Command("phone"), private.ONLY)
    router.message.register(private.elsewhere, Command("phone"))
    router.message.register(_shared, F.contact, private.ONLY, StateFilter(None))
    router.message.register(_kept, F.contact, private.ONLY)


def add_last(router: Router) -> None:
    """For a contact that came into a dialog, whose app did not want it."""
    router.message.register(_shared, F.contact, private.ONLY)


async def _typed(message: Message, command: CommandObject, user: User, tx: Tx, t: Speaker) -> Wish:
    if not command.args:
        return message.answer(t("phone-missing"), reply_markup=_keyboard(t))
    try:
        number = phone.parse(command.args)
    except WrongPhone:
        return message.answer(t("phone-wrong"), reply_markup=_keyboard(t))
    kept = (await users.set_phone(tx, user.id, number, proved=False)).phone
    if kept != number:
        return message.answer(t("phone-proved", phone=kept), reply_markup=_keyboard(t))
    return message.answer(t("phone-set", phone=kept), reply_markup=ReplyKeyboardRemove())


async def _kept(message: Message, user: User, tx: Tx) -> None:
    """In a dialog the app may have asked for it, and answers; we only keep what it proves."""
    if _is_own(message, user):
        with suppress(WrongPhone):
            await _prove(message, user, tx)
    raise SkipHandler


async def _shared(message: Message, user: User, tx: Tx, t: Speaker) -> Wish:
    if not _is_own(message, user):
        return message.answer(t("contact-not-yours"), reply_markup=_keyboard(t))
    try:
        kept = await _prove(message, user, tx)
    except WrongPhone:
        return message.answer(t("phone-wrong"), reply_markup=_keyboard(t))
    return message.answer(t("phone-set", phone=kept), reply_markup=ReplyKeyboardRemove())


def _is_own(message: Message, user: User) -> bool:
    assert message.contact is not None
    # A forwarded one may be from a time when the number was another.
    return message.contact.user_id == user.telegram_id and message.forward_origin is None


async def _prove(message: Message, user: User, tx: Tx) -> str:
    assert message.contact is not None
    number = phone.shared(message.contact.phone_number)
    return (await users.set_phone(tx, user.id, number, proved=True)).phone


def _keyboard(t: Speaker) -> ReplyKeyboardMarkup:
    share = KeyboardButton(text=t("phone-share"), request_contact=True)
    return ReplyKeyboardMarkup(keyboard=[[share]], resize_keyboard=True, one_time_keyboard=True)
