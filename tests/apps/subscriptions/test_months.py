"""The calendar, for all dates there are."""

from calendar import monthrange
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kassa.apps.subscriptions import months
from kassa.errors import Invalid

_FIRST = datetime(2000, 1, 1, tzinfo=UTC)
MOMENTS = st.integers(0, 150 * 365 * 86_400).map(lambda after: _FIRST + timedelta(seconds=after))
COUNTS = st.integers(0, 240)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("start", "count", "end"),
    [
        ("2026-01-31 10:00", 1, "2026-02-28 10:00"),
        ("2028-01-31 10:00", 1, "2028-02-29 10:00"),  # a leap year
        ("2028-02-29 23:59", 12, "2029-02-28 23:59"),
        ("2028-02-29 23:59", 48, "2032-02-29 23:59"),
        ("2100-01-30 00:00", 1, "2100-02-28 00:00"),  # divisible by four, and no leap year
        ("2026-12-31 00:00", 1, "2027-01-31 00:00"),
        ("2026-08-31 00:00", 6, "2027-02-28 00:00"),
        ("2026-05-15 12:30", 3, "2026-08-15 12:30"),
    ],
)
def test_a_month_later(start: str, count: int, end: str) -> None:
    begun = at(start)
    assert months.later(begun, count, begun.day) == at(end)


def test_the_day_that_was_lost_in_february_comes_back_in_march() -> None:
    begun = at("2026-01-31 10:00")
    february = months.later(begun, 1, 31)
    assert months.later(february, 1, 31) == at("2026-03-31 10:00")


@given(MOMENTS, COUNTS, COUNTS)
def test_months_one_by_one_are_months_at_once(start: datetime, one: int, other: int) -> None:
    step = months.later(months.later(start, one, start.day), other, start.day)
    assert step == months.later(start, one + other, start.day)


@given(MOMENTS, st.integers(1, 240))
def test_a_month_is_a_month(start: datetime, count: int) -> None:
    end = months.later(start, count, start.day)
    assert (end.year * 12 + end.month) - (start.year * 12 + start.month) == count
    assert end.timetz() == start.timetz()
    assert end.day == min(start.day, monthrange(end.year, end.month)[1])
    assert timedelta(days=28 * count) <= end - start <= timedelta(days=31 * count)


@given(MOMENTS, MOMENTS, st.integers(1, 24))
def test_who_begins_later_ends_no_sooner(one: datetime, other: datetime, count: int) -> None:
    first, second = sorted((one, other))
    assert months.later(first, count, first.day) <= months.later(second, count, second.day)


@given(MOMENTS, COUNTS, st.integers(-12, 14))
def test_where_it_is_asked_from_does_not_matter(start: datetime, count: int, hours: int) -> None:
    """Summer time and zones are of the one who reads; what is kept is UTC."""
    there = start.astimezone(timezone(timedelta(hours=hours)))
    assert months.later(there, count, start.day) == months.later(start, count, start.day)


@given(st.integers(0, 10**9), st.integers(1, 10_000), st.integers(1, 10_000))
def test_time_of_another_tier_is_worth_no_more(seconds: int, rate: int, to: int) -> None:
    there = months.converted(seconds, rate, to)
    assert there * to <= seconds * rate < (there + 1) * to
    assert months.converted(there, to, rate) <= seconds


@given(MOMENTS, st.integers(0, 4000 * 86_400))
def test_a_begun_day_is_a_day(now: datetime, seconds: int) -> None:
    left = months.days_left(now + timedelta(seconds=seconds), now)
    assert (left - 1) * 86_400 < seconds <= left * 86_400
    assert months.days_left(now - timedelta(seconds=1), now) == 0


def test_nobody_buys_more_than_there_is() -> None:
    with pytest.raises(Invalid):
        months.later(at("2026-01-31 10:00"), 12 * 300, 31)
    with pytest.raises(Invalid):
        months.plus(at("2026-01-31 10:00"), 300 * 366 * 86_400)
