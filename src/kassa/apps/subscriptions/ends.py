"""When something is said of a subscription's end, and when it is renewed: pure arithmetic, in UTC.

An end has moments: some days before it, the end itself, some days after. Each is decided once:
what lies between the last look and this one, and of several only the latest.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from kassa.apps.subscriptions.months import DAY

CALM = timedelta(hours=6)  # whoever has just got time is not told at once that it ends
NOTICE = timedelta(days=2)  # before they are charged, people know of it at least so long
STARS_EARLY = timedelta(hours=1)  # Telegram charges at the end: until then access has its grace
AGAIN = (4, 8, 16, 24)  # hours after a renewal that failed; then every 24


def key(user: int) -> str:
    """Of the job that says something of somebody's end: what comes later takes its place."""
    return f"subscriptions.ends:{user}"


@dataclass(frozen=True, slots=True)
class Moment:
    name: str  # soon | renews | end | back
    at: datetime


def moments(ends: datetime, *, days: Sequence[int], back: int) -> list[Moment]:
    """In their order, each later than the one before it. `days` before the end, the longest
    first; `back` after it, or 0."""
    found = [Moment("soon", ends - each * DAY) for each in days]
    found.append(Moment("end", ends))
    return [*found, Moment("back", ends + back * DAY)] if back else found


def of_renewal(ends: datetime, charged: datetime, *, days: int) -> list[Moment]:
    """Of one that goes on by itself: it is told once, and what comes of it is its own news."""
    return [Moment("renews", min(ends - days * DAY, charged - NOTICE))]


def decided(
    each: Sequence[Moment], looked: datetime, now: datetime
) -> tuple[Moment | None, datetime | None]:
    """What is to be said now, of what nobody has looked at yet; and when to look again."""
    passed = [moment for moment in each if looked < moment.at <= now]
    after = max(looked, now)
    to_come = [moment.at for moment in each if moment.at > after]
    return (passed[-1] if passed else None), (to_come[0] if to_come else None)


def calm(changed: datetime, ends: datetime) -> datetime:
    """Up to when moments are past that come soon after a change; the end itself never is."""
    if ends <= changed:
        return changed
    return min(changed + CALM, ends - timedelta(microseconds=1))


def speakable(at: datetime, zone: ZoneInfo, quiet: tuple[int, int]) -> datetime:
    """`at`, or the end of the quiet hours of the person's day that it lies in."""
    begin, end = quiet
    if begin == end:
        return at
    local = at.astimezone(zone)
    hour = local.hour
    over_midnight = begin > end
    is_quiet = (hour >= begin or hour < end) if over_midnight else begin <= hour < end
    if not is_quiet:
        return at
    day = local.date() + (DAY if over_midnight and hour >= begin else timedelta(0))
    return datetime.combine(day, time(end), zone).astimezone(UTC)


# -- renewing ----------------------------------------------------------------------


def charged_at(ends: datetime, kind: str, *, hours: int) -> datetime:
    """The first try of a renewal; of Stars, when access begins to wait for Telegram."""
    return ends - (STARS_EARLY if kind == "stars" else timedelta(hours=hours))


def again_at(now: datetime, tries: int) -> datetime:
    """After so many that have failed."""
    return now + timedelta(hours=AGAIN[min(max(tries, 1), len(AGAIN)) - 1])
