"""Inline mode, and Mini Apps that answer with a message."""

from tests.tgsandbox.conversations import wares
from tests.tgsandbox.conversations.wares import Shop
from tgsandbox import Answer, Person, Sandbox


async def test_a_result_is_chosen_and_changes(shop: Shop, buyer: Person) -> None:
    tea, coffee = await buyer.ask_inline(shop.bot, "e")
    assert (tea.title, tea.description) == ("Tea", "A cup of tea")
    assert coffee.title == "Coffee"

    asked = await buyer.choose(tea)
    assert asked.text == "Tea, please"
    assert asked.json()["via_bot"]["username"] == "shop_bot"

    noted = await buyer.sees("Tea, noted")  # the bot heard which was chosen
    assert noted.buttons == [["Order"]]
    assert await (await buyer.press("Order")).answer() == Answer("Ordered")
    assert (await buyer.sees("Ordered")).id == asked.id


async def test_nothing_is_found(shop: Shop, buyer: Person) -> None:
    assert await buyer.ask_inline(shop.bot, "gems") == []


async def test_a_photo_that_the_bot_has_already(shop: Shop, buyer: Person) -> None:
    await buyer.photo(wares.POT, shop.bot)
    await buyer.reply()

    [found] = await buyer.ask_inline(shop.bot, "photo")
    sent = await buyer.choose(found)

    assert (sent.kind, sent.text, sent.file) == ("photo", "As you like it", wares.POT)


async def test_in_a_group_that_the_bot_is_not_in(
    tg: Sandbox, shop: Shop, buyer: Person, seller: Person
) -> None:
    market = tg.group("Market", seller, buyer)

    [tea] = await buyer.ask_inline(shop.bot, "tea", market)
    await buyer.choose(tea)

    noted = await seller.sees("Tea, noted")
    assert noted.json()["chat"]["title"] == "Market"
    assert await (await seller.press("Order")).answer() == Answer("Ordered")
    await buyer.sees("Ordered")


async def test_an_app_orders_for_its_user(shop: Shop, buyer: Person) -> None:
    await buyer.send(shop.bot, "Catalogue")
    await buyer.reply()

    app = await buyer.open_mini_app("App")
    assert shop.order
    await shop.order(app.init_data, "two cups")

    assert (await buyer.sees("Покупатель orders two cups")).json()["via_bot"]["id"] == shop.bot.id
