"""What is kept of subscriptions, and what can be wrong."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from kassa.errors import Conflict, Invalid, KassaError
from kassa.money import Money

APP = "subscriptions"


@dataclass(frozen=True, slots=True)
class Grade:
    """What somebody has while they have it. `rate` is what a day of it is worth against others."""

    tier: str
    rate: int
    devices: int
    traffic: int  # bytes a month; 0: no limit


@dataclass(frozen=True, slots=True)
class Length:
    """Of time: calendar months, then seconds."""

    months: int = 0
    seconds: int = 0

    @classmethod
    def days(cls, count: int) -> "Length":
        return cls(seconds=count * 86_400)


@dataclass(frozen=True, slots=True)
class Subscription:
    user: int
    bot: str
    username: str
    grade: Grade
    expires_at: datetime | None
    anchor: int
    grace_until: datetime | None
    renews: str  # "", balance, saved, stars
    renew_plan: str
    renew_with: str
    renew_at: datetime | None
    renew_tries: int
    renew_payment: int | None
    wanted: int
    provisioned: int
    panel_id: str
    link: str
    panel_tries: int
    panel_error: str
    created_at: datetime

    @property
    def access_until(self) -> datetime | None:
        """With the grace of a renewal that fails."""
        ends = [each for each in (self.expires_at, self.grace_until) if each is not None]
        return max(ends) if ends else None

    def is_active(self, at: datetime) -> bool:
        return self.access_until is not None and self.access_until > at


@dataclass(frozen=True, slots=True)
class Term:
    """A change of somebody's time."""

    id: int
    user: int
    kind: str
    cause: str
    months: int
    seconds: int  # what it came to; negative where it was taken back
    rate: int
    before: datetime | None
    after: datetime
    purchase: int | None
    given_by: int | None
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Purchase:
    """A plan as it was agreed on: this much time, at these prices."""

    id: int
    user: int
    bot: str
    plan: str
    months: int
    grade: Grade
    prices: Mapping[str, Money]
    gift: bool
    renews: bool
    promo: str | None
    status: str  # open | done | gone
    paid_by: int | None
    price: Money | None
    refunded: int
    taken: int
    at: datetime
    done_at: datetime | None


class NoSuchPlan(Invalid):
    """It was withdrawn, or never was."""


class NotForSale(Conflict):
    """This purchase has ended."""


class HadTrial(Conflict):
    """The trial is once a person."""


class NoSuchPromo(KassaError):
    """A promo code that does not do; `why` names it: none, over, early, used, yours, closed; one
    (the purchase has another), waiting (it is with a purchase that can still be paid), days,
    price, too-much, currency (it is for another), many (they guess)."""

    status = 404

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(f"This promo code cannot be used: {why}.")


class NoSuchGift(KassaError):
    """`why`: none, taken, opened (by themselves), yours (their own), revoked."""

    status = 404

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(f"This gift cannot be opened: {why}.")
