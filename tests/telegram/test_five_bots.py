"""Five bots in one process, and the same person with each."""

from kassa import texts
from kassa.db import Database
from kassa.telegram.language import NAMES as LANGUAGES
from tests.conftest import Fresh
from tests.faults.updates_app import TABLE
from tests.telegram.whole import a_whole

NAMES = tuple(f"shop{n}_bot" for n in range(5))


async def test_a_language_is_the_persons_and_a_dialog_the_bots(
    fresh: Fresh, owner_db: Database
) -> None:
    await owner_db.execute(TABLE)
    async with a_whole(Database(fresh.address()), names=NAMES) as whole:
        ours = texts.load("kassa.telegram")
        buyer = whole.tg.user("Покупатель", language="ru", stars=500)
        one, two = whole.bots[:2]
        for bot in whole.bots:
            await buyer.send(bot, "что-то")
            await buyer.reply(ours.say("ru", "not-understood"), where=bot)

        # A language, chosen with one of them, is heard from all.
        await buyer.send(one, "/language")
        await buyer.press(LANGUAGES["uz"])
        await buyer.edited(ours.say("uz", "language-set"))
        for bot in whole.bots:
            await buyer.send(bot, "nimadir")
            await buyer.reply(ours.say("uz", "not-understood"), where=bot)
        assert await whole.db.fetchval("SELECT count(*) FROM users.person") == 1
        reached = await whole.db.fetch("SELECT bot FROM telegram.reach")
        assert {row["bot"] for row in reached} == {bot.id for bot in whole.bots}

        # A dialog is with the bot that began it; two of them go on side by side.
        await buyer.send(one, "/ask A")
        await buyer.reply("first A?", where=one)
        await buyer.send(two, "one")
        await buyer.reply(ours.say("uz", "not-understood"), where=two)
        await buyer.send(two, "/ask B")
        await buyer.reply("first B?", where=two)
        await buyer.send(one, "a1")
        await buyer.reply("second A?", where=one)
        await buyer.send(two, "b1")
        await buyer.reply("second B?", where=two)
        await buyer.send(two, "/cancel")
        await buyer.reply(ours.say("uz", "canceled"), where=two)
        await buyer.send(one, "a2")
        await buyer.reply("told A.", where=one)
        assert await whole.effects() == ["told A=a1+a2"]
        assert await whole.db.fetchval("SELECT count(*) FROM telegram.dialog") == 0

        # What is sold by one of them is paid to that one.
        await buyer.send(two, "/buy B")
        await buyer.pay()
        await buyer.reply("thanks B.", where=two)
        assert [bot.stars for bot in whole.bots] == [0, 50, 0, 0, 0]
        row = await whole.db.fetchrow("SELECT bot FROM public.effects WHERE what = 'delivered'")
        assert row is not None
        assert row["bot"] == two.id
        assert await whole.is_right()
