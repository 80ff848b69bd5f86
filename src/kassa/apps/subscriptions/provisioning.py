"""The panel does what we want, and the person hears of it: a job a person, until it is done.

What is wanted stands in `subscription`, with a number that grows; the panel is told absolute
values, so that any call may be repeated. A panel that is down for a day costs nobody a day.
"""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from kassa import clock, outbox, users
from kassa.apps.models import Kassa
from kassa.apps.subscriptions import months, options, service
from kassa.apps.subscriptions.models import APP, Subscription
from kassa.apps.subscriptions.panels import kind_of, panel_of
from kassa.apps.subscriptions.panels.protocol import Access, Down, No, Wanted
from kassa.apps.subscriptions.words import moment
from kassa.db import Tx
from kassa.log import get, masked
from kassa.outbox import Job, NewJob, TryLater
from kassa.payments import Button, Rows, notices
from kassa.users import User, zones

if TYPE_CHECKING:
    from asyncpg import Record

SWEEP = "subscriptions.behind"
FIRST, LONGEST = timedelta(seconds=2), timedelta(minutes=10)  # until a panel is asked again
REFUSED = timedelta(hours=1)  # ... one that has refused
TELL_OPERATOR = 3  # tries
TOLD = timedelta(hours=1)  # until the operator is told of it again

NEVER_END = ("keys", "channel")  # panels that know no time

_NEVER = datetime(2000, 1, 1, tzinfo=UTC)
_log = get(__name__)


def wanted(mine: Subscription, person: User) -> Wanted:
    return Wanted(
        user=mine.user,
        username=mine.username,
        telegram_id=person.telegram_id,
        until=mine.access_until or _NEVER,
        devices=mine.grade.devices,
        traffic=mine.grade.traffic,
        tier=mine.grade.tier,
        panel_id=mine.panel_id,
    )


async def provision(kassa: Kassa, job: Job) -> None:
    user = int(job.payload["user"])
    mine = await service.standing(kassa.database, user)
    if mine is None or mine.expires_at is None or mine.provisioned >= mine.wanted:
        return
    person = await users.get(kassa.database, user)
    try:
        access = await panel_of(kassa).ensure(wanted(mine, person))
    except (Down, No) as error:
        why: Exception = error
    else:
        how = options.of(kassa.settings).apps_url
        await kassa.database.run(lambda tx: _done(tx, mine, person, access, how))
        return
    await kassa.database.run(lambda tx: _not_yet(tx, mine, why))
    slower = min(FIRST * 2 ** min(mine.panel_tries, 10), LONGEST)
    raise TryLater(REFUSED if isinstance(why, No) else slower, masked(str(why)))


async def _done(tx: Tx, mine: Subscription, person: User, access: Access, how: str) -> None:
    """It is so at the panel; what waited for that is said. `how`: where it tells how to connect."""
    late = await tx.fetchval(
        """
        UPDATE subscriptions.subscription
           SET provisioned = greatest(provisioned, $2), panel_id = $3, link = $4, panel_tries = 0,
               panel_error = '', wanted = wanted + (provisioned > $2)::int
         WHERE user_id = $1 RETURNING provisioned > $2
        """,
        *(mine.user, mine.wanted, access.panel_id, access.link),
    )
    if late:  # it was told of something newer before us, and heard this last: once more
        await outbox.put(tx, service.PROVISION, {"user": mine.user}, key=str(mine.user))
    rows = await tx.fetch(
        """
        DELETE FROM subscriptions.news WHERE user_id = $1 AND version <= $2
        RETURNING id, text, args
        """,
        *(mine.user, mine.wanted),
    )
    if not rows:
        return
    about = await _about(tx, mine, person, access.link)
    buttons = _buttons(access.link if mine.is_active(clock.now()) else "", how)
    jobs = [
        NewJob(
            notices.TO_PERSON,
            notices.to(
                mine.user,
                row["text"] if access.link else f"{row['text']}-bare",
                app=APP,
                bot=mine.bot,
                args={**row["args"], **about},
                buttons=buttons,
                html=True,
            ),
        )
        for row in sorted(rows, key=lambda each: each["id"])
    ]
    await outbox.put_many(tx, jobs)


async def _not_yet(tx: Tx, mine: Subscription, error: Exception) -> None:
    """Who has paid is told that it takes longer, once; the operator, when it does not pass."""
    said = masked(str(error))[:500]
    await tx.execute(
        """
        UPDATE subscriptions.subscription
           SET panel_tries = panel_tries + 1, panel_error = $2 WHERE user_id = $1
        """,
        *(mine.user, said),
    )
    waits = await tx.fetch(
        """
        UPDATE subscriptions.news SET waiting = true
         WHERE user_id = $1 AND NOT waiting AND text = 'news-paid' RETURNING id
        """,
        mine.user,
    )
    if waits:
        person = await users.get(tx, mine.user)
        told = notices.to(
            *(mine.user, "news-waiting"),
            app=APP,
            bot=mine.bot,
            args=await _about(tx, mine, person, ""),
            html=True,
        )
        await outbox.put(tx, notices.TO_PERSON, told)
    if isinstance(error, No) or mine.panel_tries + 1 == TELL_OPERATOR:
        _log.error("provision.failed", user=mine.user, error=said)
        await _tell_operator(tx, mine.user, said)


async def _tell_operator(tx: Tx, user: int, said: str) -> None:
    """One word an hour, however many wait for the panel."""
    now = clock.now()
    first = await tx.fetchval(
        """
        INSERT INTO subscriptions.told AS t (what, at) VALUES ('panel', $1)
        ON CONFLICT (what) DO UPDATE SET at = $1 WHERE t.at < $2 RETURNING true
        """,
        *(now, now - TOLD),
    )
    if first:
        told = {"app": APP, "text": "panel", "args": {"user": user, "why": said}}
        await outbox.put(tx, notices.TO_OPERATOR, told)


async def _about(tx: Tx, mine: Subscription, person: User, link: str) -> dict[str, Any]:
    assert mine.expires_at is not None
    zone = await zones.of(tx, mine.user)
    return {
        "until": moment(mine.expires_at, zone, person.language),
        "left": months.days_left(mine.expires_at, clock.now()),
        "link": link,
    }


def _buttons(link: str, how: str) -> Rows:
    mine = Button("button-mine", data="sub:mine")
    if not link:
        return [[mine]]
    rows = [[Button("button-copy-link", copy=link)], [Button("button-qr", data="sub:qr")]]
    return [*rows, *([[Button("button-apps", url=how)]] if how else []), [mine]]


async def sweep(kassa: Kassa, job: Job) -> None:
    """Who is to be put out, where nobody else does it; and whoever waits for the panel while no
    job does, thrown away by the operator, or dead."""
    if kind_of(kassa.settings) in NEVER_END:
        await kassa.database.run(_ended)
    rows = await kassa.database.fetch(
        """
        SELECT user_id FROM subscriptions.subscription s
         WHERE provisioned < wanted AND expires_at IS NOT NULL
           AND NOT EXISTS (SELECT FROM outbox.job j
                            WHERE j.kind = $1 AND j.key = s.user_id::text AND j.dead_at IS NULL)
         ORDER BY user_id LIMIT 500
        """,
        service.PROVISION,
    )
    if not rows:
        return
    _log.warning("provision.behind", count=len(rows))
    await kassa.database.run(lambda tx: outbox.put_many(tx, [_job(row) for row in rows]))


async def _ended(tx: Tx) -> None:
    """Those who are in, and whose time is over. The panel has no clock, so we are it."""
    rows = await tx.fetch(
        """
        UPDATE subscriptions.subscription SET wanted = wanted + 1
         WHERE user_id IN (SELECT user_id FROM subscriptions.subscription
                            WHERE link <> '' AND expires_at <= $1 AND provisioned = wanted
                              AND (grace_until IS NULL OR grace_until <= $1)
                            ORDER BY expires_at LIMIT 500 FOR NO KEY UPDATE SKIP LOCKED)
        RETURNING user_id
        """,
        clock.now(),
    )
    if rows:
        await outbox.put_many(tx, [_job(row) for row in rows])


def _job(row: "Record") -> NewJob:
    return NewJob(service.PROVISION, {"user": row["user_id"]}, key=str(row["user_id"]))
