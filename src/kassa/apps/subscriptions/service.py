"""The time that people have: the only writer of `subscription` and `term`.

Every change has a cause, and happens once for it:

    await service.extend(tx, user, Length(months=3), kind="paid", cause="purchase:17", news="paid")

Whatever changes is told to the panel by a job of the same transaction, and to the person when the
panel has done it (`news` names what is said).
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from kassa import clock, outbox, users
from kassa.apps.subscriptions import ends, months
from kassa.apps.subscriptions.models import Grade, HadTrial, Length, Subscription, Term
from kassa.apps.subscriptions.options import Options
from kassa.db import Reader, Tx
from kassa.errors import NotFound
from kassa.payments import notices

if TYPE_CHECKING:
    from asyncpg import Record

PROVISION = "subscriptions.provision"  # a job for one person, by their number

_SUBSCRIPTION = """
    user_id, bot, username, tier, rate, devices, traffic, expires_at, anchor, grace_until, renews,
    renew_plan, renew_with, renew_at, renew_tries, renew_payment, wanted, provisioned, panel_id,
    link, panel_tries, panel_error, created_at
"""
_TERM = """
    id, user_id, kind, cause, months, seconds, rate, before, after, purchase_id, given_by, reason,
    at
"""


# -- what there is -----------------------------------------------------------------


async def standing(on: Reader, user: int) -> Subscription | None:
    row = await on.fetchrow(
        f"SELECT {_SUBSCRIPTION} FROM subscriptions.subscription WHERE user_id = $1",  # noqa: S608
        user,
    )
    return None if row is None else read(row)


async def terms(
    on: Reader, user: int, *, before: int | None = None, most: int = 20
) -> Sequence[Term]:
    """A page of what happened to somebody's time, newest first; the next is `before` its last."""
    rows = await on.fetch(
        f"""
        SELECT {_TERM} FROM subscriptions.term
         WHERE user_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3
        """,  # noqa: S608
        *(user, 2**63 - 1 if before is None else before, most),
    )
    return [Term(*row.values()) for row in rows]


def read(row: "Record") -> Subscription:
    """Of a row of `columns()`."""
    user, bot, username, tier, rate, devices, traffic, *rest = row.values()
    return Subscription(user, bot, username, Grade(tier, rate, devices, traffic), *rest)


def columns() -> str:
    return _SUBSCRIPTION


# -- changes -----------------------------------------------------------------------


async def open_for(tx: Tx, user: int, grade: Grade, *, bot: str = "") -> Subscription:
    """Somebody's subscription, locked until the transaction ends; made without any time where
    there is none."""
    person = await users.get(tx, user)
    await tx.execute(
        """
        INSERT INTO subscriptions.subscription
               (user_id, bot, username, tier, rate, devices, traffic, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        ON CONFLICT (user_id) DO NOTHING
        """,
        *(user, bot, f"kassa_{person.uid.hex[:16]}", grade.tier, grade.rate, grade.devices),
        *(grade.traffic, clock.now()),
    )
    found = await locked(tx, user)
    assert found is not None
    return found


async def locked(tx: Tx, user: int) -> Subscription | None:
    row = await tx.fetchrow(
        f"""
        SELECT {_SUBSCRIPTION} FROM subscriptions.subscription WHERE user_id = $1 FOR UPDATE
        """,  # noqa: S608
        user,
    )
    return None if row is None else read(row)


async def extend(
    tx: Tx,
    user: int,
    length: Length,
    *,
    kind: str,
    cause: str,
    grade: Grade,
    changes_grade: bool = False,
    bot: str = "",
    purchase: int | None = None,
    given_by: int | None = None,
    reason: str = "",
    news: str = "",
    args: Mapping[str, Any] | None = None,
) -> Term | None:
    """Adds to what is left, or begins now; None where this cause has had its effect already.

    With `changes_grade` what is left is converted to the new grade by its worth. Otherwise
    `grade` is for who has none yet, or none any more.
    """
    mine = await open_for(tx, user, grade, bot=bot)
    if await _is_done(tx, cause):
        return None
    now = clock.now().replace(microsecond=0)
    start, is_running = _start(mine, now, paid=kind == "paid")
    if changes_grade or not is_running:
        if is_running and grade.tier == mine.grade.tier:
            grade = replace(grade, rate=mine.grade.rate)  # whatever it is worth by now, it stays
        if is_running and grade.rate != mine.grade.rate:
            assert mine.expires_at is not None
            start = await _convert(tx, mine, grade, cause=cause, purchase=purchase)
    else:
        grade = mine.grade
    anchor = mine.anchor if is_running and start == mine.expires_at else start.day
    end = months.plus(months.later(start, length.months, anchor), length.seconds)
    if length.seconds:
        anchor = end.day
    before = start if is_running and start != mine.expires_at else mine.expires_at
    row = await tx.fetchrow(
        f"""
        INSERT INTO subscriptions.term
               (user_id, kind, cause, months, seconds, rate, before, after, purchase_id, given_by,
                reason, at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
        RETURNING {_TERM}
        """,  # noqa: S608
        *(user, kind, cause, length.months, months.seconds_between(start, end), grade.rate),
        *(before, end, purchase, given_by, reason, now),
    )
    assert row is not None
    await tx.execute(
        """
        UPDATE subscriptions.subscription
           SET tier = $2, rate = $3, devices = $4, traffic = $5, expires_at = $6, anchor = $7,
               grace_until = NULL, bot = coalesce(nullif($8, ''), bot)
         WHERE user_id = $1
        """,
        *(user, grade.tier, grade.rate, grade.devices, grade.traffic, end, anchor, bot),
    )
    await changed(tx, user, news=news, args=args)
    return Term(*row.values())


async def take_back(
    tx: Tx,
    user: int,
    seconds: int,
    *,
    rate: int,
    kind: str,
    cause: str,
    purchase: int | None = None,
    given_by: int | None = None,
    reason: str = "",
    news: str = "",
    args: Mapping[str, Any] | None = None,
) -> Term | None:
    """Takes time back, as far as it is not over yet. `seconds` are of a grade of that `rate`; what
    somebody has now may be another's. None where this cause has had its effect already."""
    mine = await locked(tx, user)
    if mine is None or mine.expires_at is None or await _is_done(tx, cause):
        return None
    now = clock.now().replace(microsecond=0)
    takes = months.converted(seconds, rate, mine.grade.rate)
    end = mine.expires_at
    if end > now:
        end = max(now, months.plus(end, -takes))
    row = await tx.fetchrow(
        f"""
        INSERT INTO subscriptions.term
               (user_id, kind, cause, seconds, rate, before, after, purchase_id, given_by, reason,
                at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
        RETURNING {_TERM}
        """,  # noqa: S608
        *(user, kind, cause, -months.seconds_between(end, mine.expires_at), mine.grade.rate),
        *(mine.expires_at, end, purchase, given_by, reason, now),
    )
    assert row is not None
    await tx.execute(
        """
        UPDATE subscriptions.subscription
           SET expires_at = $2, anchor = $3, grace_until = NULL
         WHERE user_id = $1
        """,
        *(user, end, end.day),
    )
    await changed(tx, user, news=news, args=args)
    return Term(*row.values())


async def begin_trial(tx: Tx, user: int, options: Options, *, bot: str) -> Term:
    """Once a person, and only for who has never had a subscription."""
    grade = options.grade(options.trial_tier)
    mine = await open_for(tx, user, grade, bot=bot)
    if not options.trial_days or mine.expires_at is not None:
        raise HadTrial("The trial is for who has never had a subscription.")
    term = await extend(
        *(tx, user, Length.days(options.trial_days)),
        kind="trial",
        cause=f"trial:{user}",
        grade=grade,
        bot=bot,
        news="news-trial",
        args={"days": options.trial_days},
    )
    if term is None:
        raise HadTrial("The trial is once a person.")
    return term


async def grace(tx: Tx, user: int, until: datetime) -> None:
    """Access goes on for a while though nothing is paid for it yet."""
    await tx.execute(
        "UPDATE subscriptions.subscription SET grace_until = $2 WHERE user_id = $1",
        *(user, until),
    )
    await changed(tx, user)


async def changed(
    tx: Tx, user: int, *, news: str = "", args: Mapping[str, Any] | None = None
) -> None:
    """The panel is to be told, and then the person; and its end is to be looked at anew."""
    now = clock.now()
    version = await tx.fetchval(
        """
        UPDATE subscriptions.subscription
           SET wanted = wanted + 1, looked_at = $2, due_at = $2
         WHERE user_id = $1 RETURNING wanted
        """,
        *(user, now),
    )
    if version is None:
        raise NotFound(f"The person {user} has no subscription.")
    if news:
        await tx.execute(
            """
            INSERT INTO subscriptions.news (user_id, version, text, args, at)
            VALUES ($1, $2, $3, $4, $5)
            """,
            *(user, version, news, dict(args or {}), now),
        )
    await _unsay(tx, user)
    await outbox.put(tx, PROVISION, {"user": user}, key=str(user))


async def _unsay(tx: Tx, user: int) -> None:
    """What waits to be said of an end that is another now."""
    waits = await tx.fetch(
        "SELECT id FROM outbox.job WHERE kind = $1 AND key = $2",
        *(notices.TO_PERSON, ends.key(user)),
    )
    if waits:
        await outbox.drop(tx, ids=[row["id"] for row in waits])


def _start(mine: Subscription, now: datetime, *, paid: bool) -> tuple[datetime, bool]:
    """From when new time counts, and whether it follows what there is. Who was let in by grace
    pays for that time."""
    ends = mine.expires_at
    if ends is None:
        return now, False
    in_grace = mine.grace_until is not None and mine.grace_until > now
    if ends > now or (paid and in_grace):
        return ends, True
    return now, False


async def _convert(
    tx: Tx, mine: Subscription, grade: Grade, *, cause: str, purchase: int | None
) -> datetime:
    """What is left becomes as much of another grade as it is worth; from when the rest counts."""
    ends, now = mine.expires_at, clock.now().replace(microsecond=0)
    assert ends is not None
    left = months.seconds_between(now, ends)
    if left <= 0:
        return ends
    end = months.plus(now, months.converted(left, mine.grade.rate, grade.rate))
    await tx.execute(
        """
        INSERT INTO subscriptions.term
               (user_id, kind, cause, seconds, rate, before, after, purchase_id, at)
        VALUES ($1, $9, $2, $3, $4, $5, $6, $7, $8)
        """,
        *(mine.user, f"{cause}:change", months.seconds_between(ends, end), grade.rate, ends, end),
        *(purchase, now, "change"),
    )
    return end


async def _is_done(tx: Tx, cause: str) -> bool:
    return bool(
        await tx.fetchval("SELECT EXISTS (SELECT FROM subscriptions.term WHERE cause = $1)", cause)
    )
