"""Days that an admin gives or takes: how many, why, and "so it is, so it will be" before it counts.

Each confirmation has a code of its own, which is the cause in the ledger of time: pressed twice,
or brought twice by Telegram, it counts once; two admins at once count each.
"""

import re
import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from aiogram import F, Router
from aiogram.filters import StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State, StatesGroup
from aiogram.types import CallbackQuery, Message

from kassa import clock, users
from kassa.apps.models import Kassa
from kassa.apps.subscriptions import months, options, service
from kassa.apps.subscriptions.admin import finding, showing
from kassa.apps.subscriptions.admin.showing import PREFIX, Said, press
from kassa.apps.subscriptions.models import Length, Subscription, Term
from kassa.apps.subscriptions.words import moment
from kassa.db import Tx
from kassa.errors import Invalid
from kassa.log import get
from kassa.telegram import Speaker, Wish, Wishes
from kassa.users import NoSuchUser, User, zones

MOST = 3650  # days at once
MOST_REASON = 200  # characters
REASONS = ("admin-why-trouble", "admin-why-thanks", "admin-why-mistake")

router = Router()
_DAYS = re.compile("[+−-]?[0-9]{1,4}", re.ASCII)
_log = get(__name__)


class AdminGives(StatesGroup):
    days = State()
    reason = State()
    sure = State()


@dataclass(frozen=True, slots=True)
class Gift:
    """What is about to be given or (negative) taken, as the dialog keeps it."""

    user: int
    days: int
    reason: str = ""  # in the admin's words; or the name of one of REASONS
    code: str = ""

    def kept(self) -> dict[str, Any]:
        return {"user": self.user, "days": self.days, "reason": self.reason, "code": self.code}

    def said(self, t: Speaker) -> str:
        return t(self.reason) if self.reason in REASONS else self.reason


async def _kept(state: FSMContext) -> Gift | None:
    data = await state.get_data()
    return Gift(**data) if set(data) == {"user", "days", "reason", "code"} else None


# -- how many ----------------------------------------------------------------------


@router.callback_query(F.data.regexp(rf"^{PREFIX}:days:([0-9]{{1,18}})$").as_("said"))
async def ask_days(
    query: CallbackQuery, *, said: re.Match[str], t: Speaker, state: FSMContext
) -> Wishes:
    await state.set_state(AdminGives.days)
    await state.set_data(Gift(int(said[1]), 0).kept())
    return Said(t("admin-days-ask", most=MOST), [showing.back(t, f"u:{said[1]}")]).instead(query)


@router.message(StateFilter(AdminGives.days), showing.is_no_command)
async def told_days(message: Message, *, tx: Tx, t: Speaker, state: FSMContext) -> Wish:
    gift = await _kept(state)
    words = (message.text or "").replace(" ", "")
    if gift is None or not _DAYS.fullmatch(words):
        return Said(t("admin-days-ask", most=MOST)).new(message)
    days = int(words.replace("−", "-"))
    if not 0 < abs(days) <= MOST:
        return Said(t("admin-days-ask", most=MOST)).new(message)
    return (await _ask_reason(tx, t, state, gift.user, days)).new(message)


@router.callback_query(
    F.data.regexp(rf"^{PREFIX}:days:([0-9]{{1,18}}):(-?[0-9]{{1,4}})$").as_("said")
)
async def chose_days(
    query: CallbackQuery, *, said: re.Match[str], tx: Tx, t: Speaker, state: FSMContext
) -> Wishes:
    return (await _ask_reason(tx, t, state, int(said[1]), int(said[2]))).instead(query)


# -- why ---------------------------------------------------------------------------


async def _ask_reason(tx: Tx, t: Speaker, state: FSMContext, user: int, days: int) -> Said:
    back = showing.back(t, f"u:{user}")
    try:
        person = await users.get(tx, user)
    except NoSuchUser:
        return Said(t("admin-find-nobody"), [back])
    if days < 0 and not _has_time(await service.standing(tx, user)):
        await state.clear()
        return Said(t("admin-take-nothing"), [back])
    await state.set_state(AdminGives.reason)
    await state.set_data(Gift(user, days).kept())
    reasons = [[press(t, name, f"why:{name.rpartition('-')[2]}")] for name in REASONS]
    change = showing.change(t, days * 86_400)
    asks = t.html("admin-why-ask", change=change, name=finding.named(person))
    return Said(asks, [*reasons, back])


@router.callback_query(StateFilter(AdminGives.reason), F.data.startswith(f"{PREFIX}:why:"))
async def chose_reason(
    query: CallbackQuery, *, user: User, tx: Tx, t: Speaker, state: FSMContext
) -> Wishes:
    name = f"admin-why-{(query.data or '').rpartition(':')[2]}"
    gift = await _kept(state)
    if gift is None or name not in REASONS:
        return query.answer(t("admin-stale"))
    return (await _ask_sure(tx, t, state, user, replace(gift, reason=name))).instead(query)


@router.message(StateFilter(AdminGives.reason), showing.is_no_command)
async def told_reason(
    message: Message, *, user: User, tx: Tx, t: Speaker, state: FSMContext
) -> Wish:
    gift = await _kept(state)
    reason = " ".join((message.text or "").split())
    if gift is None or not 0 < len(reason) <= MOST_REASON:
        return Said(t("admin-why-missing", most=MOST_REASON)).new(message)
    return (await _ask_sure(tx, t, state, user, replace(gift, reason=reason))).new(message)


# -- sure? -------------------------------------------------------------------------


async def _ask_sure(tx: Tx, t: Speaker, state: FSMContext, admin: User, asked: Gift) -> Said:
    gift = replace(asked, code=secrets.token_hex(8))
    await state.set_state(AdminGives.sure)
    await state.set_data(gift.kept())
    person = await users.get(tx, gift.user)
    mine = await service.standing(tx, gift.user)
    zone = await zones.of(tx, admin.id)
    before = mine.expires_at if mine else None
    text = t.html(
        "admin-sure",
        name=finding.named(person),
        number=person.id,
        change=showing.change(t, gift.days * 86_400),
        reason=gift.said(t),
        before=moment(before, zone, t.language) if before else t("admin-nothing"),
        after=moment(_after(before, gift.days), zone, t.language),
    )
    yes = press(t, "admin-sure-give" if gift.days > 0 else "admin-sure-take", f"do:{gift.code}")
    return Said(text, [[yes], [press(t, "admin-no", f"u:{gift.user}")]])


def _after(before: datetime | None, days: int) -> datetime:
    """As service.extend and take_back will have it, if nothing comes between."""
    now = clock.now()
    start = before if before is not None and before > now else now
    return max(start + timedelta(days=days), now)


@router.callback_query(F.data.regexp(rf"^{PREFIX}:do:([0-9a-f]{{16}})$").as_("said"))
async def do(
    query: CallbackQuery,
    *,
    said: re.Match[str],
    user: User,
    tx: Tx,
    t: Speaker,
    kassa: Kassa,
    state: FSMContext,
) -> Wishes:
    gift = await _kept(state)
    if gift is None or gift.code != said[1]:
        return query.answer(t("admin-stale"))
    await state.clear()
    back = [[press(t, "admin-to-person", f"u:{gift.user}")], showing.back(t)]
    try:
        term = await give(tx, kassa, user, gift)
    except Invalid:  # later than time is counted
        return Said(t("admin-days-too-many"), back).instead(query)
    if term is None:
        return Said(t("admin-take-nothing"), back).instead(query)
    zone = await zones.of(tx, user.id)
    text = t.html(
        "admin-done",
        name=finding.named(await users.get(tx, gift.user)),
        change=showing.change(t, term.seconds),
        before=moment(term.before, zone, t.language) if term.before else t("admin-nothing"),
        after=moment(term.after, zone, t.language),
    )
    return Said(text, back).instead(query)


async def give(tx: Tx, kassa: Kassa, admin: User, gift: Gift) -> Term | None:
    """Once for its code; None where there was nothing to take, or it is done already."""
    person = await users.get(tx, gift.user)
    args: dict[str, Any] = {
        "days": abs(gift.days),
        "reason": gift.said(showing.words(person.language)),
    }
    ours = gift.said(showing.words(admin.language))
    cause = f"admin:{gift.code}"
    if gift.days > 0:
        sold = options.of(kassa.settings)
        term = await service.extend(
            *(tx, gift.user, Length.days(gift.days)),
            kind="admin",
            cause=cause,
            grade=sold.grade(next(iter(sold.tiers))),
            given_by=admin.id,
            reason=ours,
            news="news-given",
            args=args,
        )
    else:
        mine = await service.locked(tx, gift.user)
        if mine is None or not _has_time(mine):
            return None
        assert mine.expires_at is not None
        args["days"] = min(-gift.days, months.days_left(mine.expires_at, clock.now()))
        term = await service.take_back(
            *(tx, gift.user, -gift.days * 86_400),
            rate=mine.grade.rate,
            kind="admin",
            cause=cause,
            given_by=admin.id,
            reason=ours,
            news="news-taken",
            args=args,
        )
    _log.info("admin.days", user=gift.user, days=gift.days, admin=admin.id, cause=cause)
    return term


def _has_time(mine: Subscription | None) -> bool:
    return mine is not None and mine.expires_at is not None and mine.expires_at > clock.now()
