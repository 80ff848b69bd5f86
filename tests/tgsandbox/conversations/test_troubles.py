"""What a bot is refused, and how its library tells it."""

import pytest

from tests.tgsandbox.conversations import wares
from tests.tgsandbox.conversations.conftest import Way, look_through
from tests.tgsandbox.conversations.wares import Shop
from tgsandbox import Late, Person, Sandbox


async def test_a_message_that_stays_as_it_is(shop: Shop, buyer: Person) -> None:
    await buyer.send(shop.bot, "/same")

    assert (await buyer.reply()).text == "Same"
    assert (await buyer.reply()).text == (
        "message is not modified: specified new message content and reply markup are exactly "
        "the same as a current content and reply markup of the message"
    )
    shop.refused = ["editMessageText"]


async def test_a_chat_that_is_not_there(shop: Shop, buyer: Person) -> None:
    await buyer.send(shop.bot, "/nowhere")

    assert (await buyer.reply()).text == "chat not found"
    shop.refused = ["sendMessage"]


async def test_an_answer_that_comes_too_late(tg: Sandbox, shop: Shop, buyer: Person) -> None:
    await buyer.send(shop.bot, "/question")
    await buyer.press("Later")
    assert (await buyer.edited()).text == "Wait ..."

    await tg.clock.move(151)
    await buyer.send("/answer")

    assert (await buyer.reply()).text == (
        "query is too old and response timeout expired or query id is invalid"
    )
    shop.refused = ["answerCallbackQuery"]


async def test_a_bot_that_writes_too_much(tg: Sandbox, shop: Shop, buyer: Person) -> None:
    tg.fault("sendMessage", retry_after=17, times=1)
    await buyer.send(shop.bot, "/patient")

    assert (await buyer.reply()).text == "After 17 s"
    shop.refused = ["sendMessage"]


async def test_what_is_said_while_the_shop_is_closed(
    tg: Sandbox, way: Way, buyer: Person, ptb_as_it_will_be: None
) -> None:
    shop = Shop(tg.bot("shop_bot"))
    async with way(shop, wares.EVERYTHING):
        await buyer.start(shop.bot)
        await buyer.reply()

    await buyer.send("/typing")
    await buyer.send("Catalogue")
    assert len(shop.bot.pending) == 2

    async with way(shop, wares.EVERYTHING):
        said = {(await buyer.reply()).text for _ in range(2)}
        assert said == {"Typed.", "What would you like?"}
    assert buyer.unread == []  # nothing was answered twice
    look_through(tg, shop)


async def test_who_blocks_the_bot_hears_nothing(shop: Shop, seller: Person, buyer: Person) -> None:
    await buyer.start(shop.bot)
    await buyer.reply()
    buyer.block(shop.bot)

    await seller.send(shop.bot, f"/tell {buyer.id} New tea!")
    assert (await seller.reply()).text == (
        "Not delivered (known): forbidden: bot was blocked by the user"
    )
    shop.refused = ["sendMessage"]

    buyer.unblock(shop.bot)
    await seller.send(f"/tell {buyer.id} Even newer tea!")
    assert (await seller.reply()).text == "Delivered."
    assert (await buyer.reply()).text == "Even newer tea!"
    assert shop.blocked == set()


async def test_a_bot_may_not_write_first(
    tg: Sandbox, shop: Shop, seller: Person, buyer: Person
) -> None:
    tg.group("Market", seller, buyer, shop.bot)  # where it sees the buyer
    await seller.reply("Good day")

    await seller.send(shop.bot, f"/tell {buyer.id} New tea!")

    assert (await seller.reply()).text == (
        "Not delivered (new): forbidden: bot can't initiate conversation with a user"
    )
    shop.refused = ["sendMessage"]

    buyer.allow_writing(shop.bot)
    await seller.send(f"/tell {buyer.id} New tea!")
    assert (await buyer.reply("New tea")).text == "New tea!"
    assert (await seller.reply()).text == "Delivered."


async def test_a_bot_that_is_not_there(tg: Sandbox, buyer: Person) -> None:
    bot = tg.bot("shop_bot")
    await bot.caught_up()  # there is nothing to take
    await buyer.send(bot, "Hello?")

    with pytest.raises(Late, match="1 update waits for shop_bot: it has not asked for more"):
        await bot.caught_up(timeout=0.01)
    assert tg.world.events.listeners == [tg._hear]  # nobody waits any more
