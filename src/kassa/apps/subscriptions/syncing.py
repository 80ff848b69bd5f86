"""Our books beside the panel's: who is let in there other than here, and mending that.

Everybody at the panel is read once, as it comes, and then those of ours who were not among them.
What looks wrong is asked for again, one by one: it may have changed between two looks. Mending is
the job that tells the panel of every change, so it goes on whatever becomes of who has asked.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from kassa import clock, outbox, users
from kassa.apps.models import Kassa
from kassa.apps.subscriptions import provisioning, service
from kassa.apps.subscriptions.models import APP, Subscription
from kassa.apps.subscriptions.panels import panel_of
from kassa.apps.subscriptions.panels.protocol import Access, Down, Panel, Wanted
from kassa.apps.subscriptions.panels.remnawave import PREFIX
from kassa.db import Tx
from kassa.log import get, masked
from kassa.outbox import Job, NewJob, TryLater
from kassa.payments import notices

SYNC, SHUT = "subscriptions.sync", "subscriptions.shut"  # jobs
PAGE = 250  # people at once
ASKED_AT_ONCE = 8  # one by one
MENDED_A_SECOND = 10
LATELY = timedelta(days=30)  # ended: who is only known by being asked for is asked for so long
SHOWN = 50  # of what was found
AGAIN = timedelta(minutes=30)  # when the panel does not answer

_EXACT = timedelta(seconds=2)  # a panel may round
_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
_log = get(__name__)

Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Drift:
    user: int
    username: str
    what: str  # missing, shut, open, until, devices, traffic
    here: str
    there: str


@dataclass(slots=True)
class Found:
    panel: str
    compared: int = 0
    waiting: int = 0  # the panel is being told just now
    drifts: list[Drift] = field(default_factory=list)  # the first of them
    counts: Counter[str] = field(default_factory=Counter)
    strangers: list[str] = field(default_factory=list)  # let in there, and nobody's here

    @property
    def wrong(self) -> int:
        return self.counts.total()


async def sync(kassa: Kassa, *, mends: bool = True, progress: Progress = lambda _: None) -> Found:
    """Raises Down or No where the panel does not tell; what was found until then is mended."""
    panel = panel_of(kassa)
    found, seen = Found(panel.name), _Seen()
    if panel.name == "none":
        return found
    async for page in _pages(panel.everybody()):
        rows = await _ours(kassa, names=[each.username for each in page])
        by_name = {each.username: each for each in rows}
        suspects = []
        for access in page:
            mine = by_name.get(access.username)
            if mine is not None:
                seen.add(mine.user)
                found.compared += 1
                suspects += [mine] if _difference(panel, mine, access) else []
        await _ask(kassa, found, suspects, mends=mends)
        left = [each for each in page if each.username not in by_name]
        found.strangers += await _strangers(kassa, left)
        progress(found.compared)
    after = 0
    while rows := await _ours(kassa, after=after):
        after = rows[-1].user
        unseen = [each for each in rows if each.user not in seen and _may_be_wrong(panel, each)]
        found.compared += len(unseen)
        await _ask(kassa, found, unseen, mends=mends)
        progress(found.compared)
    return found


async def _pages(everybody: AsyncIterator[Access]) -> AsyncIterator[list[Access]]:
    page: list[Access] = []
    async for each in everybody:
        page.append(each)
        if len(page) == PAGE:
            yield page
            page = []
    if page:
        yield page


async def _ours(
    kassa: Kassa, *, names: Sequence[str] | None = None, after: int = 0
) -> list[Subscription]:
    """By their names at the panel, or a page of all who have ever had time."""
    which = "user_id > $1 AND expires_at IS NOT NULL" if names is None else "username = ANY ($1)"
    rows = await kassa.database.fetch(
        f"""
        SELECT {service.columns()} FROM subscriptions.subscription
         WHERE {which} ORDER BY user_id LIMIT {PAGE}
        """,  # noqa: S608
        after if names is None else list(names),
    )
    return [service.read(row) for row in rows]


class _Seen:
    """Numbers of people, a bit each."""

    def __init__(self) -> None:
        self._bits = bytearray()

    def add(self, number: int) -> None:
        at = number >> 3
        if at >= len(self._bits):
            self._bits.extend(bytes(at + 1 - len(self._bits) + 1024))
        self._bits[at] |= 1 << (number & 7)

    def __contains__(self, number: int) -> bool:
        at = number >> 3
        return at < len(self._bits) and bool(self._bits[at] & 1 << (number & 7))


# -- what differs ------------------------------------------------------------------


def _difference(panel: Panel, mine: Subscription, access: Access | None) -> tuple[str, ...]:
    """What differs, how it is here, and how there; () where all is well."""
    now, until = clock.now(), mine.access_until
    here = _at(until)
    told = _at(access.until) if access else ""
    if until is None or until <= now:
        # Whoever has a key, or is in the channel, is in; a panel ends by itself.
        is_in = access is not None and (
            panel.name != "remnawave" or (access.active and (access.until or now) > now)
        )
        return ("open", here, told) if is_in else ()
    if access is None:
        return ("missing", here, "")
    if panel.name != "remnawave":
        return ()  # a key and a channel have no end and no limits
    used_up = 0 < access.traffic <= access.used
    if not access.active and not used_up:
        return ("shut", here, told)
    return _limits(mine, access, until)


def _limits(mine: Subscription, access: Access, until: datetime) -> tuple[str, ...]:
    if access.until is None or abs(access.until - until) > _EXACT:
        return ("until", _at(until), _at(access.until))
    if access.devices != mine.grade.devices:
        return ("devices", str(mine.grade.devices), str(access.devices))
    if access.traffic != mine.grade.traffic:
        return ("traffic", str(mine.grade.traffic), str(access.traffic))
    return ()


def _may_be_wrong(panel: Panel, mine: Subscription) -> bool:
    """Somebody who was not listed."""
    now, until = clock.now(), mine.access_until
    if until is not None and until > now:
        return panel.name != "channel"  # they come in when they like
    is_listed = panel.name == "keys" or (panel.name != "channel" and _is_named_by_us(mine))
    return not is_listed and until is not None and until > now - LATELY


def _is_named_by_us(mine: Subscription) -> bool:
    return mine.username.startswith(PREFIX)


def _at(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}" if at else ""


async def _ask(
    kassa: Kassa, found: Found, suspects: Sequence[Subscription], *, mends: bool
) -> None:
    """Each of them once more, and what is wrong all the same is mended."""
    wrong = []
    for start in range(0, len(suspects), ASKED_AT_ONCE):
        some = suspects[start : start + ASKED_AT_ONCE]
        for drift in await asyncio.gather(*(_confirmed(kassa, each.user) for each in some)):
            if isinstance(drift, Drift):
                wrong.append(drift)
            found.waiting += drift == "waiting"
    found.counts.update(each.what for each in wrong)
    found.drifts += wrong[: SHOWN - len(found.drifts)]
    if wrong and mends:
        before = found.wrong - len(wrong)
        await kassa.database.run(lambda tx: _mend(tx, [each.user for each in wrong], before))


async def _confirmed(kassa: Kassa, user: int) -> "Drift | str | None":
    panel = panel_of(kassa)
    mine = await service.standing(kassa.database, user)
    assert mine is not None
    if mine.provisioned < mine.wanted:
        return "waiting"
    person = await users.get(kassa.database, user)
    access = await panel.read(provisioning.wanted(mine, person))
    now = await service.standing(kassa.database, user)
    if now is None or now.wanted != mine.wanted:
        return "waiting"
    differs = _difference(panel, mine, access)
    return Drift(user, mine.username, *differs) if differs else None


async def _mend(tx: Tx, people: Sequence[int], before: int) -> None:
    """Some a second: whoever pays meanwhile does not wait for all of them."""
    await tx.execute(
        "UPDATE subscriptions.subscription SET wanted = wanted + 1 WHERE user_id = ANY ($1)",
        sorted(people),
    )
    jobs = [
        NewJob(
            *(service.PROVISION, {"user": user}, str(user)),
            after=timedelta(seconds=(before + number) / MENDED_A_SECOND),
        )
        for number, user in enumerate(people)
    ]
    await outbox.put_many(tx, jobs)


# -- strangers ---------------------------------------------------------------------


async def _strangers(kassa: Kassa, left: Sequence[Access]) -> list[str]:
    """Who is let in by a name such as we give, and is nobody's here, by name or number."""
    let_in = [each for each in left if each.active and each.username.startswith(PREFIX)]
    if not let_in:
        return []
    rows = await kassa.database.fetch(
        "SELECT panel_id FROM subscriptions.subscription WHERE panel_id = ANY ($1)",
        [each.panel_id for each in let_in],
    )
    known = {row["panel_id"] for row in rows}
    return [each.username for each in let_in if each.panel_id not in known]


async def shut_strangers(tx: Tx, names: Sequence[str]) -> None:
    await outbox.put_many(tx, [NewJob(SHUT, {"username": each}, key=each) for each in names])


async def shut(kassa: Kassa, job: Job) -> None:
    """Unless they have become somebody's meanwhile."""
    name = str(job.payload["username"])
    if await _ours(kassa, names=[name]):
        return
    nobody = Wanted(0, name, 0, _LONG_AGO, devices=0, traffic=0, tier="")
    try:
        await panel_of(kassa).ensure(nobody)
    except Down as error:
        raise TryLater(AGAIN, masked(str(error))) from None
    _log.warning("sync.stranger_shut", username=name)


# -- every night -------------------------------------------------------------------


async def nightly(kassa: Kassa, job: Job) -> None:
    try:
        found = await sync(kassa)
    except Down as error:
        raise TryLater(AGAIN, masked(str(error))) from None
    if found.panel == "none":
        return
    counts = dict(sorted(found.counts.items()))
    strangers = len(found.strangers)
    _log.info("sync.done", compared=found.compared, strangers=strangers, **counts)
    if found.wrong:
        args = {"count": found.wrong, "compared": found.compared, "strangers": strangers}
        told = {"app": APP, "text": "drift", "args": args}
        await kassa.database.run(
            lambda tx: outbox.put(tx, notices.TO_OPERATOR, told, key="subscriptions.drift")
        )
