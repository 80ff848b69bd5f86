"""Words, keyboards and buttons."""

import pytest

from tests.tgsandbox.conversations import wares
from tests.tgsandbox.conversations.wares import Shop
from tgsandbox import Answer, Impossible, Late, Person, Sandbox


async def test_a_deep_link_says_where_one_comes_from(shop: Shop, buyer: Person) -> None:
    await buyer.start(shop.bot)
    assert (await buyer.reply()).text == "Welcome, Покупатель!"

    await buyer.start(shop.bot, "spring")
    assert (await buyer.reply()).text == "Welcome, Покупатель! You came by spring."


async def test_what_a_shop_says_of_itself(shop: Shop, buyer: Person) -> None:
    commands = [{"command": name, "description": what} for name, what in wares.COMMANDS.items()]
    assert await shop.bot.call("getMyCommands") == commands
    assert await shop.bot.call("getMyDescription") == {"description": wares.ABOUT}
    assert await shop.bot.call("getMyShortDescription") == {"short_description": wares.SHORT}

    await buyer.start(shop.bot)
    await buyer.reply()
    app = await buyer.open_mini_app(wares.MENU)
    assert app.startswith(f"{wares.APP}#")


async def test_the_keyboard_below_the_field(shop: Shop, buyer: Person) -> None:
    await buyer.start(shop.bot)
    await buyer.reply("Welcome")
    assert buyer.keyboard == [["Catalogue"], ["My number", "My place"], ["Order form"]]

    await buyer.press("Catalogue")
    assert (await buyer.reply()).text == "What would you like?"

    with pytest.raises(Impossible, match="share_location"):
        await buyer.press("My place")
    await buyer.share_location(41.3111, 69.2797)
    assert (await buyer.reply()).text == "You are at 41.3111, 69.2797."

    await buyer.press("My number")
    assert (await buyer.reply()).text == "Your number is +998901234567."
    assert buyer.keyboard == []
    with pytest.raises(Late, match="a button 'Catalogue'"):
        await buyer.press("Catalogue", timeout=0.01)


async def test_a_form_of_the_keyboard_sends_data(shop: Shop, buyer: Person) -> None:
    await buyer.start(shop.bot)
    await buyer.reply()

    form = await buyer.open_mini_app("Order form")
    assert form.startswith(f"{wares.FORM}#")
    assert form.init_data == ""  # it does not learn who it is
    await form.send_data("two cups")

    assert (await buyer.reply()).text == "Order form says two cups."


async def test_buttons_under_a_message(shop: Shop, buyer: Person) -> None:
    await buyer.send(shop.bot, "Catalogue")
    catalogue = await buyer.reply()
    assert catalogue.buttons == [["Tea", "Coffee"], ["Site"], ["Code"], ["App"], ["Search"]]

    assert (await buyer.press("Site")).url == wares.SITE
    assert (await buyer.press("Code")).copied == wares.CODE
    coffee = await buyer.press("Coffee")
    assert await coffee.answer() == Answer("No coffee today", alert=True)

    tea = await buyer.press("Tea")
    assert await tea.answer() == Answer("Tea it is")
    edited = await buyer.edited()
    assert edited.id == catalogue.id
    assert edited.text == "Tea is 12 EUR"
    assert edited.json()["entities"] == [{"type": "bold", "offset": 7, "length": 6}]
    assert edited.buttons == [["Size", "Forget it"]]

    await buyer.press("Size")
    resized = await buyer.edited()
    assert (resized.text, resized.buttons) == ("Tea is 12 EUR", [["Small", "Large"]])


async def test_a_message_goes_at_the_press_of_a_button(shop: Shop, buyer: Person) -> None:
    await buyer.send(shop.bot, "Catalogue")
    catalogue = await buyer.reply()
    await buyer.press("Tea")
    await buyer.edited()

    assert await (await buyer.press("Forget it")).answer() == Answer()
    await buyer.gone(catalogue)


async def test_a_button_searches_in_this_chat(shop: Shop, buyer: Person) -> None:
    await buyer.send(shop.bot, "Catalogue")
    catalogue = await buyer.reply()

    found = (catalogue.button("Search") or {})["switch_inline_query_current_chat"]
    results = await buyer.ask_inline(shop.bot, found)

    assert [each.title for each in results] == ["Tea"]


async def test_a_question_that_wants_a_reply(shop: Shop, buyer: Person) -> None:
    await buyer.send(shop.bot, "/name")
    asked = await buyer.reply()
    assert asked.text == "What is your name?"

    said = await buyer.send("Алишер")  # Telegram makes it a reply
    assert said.json()["reply_to_message"]["message_id"] == asked.id
    met = await buyer.reply()

    assert met.text == "Nice to meet you, Алишер."
    assert met.json()["reply_to_message"]["message_id"] == said.id


async def test_somebody_changes_what_he_said(shop: Shop, buyer: Person) -> None:
    said = await buyer.send(shop.bot, "Hello")
    await buyer.edit(said, "Good day 👋")

    assert (await buyer.reply()).text == "Now it says: Good day 👋"


async def test_a_reaction_for_those_who_ask_for_them(shop: Shop, buyer: Person) -> None:
    await buyer.start(shop.bot)
    welcome = await buyer.reply()

    await buyer.react(welcome, "👍")
    assert (await buyer.reply()).text == "You reacted with 👍."
    await buyer.react(welcome, None)
    assert (await buyer.reply()).text == "You reacted with nothing."


@pytest.mark.parametrize("allowed", [["message"]])
async def test_no_reaction_for_those_who_do_not(shop: Shop, buyer: Person) -> None:
    await buyer.start(shop.bot)
    await buyer.react(await buyer.reply(), "👍")

    await buyer.send("/typing")  # whatever came before would be answered first
    assert (await buyer.reply()).text == "Typed."


async def test_the_bot_reacts(shop: Shop, buyer: Person) -> None:
    said = await buyer.send(shop.bot, "/like")

    assert await buyer.reaction(said) == ["👍"]


async def test_the_bot_is_typing(tg: Sandbox, shop: Shop, buyer: Person) -> None:
    await buyer.send(shop.bot, "/typing")
    assert (await buyer.reply()).text == "Typed."

    events = [each for each in tg.world.events.since(0) if each.kind == "typing"]
    assert [each.data["action"] for each in events] == ["typing"]


async def test_an_answer_in_the_reply_to_the_webhook(shop: Shop, buyer: Person) -> None:
    """Where there is one: aiogram sends what a handler returns in the reply, as multipart."""
    await buyer.send(shop.bot, "/returned")
    assert (await buyer.reply()).text == "Said in passing"

    await buyer.send("/returned_photo")
    photo = await buyer.reply()
    assert (photo.kind, photo.text, photo.file) == ("photo", "Чашка", wares.CUP)


async def test_what_is_done_to_a_message(shop: Shop, buyer: Person) -> None:
    said = await buyer.send(shop.bot, "Remember this")

    await buyer.send("/forward", reply_to=said)
    forwarded = await buyer.reply()
    assert forwarded.text == "Remember this"
    assert forwarded.json()["forward_origin"]["sender_user"]["id"] == buyer.id

    await buyer.send("/copy", reply_to=said)
    copied = await buyer.reply()
    assert (copied.text, copied.json().get("forward_origin")) == ("Remember this", None)
    assert (await buyer.reply()).text == f"Copied {copied.id - said.id} on."

    await buyer.send("/pin", reply_to=said)
    assert (await buyer.reply()).kind == "pinned_message"
    assert (await buyer.reply()).text == "Pinned: Remember this"
    await buyer.send("/unpin", reply_to=said)
    assert (await buyer.reply()).text == "Unpinned."

    await buyer.send("/delete", reply_to=said)
    assert (await buyer.reply()).text == "Deleted."
    assert said.gone


async def test_a_part_of_a_message_is_quoted(shop: Shop, buyer: Person) -> None:
    said = await buyer.send(shop.bot, "👋 Tea is better than coffee")
    await buyer.send("/quote better than", reply_to=said)

    answer = (await buyer.reply()).json()

    assert answer["reply_to_message"]["message_id"] == said.id
    quote = {"text": "better than", "position": 10, "is_manual": True}  # in UTF-16
    assert answer["quote"] == quote


async def test_looks(shop: Shop, buyer: Person) -> None:
    await buyer.send(shop.bot, "/fancy")
    text, photo = await buyer.reply(), await buyer.reply()

    link = {"type": "text_link", "offset": 4, "length": 4, "url": wares.SITE}
    assert (text.text, text.json()["entities"]) == ("See here", [link])
    assert text.json()["link_preview_options"] == {"is_disabled": True}
    assert text.json()["effect_id"] == "5104841245755180586"
    looks = photo.json()
    assert looks["has_media_spoiler"]
    assert looks["show_caption_above_media"]
    assert looks["has_protected_content"]
    with pytest.raises(Impossible, match="forwarded"):
        await buyer.forward(photo)
