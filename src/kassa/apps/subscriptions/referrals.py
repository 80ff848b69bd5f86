"""Who brings a friend is given days when the friend first pays; they are taken back with a refund.

The inviter's time is changed by a job of its own: a payment waits for nobody's lock but its
payer's. Locks are taken in one order: the friend's purchases, the referral, subscriptions by
their people's numbers.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kassa import clock, outbox, users
from kassa.apps.models import Kassa
from kassa.apps.subscriptions import months, options, purchases, service
from kassa.apps.subscriptions.bot import sharing
from kassa.apps.subscriptions.models import Length, Purchase
from kassa.apps.subscriptions.options import Options
from kassa.db import Reader, Tx
from kassa.outbox import Job
from kassa.users import User

if TYPE_CHECKING:
    from asyncpg import Record

REWARD = "subscriptions.reward"
REVERSE = "subscriptions.unreward"


@dataclass(frozen=True, slots=True)
class Invited:
    """What came of somebody's link."""

    friends: int  # who came by it
    paid: int  # ... and have paid
    days: int  # earned and kept


async def of(on: Reader, user: int) -> Invited:
    row = await on.fetchrow(
        """
        SELECT (SELECT count(*) FROM users.person WHERE referred_by = $1) AS friends,
               count(*) AS paid, coalesce(sum(days), 0)::bigint AS days
          FROM subscriptions.referral WHERE inviter_id = $1 AND reversed_at IS NULL
        """,
        user,
    )
    assert row is not None
    return Invited(row["friends"], row["paid"], row["days"])


async def owner(on: Reader, code: str) -> User | None:
    """Whose link it is."""
    number = await on.fetchval(
        "SELECT id FROM users.person WHERE referral_code = $1", code.upper()[:64]
    )
    return None if number is None else await users.get(on, number)


async def came(tx: Tx, user: User, code: str) -> tuple[str, User | None]:
    """What came of the link that somebody has pressed: welcome, or known (for they were here
    before), yours, none; and whose it is. The runtime has noted who invited them."""
    inviter = await owner(tx, code)
    if inviter is None:
        return "none", None
    if inviter.id == user.id:
        return "yours", inviter
    now = await users.get(tx, user.id)
    return ("welcome" if now.referred_by == inviter.id else "known"), inviter


def link(home: str, code: str) -> str:
    return sharing.link(home, f"ref_{code}")


async def paid(tx: Tx, purchase: Purchase) -> None:
    """Called for every purchase; what there is to do for it is the job's to find out."""
    await _ask(tx, purchase, REWARD)


async def refunded(tx: Tx, purchase: Purchase) -> None:
    """Called for every purchase whose money went back, all of it."""
    await _ask(tx, purchase, REVERSE)


async def _ask(tx: Tx, purchase: Purchase, what: str) -> None:
    person = await users.get(tx, purchase.user)
    if person.referred_by is not None:
        told = {"friend": purchase.user, "purchase": purchase.id}
        await outbox.put(tx, what, told, key=f"{purchase.user}:{purchase.id}")


async def reward(kassa: Kassa, job: Job) -> None:
    """Once a friend, for the first purchase that is not given back."""
    friend, number = int(job.payload["friend"]), int(job.payload["purchase"])
    sold = options.of(kassa.settings)

    async def work(tx: Tx) -> None:
        await outbox.finish(tx, job)
        purchase = await purchases.get(tx, number, lock=True)
        inviter = (await users.get(tx, friend)).referred_by
        if inviter is None or inviter == friend or _is_given_back(purchase):
            return
        # One that was reversed counts again, by this purchase.
        row = await tx.fetchrow(
            """
            INSERT INTO subscriptions.referral AS r
                   (friend_id, inviter_id, purchase_id, days, gift_days, at)
            VALUES ($1, $2, $3, $4, $5, $6)
            ON CONFLICT (friend_id) DO UPDATE SET purchase_id = $3, reversed_at = NULL
             WHERE r.reversed_at IS NOT NULL
            RETURNING inviter_id, days, gift_days
            """,
            *(friend, inviter, number, sold.referral_days, sold.welcome_days, clock.now()),
        )
        if row is None:
            return
        for each in _shares(row, friend, number):
            await _give(tx, each, sold)

    await kassa.database.run(work)


async def _give(tx: Tx, share: "_Share", sold: Options) -> None:
    """The days; the second time no more than was taken back, so that going round and round is
    worth nothing."""
    usual = sold.grade(next(iter(sold.tiers)))
    length, cause, news = Length.days(share.days), share.cause, f"news-{share.kind}"
    mine = await service.open_for(tx, share.user, usual)
    last = await _last(tx, share)
    if last is not None:
        now = clock.now()
        has = mine.grade if mine.expires_at is not None and mine.expires_at > now else usual
        length = Length(seconds=months.converted(-last["seconds"], last["rate"], has.rate))
        if not length.seconds:
            return
        cause, news = f"{cause}:again:{share.purchase}", ""
    await service.extend(
        *(tx, share.user, length),
        kind=share.kind,
        cause=cause,
        grade=usual,
        news=news,
        args={"days": share.days},
    )


async def reverse(kassa: Kassa, job: Job) -> None:
    """What was given for a purchase goes when its money does, unless another one is paid: then it
    is given for that."""
    friend, number = int(job.payload["friend"]), int(job.payload["purchase"])

    async def work(tx: Tx) -> None:
        await outbox.finish(tx, job)
        others = await tx.fetch(
            """
            SELECT id FROM subscriptions.purchase
             WHERE user_id = $1 AND status = 'done' AND (id = $2 OR refunded < price)
             ORDER BY id FOR UPDATE
            """,
            *(friend, number),
        )
        other = next((each["id"] for each in others if each["id"] != number), None)
        row = await tx.fetchrow(
            """
            UPDATE subscriptions.referral
               SET purchase_id = coalesce($4, purchase_id),
                   reversed_at = CASE WHEN $4::bigint IS NULL THEN $3::timestamptz END
             WHERE friend_id = $1 AND purchase_id = $2 AND reversed_at IS NULL
            RETURNING inviter_id, days, gift_days
            """,
            *(friend, number, clock.now(), other),
        )
        if row is None or other is not None:
            return
        for each in _shares(row, friend, number):
            await _take(tx, each)

    await kassa.database.run(work)


async def _take(tx: Tx, share: "_Share") -> None:
    last = await _last(tx, share)
    if last is not None and last["seconds"] > 0:
        await service.take_back(
            *(tx, share.user, last["seconds"]),
            rate=last["rate"],
            kind="reversal",
            cause=f"{share.cause}:back:{share.purchase}",
            news="news-referral-back" if share.kind == "referral" else "",
            args={"days": share.days},
        )


@dataclass(frozen=True, slots=True, order=True)
class _Share:
    """What one of the two has of it."""

    user: int
    days: int
    kind: str
    friend: int
    purchase: int

    @property
    def cause(self) -> str:
        return f"{self.kind}:{self.friend}"


def _shares(row: "Record", friend: int, purchase: int) -> list[_Share]:
    inviters = _Share(row["inviter_id"], row["days"], "referral", friend, purchase)
    friends = _Share(friend, row["gift_days"], "welcome", friend, purchase)
    return [each for each in sorted((inviters, friends)) if each.days]


async def _last(tx: Tx, share: _Share) -> "Record | None":
    """The last that it did to their time: given, or taken back."""
    return await tx.fetchrow(
        """
        SELECT seconds, rate FROM subscriptions.term
         WHERE user_id = $1 AND (cause = $2 OR starts_with(cause, $3)) ORDER BY id DESC LIMIT 1
        """,
        *(share.user, share.cause, f"{share.cause}:"),
    )


def _is_given_back(purchase: Purchase) -> bool:
    return purchase.price is not None and purchase.refunded >= purchase.price.amount
