"""Every panel, case by case, against whoever stands behind it."""

from dataclasses import replace

import pytest

from kassa.apps.subscriptions.panels import Down
from kassa.db import Database
from tests.apps.subscriptions.panels.cases import THEIRS, of
from tests.apps.subscriptions.panels.sides import Bench, gone, somebody
from tgsandbox import Sandbox


@of()
async def test_who_has_time_is_let_in_by_the_link(bench: Bench) -> None:
    access = await bench.panel.ensure(bench.wanted)
    assert access.active
    assert access.link
    assert access.username == bench.wanted.username
    assert await bench.is_in(access)
    assert len(await bench.side.known()) == 1


@of()
async def test_asking_again_changes_nothing(bench: Bench) -> None:
    first = await bench.panel.ensure(bench.wanted)
    known = replace(bench.wanted, panel_id=first.panel_id)
    assert await bench.panel.ensure(bench.wanted) == first
    assert await bench.panel.ensure(known) == first
    assert await bench.panel.ensure(known) == first
    assert await bench.is_in(first)
    assert len(await bench.side.known()) == 1


@of()
async def test_who_has_none_left_is_out_and_asking_again_changes_nothing(bench: Bench) -> None:
    first = await bench.panel.ensure(bench.wanted)
    assert await bench.is_in(first)
    known = replace(gone(bench.wanted), panel_id=first.panel_id)
    for _ in range(3):
        assert not (await bench.panel.ensure(known)).active
        assert await bench.side.known() == []


@of()
async def test_who_was_never_in_is_not_made_to_be_put_out(bench: Bench) -> None:
    access = await bench.panel.ensure(gone(bench.wanted))
    assert (access.active, access.link) == (False, "")
    assert await bench.side.known() == []


@of()
async def test_who_comes_back_is_in_again(bench: Bench) -> None:
    first = await bench.panel.ensure(bench.wanted)
    assert await bench.is_in(first)
    await bench.panel.ensure(replace(gone(bench.wanted), panel_id=first.panel_id))
    again = await bench.panel.ensure(replace(bench.wanted, panel_id=first.panel_id))
    assert again.active
    assert await bench.is_in(again)
    assert len(await bench.side.known()) == 1


@THEIRS
async def test_an_answer_that_is_lost_is_asked_for_again_and_nobody_is_there_twice(
    bench: Bench,
) -> None:
    bench.side.loses_an_answer()
    for _ in range(3):
        try:
            access = await bench.panel.ensure(bench.wanted)
            break
        except Down:
            continue
    assert await bench.is_in(access)
    assert len(await bench.side.known()) == 1
    assert await bench.panel.ensure(bench.wanted) == access


@THEIRS
async def test_while_it_is_down_nothing_is_known_and_then_it_works(bench: Bench) -> None:
    bench.side.fails()
    for work in (bench.panel.ensure, bench.panel.new_link, bench.panel.read):
        with pytest.raises(Down):
            await work(bench.wanted)
    bench.side.mend()
    assert await bench.is_in(await bench.panel.ensure(bench.wanted))


@THEIRS
async def test_nobody_is_called_inside_a_transaction(bench: Bench, db: Database) -> None:
    async with db.transaction():
        with pytest.raises(RuntimeError, match="inside a transaction"):
            await bench.panel.ensure(bench.wanted)


@of()
async def test_it_tells_of_whom_it_knows(bench: Bench) -> None:
    assert await bench.panel.read(gone(bench.wanted)) is None
    made = await bench.panel.ensure(bench.wanted)
    known = await bench.panel.read(replace(bench.wanted, panel_id=made.panel_id))
    assert known is not None
    assert (known.active, known.link, known.panel_id) == (True, made.link, made.panel_id)


@of("remnawave", "remnawave 2", "keys")
async def test_a_new_link_opens_and_the_old_one_does_not(bench: Bench) -> None:
    old = await bench.panel.ensure(bench.wanted)
    new = await bench.panel.new_link(replace(bench.wanted, panel_id=old.panel_id))
    assert new.link not in ("", old.link)
    assert not await bench.is_in(old)
    assert await bench.is_in(new)
    assert await bench.panel.ensure(bench.wanted) == new
    assert len(await bench.side.known()) == 1


@of("channel")
async def test_a_link_that_opens_nothing_by_itself_stays(bench: Bench) -> None:
    old = await bench.panel.ensure(bench.wanted)
    assert await bench.panel.new_link(bench.wanted) == old


@of("remnawave", "remnawave 2", "keys")
async def test_everybody_is_listed_once(bench: Bench, db: Database, tg: Sandbox) -> None:
    made = {bench.wanted.username: (await bench.panel.ensure(bench.wanted)).link}
    for number in range(5):
        wanted, _ = await somebody(db, tg, f"Person {number}")
        made[wanted.username] = (await bench.panel.ensure(wanted)).link
    assert {each.username: each.link async for each in bench.panel.everybody()} == made
    assert len([each async for each in bench.panel.everybody()]) == 6
