"""A private channel that opens for who has paid, and closes behind who has not."""

from typing import Any

from kassa import outbox
from kassa.apps.subscriptions import provisioning, service
from kassa.apps.subscriptions.panels.keys import add
from tests.apps.subscriptions.chat import bought, sells
from tests.apps.subscriptions.rig import Till
from tests.apps.tokens.steps import eventually


async def over(till: Till, user: Any) -> None:
    """The time is over, and a minute has passed."""
    await till.db.execute(
        "UPDATE subscriptions.subscription SET expires_at = now() - interval '1 second'"
        " WHERE user_id = $1",
        user.id,
    )
    await till.db.run(lambda tx: outbox.put(tx, provisioning.SWEEP))


async def test_the_channel_opens_with_the_payment_and_closes_with_the_end(till: Till) -> None:
    owner, person = till.tg.user("Владелец"), till.tg.user("Читатель")
    channel = till.tg.channel("Клуб", owner, till.kassa.bot)
    sells(till, panel="channel", channel=channel.id)
    user = await bought(till, person)
    link = (await till.has(user)).link
    assert link.startswith("https://t.me/+")
    assert await person.ask_to_join(link) == "pending"
    await person.let_in(channel)
    await over(till, user)
    await person.put_out(channel)
    assert (await till.provisioned(user)).link == ""
    # Who comes back with the old link is told why it is closed.
    assert await person.ask_to_join(link) == "pending"
    assert "закрытый канал" in (await person.reply("закрытый канал")).text


async def test_who_has_never_written_is_told_how_to_come_in(till: Till) -> None:
    owner, member = till.tg.user("Владелец"), till.tg.user("Читатель")
    channel = till.tg.channel("Клуб", owner, till.kassa.bot)
    sells(till, panel="channel", channel=channel.id)
    user = await bought(till, member)
    stranger = till.tg.user("Прохожий")
    assert await stranger.ask_to_join((await till.has(user)).link) == "pending"
    said = await stranger.reply("закрытый канал", where=till.kassa.bot)
    assert said.markup is not None
    (button,) = said.markup["inline_keyboard"][0]
    assert button["url"] == "https://t.me/vpn_bot?start=buy"

    async def turned_down() -> bool:
        return channel.asking == []

    await eventually(turned_down)
    assert not stranger.is_in(channel)


async def test_a_key_is_taken_back_at_the_end(till: Till) -> None:
    sells(till, panel="keys")
    await till.db.run(lambda tx: add(tx, ["ss://one", "ss://two"]))
    user = await bought(till, till.tg.user("Покупатель"))
    assert (await till.has(user)).link == "ss://one"
    await over(till, user)

    async def taken() -> bool:
        return (await till.has(user)).link == ""

    await eventually(taken)
    left = await till.db.fetchval(
        "SELECT count(*) FROM subscriptions.key WHERE user_id = $1 AND taken_back_at IS NULL",
        user.id,
    )
    assert left == 0


async def test_the_operator_hears_once_of_a_panel_that_is_down(till: Till) -> None:
    sells(till, panel="keys")  # and there are none
    for number in range(3):
        user = await till.user(till.tg.user(f"Покупатель {number}"))
        await till.buys(user)
    jobs = "SELECT count(*) FROM outbox.job WHERE kind = $1"

    async def tried() -> bool:
        await till.db.execute(
            "UPDATE outbox.job SET due_at = now() WHERE kind = $1 AND leased_until IS NULL",
            service.PROVISION,
        )
        least = "SELECT min(panel_tries) FROM subscriptions.subscription"
        return bool(await till.db.fetchval(least) > 3)

    await eventually(tried)
    assert await till.db.fetchval(jobs, service.PROVISION) == 3
    assert await till.db.fetchval("SELECT count(*) FROM subscriptions.told") == 1
