"""The bot: plans, ways to pay, paying, and the trial."""

import re
from collections.abc import Awaitable, Callable
from html import escape
from typing import Any

from aiogram import Bot as AiogramBot
from aiogram import F, Router
from aiogram.filters import Command
from aiogram.types import CallbackQuery, Message, TelegramObject

from kassa import clock, ledger
from kassa.apps.models import Kassa
from kassa.apps.subscriptions import months, options, purchases, service, words
from kassa.apps.subscriptions.bot import showing
from kassa.apps.subscriptions.bot.showing import Said
from kassa.apps.subscriptions.models import (
    HadTrial,
    NoSuchPlan,
    NotForSale,
    Purchase,
    Subscription,
)
from kassa.apps.subscriptions.options import Options
from kassa.apps.subscriptions.purchases import BALANCE, FRESH, Way
from kassa.db import Reader, Tx
from kassa.errors import NotFound
from kassa.ledger import InsufficientFunds, wallet
from kassa.money import Money
from kassa.telegram import Pay, Speaker, Wish, Wishes, terms
from kassa.users import User, zones

router = Router()

FIRST = ("cryptopay", "oneplat")  # of the ways to pay; the others as they are set up
KEEPS = ("yookassa", "card")  # what is charged again without asking

_PAY = re.compile(
    r"sub:pay:(?P<number>[0-9]{1,18}):(?P<provider>[\w.-]+):(?P<method>[\w.-]*)"
    r":(?P<currency>[A-Z]{3,5})(?P<renews>:r)?",
    re.ASCII,
)
_WAYS = re.compile(r"sub:ways:(?P<number>[0-9]{1,18})(?::(?P<provider>[\w.-]+))?", re.ASCII)


async def leave(
    handler: Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]],
    event: TelegramObject,
    data: dict[str, Any],
) -> Any:
    """Whoever goes elsewhere is asked no more what they were asked."""
    await data["state"].clear()
    return await handler(event, data)


router.message.middleware(leave)
router.callback_query.middleware(leave)


def gate(kassa: Kassa, user: User, then: str) -> Said | None:
    """The terms, which go on to `then`, for whom they are yet to be accepted by."""
    if not terms.asked(kassa.settings, user):
        return None
    text, keyboard = terms.screen(kassa.settings, user.language, then=then)
    return Said(escape(text), keyboard.inline_keyboard)


def may_try(sold: Options, mine: Subscription | None) -> bool:
    return bool(sold.trial_days) and (mine is None or mine.expires_at is None)


# -- plans -------------------------------------------------------------------------


@router.message(Command("buy"))
async def buy(message: Message, *, user: User, tx: Tx, t: Speaker, kassa: Kassa) -> Wish:
    return (await plans(tx, kassa, user, t)).new(message)


@router.callback_query(F.data == "sub:plans")
async def show_plans(
    query: CallbackQuery, *, user: User, tx: Tx, t: Speaker, kassa: Kassa
) -> Wishes:
    return (await plans(tx, kassa, user, t)).instead(query)


async def plans(on: Reader, kassa: Kassa, user: User, t: Speaker, *, why: str = "") -> Said:
    """All that is sold; the terms before it, where they are yet to be accepted."""
    if (said := gate(kassa, user, "sub:plans")) is not None:
        return said
    sold, mine = options.of(kassa.settings), await service.standing(on, user.id)
    until = ""
    if mine is not None and mine.expires_at is not None and mine.expires_at > clock.now():
        until = words.moment(mine.expires_at, await zones.of(on, user.id), t.language)
    return showing.plans(kassa, t, sold, why=why, until=until, trial=may_try(sold, mine))


@router.callback_query(F.data.regexp(r"^sub:plan:[a-z0-9-]{1,16}$"))
async def choose(
    query: CallbackQuery, *, user: User, tx: Tx, t: Speaker, kassa: Kassa, bot: AiogramBot
) -> Wishes:
    data = query.data or ""
    if (said := gate(kassa, user, data)) is not None:
        return said.instead(query)
    sold = options.of(kassa.settings)
    plan = sold.plan(data.removeprefix("sub:plan:"))
    if plan is None:
        return (await plans(tx, kassa, user, t, why="plan-gone")).instead(query)
    purchase = await purchases.begin(tx, user.id, plan, sold, bot=str(bot.id))
    return (await ways(tx, kassa, purchase, user, t)).instead(query)


# -- ways to pay -------------------------------------------------------------------


@router.callback_query(F.data.func(_WAYS.fullmatch).as_("found"))
async def show_ways(
    query: CallbackQuery,
    *,
    found: re.Match[str],
    user: User,
    tx: Tx,
    t: Speaker,
    kassa: Kassa,
) -> Wishes:
    old = await _theirs(tx, int(found["number"]), user)
    if old is None:
        return query.answer()
    purchase, said = await _today(tx, kassa, old, user, t)
    if said is None and (provider := found["provider"]):
        offered = [each for each in _offered(kassa, purchase, user) if each.provider == provider]
        if offered:
            said = showing.methods(kassa, t, purchase, offered, options.of(kassa.settings))
    said = said or await ways(tx, kassa, purchase, user, t)
    return said.instead(query)


async def ways(
    on: Reader, kassa: Kassa, purchase: Purchase, user: User, t: Speaker, *, why: str = ""
) -> Said:
    """How a purchase can be paid, also a gift."""
    sold, now = options.of(kassa.settings), clock.now()
    found = _offered(kassa, purchase, user)
    found.sort(key=lambda each: FIRST.index(each.provider) if each.provider in FIRST else 99)
    there = await _enough(on, purchase)
    mine = await service.standing(on, user.id)
    left = becomes = 0
    if mine is not None and mine.expires_at is not None and not purchase.gift:
        changes = mine.grade.rate != purchase.grade.rate
        if mine.expires_at > now and changes:
            seconds = months.seconds_between(now, mine.expires_at)
            worth = months.converted(seconds, mine.grade.rate, purchase.grade.rate)
            left, becomes = (round(each / 86_400) for each in (seconds, worth))
    return showing.ways(
        *(kassa, t, purchase, found, sold),
        there=there,
        why=why,
        converts=(left, becomes) if left else None,
    )


def _offered(kassa: Kassa, purchase: Purchase, user: User) -> list[Way]:
    """With those that go on by themselves."""
    found = []
    for way in purchases.ways(kassa, purchase, user.language):
        found.append(way)
        plan = options.of(kassa.settings).plan(purchase.plan)
        plain = not purchase.gift and purchase.promo is None and not purchase.renews
        if (way.provider, way.method) == KEEPS and plain and plan is not None:
            found.append(Way(way.provider, way.method, way.price, renews=True))
    return found


async def _enough(on: Reader, purchase: Purchase) -> list[Money]:
    """What is in the purchaser's wallets, where it is enough."""
    prices = list(purchase.prices.values())
    wallets = [wallet(purchase.user, each.currency) for each in prices]
    there = [each.available for each in await ledger.balances(on, wallets)]
    return [has for has, price in zip(there, prices, strict=True) if has.amount >= price.amount]


async def _today(
    tx: Tx, kassa: Kassa, old: Purchase, user: User, t: Speaker
) -> tuple[Purchase, Said | None]:
    """What can be paid in the place of it, and what is to be said first, if anything is."""
    if old.status == "done":
        return old, Said(t("paid-before"), [showing.press(t, "button-mine", "sub:mine")])
    if old.status == "open" and clock.now() - old.at <= FRESH:
        return await _plain(tx, kassa, old), gate(kassa, user, f"sub:ways:{old.id}")
    try:
        new = await _plain(tx, kassa, await purchases.anew(tx, old, options.of(kassa.settings)))
    except NoSuchPlan:
        return old, await plans(tx, kassa, user, t, why="plan-gone")
    said = gate(kassa, user, f"sub:ways:{new.id}")
    if said is None and new.prices != old.prices:
        why = "ways-promo-over" if old.promo is not None else "ways-new-price"
        said = await ways(tx, kassa, new, user, t, why=why)
    return new, said


async def _plain(tx: Tx, kassa: Kassa, old: Purchase) -> Purchase:
    """Without auto-renewal: that is chosen with the way to pay, and so anew."""
    plan = options.of(kassa.settings).plan(old.plan)
    if not old.renews or plan is None:
        return old
    return await purchases.begin(
        tx, old.user, plan, options.of(kassa.settings), bot=old.bot, gift=old.gift
    )


async def _theirs(on: Reader, number: int, user: User) -> Purchase | None:
    try:
        return await purchases.get(on, number, user=user.id)
    except NotFound:
        return None


# -- paying ------------------------------------------------------------------------


@router.callback_query(F.data.func(_PAY.fullmatch).as_("found"))
async def pay(
    query: CallbackQuery,
    *,
    found: re.Match[str],
    user: User,
    tx: Tx,
    t: Speaker,
    kassa: Kassa,
) -> Wishes:
    old = await _theirs(tx, int(found["number"]), user)
    if old is None:
        return query.answer()
    purchase, said = await _today(tx, kassa, old, user, t)
    if said is not None:
        return said.instead(query)
    asked = (found["provider"], found["method"], found["currency"], bool(found["renews"]))
    if asked[0] == BALANCE and asked[2] in purchase.prices:
        return await _pay_from_balance(
            *(query, purchase, asked[2]),
            is_new=purchase.id != old.id,
            user=user,
            tx=tx,
            t=t,
            kassa=kassa,
        )
    way = next((w for w in _offered(kassa, purchase, user) if _key(w) == asked), None)
    if way is None:
        again = await ways(tx, kassa, purchase, user, t)
        return again.instead(query, t("way-gone"))
    if way.renews and (way.provider, way.method) == KEEPS:
        plan = options.of(kassa.settings).plan(purchase.plan)
        assert plan is not None, "Such a way is offered with its plan."
        sold = options.of(kassa.settings)
        purchase = await purchases.begin(tx, user.id, plan, sold, bot=purchase.bot, renews=True)
        way = Way(way.provider, way.method, purchase.prices[way.price.currency])
    try:
        payment = await purchases.payment(tx, kassa, user, purchase, way)
    except NotForSale:  # it was paid in this very moment
        return query.answer(t("way-gone"))
    message = query.message
    shown = message.message_id if isinstance(message, Message) else 0
    return [query.answer(), Pay(payment.id, way.provider, way.method, shown)]


def _key(way: Way) -> tuple[str, str, str, bool]:
    return way.provider, way.method, way.price.currency, way.renews


async def _pay_from_balance(
    query: CallbackQuery,
    purchase: Purchase,
    currency: str,
    *,
    is_new: bool,
    user: User,
    tx: Tx,
    t: Speaker,
    kassa: Kassa,
) -> Wishes:
    """What was made anew for this press is asked about first: two presses are two of them."""
    if is_new:
        return (await ways(tx, kassa, purchase, user, t)).instead(query)
    try:
        async with tx.savepoint():
            done = await purchases.from_balance(tx, purchase, currency)
    except (InsufficientFunds, NotForSale):
        again = await ways(tx, kassa, purchase, user, t)
        return again.instead(query, t("balance-short"))
    assert done.price is not None
    name = "balance-paid-gift" if done.gift else "balance-paid"
    return Said(t(name, price=done.price)).instead(query)


# -- the trial ---------------------------------------------------------------------


@router.message(Command("trial"))
async def try_it(
    message: Message, *, user: User, tx: Tx, t: Speaker, kassa: Kassa, bot: AiogramBot
) -> Wish:
    return (await _trial(tx, kassa, user, t, bot)).new(message)


@router.callback_query(F.data == "sub:trial")
async def try_by_button(
    query: CallbackQuery, *, user: User, tx: Tx, t: Speaker, kassa: Kassa, bot: AiogramBot
) -> Wishes:
    return (await _trial(tx, kassa, user, t, bot)).instead(query)


async def _trial(tx: Tx, kassa: Kassa, user: User, t: Speaker, bot: AiogramBot) -> Said:
    if (said := gate(kassa, user, "sub:trial")) is not None:
        return said
    sold = options.of(kassa.settings)
    try:
        await service.begin_trial(tx, user.id, sold, bot=str(bot.id))
    except HadTrial:
        why = "trial-had" if sold.trial_days else "trial-none"
        return await plans(tx, kassa, user, t, why=why)
    return Said(t("trial-begun", days=sold.trial_days))
