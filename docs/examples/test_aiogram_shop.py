import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from docs.examples.aiogram_shop import connect, dispatcher
from tgsandbox import BotAccess, PaymentFailed, Sandbox


@pytest_asyncio.fixture
async def shop(tg: Sandbox) -> AsyncIterator[BotAccess]:
    """The bot, polling the sandbox as it would poll Telegram."""
    access = tg.bot("shop_bot")
    bot, polling = connect(access.token, access.api), dispatcher()
    task = asyncio.create_task(polling.start_polling(bot, handle_signals=False))
    yield access
    await polling.stop_polling()
    await task


async def test_a_buyer_pays_and_is_thanked(tg: Sandbox, shop: BotAccess) -> None:
    buyer = tg.user("Покупатель", stars=60)

    await buyer.send(shop, "/start")
    await buyer.reply("Что вам угодно?")
    pressed = await buyer.press("Купить")
    assert (await pressed.answer()).text == "Минуту…"
    await buyer.pay()

    await buyer.reply("Спасибо! 100 токенов ваши.")
    assert (buyer.stars, shop.stars) == (10, 50)


async def test_a_buyer_without_stars_is_told(tg: Sandbox, shop: BotAccess) -> None:
    buyer = tg.user("Покупатель", stars=49)

    await buyer.send(shop, "/start")
    await buyer.press("Купить")
    with pytest.raises(PaymentFailed, match="balance of Stars is too low"):
        await buyer.pay()

    assert (buyer.stars, shop.stars) == (49, 0)
