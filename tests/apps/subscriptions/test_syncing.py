"""Our books beside the panel's: what differs is found once, and mended by the job."""

import tracemalloc
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from kassa import clock, outbox, users
from kassa.apps import Kassa
from kassa.apps.subscriptions import panels, service, syncing
from kassa.apps.subscriptions.models import Length, Subscription
from kassa.apps.subscriptions.options import USUAL
from kassa.apps.subscriptions.panels import Access, keys
from kassa.apps.subscriptions.panels.remnawave import Remnawave
from kassa.apps.subscriptions.syncing import Found
from kassa.config import BotSettings, Settings
from kassa.db import Database
from kassa.outbox import Job, TryLater
from kassa.payments import Payments
from kassa.payments.notices import TO_OPERATOR
from kassa.secret import Secret
from kassa.users import User, Who
from tests.apps.subscriptions.panels.sides import fake
from tests.apps.subscriptions.rig import Till, a_till
from tests.apps.tokens.steps import eventually
from tests.conftest import Fresh
from tgsandbox import Sandbox

DAY = 86_400


@pytest.fixture
async def till(fresh: Fresh, tg: Sandbox) -> AsyncIterator[Till]:
    behind = fake(tg)
    given = {"REMNAWAVE_URL": behind.base_url, "REMNAWAVE_TOKEN": behind.credentials["token"]}
    async with a_till(fresh, tg, **given) as made:
        yield made


async def given(till: Till, count: int) -> list[tuple[User, Subscription]]:
    """People with thirty days, who are in the panel."""
    found = []
    for number in range(count):
        user = await till.user(till.tg.user(f"Покупатель {number}"))
        await extended(till.db, user, Length.days(30))
        found.append((user, await till.provisioned(user)))
    return found


async def extended(db: Database, user: User, length: Length) -> None:
    cause, grade = f"admin:{user.id}", USUAL.grade("standard")
    await db.run(
        lambda tx: service.extend(tx, user.id, length, kind="admin", cause=cause, grade=grade)
    )


def job(**payload: Any) -> Job:
    return Job(1, syncing.SYNC, None, payload, 1, 15, 1, "")


def until_of(mine: Subscription) -> float:
    assert mine.expires_at is not None
    return mine.expires_at.timestamp()


def what(found: Found) -> dict[int, str]:
    return {each.user: each.what for each in found.drifts}


async def test_what_differs_is_found_and_mended(till: Till) -> None:
    panel = fake(till.tg)
    people = await given(till, 7)
    late, shut, more, wide, gone, over, fine = people

    def at(of: tuple[User, Subscription]) -> Any:
        return panel.users[of[1].username]

    at(late).expires -= 3 * DAY
    at(shut).disabled = True
    at(more).devices_limit = 9
    at(wide).traffic = 10**9
    panel.forget(gone[1].username)
    await till.db.run(
        lambda tx: service.take_back(
            tx, over[0].id, 90 * DAY, rate=100, kind="admin", cause="admin:over"
        )
    )
    await till.provisioned(over[0])
    at(over).disabled = False  # somebody lets them in by hand
    wrong = {
        late[0].id: "until",
        shut[0].id: "shut",
        more[0].id: "devices",
        wide[0].id: "traffic",
        gone[0].id: "missing",
        over[0].id: "open",
    }
    looked = await syncing.sync(till.kassa.kassa, mends=False)
    assert (what(looked), looked.compared, looked.strangers) == (wrong, 7, [])
    again = await syncing.sync(till.kassa.kassa)
    assert what(again) == wrong  # the look alone has mended nothing
    for user, _ in people:
        await till.provisioned(user)
    assert (await syncing.sync(till.kassa.kassa)).wrong == 0
    assert panel.status(gone[1].username) == "ACTIVE"
    assert panel.status(over[1].username) == "DISABLED"
    assert at(fine).expires == until_of(fine[1])
    await till.audited()


async def test_who_came_from_an_older_bot_by_another_name_is_asked_for(till: Till) -> None:
    panel = fake(till.tg)
    (user, mine), (other, theirs) = await given(till, 2)
    for each, name in ((mine, "old_one"), (theirs, "old_two")):
        await till.db.execute(
            "UPDATE subscriptions.subscription SET username = $2, panel_id = '' WHERE user_id = $1",
            *(each.user, name),
        )
        panel.forget(each.username)
    panel.put("old_one", until_of(mine), devices_limit=3)
    panel.put("old_two", until_of(theirs) - DAY, devices_limit=3)
    found = await syncing.sync(till.kassa.kassa)
    assert (what(found), found.compared) == ({other.id: "until"}, 2)
    await till.provisioned(other)
    assert panel.users["old_two"].expires == until_of(theirs)
    assert len(panel.users) == 2  # nobody has a second account
    assert user.id not in what(found)


async def test_what_is_being_told_or_used_up_is_no_difference(till: Till) -> None:
    panel = fake(till.tg)
    (told, mine), (full, theirs) = await given(till, 2)
    panel.users[mine.username].expires -= DAY
    await till.db.execute(
        "UPDATE subscriptions.subscription SET wanted = wanted + 1 WHERE user_id = $1", told.id
    )
    await till.db.execute(
        "UPDATE subscriptions.subscription SET traffic = 1000 WHERE user_id = $1", full.id
    )
    user = panel.users[theirs.username]
    user.traffic, user.used = 1000, 1000
    assert panel.status(theirs.username) == "LIMITED"
    found = await syncing.sync(till.kassa.kassa, mends=False)
    assert (found.wrong, found.waiting) == (0, 1)


async def test_what_changes_between_two_looks_is_no_difference(
    till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel = fake(till.tg)
    (_, mine), (buyer, theirs) = await given(till, 2)
    for each in (mine, theirs):
        panel.users[each.username].expires -= DAY
    read = Remnawave.read

    async def meanwhile(self: Remnawave, wanted: panels.Wanted) -> Access | None:
        if wanted.user == buyer.id:
            access = await read(self, wanted)
            await till.db.run(lambda tx: service.changed(tx, buyer.id))
            return access
        panel.users[mine.username].expires = wanted.until.timestamp()
        return await read(self, wanted)

    monkeypatch.setattr(Remnawave, "read", meanwhile)
    found = await syncing.sync(till.kassa.kassa)
    assert (found.wrong, found.waiting) == (0, 1)


async def test_strangers_are_named_and_shut_only_when_that_is_wanted(till: Till) -> None:
    panel = fake(till.tg)
    await given(till, 1)
    later = panel.now() + DAY
    for name in ("kassa_stranger", "kassa_comes", "by_hand", "kassa_renamed"):
        panel.put(name, later)
    panel.put("kassa_over", 1.0)
    user = await till.user(till.tg.user("Новый"))
    await extended(till.db, user, Length.days(1))
    await till.provisioned(user)
    await till.db.execute(  # known by their number only
        "UPDATE subscriptions.subscription SET panel_id = $2 WHERE user_id = $1",
        *(user.id, str(panel.users["kassa_renamed"].id)),
    )
    found = await syncing.sync(till.kassa.kassa)
    assert sorted(found.strangers) == ["kassa_comes", "kassa_stranger"]
    assert panel.status("kassa_stranger") == "ACTIVE"
    await till.db.execute(
        "UPDATE subscriptions.subscription SET username = 'kassa_comes' WHERE user_id = $1", user.id
    )
    await till.db.run(lambda tx: syncing.shut_strangers(tx, found.strangers))

    async def done() -> bool:
        return panel.status("kassa_stranger") == "DISABLED" and not await till.db.fetchval(
            "SELECT count(*) FROM outbox.job WHERE kind = $1", syncing.SHUT
        )

    await eventually(done)
    active = ("kassa_comes", "by_hand", "kassa_renamed")
    assert {panel.status(each) for each in active} == {"ACTIVE"}


async def test_at_night_the_operator_is_told_only_of_what_differed(
    till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[dict[str, Any]] = []
    put = outbox.put

    async def kept(tx: Any, kind: str, payload: Any = None, **more: Any) -> None:
        told.append({"kind": kind, **payload})
        await put(tx, kind, payload, **more)

    monkeypatch.setattr(outbox, "put", kept)
    panel = fake(till.tg)
    ((user, mine),) = await given(till, 1)
    told.clear()
    await syncing.nightly(till.kassa.kassa, job())
    assert told == []
    panel.users[mine.username].disabled = True
    await syncing.nightly(till.kassa.kassa, job())
    assert told == [
        {
            **{"kind": TO_OPERATOR, "app": "subscriptions", "text": "drift"},
            "args": {"count": 1, "compared": 1, "strangers": 0},
        }
    ]
    await till.provisioned(user)
    panel.fault("*", "down", times=None)
    with pytest.raises(TryLater):
        await syncing.nightly(till.kassa.kassa, job())


# -- others than Remnawave ---------------------------------------------------------


def kassa(db: Database, options: dict[str, Any], **more: Any) -> Kassa:
    settings = Settings(debug=True, app={"subscriptions": options}, **more)
    return Kassa.of(settings, db, Payments(db, providers={}, purposes=[]))


async def somebody(db: Database, number: int, *, ended: int = 0) -> User:
    """All is told that there is to tell. `ended`: so many days ago."""
    user = await db.run(lambda tx: users.see(tx, Who(number, "Имя")))
    await extended(db, user, Length.days(30))
    await db.execute(
        """
        UPDATE subscriptions.subscription
           SET provisioned = wanted, expires_at = CASE WHEN $2 > 0 THEN $3 ELSE expires_at END
         WHERE user_id = $1
        """,
        *(user.id, ended, clock.now() - timedelta(days=ended)),
    )
    return user


async def test_of_keys_it_is_compared_who_has_one(app_db: Database) -> None:
    ours = kassa(app_db, {"panel": "keys"})
    has, lacks, over = [await somebody(app_db, 7000 + n, ended=n // 2) for n in range(3)]
    await app_db.run(lambda tx: keys.add(tx, ["one", "two", "three"]))
    for user in (has, over):
        await app_db.execute(
            """
            UPDATE subscriptions.key SET user_id = $1, given_at = now()
             WHERE id = (SELECT min(id) FROM subscriptions.key WHERE user_id IS NULL)
            """,
            user.id,
        )
    found = await syncing.sync(ours, mends=False)
    assert what(found) == {lacks.id: "missing", over.id: "open"}
    assert found.compared == 3


async def test_nobody_is_compared_with_nobody(app_db: Database) -> None:
    await somebody(app_db, 7001)
    found = await syncing.sync(kassa(app_db, {}))
    assert (found.panel, found.compared, found.wrong) == ("none", 0, 0)


async def test_of_a_channel_whoever_has_no_time_left_is_asked_for(
    app_db: Database, tg: Sandbox
) -> None:
    bot = tg.bot("door_bot")
    inside, outside, pays, old = (tg.user(name) for name in "ABCD")
    group = tg.channel("Club", tg.user("Owner"), bot, inside, pays, old)
    shown = BotSettings(token=Secret(bot.token), apps=("subscriptions",))
    ours = kassa(
        app_db,
        {"panel": "channel", "channel": group.id},
        bots=(shown,),
        telegram_api_url=tg.url,
    )
    one = await somebody(app_db, inside.id, ended=1)
    await somebody(app_db, outside.id, ended=1)
    await somebody(app_db, pays.id)
    await somebody(app_db, old.id, ended=60)  # long ago: each of them costs a call every night
    try:
        found = await syncing.sync(ours, mends=False)
        assert (what(found), found.compared) == ({one.id: "open"}, 2)
    finally:
        await ours.bots.close()


# -- many --------------------------------------------------------------------------


class Crowd:
    """A panel that is never all in memory."""

    name = "remnawave"

    def __init__(self, template: Access, count: int) -> None:
        self._template, self._count = template, count

    async def everybody(self) -> AsyncIterator[Access]:
        for number in range(self._count):
            if number % 1000:
                name = f"kassa_{number}"
                yield replace(self._template, panel_id=str(number), username=name)

    async def read(self, wanted: panels.Wanted) -> Access | None:
        return None


async def test_memory_stays_flat_however_many_there_are(
    app_db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, many = kassa(app_db, {}), 10_000
    until = (clock.now() + timedelta(days=9)).replace(microsecond=0)
    await app_db.execute(
        """
        WITH people AS (
            INSERT INTO users.person (telegram_id, first_name, last_name, username, language,
                                      created_at)
            SELECT 7000 + n, '', '', '', 'ru', now() FROM generate_series(0, $1 - 1) n
            RETURNING id, telegram_id)
        INSERT INTO subscriptions.subscription
               (user_id, username, tier, rate, devices, traffic, expires_at, wanted, provisioned,
                created_at)
        SELECT id, 'kassa_' || telegram_id - 7000, 'standard', 100, 3, 0, $2, 1, 1, now()
          FROM people
        """,
        *(many, until),
    )
    crowd = Crowd(Access("", "", until, active=True, link="", devices=3), many)
    monkeypatch.setattr(syncing, "panel_of", lambda _: crowd)
    tracemalloc.start()
    try:
        found = await syncing.sync(ours)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (found.compared, found.counts) == (many, {"missing": many // 1000})
    assert most < 8_000_000
    # ... and mended one after another, so that who buys does not wait for all of them.
    jobs = await app_db.fetchrow(
        "SELECT count(*), count(DISTINCT round(extract(epoch FROM due_at) * 10)) FROM outbox.job"
    )
    assert jobs is not None
    assert tuple(jobs) == (many // 1000, many // 1000)
