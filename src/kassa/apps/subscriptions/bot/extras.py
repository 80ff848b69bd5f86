"""The bot: promo codes, gifts, and links that invite friends."""

import re
from collections.abc import Sequence
from typing import Any

from aiogram import Bot as AiogramBot
from aiogram import F, Router
from aiogram.filters import Command, CommandObject, CommandStart, StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State, StatesGroup
from aiogram.types import CallbackQuery, Message

from kassa import clock, users
from kassa.apps.models import Kassa
from kassa.apps.subscriptions import gifts, options, promos, purchases, referrals, service
from kassa.apps.subscriptions.bot import showing_extras as showing
from kassa.apps.subscriptions.bot.buying import gate, leave, plans, ways
from kassa.apps.subscriptions.bot.showing import Said
from kassa.apps.subscriptions.models import (
    NoSuchGift,
    NoSuchPlan,
    NoSuchPromo,
    NotForSale,
    Purchase,
)
from kassa.db import Reader, Tx
from kassa.errors import NotFound
from kassa.telegram import Speaker, Wish, Wishes, naming, private
from kassa.telegram.common import SAID
from kassa.telegram.routing import House
from kassa.texts import load
from kassa.users import User, zones

Event = Message | CallbackQuery


class Asking(StatesGroup):
    code = State()


_said = Router()  # what somebody answers
_rest = Router()  # where they go instead
_rest.message.middleware(leave)
_rest.callback_query.middleware(leave)
router = Router()
router.include_routers(_rest, _said)

_PROMO = re.compile(r"sub:promo(?::(?P<number>[0-9]{1,18}))?", re.ASCII)
_WITHOUT = re.compile(r"sub:promo:off:(?P<number>[0-9]{1,18})", re.ASCII)
_GIFT = re.compile(r"sub:gift:(?P<plan>[a-z0-9-]{1,16})", re.ASCII)
_OPEN = re.compile(r"sub:(?P<does>open|accept):(?P<code>[0-9A-Za-z_]{8,40})", re.ASCII)


@_rest.message(Command("promo", "gift", "invite"), ~private.ONLY)
async def elsewhere(message: Message, bot: AiogramBot, t: Speaker) -> Wish:
    return await private.elsewhere(message, bot, Speaker(load("kassa.telegram"), t.language))


# -- promo codes -------------------------------------------------------------------


@_rest.message(Command("promo"), private.ONLY)
async def promo(
    message: Message,
    *,
    command: CommandObject,
    user: User,
    tx: Tx,
    t: Speaker,
    kassa: Kassa,
    state: FSMContext,
) -> Wish:
    if (said := gate(kassa, user, "sub:promo")) is not None:
        return said.new(message)
    purchase = await _begun(tx, user)
    if not command.args:
        return (await _ask(state, t, purchase)).new(message)
    told = await _take(command.args, message, user=user, tx=tx, t=t, kassa=kassa, to=purchase)
    return told.new(message)


@_rest.callback_query(F.data.func(_PROMO.fullmatch).as_("found"))
async def ask(
    query: CallbackQuery,
    *,
    found: re.Match[str],
    user: User,
    tx: Tx,
    t: Speaker,
    kassa: Kassa,
    state: FSMContext,
) -> Wishes:
    if (said := gate(kassa, user, query.data or "")) is not None:
        return said.instead(query)
    number = found["number"]
    purchase = await _theirs(tx, int(number), user) if number else await _begun(tx, user)
    return (await _ask(state, t, purchase)).instead(query)


@_said.message(
    StateFilter(Asking.code), private.ONLY, ~F.text.startswith("/"), F.content_type.in_(SAID)
)
async def told(
    message: Message, *, user: User, tx: Tx, t: Speaker, kassa: Kassa, state: FSMContext
) -> Wish:
    number = (await state.get_data()).get("purchase")
    purchase = None if number is None else await _theirs(tx, int(number), user)
    await state.clear()
    if not message.text:
        return (await _ask(state, t, purchase, why="promo-words")).new(message)
    said = await _take(
        message.text, message, user=user, tx=tx, t=t, kassa=kassa, to=purchase, state=state
    )
    return said.new(message)


@_rest.callback_query(F.data.func(_WITHOUT.fullmatch).as_("found"))
async def without(
    query: CallbackQuery, *, found: re.Match[str], user: User, tx: Tx, t: Speaker, kassa: Kassa
) -> Wishes:
    """The same plan at its own price; the code may go to another purchase."""
    purchase = await _theirs(tx, int(found["number"]), user, lock=True)
    if purchase is None:
        return query.answer()
    if not await promos.call_off(tx, purchase):
        return showing.no_promo(t, NoSuchPromo("waiting"), purchase).instead(query)
    try:
        new = await purchases.anew(tx, purchase, options.of(kassa.settings), keeps_promo=False)
    except NoSuchPlan:
        return (await plans(tx, kassa, user, t, why="plan-gone")).instead(query)
    return (await ways(tx, kassa, new, user, t)).instead(query)


async def _ask(
    state: FSMContext, t: Speaker, purchase: Purchase | None, *, why: str = "promo-ask"
) -> Said:
    if purchase is not None and purchase.status == "open" and purchase.promo is not None:
        return showing.no_promo(t, NoSuchPromo("one"), purchase)
    await state.set_state(Asking.code)
    await state.set_data({"purchase": purchase.id} if purchase is not None else {})
    return showing.promo_asked(t, why, purchase)


async def _take(
    code: str,
    event: Event,
    *,
    user: User,
    tx: Tx,
    t: Speaker,
    kassa: Kassa,
    to: Purchase | None,
    state: FSMContext | None = None,
) -> Said:
    """Puts the code to the purchase, or gives its days. With `state` they may try again."""
    sold = options.of(kassa.settings)
    assert event.bot is not None
    try:
        await promos.expect_no_guessing(tx, user.id)
        kind = await promos.kind(tx, code)
        if kind == "days":
            term = await promos.redeem(tx, code, user.id, sold, bot=str(event.bot.id))
            return showing.days_given(t, term.seconds // 86_400, to)
        if to is None:
            async with tx.savepoint():  # it was a question: what they have stays as it is
                await promos.expect_usable(tx, code, user.id)
                raise NoSuchPromo("price")
        if to.status != "open" or clock.now() - to.at > purchases.FRESH:
            to = await purchases.anew(tx, to, sold)
        before = to.prices
        async with tx.savepoint():  # what is refused takes back no other promise
            await promos.apply(tx, code, to, sold)
    except NoSuchPlan:
        return await plans(tx, kassa, user, t, why="plan-gone")
    except NotForSale:  # paid in this very moment
        return showing.no_promo(t, NoSuchPromo("price"), None)
    except NoSuchPromo as no:
        if no.why == "none":
            await promos.guessed(tx, user.id)
        if state is not None and no.why in showing.AGAIN:
            await _ask(state, t, to)
        return showing.no_promo(t, no, to)
    now = await purchases.get(tx, to.id)
    screen = await ways(tx, kassa, now, user, t)
    return showing.applied(kassa, t, now, before, screen)


async def _begun(on: Reader, user: User) -> Purchase | None:
    """What they are about to pay for."""
    number = await on.fetchval(
        """
        SELECT max(id) FROM subscriptions.purchase
         WHERE user_id = $1 AND status = 'open' AND NOT renews AND at > $2
        """,
        *(user.id, clock.now() - purchases.FRESH),
    )
    return None if number is None else await purchases.get(on, number)


async def _theirs(on: Reader, number: int, user: User, *, lock: bool = False) -> Purchase | None:
    """What is not paid yet."""
    try:
        found = await purchases.get(on, number, user=user.id, lock=lock)
    except NotFound:
        return None
    return None if found.status == "done" else found


def _home(bot: AiogramBot) -> str:
    name = naming.username(bot)
    return f"https://t.me/{name}" if name else ""


# -- gifts -------------------------------------------------------------------------


@_rest.message(Command("gift"), private.ONLY)
async def gift(message: Message, *, user: User, tx: Tx, t: Speaker, kassa: Kassa) -> Wish:
    return (await _give(tx, kassa, user, t)).new(message)


@_rest.callback_query(F.data == "sub:gift")
async def show_gift(
    query: CallbackQuery, *, user: User, tx: Tx, t: Speaker, kassa: Kassa
) -> Wishes:
    return (await _give(tx, kassa, user, t)).instead(query)


async def _give(on: Reader, kassa: Kassa, user: User, t: Speaker, *, why: str = "") -> Said:
    if (said := gate(kassa, user, "sub:gift")) is not None:
        return said
    given = await gifts.of_buyer(on, user.id, most=1)
    return showing.gift_plans(kassa, t, options.of(kassa.settings), has_given=bool(given), why=why)


@_rest.callback_query(F.data.func(_GIFT.fullmatch).as_("found"))
async def choose(
    query: CallbackQuery,
    *,
    found: re.Match[str],
    user: User,
    tx: Tx,
    t: Speaker,
    kassa: Kassa,
    bot: AiogramBot,
) -> Wishes:
    if (said := gate(kassa, user, query.data or "")) is not None:
        return said.instead(query)
    sold = options.of(kassa.settings)
    plan = sold.plan(found["plan"])
    if plan is None:
        return (await _give(tx, kassa, user, t, why="plan-gone")).instead(query)
    purchase = await purchases.begin(tx, user.id, plan, sold, bot=str(bot.id), gift=True)
    return (await ways(tx, kassa, purchase, user, t)).instead(query)


@_rest.callback_query(F.data == "sub:gifts")
async def show_given(
    query: CallbackQuery, *, user: User, tx: Tx, t: Speaker, bot: AiogramBot
) -> Wishes:
    given = await gifts.of_buyer(tx, user.id)
    zone = await zones.of(tx, user.id)
    return showing.given(t, given, zone, _home(bot)).instead(query)


@_rest.message(
    CommandStart(deep_link=True, magic=F.args.regexp(r"^gift_[0-9A-Za-z_-]{1,59}$")), private.ONLY
)
async def unwrap(
    message: Message, *, command: CommandObject, user: User, tx: Tx, t: Speaker, kassa: Kassa
) -> Wish:
    code = str(command.args).removeprefix("gift_")
    return (await _unwrap(tx, kassa, user, t, code)).new(message)


@_rest.callback_query(F.data.func(_OPEN.fullmatch).as_("found"))
async def open_it(
    query: CallbackQuery,
    *,
    found: re.Match[str],
    user: User,
    tx: Tx,
    t: Speaker,
    kassa: Kassa,
    bot: AiogramBot,
) -> Wishes:
    code = found["code"]
    if found["does"] == "open" or gate(kassa, user, "sub:gift") is not None:
        return (await _unwrap(tx, kassa, user, t, code)).instead(query)
    try:
        await gifts.redeem(tx, user.id, code, bot=str(bot.id))
    except NoSuchGift as no:
        return showing.no_gift(t, no).instead(query)
    return Said(t("gift-accepted")).instead(query)


async def _unwrap(tx: Tx, kassa: Kassa, user: User, t: Speaker, code: str) -> Said:
    """What it is and from whom, once they have accepted the terms."""
    try:
        found = await gifts.to_open(tx, user.id, code)
    except NoSuchGift as no:
        return showing.no_gift(t, no)
    if (said := gate(kassa, user, f"sub:open:{code}")) is not None:
        return said
    buyer = await users.get(tx, found.buyer)
    changes = gifts.changes(await service.standing(tx, user.id), found)
    return showing.card(t, found, buyer, options.of(kassa.settings), changes=changes)


# -- invitations -------------------------------------------------------------------


@_rest.message(Command("invite"), private.ONLY)
async def invite(
    message: Message, *, user: User, tx: Tx, t: Speaker, kassa: Kassa, bot: AiogramBot
) -> Wish:
    return (await _invite(tx, kassa, user, t, bot)).new(message)


@_rest.callback_query(F.data == "sub:invite")
async def show_invite(
    query: CallbackQuery, *, user: User, tx: Tx, t: Speaker, kassa: Kassa, bot: AiogramBot
) -> Wishes:
    return (await _invite(tx, kassa, user, t, bot)).instead(query)


async def _invite(on: Reader, kassa: Kassa, user: User, t: Speaker, bot: AiogramBot) -> Said:
    came = await referrals.of(on, user.id)
    home = _home(bot)
    link = referrals.link(home, user.referral_code) if home else ""
    return showing.invite(t, options.of(kassa.settings), came, link)


@_rest.message(
    CommandStart(deep_link=True, magic=F.args.regexp(r"^ref_[0-9A-Za-z]{1,60}$")), private.ONLY
)
async def invited(
    message: Message, *, command: CommandObject, user: User, tx: Tx, t: Speaker, **more: Any
) -> Sequence[Wish]:
    """A word about the invitation, and then the greeting, as if they had just begun."""
    kassa: Kassa = more["kassa"]
    house: House = more["house"]
    sold = options.of(kassa.settings)
    came, inviter = await referrals.came(tx, user, str(command.args).removeprefix("ref_"))
    days = sold.welcome_days
    words = t.html(f"invited-{came}", name=inviter.first_name if inviter else "", days=days)
    said: Wish = message.answer(words, parse_mode="HTML")
    plain = message.model_copy(update={"text": "/start"})
    given = {**more, "user": user, "tx": tx}
    greeting, _ = await house.answer("message", plain, load("kassa.telegram"), given)
    wishes: Any = greeting if isinstance(greeting, Sequence) else [greeting]
    return [said, *(each for each in wishes if each is not None)]
