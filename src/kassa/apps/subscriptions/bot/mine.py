"""The bot: somebody's own subscription, its link, devices, history, and their time zone."""

from dataclasses import replace

from aiogram import Bot as AiogramBot
from aiogram import F, Router
from aiogram.filters import Command
from aiogram.types import CallbackQuery, Message

from kassa import clock, outbox
from kassa.apps.models import Kassa
from kassa.apps.subscriptions import options, renewing, service
from kassa.apps.subscriptions.bot import devices, qr, showing_mine
from kassa.apps.subscriptions.bot.buying import leave, may_try
from kassa.apps.subscriptions.bot.showing import Said
from kassa.apps.subscriptions.bot.showing_mine import LINES, View
from kassa.apps.subscriptions.models import Subscription
from kassa.apps.subscriptions.older import payments as old_payments
from kassa.apps.subscriptions.panels import gives_new_links, kind_of
from kassa.apps.subscriptions.renewing import NotRenewable
from kassa.db import Reader, Tx
from kassa.money import Money
from kassa.telegram import Speaker, Wish, Wishes
from kassa.users import User, zones

router = Router()
router.message.middleware(leave)
router.callback_query.middleware(leave)


@router.message(Command("subscription"))
async def subscription(message: Message, *, user: User, tx: Tx, t: Speaker, kassa: Kassa) -> Wish:
    return (await mine(tx, kassa, user, t)).new(message)


@router.callback_query(F.data == "sub:mine")
async def show(query: CallbackQuery, *, user: User, tx: Tx, t: Speaker, kassa: Kassa) -> Wishes:
    return (await mine(tx, kassa, user, t)).instead(query)


async def mine(on: Reader, kassa: Kassa, user: User, t: Speaker) -> Said:
    sold, found = options.of(kassa.settings), await service.standing(on, user.id)
    if found is None or found.expires_at is None:
        return showing_mine.nothing(t, sold, trial=may_try(sold, found))
    filled = await on.fetchval(
        "SELECT max(at) FROM subscriptions.term WHERE user_id = $1 AND seconds > 0", user.id
    )
    view = View(
        mine=found,
        filled=filled,
        zone=await zones.of(on, user.id),
        at=clock.now(),
        panel=kind_of(kassa.settings),
        renews=await renewing.standing(on, kassa, user.id),
    )
    return showing_mine.mine(t, view, sold)


# -- the link ----------------------------------------------------------------------


@router.callback_query(F.data == "sub:qr")
async def picture(
    query: CallbackQuery, *, user: User, tx: Tx, t: Speaker, bot: AiogramBot
) -> Wishes:
    found = await _open(tx, user)
    if found is None:
        return query.answer(t("no-link"), show_alert=True)
    if len(found.link.encode()) > qr.MOST:
        return query.answer(t("qr-too-long"), show_alert=True)
    await qr.put(tx, user.id, bot=bot.id)
    return query.answer()


@router.callback_query(F.data == "sub:relink")
async def ask_relink(
    query: CallbackQuery, *, user: User, tx: Tx, t: Speaker, kassa: Kassa
) -> Wishes:
    if not gives_new_links(kassa.settings) or await _open(tx, user) is None:
        return query.answer(t("no-link"), show_alert=True)
    return showing_mine.relink(t).instead(query)


@router.callback_query(F.data == "sub:relink:yes")
async def relink(
    query: CallbackQuery, *, user: User, tx: Tx, t: Speaker, kassa: Kassa, bot: AiogramBot
) -> Wishes:
    if not gives_new_links(kassa.settings) or await _open(tx, user) is None:
        return query.answer(t("no-link"), show_alert=True)
    told = {"user": user.id, "bot": bot.id}
    await outbox.put(tx, devices.RELINK, told, key=str(user.id))
    return Said(t("relink-begun")).instead(query)


async def _open(on: Reader, user: User) -> Subscription | None:
    """With a link that opens something now."""
    found = await service.standing(on, user.id)
    return found if found and found.link and found.is_active(clock.now()) else None


# -- auto-renewal ------------------------------------------------------------------


@router.callback_query(F.data == "sub:auto")
async def show_auto(
    query: CallbackQuery, *, user: User, tx: Tx, t: Speaker, kassa: Kassa
) -> Wishes:
    return (await _auto(tx, kassa, user, t)).instead(query)


@router.callback_query(F.data == "sub:auto:off")
async def auto_off(query: CallbackQuery, *, user: User, tx: Tx, t: Speaker, kassa: Kassa) -> Wishes:
    await renewing.switch_off(tx, user.id)
    return (await mine(tx, kassa, user, t)).instead(query, t("auto-off"))


@router.callback_query(F.data.regexp(r"^sub:auto:on:[A-Za-z0-9:]{1,30}$"))
async def auto_on(query: CallbackQuery, *, user: User, tx: Tx, t: Speaker, kassa: Kassa) -> Wishes:
    code = (query.data or "").removeprefix("sub:auto:on:")
    try:
        await renewing.switch_on(tx, kassa, user.id, code)
    except NotRenewable:
        return (await _auto(tx, kassa, user, t)).instead(query, t("way-gone"))
    return (await mine(tx, kassa, user, t)).instead(query, t("auto-on"))


async def _auto(on: Reader, kassa: Kassa, user: User, t: Speaker) -> Said:
    now = await renewing.standing(on, kassa, user.id)
    return showing_mine.auto(t, now, await renewing.ways_to_renew(on, kassa, user.id))


# -- devices -----------------------------------------------------------------------


@router.callback_query(F.data.regexp(r"^sub:(devices|unbind:[0-9a-f]{16})$"))
async def show_devices(
    query: CallbackQuery, *, user: User, tx: Tx, t: Speaker, bot: AiogramBot
) -> Wishes:
    if await _open(tx, user) is None or not isinstance(query.message, Message):
        return query.answer(t("no-link"), show_alert=True)
    _, _, *forget = (query.data or "").split(":")
    told = {
        "user": user.id,
        "bot": bot.id,
        "chat": query.message.chat.id,
        "message": query.message.message_id,
        "forget": forget[0] if forget else "",
    }
    await outbox.put(tx, devices.LOOK, told, most=3)
    return query.answer(t("devices-asking"))


# -- history -----------------------------------------------------------------------


@router.callback_query(F.data.regexp(r"^sub:history(:[0-9]{1,18})?$"))
async def history(query: CallbackQuery, *, user: User, tx: Tx, t: Speaker) -> Wishes:
    _, _, *before = (query.data or "").split(":")
    found = await service.terms(
        tx, user.id, before=int(before[0]) if before else None, most=LINES + 1
    )
    rows = await tx.fetch(
        """
        SELECT id, price, currency FROM subscriptions.purchase
         WHERE id = ANY ($1) AND price IS NOT NULL
        """,
        [each.purchase for each in found if each.purchase is not None],
    )
    prices = {row["id"]: Money(row["price"], row["currency"]) for row in rows}
    zone = await zones.of(tx, user.id)
    shown = showing_mine.history(t, found, prices, zone, first=not before)
    if len(found) <= LINES:  # the oldest page
        shown = replace(shown, text=shown.text + await old_payments.told(tx, t, user.id, zone))
    return shown.instead(query)


# -- the zone ----------------------------------------------------------------------


@router.callback_query(F.data == "sub:zone")
async def ask_zone(query: CallbackQuery, *, user: User, tx: Tx, t: Speaker) -> Wishes:
    return showing_mine.zone(t, await zones.of(tx, user.id), clock.now()).instead(query)


@router.callback_query(F.data.regexp(r"^sub:zone:[A-Za-z_/+-]{1,40}$"))
async def set_zone(query: CallbackQuery, *, user: User, tx: Tx, t: Speaker, kassa: Kassa) -> Wishes:
    name = (query.data or "").removeprefix("sub:zone:")
    if name not in zones.USUAL:
        return query.answer()
    await zones.keep(tx, user.id, name)
    return (await mine(tx, kassa, user, t)).instead(query, t("zone-set"))
