"""Gifts: a paid plan as a link; whoever opens it first has the time.

Locks are taken in one order: the purchase, its gift, the person's subscription.
"""

import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from kassa import clock, outbox, users
from kassa.apps.models import Kassa
from kassa.apps.subscriptions import service, words
from kassa.apps.subscriptions.bot import sharing
from kassa.apps.subscriptions.models import (
    APP,
    Grade,
    Length,
    NoSuchGift,
    Purchase,
    Subscription,
    Term,
)
from kassa.db import Reader, Tx
from kassa.outbox import Job, TryLater
from kassa.payments import Button, notices

if TYPE_CHECKING:
    from asyncpg import Record

TELL = "subscriptions.gift"  # a job: the buyer is given the link
_SOON = timedelta(seconds=1)

_CODE = re.compile("[0-9A-Za-z_]{8,64}")
_GIFT = """
    g.code, g.purchase_id, g.buyer_id, g.redeemed_by, g.redeemed_at, g.revoked_at, g.at, p.months,
    p.tier, p.rate, p.devices, p.traffic
"""


@dataclass(frozen=True, slots=True)
class Gift:
    code: str
    purchase: int
    buyer: int
    redeemed_by: int | None
    redeemed_at: datetime | None
    revoked_at: datetime | None
    at: datetime
    months: int
    grade: Grade

    @property
    def state(self) -> str:
        return "revoked" if self.revoked_at else "opened" if self.redeemed_at else "waiting"


async def make(tx: Tx, purchase: Purchase) -> None:
    code = secrets.token_urlsafe(12).replace("-", "_")
    await tx.execute(
        """
        INSERT INTO subscriptions.gift (code, purchase_id, buyer_id, at) VALUES ($1, $2, $3, $4)
        """,
        *(code, purchase.id, purchase.user, clock.now()),
    )
    told = {"user": purchase.user, "bot": purchase.bot, "code": code, "months": purchase.months}
    await outbox.put(tx, TELL, told, key=code)


async def of_buyer(on: Reader, user: int, *, most: int = 10) -> list[Gift]:
    """The newest first."""
    rows = await on.fetch(
        f"""
        SELECT {_GIFT}
          FROM subscriptions.gift g JOIN subscriptions.purchase p ON p.id = g.purchase_id
         WHERE g.buyer_id = $1 ORDER BY g.at DESC LIMIT $2
        """,  # noqa: S608
        *(user, most),
    )
    return [_read(row) for row in rows]


async def to_open(on: Reader, user: int, code: str) -> Gift:
    """One that this person may open. Raises NoSuchGift."""
    row = _CODE.fullmatch(code) and await on.fetchrow(
        f"""
        SELECT {_GIFT}
          FROM subscriptions.gift g JOIN subscriptions.purchase p ON p.id = g.purchase_id
         WHERE g.code = $1
        """,  # noqa: S608
        code,
    )
    if not row:
        raise NoSuchGift("none")
    gift = _read(row)
    if gift.revoked_at is not None:
        raise NoSuchGift("revoked")
    if gift.redeemed_by == user:
        raise NoSuchGift("opened")
    if gift.buyer == user:
        raise NoSuchGift("yours")
    if gift.redeemed_by is not None:
        raise NoSuchGift("taken")
    return gift


def changes(mine: Subscription | None, gift: Gift) -> bool:
    """Whether what somebody has left becomes time of the gift's tier."""
    now = clock.now()
    has_time = mine is not None and mine.expires_at is not None and mine.expires_at > now
    return has_time and mine is not None and mine.grade.tier != gift.grade.tier


async def redeem(tx: Tx, user: int, code: str, *, bot: str) -> Term:
    """Raises NoSuchGift."""
    from kassa.apps.subscriptions import purchases  # which make gifts
    from kassa.apps.subscriptions.buying import take_time

    found = await to_open(tx, user, code)
    purchase = await purchases.get(tx, found.purchase, lock=True)
    await tx.execute("SELECT FROM subscriptions.gift WHERE code = $1 FOR UPDATE", code)
    gift = await to_open(tx, user, code)  # as it is now
    await tx.execute(
        "UPDATE subscriptions.gift SET redeemed_by = $2, redeemed_at = $3 WHERE code = $1",
        *(code, user, clock.now()),
    )
    term = await service.extend(
        *(tx, user, Length(months=purchase.months)),
        kind="gift",
        cause=f"gift:{code}",
        grade=purchase.grade,
        changes_grade=True,
        bot=bot,
        purchase=purchase.id,
        news="news-gift",
        args={"months": purchase.months},
    )
    assert term is not None, "A gift that nobody has opened has had its effect."
    if purchase.refunded:  # a part of its money went back before
        refunded, cause = purchase.refunded, f"gift:{code}:part"
        await take_time(tx, purchase, user, refunded, cause=cause, news="")
    told = notices.to(
        *(gift.buyer, "gift-was-opened"),
        app=APP,
        bot=purchase.bot,
        args={"months": purchase.months},
        buttons=[[Button("button-gift-more", data="sub:gift")]],
    )
    await outbox.put(tx, notices.TO_PERSON, told)
    return term


async def take_back(tx: Tx, purchase: Purchase, refunded: int, *, cause: str) -> None:
    """Its money went back: what nobody has opened is closed, what somebody has is taken back."""
    from kassa.apps.subscriptions.buying import take_time  # which sells gifts, too

    row = await tx.fetchrow(
        "SELECT * FROM subscriptions.gift WHERE purchase_id = $1 FOR UPDATE", purchase.id
    )
    assert row is not None
    assert purchase.price is not None
    if row["redeemed_by"] is not None:
        friend = row["redeemed_by"]
        await take_time(tx, purchase, friend, refunded, cause=cause, news="news-gift-back")
    elif refunded >= purchase.price.amount:
        await tx.execute(
            "UPDATE subscriptions.gift SET revoked_at = $2 WHERE code = $1",
            *(row["code"], clock.now()),
        )


# -- what the buyer is told --------------------------------------------------------


def link(home: str, code: str) -> str:
    return sharing.link(home, f"gift_{code}")


async def tell(kassa: Kassa, job: Job) -> None:
    """The buyer is given the link, which they send to whom they like."""
    bot, code, months = job.payload["bot"], job.payload["code"], job.payload["months"]
    home = kassa.payments.home.get(bot, "")
    if not home:
        raise TryLater(_SOON, "It is not known yet what the bot is called.")

    async def work(tx: Tx) -> None:
        await outbox.finish(tx, job)
        buyer = await users.get(tx, job.payload["user"])
        address = link(home, code)
        invitation = words.ours(buyer.language)("gift-share", months=months)
        told = notices.to(
            *(buyer.id, "gift-is-paid"),
            app=APP,
            bot=bot,
            args={"months": months, "link": address},
            buttons=[
                [Button("button-gift-share", url=sharing.address(address, invitation))],
                [Button("button-gift-copy", copy=address)],
                [Button("button-gifts", data="sub:gifts")],
            ],
            html=True,
        )
        await outbox.put(tx, notices.TO_PERSON, told)

    await kassa.database.run(work)


def _read(row: "Record") -> Gift:
    code, purchase, buyer, opened_by, opened_at, revoked_at, at, months, *grade = row.values()
    return Gift(code, purchase, buyer, opened_by, opened_at, revoked_at, at, months, Grade(*grade))
