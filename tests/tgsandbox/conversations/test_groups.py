"""Groups: who is there, who hears what."""

import pytest

from tests.tgsandbox.conversations import wares
from tests.tgsandbox.conversations.conftest import aiogram_polling, look_through, ptb_webhook
from tests.tgsandbox.conversations.wares import Shop
from tgsandbox import Group, Impossible, Person, Sandbox


@pytest.fixture
async def market(tg: Sandbox, shop: Shop, seller: Person, buyer: Person) -> Group:
    """The seller's group, with the buyer and the shop in it."""
    market = tg.group("Market", seller, buyer)
    market.add(shop.bot)
    assert (await buyer.reply()).text == "Good day, Market."
    return market


async def test_somebody_joins_and_goes(
    tg: Sandbox, shop: Shop, market: Group, buyer: Person
) -> None:
    guest = tg.user("Гость")
    market.add(guest)
    assert (await buyer.reply()).text == "Welcome, Гость."

    guest.leave(market)
    assert (await buyer.reply()).text == "Goodbye, Гость."


async def test_commands_in_a_group(
    shop: Shop, market: Group, seller: Person, buyer: Person
) -> None:
    await seller.send(market, "/who")
    assert (await seller.reply("You are")).text == "You are creator."

    await buyer.send(market, "/who@shop_bot")
    assert (await buyer.reply("You are member")).json()["chat"]["title"] == "Market"

    await buyer.send(market, "/who@another_bot")
    await buyer.send(market, "/admins")
    assert (await buyer.reply()).text == "Продавец: creator"


async def test_what_a_bot_with_privacy_hears(shop: Shop, market: Group, buyer: Person) -> None:
    await buyer.send(market, "Does it rain?")  # not meant for the bot
    await buyer.send(market, "/who")
    asked = await buyer.reply()
    assert asked.text == "You are member."

    await buyer.send(market, "Indeed", reply_to=asked)
    assert (await buyer.reply()).text == "I heard: Indeed"


async def test_an_admin_hears_everything(
    tg: Sandbox, shop: Shop, market: Group, buyer: Person
) -> None:
    market.promote(shop.bot)
    assert (await buyer.reply()).text == "Now I hear everything."

    await buyer.send(market, "Does it rain?")
    assert (await buyer.reply()).text == "I heard: Does it rain?"

    tg.user("Гость").join(market)
    told = {(await buyer.reply()).text for _ in range(2)}
    assert told == {"Гость: left to member.", "Welcome, Гость."}


async def test_without_privacy_as_well(shop: Shop, market: Group, buyer: Person) -> None:
    shop.bot.record.privacy = False

    await buyer.send(market, "Does it rain?")

    assert (await buyer.reply()).text == "I heard: Does it rain?"


async def test_the_bot_goes(tg: Sandbox, shop: Shop, market: Group, buyer: Person) -> None:
    def gone() -> bool | None:
        return shop.bot.id not in tg.world.people_in(market.chat) or None

    await buyer.send(market, "/leave")
    await buyer.until(gone, "the bot to leave", None)

    await buyer.send(market, "/who")  # which it does not hear
    await buyer.send(shop.bot, "/typing")
    assert (await buyer.reply()).text == "Typed."


async def test_whoever_is_put_out_may_not_write(
    shop: Shop, market: Group, seller: Person, buyer: Person
) -> None:
    market.remove(buyer)

    assert (await seller.reply("Goodbye")).text == "Goodbye, Покупатель."
    with pytest.raises(Impossible):
        await buyer.send(market, "/who")


async def test_an_admin_keeps_order(tg: Sandbox, shop: Shop, market: Group, buyer: Person) -> None:
    guest = tg.user("Гость")
    market.add(guest)
    await buyer.reply("Welcome")
    market.promote(shop.bot)
    await buyer.reply("Now I hear")

    noise = await guest.send(market, "AAA")
    assert (await buyer.reply()).text == "I heard: AAA"
    await buyer.send("/mute", reply_to=noise)
    assert (await buyer.reply()).text == "Гость: member to restricted."
    await buyer.send("/ban", reply_to=noise)
    assert (await buyer.reply("kicked")).text == "Гость: restricted to kicked."
    await buyer.send("/who")
    assert (await buyer.reply("You are")).text == "You are member."

    await buyer.send("/rename Quiet market")
    assert (await buyer.reply("This is")).text == "This is Quiet market, of 3."


async def test_two_bots_of_two_libraries(
    tg: Sandbox, seller: Person, ptb_as_it_will_be: None
) -> None:
    shop, rival = Shop(tg.bot("shop_bot")), Shop(tg.bot("rival_bot"))
    everything = wares.EVERYTHING
    async with aiogram_polling(shop, everything), ptb_webhook(rival, everything):
        market = tg.group("Market", seller)
        market.add(shop.bot, rival.bot)
        said = {str(await seller.reply()) for _ in range(3)}
        assert said == {"Good day, Market.", "Welcome, rival_bot."}

        await seller.send(market, "/who@rival_bot")
        assert (await seller.reply()).sender == "rival_bot"
        await seller.send(market, "/who")
        answers = [await seller.reply() for _ in range(2)]
        assert {each.sender for each in answers} == {"shop_bot", "rival_bot"}
        of_shop = next(each for each in answers if each.sender == "shop_bot")
        await seller.send("And you?", reply_to=of_shop)
        heard = await seller.reply()
        assert (heard.sender, heard.text) == ("shop_bot", "I heard: And you?")

        rival.bot.record.privacy = False  # and still it does not hear the other bot
        await seller.send("Both of you?", reply_to=of_shop)
        heard_by = {(await seller.reply("I heard: Both")).sender for _ in range(2)}
        assert heard_by == {"shop_bot", "rival_bot"}
    assert seller.unread == []
    look_through(tg, shop, rival)
