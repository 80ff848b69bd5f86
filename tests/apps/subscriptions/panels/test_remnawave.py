"""Remnawave: what is its own, against a fake that speaks as 3.x and as 2.x."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from kassa import clock
from kassa.apps.subscriptions.panels import Down, No
from kassa.apps.subscriptions.panels.remnawave import Remnawave
from kassa.db import Database
from tests.apps.subscriptions.panels.cases import PANELS
from tests.apps.subscriptions.panels.sides import DAY, Bench, adapter, benches, fake, gone, somebody
from tgsandbox import Sandbox


@PANELS
async def test_date_and_limits_are_told_as_they_are_to_be(bench: Bench, tg: Sandbox) -> None:
    wanted = bench.wanted
    for days, devices, traffic in ((30, 3, 10**9), (60, 5, 2 * 10**9), (10, 0, 0)):
        wanted = replace(wanted, until=clock.now() + days * DAY, devices=devices, traffic=traffic)
        access = await bench.panel.ensure(wanted)
        assert access.until is not None
        assert abs(access.until - wanted.until) < timedelta(milliseconds=2)
        assert (access.devices, access.traffic) == (devices, traffic)
        user = fake(tg).users[wanted.username]
        assert user.strategy == ("MONTH" if traffic else "NO_RESET")
        assert user.devices_limit == devices
        assert user.telegram_id == wanted.telegram_id
        wanted = replace(wanted, panel_id=access.panel_id)


@PANELS
async def test_1200_people_among_others_are_listed_once_each(bench: Bench, tg: Sandbox) -> None:
    behind = fake(tg)
    later = behind.now() + 86_400
    for number in range(1200):
        behind.put(f"kassa_{number}", later if number % 2 else 1.0)
        if number % 3 == 0:
            behind.put(f"by_hand_{number}", later)
    found = []
    async for each in bench.panel.everybody():
        found.append(each)
        if len(found) == 100:  # meanwhile there is somebody more
            behind.put("by_hand_late", later)
    assert sorted(each.username for each in found) == sorted(
        f"kassa_{number}" for number in range(1200)
    )
    assert sum(each.active for each in found) == 600


@PANELS
async def test_devices_have_names_and_make_room_when_they_are_forgotten(
    bench: Bench, tg: Sandbox
) -> None:
    wanted = replace(bench.wanted, devices=3)
    assert await bench.panel.read(wanted) is None
    await bench.panel.ensure(wanted)
    behind = fake(tg)
    for hwid, model in (("a", "Pixel 9"), ("b", "Pixel 9"), ("c", "Redmi")):
        assert behind.connect(wanted.username, hwid, model=model)
    behind.use(wanted.username, 4096)

    known = await bench.panel.read(wanted)
    assert known is not None
    assert known.connected == ("Pixel 9, Android", "Pixel 9, Android · 2", "Redmi, Android")
    assert known.used == 4096

    for _ in range(2):  # again: it is forgotten already
        await bench.panel.forget_device(wanted, "Pixel 9, Android · 2")
    assert [each["hwid"] for each in behind.users[wanted.username].devices] == ["a", "c"]
    assert behind.connect(wanted.username, "d")


@PANELS
async def test_devices_of_strangers_go_with_the_old_link(bench: Bench, tg: Sandbox) -> None:
    await bench.panel.ensure(bench.wanted)
    for hwid in ("theirs", "also theirs", "and theirs"):
        fake(tg).connect(bench.wanted.username, hwid)
    new = await bench.panel.new_link(bench.wanted)
    assert await bench.is_in(new)
    with pytest.raises(No):
        await bench.panel.new_link(replace(bench.wanted, username="kassa_nobody"))


@PANELS
async def test_who_expired_there_by_themselves_stays_expired(bench: Bench, tg: Sandbox) -> None:
    await bench.panel.ensure(bench.wanted)
    await tg.clock.move(days=31)
    assert not (await bench.panel.ensure(bench.wanted)).active
    assert fake(tg).status(bench.wanted.username) == "EXPIRED"


@PANELS
async def test_where_its_clock_is_ahead_the_date_has_passed_and_they_are_out(
    bench: Bench, tg: Sandbox
) -> None:
    await bench.panel.ensure(bench.wanted)
    ahead = fake(tg).now()
    with clock.moved(lambda: datetime.fromtimestamp(ahead - 3600, UTC)):
        soon = replace(bench.wanted, until=clock.now() + timedelta(minutes=1), panel_id="1")
        assert not (await bench.panel.ensure(soon)).active
    assert fake(tg).status(bench.wanted.username) == "DISABLED"


@PANELS
async def test_whom_an_operator_has_deleted_is_made_anew(bench: Bench, tg: Sandbox) -> None:
    first = await bench.panel.ensure(bench.wanted)
    fake(tg).forget(bench.wanted.username)
    again = await bench.panel.ensure(replace(bench.wanted, panel_id=first.panel_id))
    assert again.panel_id != first.panel_id
    assert await bench.is_in(again)


async def test_a_number_that_is_another_persons_now_is_not_theirs(
    tg: Sandbox, db: Database
) -> None:
    async with benches("remnawave", tg, db) as bench:
        other = fake(tg).put("by_hand", fake(tg).now() + 60, telegram_id=1)
        access = await bench.panel.ensure(replace(bench.wanted, panel_id=str(other.id)))
        assert access.panel_id != str(other.id)
        assert other.expires < fake(tg).now() + 61
        assert not other.disabled


async def test_whom_an_older_bot_has_put_there_keeps_their_name_and_link(
    tg: Sandbox, db: Database
) -> None:
    async with benches("remnawave", tg, db) as bench:
        telegram = bench.wanted.telegram_id
        theirs = fake(tg).put("user_77", fake(tg).now() + 60, telegram_id=telegram)
        wanted = replace(bench.wanted, panel_id=str(theirs.id))
        access = await bench.panel.ensure(wanted)
        assert (access.username, access.panel_id) == ("user_77", str(theirs.id))
        assert len(fake(tg).users) == 1
        assert await bench.is_in(access)
        assert not (await bench.panel.ensure(gone(wanted))).active
        assert fake(tg).status("user_77") == "DISABLED"


async def test_the_panel_was_renewed_and_its_numbers_are_others(tg: Sandbox, db: Database) -> None:
    async with benches("remnawave 2", tg, db) as bench:
        before = await bench.panel.ensure(bench.wanted)
        fake(tg).version = 3
        after = await bench.panel.ensure(replace(bench.wanted, panel_id=before.panel_id))
        assert (before.panel_id.count("-"), after.panel_id) == (4, "1")
        assert after.link == before.link
        known = await bench.panel.read(replace(bench.wanted, panel_id=before.panel_id))
        assert known is not None


async def test_people_of_a_tier_are_in_its_squads_and_others_in_all(
    tg: Sandbox, db: Database
) -> None:
    behind = fake(tg)
    usual, better = behind.squads
    panel = adapter(behind, squads={"premium": [better]})
    wanted, _ = await somebody(db, tg)
    await panel.ensure(wanted)
    assert behind.users[wanted.username].squads == [usual, better]
    await panel.ensure(replace(wanted, tier="premium", panel_id="1"))
    assert behind.users[wanted.username].squads == [better]
    await panel.ensure(replace(wanted, panel_id="1"))  # not named: they stay
    assert behind.users[wanted.username].squads == [better]
    await panel.close()


async def test_a_wrong_token_is_the_operators_to_mend(tg: Sandbox, db: Database) -> None:
    wanted, _ = await somebody(db, tg)
    panel = Remnawave(fake(tg).base_url, "TEST")
    with pytest.raises(Down, match="REMNAWAVE_TOKEN"):
        await panel.ensure(wanted)
    assert [(each.what, each.fine) for each in await panel.check()] == [("credentials", False)]
    await panel.close()


async def test_what_it_would_refuse_again_is_a_no(tg: Sandbox, db: Database) -> None:
    wanted, _ = await somebody(db, tg)
    panel = adapter(fake(tg), squads={"standard": ["no uuid"]})
    with pytest.raises(No, match="activeInternalSquads"):
        await panel.ensure(wanted)
    assert fake(tg).users == {}
    await panel.close()


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        ("nonsense", 500),
        ("error_before", 500),
        ("error_before", 429),
        ("error_before", 302),
        ("error_after", 502),
        ("timeout_before", 500),
    ],
)
@PANELS
async def test_whatever_else_goes_wrong_is_asked_again_later(
    bench: Bench, tg: Sandbox, fault: str, status: int
) -> None:
    fake(tg).fault("*", fault, times=None, status=status)
    for _ in range(2):
        with pytest.raises(Down):
            await bench.panel.ensure(bench.wanted)
        with pytest.raises(Down):
            _ = [each async for each in bench.panel.everybody()]
    fake(tg).mend()
    assert await bench.is_in(await bench.panel.ensure(bench.wanted))
    assert len(fake(tg).users) == 1


async def test_a_slow_panel_has_done_it_and_is_asked_again(tg: Sandbox, db: Database) -> None:
    wanted, _ = await somebody(db, tg)
    panel = adapter(fake(tg), squads={"standard": list(fake(tg).squads)}, seconds=0.2)
    fake(tg).slow = 1.0
    with pytest.raises(Down):
        await panel.ensure(wanted)
    assert list(fake(tg).users) == [wanted.username]
    fake(tg).slow = 0.0
    assert (await panel.ensure(wanted)).active
    assert list(fake(tg).users) == [wanted.username]
    await panel.close()


async def test_beside_the_panel_no_proxy_is_needed(tg: Sandbox, db: Database) -> None:
    wanted, _ = await somebody(db, tg)
    fake(tg).wants_proxy = True
    panel = Remnawave(f"{fake(tg).base_url}/api/", fake(tg).credentials["token"])
    assert (await panel.ensure(wanted)).active
    await panel.close()


async def test_another_address_is_no_panel_and_nobody_is_made(tg: Sandbox, db: Database) -> None:
    wanted, _ = await somebody(db, tg)
    panel = Remnawave(f"{fake(tg).base_url}/elsewhere", fake(tg).credentials["token"])
    with pytest.raises(Down, match="REMNAWAVE_URL"):
        await panel.ensure(replace(wanted, panel_id="1"))
    assert [each.fine for each in await panel.check()] == [False]
    await panel.close()


async def test_the_doctor_is_told_of_squads_that_are_none(tg: Sandbox) -> None:
    first = next(iter(fake(tg).squads))
    panel = adapter(fake(tg), squads={"standard": [first], "premium": ["none"]})
    found = await panel.check()
    assert [(each.what, each.fine) for each in found] == [("credentials", True), ("squads", False)]
    assert "none" in found[1].detail
    fake(tg).fault("*", "down", times=None)
    assert [(each.what, each.fine) for each in await panel.check()] == [("credentials", None)]
    await panel.close()
