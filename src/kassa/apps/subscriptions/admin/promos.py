"""Promo codes: which there are, how often each was used, a new one by a dialog, the end of one."""

import hashlib
import re
import secrets
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from aiogram import F, Router
from aiogram.filters import StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State, StatesGroup
from aiogram.types import CallbackQuery, InlineKeyboardButton, Message

from kassa import clock
from kassa.apps.subscriptions import promos
from kassa.apps.subscriptions.admin import showing
from kassa.apps.subscriptions.admin.showing import PREFIX, Said, press
from kassa.apps.subscriptions.models import NoSuchPromo
from kassa.apps.subscriptions.words import moment
from kassa.db import Reader, Tx
from kassa.errors import Conflict, Invalid
from kassa.log import get
from kassa.money import Money, parse
from kassa.telegram import Speaker, Wish, Wishes
from kassa.users import User, zones

if TYPE_CHECKING:
    from asyncpg import Record

PAGE = 8
MOST_USES, MOST_DAYS = 1_000_000, 3650

router = Router()
_AMOUNT = re.compile(r"(.+?)\s*([A-Za-z]{3,5})")
_log = get(__name__)


class AdminPromises(StatesGroup):
    """In the order in which it is asked."""

    code = State()
    kind = State()
    value = State()
    most = State()
    each = State()
    days = State()
    sure = State()


# -- which there are ---------------------------------------------------------------


@router.callback_query(F.data.regexp(rf"^{PREFIX}:promos(?::([0-9]{{1,6}}))?$").as_("said"))
async def all_of_them(
    query: CallbackQuery, *, said: re.Match[str], tx: Tx, t: Speaker, state: FSMContext
) -> Wishes:
    await state.clear()
    skip = int(said[1] or 0)
    rows = await tx.fetch(
        """
        SELECT code, title, used, most, closed_at, until FROM subscriptions.promo
         ORDER BY closed_at IS NOT NULL, created_at DESC, code OFFSET $1 LIMIT $2
        """,
        *(skip, PAGE + 1),
    )
    buttons = [
        [
            InlineKeyboardButton(
                text=f"{_sign(row)} {row['title']} · {_uses(row)}",
                callback_data=f"{PREFIX}:promo:{_name(row['code'])}",
            )
        ]
        for row in rows[:PAGE]
    ]
    turn = [press(t, "admin-newer", f"promos:{max(skip - PAGE, 0)}")] if skip else []
    if len(rows) > PAGE:
        turn.append(press(t, "admin-older", f"promos:{skip + PAGE}"))
    text = t("admin-promos-title") if rows or skip else t("admin-promos-none")
    new = [press(t, "admin-promo-new", "promo-new")]
    return Said(text, [*buttons, turn, new, showing.back(t)]).instead(query)


@router.callback_query(F.data.regexp(rf"^{PREFIX}:(promo|close):([0-9a-f]{{12}})$").as_("said"))
async def one(
    query: CallbackQuery, *, said: re.Match[str], user: User, tx: Tx, t: Speaker
) -> Wishes:
    row = await _one(tx, said[2])
    if row is None:
        return query.answer(t("admin-stale"))
    if said[1] == "close" and row["closed_at"] is None:
        await tx.execute(
            "UPDATE subscriptions.promo SET closed_at = $2 WHERE code = $1",
            *(row["code"], clock.now()),
        )
        _log.info("admin.promo_closed", code=row["code"], admin=user.id)
        row = await _one(tx, said[2])
        assert row is not None
    zone = await zones.of(tx, user.id)
    lines = [
        t.html("admin-promo", code=row["title"]),
        _gives(t, row["kind"], row["value"], row["amounts"]),
        t.html("admin-promo-uses", uses=_uses(row), each=row["each"]),
        t.html("admin-promo-until", until=moment(row["until"], zone, t.language))
        if row["until"]
        else t("admin-promo-for-ever"),
    ]
    buttons = []
    if row["closed_at"] is not None:
        lines.append(t("admin-promo-closed"))
    else:
        buttons = [[press(t, "admin-promo-close", f"close:{said[2]}")]]
    return Said("\n".join(lines), [*buttons, showing.back(t, "promos")]).instead(query)


async def _one(on: Reader, name: str) -> "Record | None":
    """Codes may be longer than a button's data; they are few."""
    return await on.fetchrow(
        """
        SELECT code, title, kind, value, amounts, used, most, each, until, closed_at
          FROM subscriptions.promo
         WHERE left(encode(sha256(convert_to(code, 'UTF8')), 'hex'), 12) = $1
        """,
        name,
    )


def _name(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()[:12]


def _sign(row: "Record") -> str:
    over = row["until"] is not None and row["until"] <= clock.now()
    spent = row["most"] is not None and row["used"] >= row["most"]
    return "⏹" if row["closed_at"] is not None or over or spent else "▶️"


def _uses(row: "Record") -> str:
    return f"{row['used']} / {row['most'] or '∞'}"


def _gives(t: Speaker, kind: str, value: int, amounts: dict[str, int]) -> str:
    if kind == "amount":
        money = [Money(amount, code).format(t.language) for code, amount in amounts.items()]
        return t.html("admin-promo-amount", amounts=", ".join(money))
    return t(f"admin-promo-{kind}", value=value)


# -- a new one ---------------------------------------------------------------------


@router.callback_query(F.data == f"{PREFIX}:promo-new")
async def ask_code(query: CallbackQuery, t: Speaker, state: FSMContext) -> Wishes:
    await state.set_state(AdminPromises.code)
    await state.set_data({})
    return Said(t("admin-promo-ask-code"), [showing.back(t, "promos")]).instead(query)


@router.message(StateFilter(AdminPromises.code), showing.is_no_command)
async def told_code(message: Message, *, tx: Tx, t: Speaker, state: FSMContext) -> Wish:
    back = [showing.back(t, "promos")]
    said = (message.text or "").strip()
    try:
        code = promos.canonical(said)
    except NoSuchPromo:
        return Said(t("admin-promo-ask-code"), back).new(message)
    if await _one(tx, _name(code)) is not None:
        return Said(t.html("admin-promo-there", code=said), back).new(message)
    await state.set_state(AdminPromises.kind)
    await state.set_data({"code": said})
    kinds = [[press(t, f"admin-promo-kind-{kind}", f"kind:{kind}")] for kind in promos.KINDS]
    return Said(t("admin-promo-ask-kind"), [*kinds, *back]).new(message)


@router.callback_query(
    StateFilter(AdminPromises.kind),
    F.data.regexp(rf"^{PREFIX}:kind:({'|'.join(promos.KINDS)})$").as_("said"),
)
async def chose_kind(
    query: CallbackQuery, *, said: re.Match[str], t: Speaker, state: FSMContext
) -> Wishes:
    await state.set_state(AdminPromises.value)
    await state.update_data(kind=said[1])
    back = [showing.back(t, "promos")]
    return Said(t(f"admin-promo-ask-{said[1]}"), back).instead(query)


@router.message(StateFilter(AdminPromises.value), showing.is_no_command)
async def told_value(message: Message, *, t: Speaker, state: FSMContext) -> Wish:
    data = await state.get_data()
    kind, words = data["kind"], (message.text or "").strip()
    try:
        given = {"amounts": _amounts(words)} if kind == "amount" else {"value": _whole(words, kind)}
    except Invalid:
        return Said(t(f"admin-promo-ask-{kind}"), [showing.back(t, "promos")]).new(message)
    await state.set_state(AdminPromises.most)
    await state.update_data(**given)
    none = [press(t, "admin-promo-no-limit", "most:0")]
    return Said(t("admin-promo-ask-most"), [none, showing.back(t, "promos")]).new(message)


def _whole(words: str, kind: str) -> int:
    most = 99 if kind == "percent" else MOST_DAYS
    plain = words.removesuffix("%").strip()
    if not re.fullmatch("[0-9]{1,7}", plain) or not 1 <= int(plain) <= most:
        raise Invalid(f"Of {kind} there are 1 to {most}.")
    return int(plain)


def _amounts(words: str) -> dict[str, int]:
    """ "100 RUB, 1 USD": so much off a price of that currency."""
    found = {}
    for part in words.split(","):
        said = _AMOUNT.fullmatch(part.strip())
        if said is None:
            raise Invalid("An amount has its currency: 100 RUB, 1 USD.")
        amount = parse(said[1], said[2].upper())
        if amount.amount <= 0 or amount.currency in found:
            raise Invalid("An amount is more than nothing, one a currency.")
        found[amount.currency] = amount.amount
    return found


@router.callback_query(StateFilter(AdminPromises.most), F.data == f"{PREFIX}:most:0")
async def no_limit(query: CallbackQuery, t: Speaker, state: FSMContext) -> Wishes:
    return (await _ask_each(t, state, None)).instead(query)


@router.message(StateFilter(AdminPromises.most), showing.is_no_command)
async def told_most(message: Message, *, t: Speaker, state: FSMContext) -> Wish:
    most = _count(message.text, MOST_USES)
    if most is None:
        none = [press(t, "admin-promo-no-limit", "most:0")]
        return Said(t("admin-promo-ask-most"), [none, showing.back(t, "promos")]).new(message)
    return (await _ask_each(t, state, most)).new(message)


async def _ask_each(t: Speaker, state: FSMContext, most: int | None) -> Said:
    await state.set_state(AdminPromises.each)
    await state.update_data(most=most)
    once = [press(t, "admin-promo-once", "each:1")]
    return Said(t("admin-promo-ask-each"), [once, showing.back(t, "promos")])


@router.callback_query(StateFilter(AdminPromises.each), F.data == f"{PREFIX}:each:1")
async def once(query: CallbackQuery, t: Speaker, state: FSMContext) -> Wishes:
    return (await _ask_days(t, state, 1)).instead(query)


@router.message(StateFilter(AdminPromises.each), showing.is_no_command)
async def told_each(message: Message, *, t: Speaker, state: FSMContext) -> Wish:
    each = _count(message.text, MOST_USES)
    if each is None:
        return Said(t("admin-promo-ask-each"), [showing.back(t, "promos")]).new(message)
    return (await _ask_days(t, state, each)).new(message)


async def _ask_days(t: Speaker, state: FSMContext, each: int) -> Said:
    await state.set_state(AdminPromises.days)
    await state.update_data(each=each)
    never = [press(t, "admin-promo-for-ever", "lasts:0")]
    return Said(t("admin-promo-ask-lasts"), [never, showing.back(t, "promos")])


@router.callback_query(StateFilter(AdminPromises.days), F.data == f"{PREFIX}:lasts:0")
async def for_ever(
    query: CallbackQuery, *, user: User, tx: Tx, t: Speaker, state: FSMContext
) -> Wishes:
    return (await _ask_sure(tx, t, state, user, None)).instead(query)


@router.message(StateFilter(AdminPromises.days), showing.is_no_command)
async def told_days(message: Message, *, user: User, tx: Tx, t: Speaker, state: FSMContext) -> Wish:
    days = _count(message.text, MOST_DAYS)
    if days is None:
        return Said(t("admin-promo-ask-lasts"), [showing.back(t, "promos")]).new(message)
    return (await _ask_sure(tx, t, state, user, days)).new(message)


async def _ask_sure(tx: Tx, t: Speaker, state: FSMContext, admin: User, days: int | None) -> Said:
    until = None if days is None else clock.now() + timedelta(days=days)
    question = secrets.token_hex(4)
    await state.set_state(AdminPromises.sure)
    data = await state.update_data(until=until and until.isoformat(), question=question)
    zone = await zones.of(tx, admin.id)
    lines = [
        t.html("admin-promo", code=data["code"]),
        _gives(t, data["kind"], data.get("value", 0), data.get("amounts", {})),
        t.html("admin-promo-uses", uses=f"0 / {data['most'] or '∞'}", each=data["each"]),
        t.html("admin-promo-until", until=moment(until, zone, t.language))
        if until
        else t("admin-promo-for-ever"),
    ]
    rows = [
        [press(t, "admin-promo-create", f"make:{question}")],
        [press(t, "admin-no", "promos")],
    ]
    return Said("\n".join(lines), rows)


@router.callback_query(StateFilter(AdminPromises.sure), F.data.startswith(f"{PREFIX}:make:"))
async def make(
    query: CallbackQuery, *, user: User, tx: Tx, t: Speaker, state: FSMContext
) -> Wishes:
    data: dict[str, Any] = await state.get_data()
    if query.data != f"{PREFIX}:make:{data.get('question')}":
        return query.answer(t("admin-stale"))
    await state.clear()
    back = [showing.back(t, "promos")]
    try:
        await promos.create(
            *(tx, data["code"], data["kind"]),
            value=data.get("value", 0),
            amounts={code: Money(amount, code) for code, amount in data.get("amounts", {}).items()},
            most=data["most"],
            each=data["each"],
            until=datetime.fromisoformat(data["until"]) if data["until"] else None,
        )
    except Conflict:  # of somebody who was faster
        return Said(t.html("admin-promo-there", code=data["code"]), back).instead(query)
    _log.info("admin.promo", code=data["code"], admin=user.id)
    return Said(t.html("admin-promo-made", code=data["code"]), back).instead(query)


def _count(words: str | None, most: int) -> int | None:
    said = (words or "").strip()
    if not re.fullmatch("[0-9]{1,7}", said, re.ASCII) or not 1 <= int(said) <= most:
        return None
    return int(said)
