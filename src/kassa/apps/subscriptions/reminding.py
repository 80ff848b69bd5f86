"""The sweep of ends: what is to be said of them, each once, and when each is renewed.

Whatever changes a subscription makes it due (`due_at`), and so does each moment of its end. What a
sweep decides, and what is said of it, is committed together; so a kill decides nothing, or all.
At night nothing is decided: it waits for the person's morning, and is then as things are then.
Rows are locked for the milliseconds of one statement and never waited for.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache, partial
from typing import Any
from zoneinfo import ZoneInfo

from kassa import clock, outbox
from kassa.apps.models import Kassa
from kassa.apps.subscriptions import ends, months, options, words
from kassa.apps.subscriptions.charging import AUTO_OFF, MINE, renew_button
from kassa.apps.subscriptions.ends import Moment
from kassa.apps.subscriptions.models import APP
from kassa.apps.subscriptions.months import DAY
from kassa.apps.subscriptions.options import Options
from kassa.apps.subscriptions.renewing import STOP
from kassa.db import Reader, Tx
from kassa.money import Money
from kassa.outbox import Job, NewJob
from kassa.payments import Button, notices
from kassa.texts import LANGUAGES
from kassa.users import zones

SWEEP = "subscriptions.ends"
BATCH = 100  # of one transaction
BREATH = 20  # are decided between two times that others come to their turn
PAUSE = 0.005  # seconds between two batches, so that they do more than that
SHARE = 2  # of what a bot may say, one part in so many is ours: answers come first

_SAYS = {"soon": "reminder-soon", "end": "reminder-end", "back": "reminder-back"}


@dataclass(frozen=True, slots=True)
class Due:
    """A subscription whose end is to be looked at."""

    user: int
    bot: str
    language: str
    ends: datetime
    looked_at: datetime
    due_at: datetime
    wanted: int  # with due_at, it tells whether anything has changed since it was read
    kind: str  # of its auto-renewal
    plan: str  # that it is renewed with, or was bought last
    currency: str
    saved: int | None
    price: int | None
    of: datetime | None
    payment: int | None


@dataclass(slots=True)
class Decided:
    """What is written of it."""

    due: Due
    looked_at: datetime
    next_at: datetime | None
    charged_at: datetime | None = None  # if it is to be renewed then, and nobody has said so
    price: int | None = None
    off: bool = False
    said: dict[str, Any] | None = None


async def sweep(kassa: Kassa, job: Job) -> None:
    """All that are due; what is said comes one after another, behind what waits already."""
    sold = options.of(kassa.settings)
    apart = timedelta(seconds=SHARE / kassa.settings.telegram_messages_per_second)
    now = clock.now()
    free_at = max(now, await _last_waiting(kassa.database) or now)
    after = (datetime(2000, 1, 1, tzinfo=UTC), 0)
    while True:
        due, last = await _due(kassa.database, now, after)
        if last is None:
            return
        after = last
        await asyncio.to_thread(_learn)
        found = await _decide(kassa.database, sold, due, now)
        jobs = []
        for each in found:
            if each.said is not None:
                jobs.append(_job(each, free_at))
                free_at += apart
        await kassa.database.run(partial(_write, found=found, jobs=jobs))
        await asyncio.sleep(PAUSE)


async def _last_waiting(on: Reader) -> datetime | None:
    """When the last of those is said that an earlier sweep has put."""
    found: datetime | None = await on.fetchval(
        """
        SELECT max(due_at) FROM outbox.job
         WHERE kind = $1 AND key >= $2 AND key < $3 AND dead_at IS NULL
        """,
        *(notices.TO_PERSON, "subscriptions.ends:", "subscriptions.ends;"),
    )
    return found


async def _due(
    on: Reader, now: datetime, after: tuple[datetime, int]
) -> tuple[list[Due], tuple[datetime, int] | None]:
    """A page of them, and its end; those that were never looked at are looked at from now on."""
    rows = await on.fetch(
        """
        SELECT s.user_id, s.bot, p.language, s.expires_at, coalesce(s.looked_at, $1) AS looked_at,
               s.due_at, s.wanted, s.renews,
               CASE WHEN s.renews <> '' THEN s.renew_plan ELSE coalesce(b.plan, '') END AS plan,
               s.renew_with, s.renew_saved, s.renew_price, s.renew_for, s.renew_payment
          FROM (SELECT * FROM subscriptions.subscription
                 WHERE due_at <= $1 AND (due_at, user_id) > ($2, $3)
                 ORDER BY due_at, user_id LIMIT $4) s
          JOIN users.person p ON p.id = s.user_id
          LEFT JOIN LATERAL (SELECT plan FROM subscriptions.purchase
                              WHERE user_id = s.user_id AND status = 'done' AND NOT gift
                              ORDER BY id DESC LIMIT 1) b ON true
         ORDER BY s.due_at, s.user_id
        """,
        *(now, *after, BATCH),
    )
    due = [Due(*row.values()) for row in rows if row["expires_at"] is not None]
    return due, ((rows[-1]["due_at"], rows[-1]["user_id"]) if rows else None)


# -- deciding ----------------------------------------------------------------------


async def _decide(on: Reader, sold: Options, due: Sequence[Due], now: datetime) -> list[Decided]:
    users = [each.user for each in due]
    lives_by = await zones.of_many(on, users)
    cards = await _cards(on, [each.user for each in due if each.kind == "saved"])
    found = []
    for number, each in enumerate(due):
        if number % BREATH == BREATH - 1:
            await asyncio.sleep(0)
        zone = lives_by.get(each.user) or ZoneInfo("UTC")
        found.append(decide(each, sold, zone, cards.get(each.user, {}), now))
    return found


def decide(
    due: Due, sold: Options, zone: ZoneInfo, cards: Mapping[int, str], now: datetime
) -> Decided:
    """Of one: what is said now, and when to look again."""
    # Fresh from a change, which had its own news.
    fresh = due.looked_at == due.due_at
    looked = ends.calm(due.looked_at, due.ends) if fresh else due.looked_at
    moments, charged = _moments(due, sold)
    moment, next_at = ends.decided(moments, looked, now)
    is_new = bool(due.kind) and due.of != due.ends
    decided = Decided(due, max(looked, now), next_at, charged if is_new else None)
    if moment is None:
        return decided
    speaks_at = ends.speakable(now, zone, sold.quiet)
    if speaks_at > now:  # in the morning; what is later by then is decided then
        decided.looked_at, decided.next_at = looked, speaks_at
        return decided
    if moment.name == "renews":
        _say_renewal(decided, sold, zone, cards, now)
    else:
        _say_end(decided, moment, sold, zone, now)
    return decided


def _moments(due: Due, sold: Options) -> tuple[list[Moment], datetime | None]:
    """What is renewed is not told of as an end: charging.py says so if it comes to that."""
    if not due.kind:
        return ends.moments(due.ends, days=sold.remind_days, back=sold.win_back_days), None
    charged = ends.charged_at(due.ends, due.kind, hours=sold.renew_hours)
    days = max(sold.remind_days, default=3)
    return ends.of_renewal(due.ends, charged, days=days), charged


async def _cards(on: Reader, users: Sequence[int]) -> dict[int, dict[int, str]]:
    """The kept ones of these people, with their names, the newest first."""
    found: dict[int, dict[int, str]] = {}
    if users:
        rows = await on.fetch(
            """
            SELECT user_id, id, title FROM payments.saved
             WHERE user_id = ANY ($1) AND forgotten_at IS NULL ORDER BY id DESC
            """,
            list(users),
        )
        for row in rows:
            found.setdefault(row["user_id"], {})[row["id"]] = row["title"]
    return found


# -- words -------------------------------------------------------------------------


def _say_end(
    decided: Decided, moment: Moment, sold: Options, zone: ZoneInfo, now: datetime
) -> None:
    due = decided.due
    args = {
        "until": _written(due.ends, zone, due.language),
        "left": months.days_left(due.ends, now),
        "ago": max(0, (now - due.ends) // DAY),
    }
    _says(decided, _SAYS[moment.name], args, [[renew_button(sold, due.plan)], [MINE]])


def _say_renewal(
    decided: Decided, sold: Options, zone: ZoneInfo, cards: Mapping[int, str], now: datetime
) -> None:
    """What will be charged, when and from where; with a tap it is called off. Where it cannot be
    any more, that is said now, and not when it is too late."""
    due = decided.due
    plan = sold.plan(due.plan)
    today = None if plan is None else plan.prices.get(due.currency)
    card = next(iter(cards), None) if due.saved is None else due.saved
    args: dict[str, Any] = {"until": _written(due.ends, zone, due.language)}
    text = ""
    if plan is None or today is None:
        text = "renewal-withdrawn"
    elif due.kind == "saved" and card not in cards:
        text = "renewal-no-card"
    if plan is None or today is None or text:
        decided.off, decided.charged_at = True, None
        # From now on it ends as others do.
        usual = ends.moments(due.ends, days=sold.remind_days, back=sold.win_back_days)
        decided.next_at = ends.decided(usual, decided.looked_at, now)[1]
        _says(decided, text, args, [[renew_button(sold, due.plan)], [MINE]])
        return
    known = today.amount if due.price is None else due.price
    price = Money(known, due.currency) if due.kind == "stars" else today
    dearer = price.amount > known
    charged = ends.charged_at(due.ends, due.kind, hours=sold.renew_hours)
    if due.kind == "stars":
        charged = due.ends
    decided.price = price.amount
    args |= {
        "on": _written(charged, zone, due.language),
        "months": plan.months,
        "amount": str(price),
        "by": due.kind,
        "card": cards.get(card, "") if card is not None else "",
        "dearer": "yes" if dearer else "no",
        "was": str(Money(known, due.currency)),
    }
    _says(decided, "renewal-soon", args, [[AUTO_OFF], [MINE]])


def _says(
    decided: Decided, text: str, args: Mapping[str, Any], buttons: Sequence[Sequence[Button]]
) -> None:
    due = decided.due
    decided.said = notices.to(
        due.user, text, app=APP, bot=due.bot, args=args, buttons=buttons, html=True
    )


def _written(at: datetime, zone: ZoneInfo, language: str) -> str:
    return _of_minute(at.replace(second=0, microsecond=0), zone, language)


@lru_cache(maxsize=10_000)
def _of_minute(at: datetime, zone: ZoneInfo, language: str) -> str:
    """Many end in the same minute, or are told of it again."""
    return words.moment(at, zone, language)


@cache
def _learn() -> None:
    """How dates are written takes a tenth of a second to find out, the first time; meanwhile
    others are answered."""
    for language in LANGUAGES:
        words.moment(datetime(2027, 1, 1, tzinfo=UTC), ZoneInfo("UTC"), language)


# -- writing -----------------------------------------------------------------------


def _job(decided: Decided, at: datetime) -> NewJob:
    """What an earlier one has left unsaid, this one takes the place of."""
    assert decided.said is not None
    return NewJob(notices.TO_PERSON, decided.said, key=ends.key(decided.due.user), after=at)


async def _write(tx: Tx, *, found: Sequence[Decided], jobs: Sequence[NewJob]) -> None:
    """Of what has not changed since it was read; the rest is due again. No disk is waited for: what
    a power cut undoes is decided again, and at worst said again; it is no money."""
    await tx.execute("SET LOCAL synchronous_commit = off")
    rows = await tx.fetch(
        """
        WITH free AS MATERIALIZED (
            SELECT user_id FROM subscriptions.subscription
             WHERE user_id = ANY ($1) FOR NO KEY UPDATE SKIP LOCKED
        )
        UPDATE subscriptions.subscription s
           SET looked_at = w.looked_at, due_at = w.next_at,
               renews = CASE WHEN w.off THEN '' ELSE s.renews END,
               renew_for = CASE WHEN w.off THEN NULL WHEN w.charged_at IS NULL THEN s.renew_for
                                ELSE s.expires_at END,
               renew_at = CASE WHEN w.off THEN NULL ELSE coalesce(w.charged_at, s.renew_at) END,
               renew_tries = CASE WHEN w.charged_at IS NULL THEN s.renew_tries ELSE 0 END,
               renew_price = coalesce(w.price, s.renew_price),
               renew_payment = CASE WHEN NOT w.off OR s.renews <> 'stars' THEN s.renew_payment END
          FROM unnest($1::bigint[], $2::timestamptz[], $3::bigint[], $4::timestamptz[],
                      $5::timestamptz[], $6::timestamptz[], $7::bigint[], $8::boolean[])
               AS w (user_id, due_at, wanted, looked_at, next_at, charged_at, price, off),
               free
         WHERE free.user_id = s.user_id AND s.user_id = w.user_id
           AND s.due_at = w.due_at AND s.wanted = w.wanted
        RETURNING s.user_id
        """,
        [each.due.user for each in found],
        [each.due.due_at for each in found],
        [each.due.wanted for each in found],
        [each.looked_at for each in found],
        [each.next_at for each in found],
        [each.charged_at for each in found],
        [each.price for each in found],
        [each.off for each in found],
    )
    written = {row["user_id"] for row in rows}
    stops = [
        NewJob(STOP, {"payment": each.due.payment}, key=str(each.due.payment))
        for each in found
        if each.off and each.due.kind == "stars" and each.due.user in written
    ]
    said = [each for each in jobs if each.payload["user"] in written]
    if said or stops:
        await outbox.put_many(tx, [*said, *stops])
