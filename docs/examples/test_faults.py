import pytest

from tgsandbox import CallRefused, Sandbox


async def test_a_bot_that_is_refused_once(tg: Sandbox) -> None:
    shop, buyer = tg.bot("shop_bot"), tg.user("Покупатель")
    await buyer.send(shop, "/start")
    tg.fault("sendMessage", retry_after=3, times=1)

    with pytest.raises(CallRefused, match="429 Too Many Requests: retry after 3"):
        await shop.call("sendMessage", chat_id=buyer.id, text="Спасибо!")
    await shop.call("sendMessage", chat_id=buyer.id, text="Спасибо!")

    await buyer.reply("Спасибо!")
    await buyer.nothing()
