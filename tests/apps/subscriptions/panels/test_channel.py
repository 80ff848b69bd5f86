"""A private channel: one link, on which only those are let in who have time."""

from dataclasses import replace
from datetime import timedelta

import pytest

from kassa import clock
from kassa.apps.subscriptions.panels import Down, No
from kassa.apps.subscriptions.panels.channel import Channel
from kassa.db import Database
from tests.apps.subscriptions.panels.sides import AtTheChannel, benches, gone, somebody
from tgsandbox import Sandbox


async def test_who_was_given_the_link_by_somebody_else_is_turned_down(
    tg: Sandbox, db: Database
) -> None:
    async with benches("channel", tg, db) as bench:
        side = bench.side
        assert isinstance(side, AtTheChannel)
        access = await bench.panel.ensure(bench.wanted)
        side.until = lambda _: clock.now() - timedelta(seconds=1)
        assert not await bench.is_in(access)
        assert side.group.asking == []


async def test_everybody_has_the_same_link_and_it_is_made_once(tg: Sandbox, db: Database) -> None:
    async with benches("channel", tg, db) as bench:
        other, _ = await somebody(db, tg, "Other")
        await bench.panel.ensure(other)
        tg.fault("createChatInviteLink", error=(500, "Internal Server Error"))
        links = {(await bench.panel.ensure(each)).link for each in (bench.wanted, other) * 2}
        assert len(links) == 1
        assert len(await db.fetch("SELECT link FROM subscriptions.channel")) == 1


async def test_an_administrator_is_not_put_out(tg: Sandbox, db: Database) -> None:
    async with benches("channel", tg, db) as bench:
        side = bench.side
        assert isinstance(side, AtTheChannel)
        assert await bench.is_in(await bench.panel.ensure(bench.wanted))
        side.group.promote(side.persons[bench.wanted.telegram_id])
        await bench.panel.ensure(gone(bench.wanted))
        assert await side.known() != []


async def test_a_channel_that_is_none_is_a_no_and_telegram_in_a_hurry_is_later(
    tg: Sandbox, db: Database
) -> None:
    async with benches("channel", tg, db) as bench:
        panel = bench.panel
        assert isinstance(panel, Channel)
        nowhere = Channel(db, panel._sender, panel._bot, -100_500)
        with pytest.raises(No, match="-100500"):
            await nowhere.ensure(bench.wanted)
        tg.fault("createChatInviteLink", retry_after=600)
        with pytest.raises(Down):
            await panel.ensure(bench.wanted)


async def test_who_was_put_out_comes_in_again_when_they_have_paid(
    tg: Sandbox, db: Database
) -> None:
    """Killed between the ban and its lifting, we would keep out who has paid anew."""
    async with benches("channel", tg, db) as bench:
        side = bench.side
        assert isinstance(side, AtTheChannel)
        access = await bench.panel.ensure(bench.wanted)
        assert await bench.is_in(access)
        tg.fault("unbanChatMember", error=(500, "Internal Server Error"), times=1)
        with pytest.raises(Down):
            await bench.panel.ensure(gone(bench.wanted))
        again = await bench.panel.ensure(replace(bench.wanted, panel_id=access.panel_id))
        assert await bench.is_in(again)


async def test_whom_telegram_does_not_know_there_is_no_trouble(tg: Sandbox, db: Database) -> None:
    async with benches("channel", tg, db) as bench:
        for method in ("unbanChatMember", "getChatMember"):
            tg.fault(method, error=(400, "Bad Request: USER_NOT_PARTICIPANT"))
        assert (await bench.panel.ensure(bench.wanted)).active
        assert not (await bench.panel.ensure(gone(bench.wanted))).active
        tg.mend()
        tg.fault("getChatMember", error=(400, "Bad Request: not enough rights"))
        with pytest.raises(No, match="not enough rights"):
            await bench.panel.ensure(gone(bench.wanted))
