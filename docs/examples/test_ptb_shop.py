from docs.examples.ptb_shop import application
from tgsandbox import Sandbox


async def test_a_buyer_pays_and_is_thanked(tg: Sandbox) -> None:
    shop = tg.bot("shop_bot")
    buyer = tg.user("Покупатель", stars=60)
    app = application(shop.token, shop.api)
    async with app:
        await app.start()
        assert app.updater
        await app.updater.start_polling()

        await buyer.send(shop, "/start")
        await buyer.reply("Что вам угодно?")
        await buyer.press("Купить")
        await buyer.pay()
        await buyer.reply("Спасибо! 100 токенов ваши.")

        await app.updater.stop()
        await app.stop()
    assert (buyer.stars, shop.stars) == (10, 50)
