"""People, ends and payments of an older bot, in one transaction: all of the file, or nothing.

Each end that the file gives somebody has its effect once, whatever it was: the same file again
changes nothing. Old payments are shown and never booked.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

import asyncpg

from kassa import clock
from kassa.apps.subscriptions import months
from kassa.apps.subscriptions.models import Grade
from kassa.apps.subscriptions.older import payments as old_payments
from kassa.apps.subscriptions.older.file import File, Old, Wrong
from kassa.apps.subscriptions.options import Options
from kassa.db import Reader, Tx
from kassa.errors import Conflict, Invalid
from kassa.users.service import REFERRED_WITHIN

if TYPE_CHECKING:
    from asyncpg import Record

MANY = 2000  # people at once

Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class How:
    """`adds`: to what somebody has here already; else the later end counts. `panel` is its kind."""

    options: Options
    panel: str
    adds: bool = False


@dataclass(slots=True)
class Outcome:
    """What came of it, or would."""

    counts: Counter[str] = field(default_factory=Counter)
    wrong: list[Wrong] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Known:
    """What there is of somebody here."""

    user: int
    uid: UUID
    username: str | None  # at the panel; None: no subscription
    grade: Grade | None
    expires_at: datetime | None
    anchor: int
    panel_id: str
    link: str
    has_account: bool
    causes: Sequence[str]
    keys: Sequence[str]  # of old payments


@dataclass(frozen=True, slots=True)
class _Change:
    """How a subscription is to be, and the term that makes it so."""

    known: _Known
    old: Old
    cause: str
    username: str
    panel_id: str
    link: str
    grade: Grade
    after: datetime
    anchor: int
    seconds: int
    runs: bool  # the panel is to be told
    what: str


async def preview(on: Reader, file: File, how: How) -> Outcome:
    """What `write` would do now; nothing is changed."""
    found, now = Outcome(wrong=list(file.wrong)), clock.now().replace(microsecond=0)
    for some in _some(file):
        known = await _look(on, some)
        changes = _judged(some, known, how, now, found)
        found.wrong += await _taken_names(on, changes)
    return found


async def write(tx: Tx, file: File, how: How, *, progress: Progress = lambda _: None) -> Outcome:
    """Raises Invalid where the file is wrong, Conflict where another import is under way."""
    if file.wrong:
        raise Invalid(f"Line {file.wrong[0].line}: {file.wrong[0].what}.")
    if not await tx.fetchval(
        "SELECT pg_try_advisory_xact_lock(hashtextextended('subscriptions.import', 0))"
    ):
        raise Conflict("Another import is under way.")
    found, now, done = Outcome(), clock.now().replace(microsecond=0), 0
    for some in _some(file):
        await _see(tx, some, now)
        await _open(tx, [each for each in some if each.expires_at], how, now)
        known = await _look(tx, some, lock=True)
        changes = _judged(some, known, how, now, found)
        try:
            await _write_subscriptions(tx, changes, now)
        except asyncpg.UniqueViolationError as error:
            raise Conflict(f"Another person here has an account of theirs: {error}") from None
        await _write_terms(tx, changes, now)
        await old_payments.keep(
            tx,
            [(known[each.telegram_id].user, of) for each in some for of in each.payments.values()],
        )
        if how.panel == "keys":
            await _write_keys(tx, changes, now)
        done += len(some)
        progress(done)
    return found


def _some(file: File) -> Iterator[list[Old]]:
    """In one order, so that two who lock them do not wait for each other."""
    people = [file.people[each] for each in sorted(file.people)]
    for start in range(0, len(people), MANY):
        yield people[start : start + MANY]


# -- what there is -----------------------------------------------------------------


async def _look(on: Reader, some: Sequence[Old], *, lock: bool = False) -> dict[int, _Known]:
    """By Telegram id. With `lock` the subscriptions stay as they are until the end."""
    if lock:
        await on.fetch(
            """
            SELECT s.user_id FROM subscriptions.subscription s
              JOIN users.person p ON p.id = s.user_id
             WHERE p.telegram_id = ANY ($1::bigint[])
             ORDER BY s.user_id FOR UPDATE OF s
            """,
            [each.telegram_id for each in some],
        )
    rows = await on.fetch(
        """
        SELECT p.telegram_id, p.id, p.uid, s.username, s.tier, s.rate, s.devices, s.traffic,
               s.expires_at, s.anchor, s.panel_id, s.link, s.provisioned,
               ARRAY(SELECT cause FROM subscriptions.term t
                      WHERE t.user_id = p.id AND t.kind = 'import') AS causes,
               ARRAY(SELECT key FROM subscriptions.old_payment o
                      WHERE o.user_id = p.id) AS keys
          FROM users.person p
          LEFT JOIN subscriptions.subscription s ON s.user_id = p.id
         WHERE p.telegram_id = ANY ($1::bigint[])
        """,
        [each.telegram_id for each in some],
    )
    return {row["telegram_id"]: _known(row) for row in rows}


def _known(row: "Record") -> _Known:
    has = row["username"] is not None
    grade = (row["tier"], row["rate"], row["devices"], row["traffic"])
    return _Known(
        *(row["id"], row["uid"], row["username"], Grade(*grade) if has else None),
        *(row["expires_at"], row["anchor"] or 1, row["panel_id"] or "", row["link"] or ""),
        has_account=has and bool(row["panel_id"] or row["link"] or row["provisioned"]),
        causes=row["causes"],
        keys=row["keys"],
    )


async def _taken_names(on: Reader, changes: Sequence[_Change]) -> list[Wrong]:
    """Accounts at the panel that another person here has."""
    lines = {each.username: each.old.line for each in changes if each.old.panel_username}
    rows = await on.fetch(
        """
        SELECT s.username, p.telegram_id FROM subscriptions.subscription s
          JOIN users.person p ON p.id = s.user_id
         WHERE s.username = ANY ($1::text[])
        """,
        list(lines),
    )
    mine = {each.username: each.old.telegram_id for each in changes}
    return [
        Wrong(
            lines[row["username"]], f"panel_username {row['username']!r} is another person's here"
        )
        for row in rows
        if mine[row["username"]] != row["telegram_id"]
    ]


# -- what is to be -----------------------------------------------------------------


def _judged(
    some: Sequence[Old], known: Mapping[int, _Known], how: How, now: datetime, found: Outcome
) -> list[_Change]:
    changes = []
    for old in some:
        here = known.get(old.telegram_id)
        found.counts["people"] += 1
        change = _judge(old, here, how, now)
        if change is not None:
            changes.append(change)
            found.counts[change.what] += 1
            if old.panel_username or old.panel_id:
                mine = not change.known.has_account or change.username == old.panel_username
                found.counts["accounts" if mine else "accounts left"] += 1
        elif old.expires_at is None:
            found.counts["without"] += 1
        else:
            found.counts["done"] += 1
        before = set(here.keys) if here else set()
        new = sum(key not in before for key in old.payments)
        found.counts["payments"] += new
        found.counts["payments known"] += len(old.payments) - new
    return changes


def _judge(old: Old, here: _Known | None, how: How, now: datetime) -> _Change | None:
    """None where there is nothing to do, or it was done."""
    if old.expires_at is None:
        return None
    cause = f"import:{old.telegram_id}:{int(old.expires_at.timestamp())}"
    here = here or _Known(0, UUID(int=0), None, None, None, 1, "", "", False, (), ())
    if cause in here.causes:
        return None
    ends, after, what = here.expires_at, old.expires_at, "given"
    if ends is not None:
        after, what = _together(ends, old.expires_at, here, how, now)
    elif old.expires_at <= now:
        what = "over"
    runs = after > now and after != ends
    running = ends is not None and ends > now
    grade = here.grade if running else how.options.grade(old.tier)
    assert grade is not None
    theirs = not here.has_account
    return _Change(
        *(here, old, cause, (old.panel_username if theirs else "") or here.username or ""),
        panel_id=(old.panel_id if theirs else "") or here.panel_id,
        link=(old.link if theirs else "") or here.link,
        grade=grade,
        after=after,
        anchor=here.anchor if after == ends else after.day,
        seconds=months.seconds_between(max(ends or now, now), after) if runs else 0,
        runs=runs,
        what=what,
    )


def _together(
    ends: datetime, old: datetime, here: _Known, how: How, now: datetime
) -> tuple[datetime, str]:
    """Somebody has had time here already."""
    if not how.adds:
        return (old, "longer") if old > ends else (ends, "kept")
    before = max((int(each.rpartition(":")[2]) for each in here.causes), default=0)
    more = min(old.timestamp() - before, (old - now).total_seconds())  # not twice what came before
    if more <= 0:
        return ends, "kept"
    return months.plus(max(ends, now), int(more)), "added"


# -- writing -----------------------------------------------------------------------


async def _see(tx: Tx, some: Sequence[Old], now: datetime) -> None:
    """Whoever is not here yet comes; those who are keep their names and languages. Nobody has
    invited them: they were there before today."""
    before = now - REFERRED_WITHIN
    await tx.execute(
        """
        SELECT users.see(t.id, t.first_name, NULL, t.username, t.language, t.since)
          FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::timestamptz[])
               AS t (id, first_name, username, language, since)
         WHERE NOT EXISTS (SELECT FROM users.person p WHERE p.telegram_id = t.id)
        """,
        [each.telegram_id for each in some],
        [each.first_name for each in some],
        [each.username for each in some],
        [each.language for each in some],
        [min((before, *(of.at for of in each.payments.values()))) for each in some],
    )


async def _open(tx: Tx, some: Sequence[Old], how: How, now: datetime) -> None:
    """A subscription without time, as service.open_for makes one, where there is none."""
    grades = [how.options.grade(each.tier) for each in some]
    await tx.execute(
        """
        INSERT INTO subscriptions.subscription
               (user_id, username, tier, rate, devices, traffic, created_at)
        SELECT p.id, 'kassa_' || left(replace(p.uid::text, '-', ''), 16), t.tier, t.rate,
               t.devices, t.traffic, $6
          FROM unnest($1::bigint[], $2::text[], $3::int[], $4::int[], $5::bigint[])
               AS t (telegram_id, tier, rate, devices, traffic)
          JOIN users.person p USING (telegram_id)
         ORDER BY p.id
        ON CONFLICT (user_id) DO NOTHING
        """,
        [each.telegram_id for each in some],
        [each.tier for each in grades],
        [each.rate for each in grades],
        [each.devices for each in grades],
        [each.traffic for each in grades],
        now,
    )


async def _write_subscriptions(tx: Tx, changes: Sequence[_Change], now: datetime) -> None:
    """The panel is told by the job that looks for whoever it has not been told of, some a minute:
    who buys meanwhile does not wait for all of them."""
    await tx.execute(
        """
        UPDATE subscriptions.subscription s
           SET username = t.username, panel_id = t.panel_id, link = t.link, tier = t.tier,
               rate = t.rate, devices = t.devices, traffic = t.traffic, expires_at = t.after,
               anchor = t.anchor, wanted = s.wanted + t.runs::int, looked_at = $12, due_at = $12,
               grace_until = CASE WHEN t.runs THEN NULL ELSE s.grace_until END
          FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::int[],
                      $7::int[], $8::bigint[], $9::timestamptz[], $10::int[], $11::boolean[])
               AS t (user_id, username, panel_id, link, tier, rate, devices, traffic, after,
                     anchor, runs)
         WHERE s.user_id = t.user_id
        """,
        [each.known.user for each in changes],
        [each.username for each in changes],
        [each.panel_id for each in changes],
        [each.link for each in changes],
        [each.grade.tier for each in changes],
        [each.grade.rate for each in changes],
        [each.grade.devices for each in changes],
        [each.grade.traffic for each in changes],
        [each.after for each in changes],
        [each.anchor for each in changes],
        [each.runs for each in changes],
        now,
    )


async def _write_terms(tx: Tx, changes: Sequence[_Change], now: datetime) -> None:
    await tx.execute(
        """
        INSERT INTO subscriptions.term (user_id, kind, cause, seconds, rate, before, after, at)
        SELECT t.user_id, 'import', t.cause, t.seconds, t.rate, t.before, t.after, $7
          FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::int[], $5::timestamptz[],
                      $6::timestamptz[])
               AS t (user_id, cause, seconds, rate, before, after)
        """,
        [each.known.user for each in changes],
        [each.cause for each in changes],
        [each.seconds for each in changes],
        [each.grade.rate for each in changes],
        [each.known.expires_at for each in changes],
        [each.after for each in changes],
        now,
    )


async def _write_keys(tx: Tx, changes: Sequence[_Change], now: datetime) -> None:
    """Theirs already: nobody gets another one for it."""
    with_key = [each for each in changes if each.old.link and each.after > now]
    await tx.execute(
        """
        INSERT INTO subscriptions.key (content, user_id, given_at)
        SELECT t.link, t.user_id, $3 FROM unnest($1::text[], $2::bigint[]) AS t (link, user_id)
        ON CONFLICT DO NOTHING
        """,
        [each.old.link for each in with_key],
        [each.known.user for each in with_key],
        now,
    )
