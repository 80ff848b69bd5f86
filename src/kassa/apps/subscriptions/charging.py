"""Renewals that are due: one person after another, each in a transaction of their own.

A try is written down before a card is charged, and while nobody knows what became of it, it is
asked about and nothing else is charged. What fails is tried again at growing intervals, with
access, until the grace is over; then it is switched off and told.
"""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from kassa import clock, outbox, users
from kassa.apps.models import Kassa
from kassa.apps.subscriptions import ends, options, purchases, renewing, service
from kassa.apps.subscriptions.ends import speakable
from kassa.apps.subscriptions.models import APP
from kassa.apps.subscriptions.months import DAY
from kassa.apps.subscriptions.options import Options, Plan
from kassa.apps.subscriptions.purchases import PLAN
from kassa.apps.subscriptions.renewing import Renewal, card_of, to_pay
from kassa.apps.subscriptions.words import moment
from kassa.db import Tx
from kassa.ledger import InsufficientFunds
from kassa.log import get
from kassa.outbox import Job
from kassa.payments import Button, NoSuchMethod, NotOpen, OutcomeUnknown, Payer, Status, notices
from kassa.payments.models import OPEN
from kassa.payments.saved import of_user
from kassa.users import zones

RENEW = "subscriptions.renew"
BATCH, AT_ONCE = 200, 8
LEASE = timedelta(minutes=5)  # of a try that is under way: should we die, it is asked about then
ASK_AGAIN = timedelta(minutes=15)  # about one of which nobody knows
SOON = timedelta(hours=1)  # of what others put right
PATIENCE = timedelta(hours=1)  # for a charge to begin

UNSURE = ("prepared", "sent", "unknown")

AUTO_OFF = Button("button-auto-off", data="sub:auto:off")
MINE = Button("button-mine", data="sub:mine")

_log = get(__name__)


async def renew(kassa: Kassa, job: Job) -> None:
    """All whose time has come; a few side by side."""
    now, after = clock.now(), (datetime(2000, 1, 1, tzinfo=UTC), 0)
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(user: int) -> None:
        async with gate:
            try:
                await renew_one(kassa, user)
            except Exception as error:  # noqa: BLE001 (edge: job; its lease runs out by itself)
                _log.warning("charging.failed", user=user, exc_info=error)

    while True:
        rows = await kassa.database.fetch(
            """
            SELECT renew_at, user_id FROM subscriptions.subscription
             WHERE renew_at <= $1 AND (renew_at, user_id) > ($2, $3)
             ORDER BY renew_at, user_id LIMIT $4
            """,
            *(now, *after, BATCH),
        )
        if not rows:
            return
        await asyncio.gather(*(one(row["user_id"]) for row in rows))
        after = tuple(rows[-1].values())


async def renew_one(kassa: Kassa, user: int) -> None:
    """What is to be done for one person now, if anything is."""
    sold, pay = options.of(kassa.settings), kassa.payments
    asked = await kassa.database.run(lambda tx: _begin(tx, kassa, sold, user))
    if asked is None:
        return
    payment, card = asked
    try:
        if card is None:
            await pay.check(payment)
        else:
            await pay.charge(payment, card)
    except NoSuchMethod:  # it was forgotten a moment ago
        await kassa.database.run(lambda tx: _without_card(tx, sold, user))
        return
    except (OutcomeUnknown, NotOpen) as error:
        _log.info("charging.not_known", payment=payment, error=str(error))
    await kassa.database.run(lambda tx: _after(tx, kassa, sold, user, payment))


# -- a try -------------------------------------------------------------------------


async def _begin(tx: Tx, kassa: Kassa, sold: Options, user: int) -> tuple[int, int | None] | None:
    """A payment to ask about, or one to charge to this card; None where nothing is to be asked of
    anybody: it is done, or it has failed, or it is not its time."""
    mine, now = await renewing.get_one(tx, user, lock=True), clock.now()
    if mine is None or not mine.kind or mine.at is None or mine.at > now:
        return None
    if mine.of != mine.ends:  # time has come or gone since; when it is due is to be found anew
        await tx.execute(
            """
            UPDATE subscriptions.subscription SET renew_at = NULL, due_at = $2 WHERE user_id = $1
            """,
            *(user, now),
        )
    elif mine.kind == "stars":
        await _wait_for_telegram(tx, sold, mine)
    elif mine.payment is not None and (state := await _state(tx, kassa, mine)) != "past":
        return await _go_on(tx, kassa, sold, mine, state)
    elif mine.tries and now >= _until(sold, mine):
        await _give_up(tx, sold, mine)
    else:
        return await _try(tx, kassa, sold, mine)
    return None


async def _go_on(
    tx: Tx, kassa: Kassa, sold: Options, mine: Renewal, state: str
) -> tuple[int, int | None] | None:
    """With the try that is under way."""
    assert mine.payment is not None
    if state == "over":
        await _failed(tx, sold, mine)
        return None
    now = clock.now()
    if state == "paid":  # its delivery has failed, and is tried again
        await _set(tx, mine.user, at=now + SOON)
        return None
    if now >= _until(sold, mine):  # what comes of it later is delivered all the same
        await _give_up(tx, sold, mine)
        return None
    await _set(tx, mine.user, at=now + LEASE)
    payment = await kassa.payments.get(tx, mine.payment)
    return mine.payment, (payment.data["saved"] if state == "new" else None)


async def _try(tx: Tx, kassa: Kassa, sold: Options, mine: Renewal) -> tuple[int, int | None] | None:
    plan = sold.plan(mine.plan)
    price = to_pay(mine, plan)
    if plan is None or price is None:
        await renewing.off(tx, mine, looked_at=clock.now())
        await tell(tx, sold, mine, "renewal-withdrawn")
        return None
    plan = plan.model_copy(update={"prices": {price.currency: price}})
    if mine.kind == "balance":
        await _from_balance(tx, sold, mine, plan)
        return None
    card = card_of(mine, await of_user(tx, mine.user))
    if card is None:
        await _without_card(tx, sold, mine.user)
        return None
    return await _to_charge(tx, kassa, mine, plan, card.id), card.id


async def _from_balance(tx: Tx, sold: Options, mine: Renewal, plan: Plan) -> None:
    """At once, and in this very transaction."""
    try:
        async with tx.savepoint():
            purchase = await purchases.for_renewal(tx, mine.user, plan, sold, bot=mine.bot)
            await purchases.from_balance(tx, purchase, mine.currency)
    except InsufficientFunds:
        await _failed(tx, sold, mine)
        return
    await tx.execute(
        """
        UPDATE subscriptions.subscription
           SET renew_price = $2, renew_payment = NULL, renew_for = NULL, renew_at = NULL,
               renew_tries = 0
         WHERE user_id = $1
        """,
        *(mine.user, plan.prices[mine.currency].amount),
    )


async def _to_charge(tx: Tx, kassa: Kassa, mine: Renewal, plan: Plan, card: int) -> int:
    """The try, written down: from now on it is this one, whoever dies."""
    assert mine.ends is not None
    sold = options.of(kassa.settings)
    purchase = await purchases.for_renewal(tx, mine.user, plan, sold, bot=mine.bot)
    person = await users.get(tx, mine.user)
    payment = await kassa.payments.create(
        tx,
        user=mine.user,
        bot=mine.bot,
        amount=plan.prices[mine.currency],
        purpose=PLAN,
        subject=str(purchase.id),
        description=purchases.described(purchase, person.language),
        payer=Payer(language=person.language, phone=person.phone, telegram_id=person.telegram_id),
        data={
            "purchase": purchase.id,
            "renewing": "saved",
            "by_itself": True,
            "of": mine.ends.isoformat(),
            "saved": card,
            "choose": f"sub:ways:{purchase.id}",
        },
        key=f"renewal:{purchase.id}",
        expires_in=PATIENCE,
    )
    await tx.execute(
        """
        UPDATE subscriptions.subscription
           SET renew_payment = $2, renew_saved = $3, renew_at = $4 WHERE user_id = $1
        """,
        *(mine.user, payment.id, card, clock.now() + LEASE),
    )
    return payment.id


async def _state(tx: Tx, kassa: Kassa, mine: Renewal) -> str:
    """Of the last try: new (nobody was asked yet), open, paid (and not delivered), over; or past,
    where it was over before time has come from elsewhere."""
    assert mine.payment is not None
    payment = await kassa.payments.get(tx, mine.payment)
    attempts = await kassa.payments.attempts(mine.payment, on=tx)
    if payment.status is Status.SUCCEEDED:
        return "paid" if payment.delivery == "failed" else "past"
    if any(each.status in UNSURE for each in attempts):
        return "open"
    if payment.status in OPEN:
        return "open" if attempts else "new"
    same = mine.ends is not None and payment.data.get("of") == mine.ends.isoformat()
    return "over" if same else "past"


async def _after(tx: Tx, kassa: Kassa, sold: Options, user: int, number: int) -> None:
    """What became of a try. One that is paid has done all there is to do, when it was settled."""
    mine = await renewing.get_one(tx, user, lock=True)
    if mine is None or not mine.kind or mine.payment != number:
        return
    state, now = await _state(tx, kassa, mine), clock.now()
    if state == "over":
        await _failed(tx, sold, mine)
        return
    await _set(tx, user, at=now if state == "past" else now + ASK_AGAIN)
    assert mine.ends is not None
    if now + 2 * ASK_AGAIN >= mine.ends:  # nobody is put out because a bank is slow
        await _grace(tx, sold, mine)


# -- what fails --------------------------------------------------------------------


def _until(sold: Options, mine: Renewal) -> datetime:
    assert mine.ends is not None
    return mine.ends + sold.grace_days * DAY


async def _grace(tx: Tx, sold: Options, mine: Renewal) -> None:
    until = _until(sold, mine)
    if sold.grace_days and mine.grace_until != until:
        await service.grace(tx, mine.user, until)


async def _failed(tx: Tx, sold: Options, mine: Renewal) -> None:
    now, until, tries = clock.now(), _until(sold, mine), mine.tries + 1
    if now >= until:
        await _give_up(tx, sold, mine)
        return
    await tx.execute(
        """
        UPDATE subscriptions.subscription
           SET renew_tries = $2, renew_at = $3, renew_payment = NULL WHERE user_id = $1
        """,
        *(mine.user, tries, min(ends.again_at(now, tries), until)),
    )
    await _grace(tx, sold, mine)
    if tries == 1:
        await tell(tx, sold, mine, "renewal-failed", until=until, more=[AUTO_OFF])


async def _wait_for_telegram(tx: Tx, sold: Options, mine: Renewal) -> None:
    """Stars are charged by Telegram, at the end or a little later: access waits for it."""
    assert mine.ends is not None
    until = max(_until(sold, mine), mine.ends + ends.STARS_EARLY)
    if clock.now() >= until:
        await _give_up(tx, sold, mine)
        return
    await _set(tx, mine.user, at=until)
    if mine.grace_until != until:
        await service.grace(tx, mine.user, until)


async def _give_up(tx: Tx, sold: Options, mine: Renewal) -> None:
    await renewing.off(tx, mine, looked_at=clock.now())
    await tell(tx, sold, mine, "renewal-over")


async def _without_card(tx: Tx, sold: Options, user: int) -> None:
    mine = await renewing.get_one(tx, user, lock=True)
    if mine is not None and mine.kind == "saved":
        await renewing.off(tx, mine, looked_at=clock.now())
        await tell(tx, sold, mine, "renewal-no-card")


async def _set(tx: Tx, user: int, *, at: datetime | None) -> None:
    await tx.execute(
        "UPDATE subscriptions.subscription SET renew_at = $2 WHERE user_id = $1", user, at
    )


# -- saying so ---------------------------------------------------------------------


async def tell(
    tx: Tx,
    sold: Options,
    mine: Renewal,
    text: str,
    *,
    until: datetime | None = None,
    more: Sequence[Button] = (),
) -> None:
    """Not in the night. `until`: as long as they have access, where that is not the end."""
    at = until or mine.ends
    assert at is not None
    zone, person = await zones.of(tx, mine.user), await users.get(tx, mine.user)
    price = to_pay(mine, sold.plan(mine.plan))
    card = card_of(mine, await of_user(tx, mine.user)) if mine.kind == "saved" else None
    args: dict[str, Any] = {
        "until": moment(at, zone, person.language),
        "by": mine.kind,
        "card": card.title if card is not None else "",
        "amount": "" if price is None else str(price),
    }
    buttons = [[renew_button(sold, mine.plan)], *([each] for each in more), [MINE]]
    said = notices.to(
        *(mine.user, text),
        app=APP,
        bot=mine.bot,
        args=args,
        buttons=buttons,
        html=True,
    )
    now = clock.now()
    when = speakable(now, zone, sold.quiet)
    await outbox.put(
        tx, notices.TO_PERSON, said, key=ends.key(mine.user), after=when if when > now else None
    )


def renew_button(sold: Options, plan: str) -> Button:
    """To the ways to pay for the plan they know, or to all plans."""
    known = sold.plan(plan) is not None
    return Button("button-renew", data=f"sub:plan:{plan}" if known else "sub:plans")
