"""Moments of an end grow, each is decided once whenever one looks, and nobody is woken at night."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kassa.apps.subscriptions import ends, months
from kassa.apps.subscriptions.ends import CALM, again_at, calm, decided, moments, speakable
from kassa.apps.subscriptions.months import DAY
from kassa.users.zones import USUAL

# With odd ones: half an hour of summer time, 45 minutes, a day that was left out, midnight changes.
ZONES = [
    *USUAL,
    "Australia/Lord_Howe",
    "Pacific/Chatham",
    "Pacific/Apia",
    "America/Havana",
    "Africa/Cairo",
    "America/St_Johns",
    "Asia/Kolkata",
]
FIRST, LAST = datetime.fromisoformat("2011-01-01"), datetime.fromisoformat("2100-01-01")
times = st.datetimes(FIRST, LAST, timezones=st.just(UTC))
days = st.lists(st.integers(1, 365), max_size=4, unique=True).map(lambda each: sorted(each)[::-1])


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@given(times, days, st.integers(0, 365))
def test_moments_grow(end: datetime, remind: list[int], back: int) -> None:
    found = moments(end, days=remind, back=back)
    assert len(found) == len(remind) + 1 + bool(back)
    assert all(one.at < other.at for one, other in pairwise(found))


@given(times, days, st.integers(0, 30), st.lists(st.integers(1, 40 * 86_400), max_size=30))
def test_each_is_decided_once_whenever_one_looks(
    end: datetime, remind: list[int], back: int, pauses: list[int]
) -> None:
    every = moments(end, days=remind, back=back)
    looked, said = end - 400 * DAY, []
    at = looked
    for pause in pauses:
        at += timedelta(seconds=pause)
        moment, next_at = decided(every, looked, at)
        passed = [each for each in every if looked < each.at <= at]
        assert moment == (passed[-1] if passed else None)  # the latest, after a standstill
        assert next_at == next((each.at for each in every if each.at > at), None)
        if moment:
            said.append(moment)
        looked = at
    assert len(said) == len(set(said))
    assert said == sorted(said, key=lambda each: each.at)


@given(times, days, st.integers(0, 30))
def test_who_looks_when_it_was_said_to_misses_nothing(
    end: datetime, remind: list[int], back: int
) -> None:
    every = moments(end, days=remind, back=back)
    looked, said = end - 400 * DAY, []
    next_at = decided(every, looked, looked)[1]
    while next_at is not None:
        looked, (moment, next_at) = next_at, decided(every, looked, next_at)
        said.append(moment)
    assert said == every


@given(times, st.integers(-86_400, 40 * 86_400))
def test_nobody_is_told_at_once_that_it_ends_but_of_the_end_itself(
    changed: datetime, seconds: int
) -> None:
    end = changed + timedelta(seconds=seconds)
    looked = calm(changed, end)
    assert changed <= looked <= changed + CALM
    later = [each.name for each in moments(end, days=(3, 1), back=7) if each.at > looked]
    assert ("end" in later) == (end > changed)
    for each in moments(end, days=(3, 1), back=0)[:-1]:
        assert each.at <= looked or each.at > changed + CALM or end <= changed + CALM


def test_a_trial_of_three_days_is_told_of_one_day_before() -> None:
    begun = utc("2027-02-27T12:00")
    end = begun + 3 * DAY
    later = [each for each in moments(end, days=(3, 1), back=7) if each.at > calm(begun, end)]
    assert [(each.name, each.at) for each in later] == [
        ("soon", utc("2027-03-01T12:00")),
        ("end", utc("2027-03-02T12:00")),
        ("back", utc("2027-03-09T12:00")),
    ]


@pytest.mark.parametrize(
    ("begun", "end", "soon"),
    [
        ("2028-01-31T10:00", "2028-02-29T10:00", "2028-02-26T10:00"),  # a leap year
        ("2027-01-31T10:00", "2027-02-28T10:00", "2027-02-25T10:00"),
        ("2028-02-01T10:00", "2028-03-01T10:00", "2028-02-27T10:00"),
    ],
)
def test_three_days_before_the_end_of_a_month(begun: str, end: str, soon: str) -> None:
    at = months.later(utc(begun), 1, utc(begun).day)
    assert at == utc(end)
    assert moments(at, days=(3,), back=0)[0].at == utc(soon)


# -- quiet hours -------------------------------------------------------------------

hours = st.tuples(st.integers(0, 23), st.integers(0, 23))


def is_quiet(at: datetime, zone: ZoneInfo, quiet: tuple[int, int]) -> bool:
    begin, end = quiet
    hour = at.astimezone(zone).hour
    return begin <= hour < end if begin <= end else hour >= begin or hour < end


@given(times, st.sampled_from(ZONES), hours)
def test_nobody_is_woken_and_nothing_waits_for_long(
    at: datetime, name: str, quiet: tuple[int, int]
) -> None:
    zone = ZoneInfo(name)
    when = speakable(at, zone, quiet)
    assert at <= when <= at + timedelta(hours=26)
    assert not is_quiet(when, zone, quiet)
    assert speakable(when, zone, quiet) == when
    if not is_quiet(at, zone, quiet):
        assert when == at


@pytest.mark.parametrize(
    ("at", "zone", "when"),
    [
        ("2027-06-01T20:30", "Europe/Moscow", "2027-06-02T06:00"),  # 23:30 there
        ("2027-06-01T22:30", "Europe/Moscow", "2027-06-02T06:00"),  # 1:30
        ("2027-06-01T18:59", "Europe/Moscow", "2027-06-01T18:59"),  # 21:59
        ("2027-06-01T19:00", "Europe/Moscow", "2027-06-02T06:00"),  # 22:00
        ("2027-06-02T06:00", "Europe/Moscow", "2027-06-02T06:00"),  # 9:00
        ("2027-06-01T18:00", "Asia/Tashkent", "2027-06-02T04:00"),  # 23:00
        ("2027-03-27T22:00", "Europe/Berlin", "2027-03-28T07:00"),  # the night has ten hours
        ("2027-10-30T21:00", "Europe/Berlin", "2027-10-31T08:00"),  # ... and twelve
    ],
)
def test_the_night_ends_at_nine(at: str, zone: str, when: str) -> None:
    assert speakable(utc(at), ZoneInfo(zone), (22, 9)) == utc(when)


@given(times, st.sampled_from(ZONES), st.integers(0, 23))
def test_where_nothing_is_quiet(at: datetime, name: str, hour: int) -> None:
    assert speakable(at, ZoneInfo(name), (hour, hour)) == at


# -- renewing ----------------------------------------------------------------------


def test_a_renewal_that_fails_is_tried_at_growing_intervals() -> None:
    at = utc("2027-06-01T00:00")
    waits = [(again_at(at, tries) - at).total_seconds() / 3600 for tries in range(1, 8)]
    assert waits == [4, 8, 16, 24, 24, 24, 24]


@given(times, st.integers(1, 720), st.integers(1, 30))
def test_a_renewal_is_told_before_it_is_charged(end: datetime, hours: int, before: int) -> None:
    charged = ends.charged_at(end, "saved", hours=hours)
    (told,) = ends.of_renewal(end, charged, days=before)
    assert told.at <= end - before * DAY
    assert told.at <= charged - 2 * DAY


def test_stars_are_charged_by_telegram_at_the_end() -> None:
    end = utc("2027-06-01T12:00")
    assert ends.charged_at(end, "stars", hours=24) == utc("2027-06-01T11:00")
