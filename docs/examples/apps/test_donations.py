from docs.examples.apps.donations import APP
from kassa import ledger
from kassa.testing import running
from tgsandbox import Sandbox


async def test_a_gift_is_thanked_for_listed_and_may_be_given_back(tg: Sandbox) -> None:
    async with running(APP, tg=tg) as kassa:
        giver = tg.user("Даритель <3", stars=300)

        await giver.send(kassa.bot, "/donate")
        await giver.press("250 ⭐")
        await giver.pay()
        await giver.reply("Вы подарили 250 ⭐. Спасибо! ❤️")
        assert (giver.stars, kassa.bot.stars) == (50, 250)

        await giver.send(kassa.bot, "/top")
        await giver.reply("🏆 Самые щедрые\nДаритель <3 — 250 ⭐")

        await kassa.payments.refund(1, key="a mistake")
        assert (giver.stars, kassa.bot.stars) == (300, 0)
        await giver.send(kassa.bot, "/top")
        await giver.reply("Пока никто. Станьте первым: /donate")
        assert await ledger.audit(kassa.database) == []
