"""Calendar arithmetic: pure, in UTC.

A month later is the same day of the next month, or its last day where there is no such day. The
day that somebody began on is kept as the anchor, so that what begins on 31 January ends on
28 February and then on 31 March: three months one by one are the same as three at once.
"""

from calendar import monthrange
from datetime import UTC, datetime, timedelta

from kassa.errors import Invalid

DAY = timedelta(days=1)
LAST_YEAR = 2200  # nobody buys more than that; a datetime ends in 9999


def later(at: datetime, months: int, anchor: int) -> datetime:
    """`months` after `at`, on the anchor's day."""
    at = at.astimezone(UTC)
    count = at.year * 12 + (at.month - 1) + months
    year, month = divmod(count, 12)
    if year > LAST_YEAR:
        raise Invalid(f"A subscription ends before {LAST_YEAR}.")
    day = min(anchor, monthrange(year, month + 1)[1])
    return at.replace(year=year, month=month + 1, day=day)


def plus(at: datetime, seconds: int) -> datetime:
    found = at + timedelta(seconds=seconds)
    if found.year > LAST_YEAR:
        raise Invalid(f"A subscription ends before {LAST_YEAR}.")
    return found


def seconds_between(start: datetime, end: datetime) -> int:
    """Whole ones: a term has no parts of a second."""
    return (end - start) // timedelta(seconds=1)


def converted(seconds: int, rate: int, to: int) -> int:
    """Time of one tier as time of another, by what a day of each is worth."""
    return seconds * rate // to


def days_left(until: datetime, at: datetime) -> int:
    """As people count: a begun day is a day."""
    left = until - at
    return max(0, -(-left // DAY))
