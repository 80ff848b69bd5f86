"""The operator in the bot: /admin, for whom ADMIN_IDS names and in private only. To everybody else
it is a command like any that there is not.

Each part has a room of its own beside this one, which has the numbers and a person's card.
"""

import re
from dataclasses import replace

from aiogram import F, Router
from aiogram.filters import Command, StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State, StatesGroup
from aiogram.types import CallbackQuery, Message

from kassa import clock, outbox, users
from kassa.apps.models import Kassa
from kassa.apps.subscriptions import service
from kassa.apps.subscriptions.admin import (
    broadcast,
    broadcast_sending,
    broadcasting,
    days,
    finding,
    keys,
    payments,
    promos,
    showing,
    statistics,
)
from kassa.apps.subscriptions.admin.showing import PREFIX, Said
from kassa.apps.subscriptions.bot import devices
from kassa.apps.subscriptions.older import payments as old_payments
from kassa.apps.subscriptions.panels import kind_of
from kassa.db import Reader, Tx
from kassa.log import get
from kassa.telegram import Speaker, Wish, Wishes
from kassa.users import NoSuchUser, User, zones

PAYMENTS = 5  # on a card

_log = get(__name__)


class AdminFinds(StatesGroup):
    """Whom to find."""

    whom = State()


def _is_admin(event: Message | CallbackQuery, kassa: Kassa, user: User | None = None) -> bool:
    """Asked at every message and every press: who is no admin any more has nothing here."""
    if user is None or not kassa.settings.is_admin(user.telegram_id):
        return False
    message = event if isinstance(event, Message) else event.message
    return message is None or message.chat.type == "private"


router = Router()
router.message.filter(_is_admin)
router.callback_query.filter(_is_admin, F.data.startswith(f"{PREFIX}:"))
own = Router()
router.include_routers(
    own,
    *(days.router, payments.router, broadcast.router),
    *(promos.router, keys.router),
)


# -- the numbers -------------------------------------------------------------------


@own.message(Command("admin"))
async def admin(
    message: Message, *, user: User, tx: Tx, t: Speaker, kassa: Kassa, state: FSMContext
) -> Wish:
    await state.clear()
    return (await _main(tx, user, t, kassa)).new(message)


@own.callback_query(F.data == f"{PREFIX}:main")
async def main(
    query: CallbackQuery, *, user: User, tx: Tx, t: Speaker, kassa: Kassa, state: FSMContext
) -> Wishes:
    await state.clear()
    return (await _main(tx, user, t, kassa)).instead(query)


async def _main(tx: Tx, user: User, t: Speaker, kassa: Kassa) -> Said:
    at, zone = clock.now(), await zones.of(tx, user.id)
    numbers = await statistics.now(tx, at, zone)
    return showing.main(t, numbers, at, zone, keys=kind_of(kassa.settings) == "keys")


# -- a person ----------------------------------------------------------------------


@own.callback_query(F.data == f"{PREFIX}:find")
async def ask_whom(query: CallbackQuery, t: Speaker, state: FSMContext) -> Wishes:
    await state.set_state(AdminFinds.whom)
    await state.set_data({})
    return Said(t("admin-find-ask"), [showing.back(t)]).instead(query)


@own.message(StateFilter(AdminFinds.whom), showing.is_no_command)
async def found(
    message: Message, *, user: User, tx: Tx, t: Speaker, kassa: Kassa, state: FSMContext
) -> Wish:
    """The question stays open: the next one is looked for, too."""
    people = await finding.by_message(tx, message)
    if not people:
        return Said(t("admin-find-nobody"), [showing.back(t)]).new(message)
    if len(people) > 1:
        return showing.choose(t, people).new(message)
    return (await card_of(tx, kassa, user, t, people[0].id)).new(message)


@own.callback_query(F.data.regexp(rf"^{PREFIX}:u:([0-9]{{1,18}})$").as_("said"))
async def person(
    query: CallbackQuery,
    *,
    said: re.Match[str],
    user: User,
    tx: Tx,
    t: Speaker,
    kassa: Kassa,
    state: FSMContext,
) -> Wishes:
    await state.clear()
    try:
        return (await card_of(tx, kassa, user, t, int(said[1]))).instead(query)
    except NoSuchUser:
        return query.answer(t("admin-find-nobody"))


async def card_of(on: Reader, kassa: Kassa, admin: User, t: Speaker, number: int) -> Said:
    """Raises NoSuchUser."""
    found = await finding.card(on, number)
    paid = await kassa.payments.of_user(number, most=PAYMENTS, on=on)
    return showing.card(t, found, paid, clock.now(), await zones.of(on, admin.id))


@own.callback_query(
    F.data.regexp(rf"^{PREFIX}:terms:([0-9]{{1,18}})(?::([0-9]{{1,18}}))?$").as_("said")
)
async def terms(
    query: CallbackQuery, *, said: re.Match[str], user: User, tx: Tx, t: Speaker, state: FSMContext
) -> Wishes:
    await state.clear()
    number, before = int(said[1]), int(said[2]) if said[2] else None
    lines = await service.terms(tx, number, before=before, most=showing.TERMS + 1)
    names = {
        by: finding.named(await users.get(tx, by))
        for by in {each.given_by for each in lines if each.given_by is not None}
    }
    zone = await zones.of(tx, user.id)
    shown = showing.terms(t, number, lines, names, zone)
    if len(lines) <= showing.TERMS:  # the oldest page
        shown = replace(shown, text=shown.text + await old_payments.told(tx, t, number, zone))
    return shown.instead(query)


@own.callback_query(F.data.regexp(rf"^{PREFIX}:(block|unblock):([0-9]{{1,18}})$").as_("said"))
async def door(
    query: CallbackQuery, *, said: re.Match[str], user: User, tx: Tx, t: Speaker, kassa: Kassa
) -> Wishes:
    number = int(said[2])
    try:
        whom = await users.get(tx, number)
    except NoSuchUser:
        return query.answer(t("admin-find-nobody"))
    if kassa.settings.is_admin(whom.telegram_id):
        return query.answer(t("admin-block-admin"), show_alert=True)
    done = users.block if said[1] == "block" else users.unblock
    await done(tx, number)
    _log.info(f"admin.{said[1]}", user=number, admin=user.id)
    told = t("admin-blocked" if said[1] == "block" else "admin-unblocked")
    return (await card_of(tx, kassa, user, t, number)).instead(query, told)


# -- at the panel ------------------------------------------------------------------


@own.callback_query(F.data.regexp(rf"^{PREFIX}:anew:([0-9]{{1,18}})$").as_("said"))
async def provision_anew(
    query: CallbackQuery, *, said: re.Match[str], user: User, tx: Tx, t: Speaker, kassa: Kassa
) -> Wishes:
    """The panel is told again all that it should know; nobody's time changes by it."""
    number = int(said[1])
    mine = await service.locked(tx, number)
    if mine is None or mine.expires_at is None:
        return query.answer(t("admin-card-never"))
    await service.changed(tx, number)
    told = t("admin-anew-begun")
    return (await card_of(tx, kassa, user, t, number)).instead(query, told)


@own.callback_query(F.data.regexp(rf"^{PREFIX}:link:([0-9]{{1,18}})$").as_("said"))
async def ask_link(
    query: CallbackQuery, *, said: re.Match[str], user: User, tx: Tx, t: Speaker
) -> Wishes:
    number = int(said[1])
    mine = await service.standing(tx, number)
    if mine is None or not mine.is_active(clock.now()):
        return query.answer(t("admin-link-over"), show_alert=True)
    assert query.bot is not None
    told = {"user": number, "bot": mine.bot or str(query.bot.id)}
    await outbox.put(tx, devices.RELINK, told, key=str(number))
    return query.answer(t("admin-link-begun"), show_alert=True)


JOBS = {
    payments.REFUND: payments.refund,
    payments.CHECK: payments.check,
    keys.READ: keys.read,
    broadcasting.SEND: broadcast_sending.send,
}
