"""A payment as an admin sees it: its timeline, asking the provider, and giving the money back.

Providers are asked by jobs, never while an update is done. A refund has the code of the question
that was answered with yes, so that it is one, however often the button or the job is repeated.
"""

import re
import secrets
from collections.abc import Sequence
from datetime import timedelta

from aiogram import F, Router
from aiogram.filters import StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State, StatesGroup
from aiogram.types import CallbackQuery, InlineKeyboardButton, Message

from kassa import outbox, users
from kassa import texts as speech
from kassa.apps.models import Kassa
from kassa.apps.subscriptions.admin import finding, showing
from kassa.apps.subscriptions.admin.showing import MOST_LINES, PREFIX, Said, press
from kassa.apps.subscriptions.models import APP
from kassa.apps.subscriptions.words import moment
from kassa.db import Reader, Tx
from kassa.errors import Invalid, KassaError
from kassa.log import get, masked
from kassa.money import Money, parse
from kassa.outbox import Job, TryLater
from kassa.payments import Attempt, CannotRefund, Charge, Event, NoSuchPayment, notices
from kassa.telegram import Speaker, Wish, Wishes
from kassa.users import User, zones

REFUND, CHECK = "subscriptions.refund", "subscriptions.check"
ASK_AGAIN = timedelta(seconds=20)  # what became of a refund that the provider is still at
PATIENCE = 90  # times

router = Router()
_log = get(__name__)


class AdminRefunds(StatesGroup):
    """How much is to be given back, and whether it is meant."""

    amount = State()
    sure = State()


# -- a payment ---------------------------------------------------------------------


@router.callback_query(F.data.regexp(rf"^{PREFIX}:pay:([0-9]{{1,18}})$").as_("said"))
async def payment(
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
        return (await shown(tx, kassa, t, user, int(said[1]))).instead(query)
    except NoSuchPayment:
        return query.answer(t("admin-stale"))


async def shown(on: Reader, kassa: Kassa, t: Speaker, admin: User, number: int) -> Said:
    """Raises NoSuchPayment."""
    found = await kassa.payments.get(on, number)
    person = await users.get(on, found.user)
    zone = await zones.of(on, admin.id)
    attempts = await kassa.payments.attempts(number, on=on)
    charges = await kassa.payments.charges(number, on=on)
    events = await kassa.payments.timeline(number, public=False, on=on)
    lines = [
        t.html(
            "admin-payment", number=number, amount=found.amount, status=showing.status(t, found)
        ),
        t.html("admin-payment-of", what=found.description, name=finding.named(person)),
        t.html("admin-payment-ways", ways=_ways(attempts)),
        *[t.html("admin-payment-came", **_came(each)) for each in charges],
        "",
    ]
    if len(events) > MOST_LINES:
        lines.append("…")
    for each in events[-MOST_LINES:]:
        at = moment(each.at, zone, t.language)
        lines.append(t.html("admin-event", at=at, what=_said(each, t.language)))
    refunds = [
        [press(t, "admin-refund", f"ref:{number}:{each.id}", amount=_left(each))]
        for each in charges
        if _left(each)
    ]
    check = [press(t, "admin-check", f"check:{number}")]
    return Said("\n".join(lines), [*refunds, check, showing.back(t, f"u:{found.user}")])


def _ways(attempts: Sequence[Attempt]) -> str:
    return ", ".join(dict.fromkeys(f"{each.provider} {each.method}" for each in attempts)) or "–"


def _came(charge: Charge) -> dict[str, object]:
    return {
        "provider": charge.provider,
        "ref": charge.ref,
        "amount": charge.amount,
        "refunded": charge.refunded,
    }


def _left(charge: Charge) -> Money:
    """What may still go back of it, unless something is under way."""
    return max(charge.amount - charge.refunded, Money.zero(charge.amount.currency))


def _said(event: Event, language: str) -> str:
    """As the operator reads it in the shell, too."""
    ours = speech.load("kassa.payments")
    name = f"operator-event-{event.kind.replace('_', '-')}"
    if not ours.has(name):
        return event.kind
    data = {key: "–" if value == "" else value for key, value in event.data.items()}
    return ours.say(language, name, **data)


# -- asking the provider -----------------------------------------------------------


@router.callback_query(F.data.regexp(rf"^{PREFIX}:check:([0-9]{{1,18}})$").as_("said"))
async def ask_check(
    query: CallbackQuery, *, said: re.Match[str], user: User, tx: Tx, t: Speaker
) -> Wishes:
    told = {"payment": int(said[1]), "admin": user.id, **showing.where(query)}
    await outbox.put(tx, CHECK, told, key=f"{said[1]}:{user.id}", most=3)
    return query.answer(t("admin-checking"))


async def check(kassa: Kassa, job: Job) -> None:
    number = int(job.payload["payment"])
    try:
        await kassa.payments.check(number)
    except KassaError:
        if job.attempt < job.most:
            raise
    admin = await users.get(kassa.database, int(job.payload["admin"]))
    t = showing.words(admin.language)
    said = await shown(kassa.database, kassa, t, admin, number)
    await showing.show(kassa, job, said, ticket=job.id)


# -- giving back -------------------------------------------------------------------


@router.callback_query(
    F.data.regexp(rf"^{PREFIX}:ref:([0-9]{{1,18}}):([0-9]{{1,18}})$").as_("said")
)
async def ask_amount(
    query: CallbackQuery,
    *,
    said: re.Match[str],
    tx: Tx,
    t: Speaker,
    kassa: Kassa,
    state: FSMContext,
) -> Wishes:
    found = await _charge(tx, kassa, int(said[1]), int(said[2]))
    if found is None or not _left(found):
        return query.answer(t("admin-stale"))
    await state.set_state(AdminRefunds.amount)
    await state.set_data({"payment": int(said[1]), "charge": found.id})
    left = _left(found)
    rows = [[press(t, "admin-refund-all", f"all:{said[1]}:{found.id}", amount=left)]]
    return Said(
        t.html("admin-refund-ask", amount=left), [*rows, showing.back(t, f"pay:{said[1]}")]
    ).instead(query)


@router.callback_query(StateFilter(AdminRefunds.amount), F.data.startswith(f"{PREFIX}:all:"))
async def chose_all(
    query: CallbackQuery, *, tx: Tx, t: Speaker, kassa: Kassa, state: FSMContext
) -> Wishes:
    data = await state.get_data()
    found = await _charge(tx, kassa, data["payment"], data["charge"])
    if found is None or query.data != f"{PREFIX}:all:{data['payment']}:{found.id}":
        return query.answer(t("admin-stale"))
    asks = await _ask_sure(tx, t, kassa, state, charge=found, amount=_left(found))
    return asks.instead(query)


@router.message(StateFilter(AdminRefunds.amount), showing.is_no_command)
async def told_amount(
    message: Message, *, tx: Tx, t: Speaker, kassa: Kassa, state: FSMContext
) -> Wish:
    data = await state.get_data()
    found = await _charge(tx, kassa, data["payment"], data["charge"])
    if found is None:
        return Said(t("admin-stale")).new(message)
    try:
        amount = parse(message.text or "", found.amount.currency)
    except Invalid:
        amount = Money.zero(found.amount.currency)
    if not Money.zero(amount.currency) < amount <= _left(found):
        return Said(t.html("admin-refund-ask", amount=_left(found))).new(message)
    return (await _ask_sure(tx, t, kassa, state, charge=found, amount=amount)).new(message)


async def _ask_sure(
    tx: Tx, t: Speaker, kassa: Kassa, state: FSMContext, *, charge: Charge, amount: Money
) -> Said:
    number = charge.payment_id
    code = secrets.token_hex(8)
    await state.set_state(AdminRefunds.sure)
    await state.set_data(
        {"payment": number, "charge": charge.id, "amount": amount.amount, "code": code, "asked": 1}
    )
    return await _sure(tx, t, kassa, await state.get_data())


async def _sure(tx: Tx, t: Speaker, kassa: Kassa, data: dict[str, int | str]) -> Said:
    """Asked twice: the second time the buttons stand the other way round."""
    number, asked = int(data["payment"]), int(data["asked"])
    found = await kassa.payments.get(tx, number)
    amount = Money(int(data["amount"]), await _currency(tx, int(data["charge"])))
    name = finding.named(await users.get(tx, found.user))
    yes = [press(t, f"admin-refund-yes-{asked}", f"yes{asked}:{data['code']}", amount=amount)]
    no: list[InlineKeyboardButton] = [press(t, "admin-no", f"pay:{number}")]
    asks = t.html(f"admin-refund-sure-{asked}", amount=amount, name=name, number=number)
    return Said(asks, [yes, no] if asked == 1 else [no, yes])


@router.callback_query(
    StateFilter(AdminRefunds.sure),
    F.data.regexp(rf"^{PREFIX}:yes([12]):([0-9a-f]{{16}})$").as_("said"),
)
async def yes(
    query: CallbackQuery,
    *,
    said: re.Match[str],
    user: User,
    tx: Tx,
    t: Speaker,
    kassa: Kassa,
    state: FSMContext,
) -> Wishes:
    data = await state.get_data()
    if data.get("code") != said[2] or data.get("asked") != int(said[1]):
        return query.answer(t("admin-stale"))
    if data["asked"] == 1:
        await state.update_data(asked=2)
        return (await _sure(tx, t, kassa, {**data, "asked": 2})).instead(query)
    await state.clear()
    told = {name: data[name] for name in ("payment", "charge", "amount", "code")}
    await outbox.put(
        *(tx, REFUND, {**told, "admin": user.id, **showing.where(query)}), key=data["code"]
    )
    _log.info("admin.refund", payment=data["payment"], amount=data["amount"], admin=user.id)
    back = [showing.back(t, f"pay:{data['payment']}")]
    return Said(t("admin-refund-begun"), back).instead(query)


async def refund(kassa: Kassa, job: Job) -> None:
    """Until it has ended; the admin hears how."""
    told = job.payload
    number = int(told["payment"])
    admin = await users.get(kassa.database, int(told["admin"]))
    t = showing.words(admin.language)
    amount = Money(int(told["amount"]), await _currency(kassa.database, int(told["charge"])))
    try:
        done = await kassa.payments.refund(
            number,
            amount,
            key=f"admin:{told['code']}",
            reason=t("admin-refund-reason", name=finding.named(admin)),
            charge=int(told["charge"]),
        )
    except CannotRefund as error:
        await _told(kassa, job, "admin-refund-cannot", amount, why=masked(str(error)))
        return
    if done.status in ("done", "declined", "person"):
        await _told(kassa, job, f"admin-refund-{done.status}", amount, why=masked(done.why))
        return
    waited = int(told.get("waited", 0))
    if waited >= PATIENCE:
        await _told(kassa, job, "admin-refund-slow", amount, why="")
        return
    await outbox.amend(kassa.database, job, {**told, "waited": waited + 1})
    if not waited:
        back = [showing.back(t, f"pay:{number}")]
        await showing.show(kassa, job, Said(t("admin-refund-slow", amount=amount), back))
    raise TryLater(ASK_AGAIN, "the provider is still at it")


async def _told(kassa: Kassa, job: Job, name: str, amount: Money, *, why: str) -> None:
    """The end of the job, said once: as a new message, since it may be a while later."""
    args = {"number": job.payload["payment"], "amount": str(amount), "why": why or "–"}
    said = notices.to(
        *(int(job.payload["admin"]), name),
        app=APP,
        bot=str(job.payload["bot"]),
        args=args,
    )

    async def end(tx: Tx) -> None:
        await outbox.finish(tx, job)
        await outbox.put(tx, notices.TO_PERSON, said)

    await kassa.database.run(end)
    admin = await users.get(kassa.database, int(job.payload["admin"]))
    t = showing.words(admin.language)
    try:
        screen = await shown(kassa.database, kassa, t, admin, int(job.payload["payment"]))
    except KassaError as error:
        _log.debug("admin.not_shown", why=str(error))
    else:
        await showing.show(kassa, job, screen)


async def _charge(on: Reader, kassa: Kassa, number: int, charge: int) -> Charge | None:
    found = await kassa.payments.charges(number, on=on)
    return next((each for each in found if each.id == charge), None)


async def _currency(on: Reader, charge: int) -> str:
    found: str = await on.fetchval("SELECT currency FROM payments.charge WHERE id = $1", charge)
    return found
